//! Packs: objects full of frames, written and read as a stream.

use std::collections::BTreeMap;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{frame, header, header::Segment};
use crate::{Error, Kind, Result};

const MAGIC: &[u8; 8] = b"HFA1PACK";
const HEADER: u8 = 1;
const END: u8 = 3;

/// Composes a pack. It keeps counts only; the bytes it returns go to the store at once.
pub struct PackWriter {
    number: u32,
    records: u64,
    offset: u64,
}

impl PackWriter {
    /// Begins pack `number`; the returned bytes come first.
    pub fn begin(number: u32) -> (Self, Vec<u8>) {
        let bytes = [MAGIC.as_slice(), &number.to_be_bytes()].concat();
        (Self { number, records: 0, offset: bytes.len() as u64 }, bytes)
    }
    /// The pack's number.
    pub const fn number(&self) -> u32 {
        self.number
    }
    /// Bytes so far.
    pub const fn offset(&self) -> u64 {
        self.offset
    }
    fn count(&mut self, bytes: &[u8]) {
        self.records += 1;
        self.offset += bytes.len() as u64;
    }
    /// The record that introduces a segment.
    pub fn header(&mut self, segment: u32, header: &[u8]) -> Vec<u8> {
        let bytes = header_record(segment, header);
        self.count(&bytes);
        bytes
    }
    /// The next frame of a segment.
    pub fn frame(&mut self, segment: &Segment, sequence: u64, last: bool, plain: &[u8]) -> Result<Vec<u8>> {
        let bytes = frame::seal(segment, sequence, last, plain)?;
        self.count(&bytes);
        Ok(bytes)
    }
    /// Counts a record of `length` bytes that is composed elsewhere, and gives its offset: what is sealed by several
    /// threads beside each other gets its place first.
    pub const fn reserve(&mut self, length: u64) -> u64 {
        let at = self.offset;
        self.records += 1;
        self.offset += length;
        at
    }
    /// The end.
    pub fn end(self) -> Vec<u8> {
        [&[END], self.records.to_be_bytes().as_slice()].concat()
    }
}

/// Bytes of a header's record before the header itself.
pub const HEADER_PREFIX: usize = 1 + 4 + 4;

fn header_record(segment: u32, header: &[u8]) -> Vec<u8> {
    let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
    [&[HEADER], segment.to_be_bytes().as_slice(), &length.to_be_bytes(), header].concat()
}

/// The header in a record that was fetched by itself, if it is that of `segment`.
pub fn header_of(record: &[u8], segment: u32) -> Option<&[u8]> {
    let header = record.get(HEADER_PREFIX..)?;
    (header_record(segment, header) == record && header.len() <= header::MAX).then_some(header)
}

/// A frame that was opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// Of which segment.
    pub segment: u32,
    /// Its place.
    pub sequence: u64,
    /// Whether it was the last.
    pub last: bool,
    /// Its plain bytes (compressed data).
    pub plain: Vec<u8>,
}

/// Finds the key that opens a segment, when its header comes by.
pub trait Unlock: Send {
    /// The opened segment. `None`: not ours to read; its frames are skipped.
    fn unlock(&mut self, segment: u32, header: &[u8]) -> Result<Option<Segment>>;
}

struct Progressing {
    segment: Option<Segment>,
    next: u64,
    finished: bool,
}

/// Where every segment stands, over all packs of a backup.
#[derive(Default)]
pub struct Segments(BTreeMap<u32, Progressing>);

impl Segments {
    /// Must be called after the last pack: every segment must have had its last frame.
    pub fn finish(&self) -> Result<()> {
        match self.0.iter().find(|(_, state)| !state.finished) {
            None => Ok(()),
            Some((number, _)) => Err(truncated(format!("segment {number} has no last frame"))),
        }
    }
    /// Segments seen.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

fn truncated(what: String) -> Error {
    Error::new(Kind::Integrity, "read a pack", what)
        .hint("The copy is damaged or incomplete. Use another copy of this backup, or an older backup.")
}

/// Reads a pack from a stream.
pub struct PackReader<R> {
    input: R,
    records: u64,
    ended: bool,
}

impl<R: AsyncRead + Unpin + Send> PackReader<R> {
    /// Begins to read pack `number`.
    pub async fn begin(mut input: R, number: u32) -> Result<Self> {
        let mut start = [0; 12];
        read(&mut input, &mut start).await?;
        if start[..8] != *MAGIC || start[8..] != number.to_be_bytes() {
            return Err(truncated(format!("this is not pack {number}")));
        }
        Ok(Self { input, records: 0, ended: false })
    }

    /// The next frame that can be opened; `None` at the end of the pack, when nothing follows it.
    pub async fn next(&mut self, segments: &mut Segments, unlock: &mut dyn Unlock) -> Result<Option<Opened>> {
        while !self.ended {
            let mut record = [0; 1];
            read(&mut self.input, &mut record).await?;
            match record[0] {
                HEADER => self.segment(segments, unlock).await?,
                frame::RECORD => {
                    if let Some(opened) = self.frame(segments).await? {
                        return Ok(Some(opened));
                    }
                }
                END => self.end().await?,
                _ => return Err(truncated("an unknown record".into())),
            }
        }
        Ok(None)
    }

    async fn segment(&mut self, segments: &mut Segments, unlock: &mut dyn Unlock) -> Result<()> {
        let (mut number, mut length) = ([0; 4], [0; 4]);
        read(&mut self.input, &mut number).await?;
        read(&mut self.input, &mut length).await?;
        let (number, length) = (u32::from_be_bytes(number), u32::from_be_bytes(length) as usize);
        if length > header::MAX {
            return Err(truncated("a header longer than one may be".into()));
        }
        let mut bytes = vec![0; length];
        read(&mut self.input, &mut bytes).await?;
        if segments.0.contains_key(&number) {
            return Err(truncated(format!("segment {number} begins twice")));
        }
        let segment = unlock.unlock(number, &bytes)?;
        segments.0.insert(number, Progressing { segment, next: 0, finished: false });
        self.records += 1;
        Ok(())
    }

    async fn frame(&mut self, segments: &mut Segments) -> Result<Option<Opened>> {
        let mut prefix = [0; frame::PREFIX - 1];
        read(&mut self.input, &mut prefix).await?;
        let prefix = frame::Prefix::decode(&prefix)?;
        let state = segments
            .0
            .get_mut(&prefix.segment)
            .filter(|state| !state.finished && state.next == prefix.sequence);
        let Some(state) = state else {
            return Err(truncated(format!(
                "frame {} of segment {} is out of place",
                prefix.sequence, prefix.segment
            )));
        };
        let mut sealed = vec![0; prefix.sealed_length()];
        read(&mut self.input, &mut sealed).await?;
        (state.next, state.finished, self.records) = (state.next + 1, prefix.last, self.records + 1);
        let Some(segment) = &state.segment else { return Ok(None) };
        frame::open(segment, prefix, &mut sealed)?;
        Ok(Some(Opened {
            segment: prefix.segment,
            sequence: prefix.sequence,
            last: prefix.last,
            plain: sealed,
        }))
    }

    async fn end(&mut self) -> Result<()> {
        let mut records = [0; 8];
        read(&mut self.input, &mut records).await?;
        if u64::from_be_bytes(records) != self.records {
            return Err(truncated("it does not hold as many records as it says".into()));
        }
        let mut beyond = [0; 1];
        match self.input.read(&mut beyond).await {
            Ok(0) => {}
            Ok(_) => return Err(truncated("something follows its end".into())),
            Err(error) => return Err(crate::storage::while_reading("read a pack", error)),
        }
        self.ended = true;
        Ok(())
    }
}

async fn read<R: AsyncRead + Unpin>(input: &mut R, buffer: &mut [u8]) -> Result<()> {
    match input.read_exact(buffer).await {
        Ok(_) => Ok(()),
        Err(error)
            if error.kind() == std::io::ErrorKind::UnexpectedEof
                && error.get_ref().is_none_or(|inner| inner.downcast_ref::<Error>().is_none()) =>
        {
            Err(truncated("it ends too early".into()))
        }
        Err(error) => Err(crate::storage::while_reading("read a pack", error)),
    }
}
