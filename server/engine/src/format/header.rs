//! The header of a segment: in clear, authenticated, and bound to a key.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{VERSION, context::Context};
use crate::{
    Error, Kind, Result,
    seal::{Secret, aead::Cipher, derive::SegmentKeys, secret::random_array},
};

const MAGIC: &[u8; 4] = b"HFA1";
/// AES-256-GCM, HKDF-SHA-512, committing.
const SUITE: u8 = 1;
const FIXED: usize = 4 + 1 + 1 + 32 + 2;
const CHECKS: usize = 32 + 32;
/// No header is longer.
pub const MAX: usize = FIXED + 1024 + CHECKS;

/// An opened segment: its cipher and what every frame is bound to.
pub struct Segment {
    pub(super) cipher: Cipher,
    pub(super) aad: [u8; 32],
    context: Context,
}

impl Segment {
    /// What the segment is.
    pub fn context(&self) -> &Context {
        &self.context
    }
}

/// Makes the header of a new segment with a fresh salt.
pub fn create(context: Context, data_key: &Secret) -> Result<(Vec<u8>, Segment)> {
    create_with_salt(context, data_key, random_array()?)
}

/// The same with a salt that is given: for golden vectors only, since a salt must never be used twice.
pub fn create_with_salt(context: Context, data_key: &Secret, salt: [u8; 32]) -> Result<(Vec<u8>, Segment)> {
    let keys = SegmentKeys::derive(data_key, &salt);
    let encoded = context.encode()?;
    let length = u16::try_from(encoded.len()).ok().filter(|&length| length <= 1024).ok_or_else(|| {
        Error::new(Kind::Format, "write a segment's header", "the context is longer than 1024 bytes")
    })?;
    let mut header = Vec::with_capacity(FIXED + encoded.len() + CHECKS);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&[VERSION, SUITE]);
    header.extend_from_slice(&salt);
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&encoded);
    header.extend_from_slice(&keys.commitment);
    let segment = segment(&header, &keys, context);
    header.extend_from_slice(&keys.sign_header(&header));
    Ok((header, segment))
}

fn segment(authenticated: &[u8], keys: &SegmentKeys, context: Context) -> Segment {
    Segment { cipher: Cipher::new(&keys.payload), aad: Sha256::digest(authenticated).into(), context }
}

/// A header taken apart, nothing of it checked yet.
struct Parts<'a> {
    authenticated: &'a [u8],
    salt: [u8; 32],
    context: &'a [u8],
    commitment: &'a [u8],
    mac: &'a [u8],
}

fn split(header: &[u8]) -> Result<Parts<'_>> {
    let refused = |what: &str| Error::new(Kind::Format, "read a segment's header", what);
    let short = || refused("it is too short");
    let (magic, rest) = header.split_first_chunk::<4>().ok_or_else(short)?;
    let ([version, suite], rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    if magic != MAGIC {
        return Err(refused("it does not begin with HFA1"));
    }
    if *version != VERSION || *suite != SUITE {
        return Err(refused("it is of a version or suite that this program does not know")
            .hint("Use a newer Holdfast."));
    }
    let (salt, rest) = rest.split_first_chunk::<32>().ok_or_else(short)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let (context, rest) =
        rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(short)?;
    if rest.len() != CHECKS {
        return Err(refused("its length is not what it says"));
    }
    let (commitment, mac) = rest.split_at(32);
    let (authenticated, _) = header.split_at(header.len() - 32);
    Ok(Parts { authenticated, salt: *salt, context, commitment, mac })
}

/// Opens a segment whose context the caller knows.
pub fn open(header: &[u8], expected: &Context, data_key: &Secret) -> Result<Segment> {
    let parts = split(header)?;
    let keys = SegmentKeys::derive(data_key, &parts.salt);
    let fits = keys.commitment.ct_eq(parts.commitment)
        & subtle::Choice::from(u8::from(keys.verify_header(parts.authenticated, parts.mac)));
    if !bool::from(fits) {
        return Err(Error::new(
            Kind::Integrity,
            "open a segment",
            "its header was altered, or the key is another one's",
        ));
    }
    if Context::decode(parts.context)? != *expected {
        return Err(Error::new(
            Kind::Integrity,
            "open a segment",
            "it is genuine, but of another owner, backup or attempt",
        ));
    }
    Ok(segment(parts.authenticated, &keys, expected.clone()))
}

/// What a header says of itself, unchecked: for a person who inspects a vault.
pub fn inspect(header: &[u8]) -> Result<Context> {
    Context::decode(split(header)?.context)
}
