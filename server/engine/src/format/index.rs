//! The index: where everything lies and what it was, sealed under its owner's key.
//!
//! Each owner's part is JSON, one zstd block cut into frames of a segment of its own in `index.pack`. A reader that
//! has an owner's key learns that owner's part and nothing of the others'.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::AsyncRead;

use super::{
    Codec, Context, FRAME, block,
    header::{self, Segment},
    pack::{PackReader, PackWriter, Segments, Unlock},
};
use crate::{Error, Kind, Result, seal::Secret};

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameAt {
    /// In which pack.
    pub pack: u32,
    /// Offset of its record there.
    pub offset: u64,
    /// Bytes of the record, prefix and tag included.
    pub length: u32,
}

/// A block of plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockAt {
    /// Offset of its plain bytes in the segment.
    pub plain_offset: u64,
    /// Plain bytes.
    pub plain_length: u32,
    /// Sequence of its first frame; it ends where the next block's begins.
    pub first_frame: u64,
}

/// One segment of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentIndex {
    /// Its number.
    pub segment: u32,
    /// Plain bytes.
    pub plain_bytes: u64,
    /// SHA-256 of the plain bytes, in hex.
    pub plain_sha256: String,
    /// Blocks in order.
    pub blocks: Vec<BlockAt>,
    /// Frames in order.
    pub frames: Vec<FrameAt>,
}

/// An owner's part of the index. `C` is what the source wants to remember: inventory, objects, checksums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexPart<C> {
    /// The owner's segments.
    pub segments: Vec<SegmentIndex>,
    /// What was in the source.
    pub content: C,
}

/// Plain bytes of an index part at most: room for a hundred thousand tables, none for a bomb.
const LIMIT: usize = 512 << 20;

/// Composes an index pack with one part.
pub fn write<C: Serialize>(context: Context, data_key: &Secret, part: &IndexPart<C>) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(part)
        .map_err(|error| Error::new(Kind::Format, "write an index", "encoding failed").caused_by(error))?;
    let packed = block::compress(Codec::Zstd, &plain)?;
    let (number, (head, segment)) = (context.segment, header::create(context, data_key)?);
    let (mut pack, mut bytes) = PackWriter::begin(0);
    bytes.extend(pack.header(number, &head));
    let pieces = packed.chunks(FRAME).collect::<Vec<_>>();
    for (sequence, piece) in pieces.iter().enumerate() {
        bytes.extend(pack.frame(&segment, sequence as u64, sequence + 1 == pieces.len(), piece)?);
    }
    bytes.extend(pack.end());
    Ok(bytes)
}

struct Only<'a> {
    context: &'a Context,
    data_key: &'a Secret,
}

impl Unlock for Only<'_> {
    fn unlock(&mut self, segment: u32, bytes: &[u8]) -> Result<Option<Segment>> {
        if segment == self.context.segment {
            header::open(bytes, self.context, self.data_key).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// Reads the part whose context is expected.
pub async fn read<C: DeserializeOwned>(
    input: impl AsyncRead + Unpin + Send,
    context: &Context,
    data_key: &Secret,
) -> Result<IndexPart<C>> {
    let (mut reader, mut segments, mut packed) =
        (PackReader::begin(input, 0).await?, Segments::default(), Vec::new());
    while let Some(opened) = reader.next(&mut segments, &mut Only { context, data_key }).await? {
        packed.extend_from_slice(&opened.plain);
        if packed.len() > LIMIT {
            return Err(Error::new(Kind::Integrity, "read an index", "it is longer than an index may be"));
        }
    }
    segments.finish()?;
    let mut decoder = block::Decompressor::new(Codec::Zstd, LIMIT as u64)?;
    let plain = decoder.push(&packed)?;
    serde_json::from_slice(&plain).map_err(|error| {
        Error::new(Kind::Integrity, "read an index", "it is genuine, but not readable").caused_by(error)
    })
}
