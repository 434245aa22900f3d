//! Frames: pieces of a segment, each sealed by itself and bound to its place.

use super::{FRAME, header::Segment};
use crate::{
    Error, Kind, Result,
    seal::aead::{NONCE, TAG},
};

/// The record byte of a frame.
pub const RECORD: u8 = 2;
/// Bytes before the ciphertext, the record byte included.
pub const PREFIX: usize = 1 + 4 + 8 + 1 + 4;

/// What stands before the ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// Number of the segment.
    pub segment: u32,
    /// Place in the segment, counted from 0.
    pub sequence: u64,
    /// Whether it is the segment's last.
    pub last: bool,
    /// Bytes of ciphertext, without the tag.
    pub length: u32,
}

impl Prefix {
    /// As it is written, the record byte included.
    pub fn encode(self) -> [u8; PREFIX] {
        let mut bytes = [0; PREFIX];
        bytes[0] = RECORD;
        bytes[1..5].copy_from_slice(&self.segment.to_be_bytes());
        bytes[5..13].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[13] = u8::from(self.last);
        bytes[14..18].copy_from_slice(&self.length.to_be_bytes());
        bytes
    }
    /// Reads what follows the record byte.
    pub fn decode(bytes: &[u8; PREFIX - 1]) -> Result<Self> {
        let refused = |what: &str| Error::new(Kind::Format, "read a frame", what);
        let [s0, s1, s2, s3, q0, q1, q2, q3, q4, q5, q6, q7, last, l0, l1, l2, l3] = *bytes;
        let prefix = Self {
            segment: u32::from_be_bytes([s0, s1, s2, s3]),
            sequence: u64::from_be_bytes([q0, q1, q2, q3, q4, q5, q6, q7]),
            last: match last {
                0 => false,
                1 => true,
                _ => return Err(refused("an unknown flag")),
            },
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        };
        if prefix.length as usize > FRAME { Err(refused("longer than a frame may be")) } else { Ok(prefix) }
    }
    /// Bytes that follow the prefix.
    pub const fn sealed_length(self) -> usize {
        self.length as usize + TAG
    }
    fn nonce(self) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        nonce[3..11].copy_from_slice(&self.sequence.to_be_bytes());
        nonce[11] = u8::from(self.last);
        nonce
    }
}

/// Seals a frame, opens it again and compares, so that a fault of memory or of a library is found before the data
/// leaves and not at restore. Gives prefix, ciphertext and tag.
pub fn seal(segment: &Segment, sequence: u64, last: bool, plain: &[u8]) -> Result<Vec<u8>> {
    let mut record = Vec::with_capacity(record_length(plain.len()));
    seal_into(segment, sequence, last, plain, &mut record, &mut Vec::new())?;
    Ok(record)
}

/// The same, appended to `record`; `scratch` is for the comparison. Both can be used again.
pub fn seal_into(
    segment: &Segment,
    sequence: u64,
    last: bool,
    plain: &[u8],
    record: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
) -> Result<()> {
    let length = u32::try_from(plain.len())
        .ok()
        .filter(|&length| length as usize <= FRAME)
        .ok_or_else(|| Error::new(Kind::Format, "seal a frame", "a frame holds at most 1 MiB"))?;
    let prefix = Prefix { segment: segment.context().segment, sequence, last, length };
    record.extend_from_slice(&prefix.encode());
    let start = record.len();
    record.extend_from_slice(plain);
    let sealed = record.get_mut(start..).unwrap_or_default();
    let tag = segment.cipher.seal_slice(prefix.nonce(), &segment.aad, sealed)?;
    let opened = segment.cipher.open_into(prefix.nonce(), &segment.aad, sealed, tag, scratch);
    if opened.is_none() || scratch != plain {
        return Err(Error::new(
            Kind::Integrity,
            "seal a frame",
            "what was sealed does not open to what went in",
        )
        .hint("Suspect the memory of this machine.")
        .later());
    }
    record.extend_from_slice(&tag);
    Ok(())
}

/// Bytes of the record of a frame with `length` plain bytes.
pub const fn record_length(length: usize) -> usize {
    PREFIX + length + TAG
}

/// Opens the record of a frame that was fetched by itself: it must be exactly the one that is expected there.
pub fn open_record(segment: &Segment, sequence: u64, last: bool, record: &[u8]) -> Result<Vec<u8>> {
    let refused = |what: &str| {
        let number = segment.context().segment;
        Error::new(Kind::Integrity, format!("open frame {sequence} of segment {number}"), what)
            .hint("The copy is damaged. Use another copy of this backup, or an older backup.")
    };
    let (start, sealed) = record.split_first_chunk::<PREFIX>().ok_or_else(|| refused("it is too short"))?;
    let [kind, rest @ ..] = start;
    let prefix = Prefix::decode(rest)?;
    let expected = Prefix { segment: segment.context().segment, sequence, last, length: prefix.length };
    if *kind != RECORD || prefix != expected || sealed.len() != prefix.sealed_length() {
        return Err(refused("another record lies in its place"));
    }
    let mut plain = sealed.to_vec();
    open(segment, prefix, &mut plain)?;
    Ok(plain)
}

/// Opens a frame in place; `prefix` must be the one that the reader expects next.
pub fn open(segment: &Segment, prefix: Prefix, sealed: &mut Vec<u8>) -> Result<()> {
    segment.cipher.open(prefix.nonce(), &segment.aad, sealed).ok_or_else(|| {
        Error::new(
            Kind::Integrity,
            format!("open frame {} of segment {}", prefix.sequence, prefix.segment),
            "it is not what was written",
        )
        .hint("The copy is damaged. Use another copy of this backup, or an older backup.")
    })
}
