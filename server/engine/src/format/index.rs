//! The index: where everything lies and what it was, sealed under its owner's key.
//!
//! Each owner's part is JSON, one zstd block cut into frames of a segment of its own in `index.pack`. A reader that
//! has an owner's key learns that owner's part and nothing of the others'.

use std::collections::BTreeMap;

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
    /// What its rows are, where a block holds rows of one table only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowsAt>,
}

/// The rows of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsAt {
    /// Of which table: its place in the inventory.
    pub table: u32,
    /// Of which range of the table's primary key. Blocks of one range, whoever owns them, lie together; ranges are
    /// numbered in the order of the key.
    pub chunk: u32,
    /// How many.
    pub rows: u32,
}

/// One segment of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentIndex {
    /// Its number.
    pub segment: u32,
    /// Plain bytes.
    pub plain_bytes: u64,
    /// SHA-256 of the plain bytes, in hex; empty where blocks are written beside each other, so that no order of
    /// bytes exists before the end. Frames are authenticated and numbered either way.
    pub plain_sha256: String,
    /// Where the segment's header lies; none in archives of one segment, which are read from their beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<FrameAt>,
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
    let mut pack = IndexWriter::begin();
    pack.part(context, data_key, part)?;
    Ok(pack.end())
}

/// Composes an index pack part by part.
pub struct IndexWriter {
    pack: PackWriter,
    bytes: Vec<u8>,
}

impl IndexWriter {
    /// An index without parts.
    pub fn begin() -> Self {
        let (pack, bytes) = PackWriter::begin(0);
        Self { pack, bytes }
    }
    /// Adds a part; each has a segment number of its own.
    pub fn part<C: Serialize>(
        &mut self,
        context: Context,
        data_key: &Secret,
        part: &IndexPart<C>,
    ) -> Result<()> {
        let plain = serde_json::to_vec(part).map_err(|error| {
            Error::new(Kind::Format, "write an index", "encoding failed").caused_by(error)
        })?;
        let packed = block::compress(Codec::Zstd, &plain)?;
        let (number, (head, segment)) = (context.segment, header::create(context, data_key)?);
        self.bytes.extend(self.pack.header(number, &head));
        let pieces = packed.chunks(FRAME).collect::<Vec<_>>();
        for (sequence, piece) in pieces.iter().enumerate() {
            let last = sequence + 1 == pieces.len();
            self.bytes.extend(self.pack.frame(&segment, sequence as u64, last, piece)?);
        }
        Ok(())
    }
    /// The whole pack.
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.extend(self.pack.end());
        self.bytes
    }
}

/// Reads the part whose context is expected.
pub async fn read<C: DeserializeOwned>(
    input: impl AsyncRead + Unpin + Send,
    context: &Context,
    data_key: &Secret,
) -> Result<IndexPart<C>> {
    let parts = read_parts(input, &[(context.clone(), data_key)]).await?;
    parts.into_iter().next().ok_or_else(|| missing(context.segment))
}

fn missing(segment: u32) -> Error {
    Error::new(Kind::Integrity, "read an index", format!("it has no part {segment}"))
        .hint("The copy is damaged. Use another copy of this backup, or an older backup.")
}

struct Wanted<'a>(BTreeMap<u32, &'a (Context, &'a Secret)>);

impl Unlock for Wanted<'_> {
    fn unlock(&mut self, segment: u32, bytes: &[u8]) -> Result<Option<Segment>> {
        self.0.get(&segment).map(|(context, data_key)| header::open(bytes, context, data_key)).transpose()
    }
}

/// Reads several parts in one pass, in the order of `wanted`; all must be there.
pub async fn read_parts<C: DeserializeOwned>(
    input: impl AsyncRead + Unpin + Send,
    wanted: &[(Context, &Secret)],
) -> Result<Vec<IndexPart<C>>> {
    let (mut reader, mut segments) = (PackReader::begin(input, 0).await?, Segments::default());
    let mut unlock = Wanted(wanted.iter().map(|wanted| (wanted.0.segment, wanted)).collect());
    let (mut packed, mut length) = (BTreeMap::<u32, Vec<u8>>::new(), 0);
    while let Some(opened) = reader.next(&mut segments, &mut unlock).await? {
        length += opened.plain.len();
        if length > LIMIT {
            return Err(Error::new(Kind::Integrity, "read an index", "it is longer than an index may be"));
        }
        packed.entry(opened.segment).or_default().extend_from_slice(&opened.plain);
    }
    segments.finish()?;
    let part = |(context, _): &(Context, &Secret)| {
        let packed = packed.get(&context.segment).ok_or_else(|| missing(context.segment))?;
        let mut decoder = block::Decompressor::new(Codec::Zstd, LIMIT as u64)?;
        let plain = decoder.push(packed)?;
        serde_json::from_slice(&plain).map_err(|error| {
            Error::new(Kind::Integrity, "read an index", "it is genuine, but not readable").caused_by(error)
        })
    };
    wanted.iter().map(part).collect()
}
