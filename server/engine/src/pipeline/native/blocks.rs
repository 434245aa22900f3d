//! Reads blocks of a split backup: those of one owner, or of one range of a table whoever owns them.
//!
//! Only what is wanted is fetched: records that lie next to each other in one request, gaps skipped. Every frame is
//! checked against the place that the index gives it before a byte of it is used.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::tenancy::TenantKey;
use tokio::io::AsyncReadExt;

use super::{
    owners::{self, OwnerEntry},
    statements,
    whose::{Whose, parts_of},
};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, Owner, block,
        context::SegmentKind,
        frame,
        header::{self, Segment},
        index::{FrameAt, IndexPart, SegmentIndex},
        keys::Place,
        pack,
    },
    pipeline::{DatabaseContent, OwnerContent, Vault, archive::Archive, task_failed},
    seal::Secret,
    storage::{self, ObjectKey, Storage},
};

/// Bytes between two wanted records that are read along rather than asked for anew.
const GAP: u64 = 8 << 10;
/// Bytes of one request at most, unless a single block is longer.
const REQUEST: u64 = 16 << 20;
/// An owner's part of a backup.
pub struct Part {
    /// Whose.
    pub owner: Owner,
    /// The tenant as the database names it.
    pub tenant: Option<TenantKey>,
    /// Rows and sums by table.
    pub content: OwnerContent,
    /// Segments, as places in [`Blocks`].
    pub segments: Vec<usize>,
}

struct Open {
    segment: Segment,
    index: SegmentIndex,
}

/// A block: its segment's place in [`Blocks`], and its own in the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockRef {
    /// Which segment.
    pub segment: usize,
    /// Which block of it.
    pub block: usize,
}

/// A backup whose parts are open. Cheap to share.
pub struct Blocks {
    storage: Arc<dyn Storage>,
    place: Place,
    codec: Codec,
    packs: Vec<(ObjectKey, Option<String>)>,
    segments: Vec<Open>,
    parts: Vec<Part>,
    read: AtomicU64,
}

fn damaged(what: impl Into<String>) -> Error {
    Error::new(Kind::Integrity, "read the backup", what)
        .hint("The copy is damaged. Use another copy of this backup, or an older backup.")
}

impl Blocks {
    /// Opens the parts of `whose`. A tenant that the backup does not hold is an error.
    pub(in crate::pipeline) async fn open(
        vault: &Vault,
        place: &Place,
        archive: &Archive,
        whose: &Whose,
    ) -> Result<Self> {
        let parts = parts_of(vault, place, archive, whose).await?;
        let mut packs = Vec::new();
        for (number, object) in (0u32..).zip(&archive.manifest.packs) {
            let key = ObjectKey::new(&*object.key)?;
            if key != place.pack(number)? {
                return Err(damaged("its manifest points to another backup's data"));
            }
            packs.push((key, object.version.clone()));
        }
        let mut blocks = Self {
            storage: Arc::clone(vault.storage()),
            place: place.clone(),
            codec: archive.manifest.codec,
            packs,
            segments: Vec::new(),
            parts: Vec::new(),
            read: AtomicU64::new(archive.sealed_index.len() as u64),
        };
        // What the backup's own owner keeps: the definitions, in a backup of one tenant.
        let home = OwnerEntry {
            owner: place.owner.clone(),
            tenant: None,
            slot: 0,
            data_key: Secret::from_bytes(*archive.data_key.expose()),
        };
        if !archive.index.segments.is_empty() {
            let content = OwnerContent { tenant: None, tables: Vec::new() };
            let part = IndexPart { segments: archive.index.segments.clone(), content };
            blocks.add(vault, &home, part).await?;
        }
        for (entry, part) in parts {
            blocks.add(vault, &entry, part).await?;
        }
        Ok(blocks)
    }

    /// Opens the segments of a place that has one owner, whose index was read elsewhere.
    pub(in crate::pipeline) async fn of_owner(
        vault: &Vault,
        place: &Place,
        codec: Codec,
        packs: Vec<(ObjectKey, Option<String>)>,
        entry: &OwnerEntry,
        segments: Vec<SegmentIndex>,
    ) -> Result<Self> {
        let mut blocks = Self {
            storage: Arc::clone(vault.storage()),
            place: place.clone(),
            codec,
            packs,
            segments: Vec::new(),
            parts: Vec::new(),
            read: AtomicU64::new(0),
        };
        let content = OwnerContent { tenant: None, tables: Vec::new() };
        blocks.add(vault, entry, IndexPart { segments, content }).await?;
        Ok(blocks)
    }

    async fn add(&mut self, vault: &Vault, entry: &OwnerEntry, part: IndexPart<OwnerContent>) -> Result<()> {
        let mut segments = Vec::new();
        for index in part.segments {
            let context =
                owners::context(vault, &self.place, entry, SegmentKind::Data, self.codec, index.segment);
            let at = index.header.ok_or_else(|| damaged("a segment without a header"))?;
            let record = self.bytes(at.pack, at.offset..at.offset + u64::from(at.length)).await?;
            let head = pack::header_of(&record, index.segment)
                .ok_or_else(|| damaged("a header is not where it should be"))?;
            let segment = header::open(head, &context, &entry.data_key)?;
            segments.push(self.segments.len());
            self.segments.push(Open { segment, index });
        }
        self.parts.push(Part {
            owner: entry.owner.clone(),
            tenant: part.content.tenant.clone(),
            content: part.content,
            segments,
        });
        Ok(())
    }

    /// The owners that were opened.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
    /// Bytes that were read from the vault so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }
    /// Plain bytes in all.
    pub fn plain_bytes(&self) -> u64 {
        self.segments.iter().map(|open| open.index.plain_bytes).sum()
    }
    /// All blocks of a segment, in order.
    pub fn of_segment(&self, segment: usize) -> Vec<BlockRef> {
        let count = self.segments.get(segment).map_or(0, |open| open.index.blocks.len());
        (0..count).map(|block| BlockRef { segment, block }).collect()
    }
    /// The same in the order in which they are one stream of SQL.
    pub fn as_sql(&self, segment: usize) -> Result<Vec<BlockRef>> {
        let blocks = self.segments.get(segment).map_or(&[][..], |open| open.index.blocks.as_slice());
        let rows: Vec<_> = blocks.iter().map(|block| block.rows).collect();
        match statements::in_order(&rows) {
            Ok(order) => Ok(order.into_iter().map(|block| BlockRef { segment, block }).collect()),
            Err(block) => {
                let what = format!("the row that begins in block {block} of segment {segment} has no end");
                Err(damaged(what))
            }
        }
    }
    /// Blocks of rows by table and range of its key, in that order.
    pub fn by_range(&self) -> BTreeMap<(u32, u32), Vec<BlockRef>> {
        let mut ranges: BTreeMap<(u32, u32), Vec<BlockRef>> = BTreeMap::new();
        for (segment, open) in self.segments.iter().enumerate() {
            for (block, at) in open.index.blocks.iter().enumerate() {
                if let Some(rows) = at.rows {
                    ranges.entry((rows.table, rows.chunk)).or_default().push(BlockRef { segment, block });
                }
            }
        }
        ranges
    }
    /// Blocks of rows by table, in the order of its key.
    pub fn by_table(&self) -> BTreeMap<u32, Vec<BlockRef>> {
        let mut tables: BTreeMap<u32, Vec<BlockRef>> = BTreeMap::new();
        for ((table, _), refs) in self.by_range() {
            tables.entry(table).or_default().extend(refs);
        }
        tables
    }
    /// How many rows end in a block; nothing if it holds no rows.
    pub fn rows_of(&self, at: BlockRef) -> Option<u32> {
        self.block_at(at)?.rows.map(|rows| rows.rows)
    }
    /// Of which table and which range of it a block holds rows.
    pub fn table_and_chunk(&self, at: BlockRef) -> Option<(u32, u32)> {
        self.block_at(at)?.rows.map(|rows| (rows.table, rows.chunk))
    }
    fn block_at(&self, at: BlockRef) -> Option<&crate::format::index::BlockAt> {
        self.segments.get(at.segment)?.index.blocks.get(at.block)
    }
    /// Whether a statement ends with this block; a giant row's spans several.
    pub fn ends_statement(&self, at: BlockRef) -> bool {
        self.rows_of(at).is_none_or(|rows| rows > 0)
    }
    /// Plain and stored bytes of blocks.
    pub fn sizes(&self, blocks: &[BlockRef]) -> (u64, u64) {
        let size = |at: &BlockRef| {
            let plain = self.segments.get(at.segment)?.index.blocks.get(at.block)?.plain_length;
            let stored: u64 = self.frames(*at).ok()?.1.iter().map(|frame| u64::from(frame.length)).sum();
            Some((u64::from(plain), stored))
        };
        blocks.iter().filter_map(size).fold((0, 0), |(plain, stored), (p, s)| (plain + p, stored + s))
    }

    /// A block's first sequence number and its frames.
    fn frames(&self, at: BlockRef) -> Result<(u64, &[FrameAt])> {
        let gone = || damaged("its index points to a block that does not exist");
        let index = &self.segments.get(at.segment).ok_or_else(gone)?.index;
        let first = index.blocks.get(at.block).ok_or_else(gone)?.first_frame;
        let end = index.blocks.get(at.block + 1).map_or(index.frames.len() as u64, |next| next.first_frame);
        let range = usize::try_from(first).map_err(|_| gone())?..usize::try_from(end).map_err(|_| gone())?;
        Ok((first, index.frames.get(range).ok_or_else(gone)?))
    }

    async fn bytes(&self, number: u32, range: Range<u64>) -> Result<Vec<u8>> {
        let (key, version) = self
            .packs
            .get(number as usize)
            .ok_or_else(|| damaged("its index points to a pack that does not exist"))?;
        let length = usize::try_from(range.end - range.start).map_err(|_| damaged("a record is too long"))?;
        let mut reader = self.storage.read(key, version.as_deref(), Some(range)).await?;
        let mut bytes = Vec::with_capacity(length);
        reader
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| storage::while_reading(format!("read {key}"), error))?;
        self.read.fetch_add(bytes.len() as u64, Ordering::AcqRel);
        if bytes.len() == length { Ok(bytes) } else { Err(damaged("a pack is shorter than its index says")) }
    }

    /// Fetches blocks and gives their plain bytes, in the order in which they were asked for. Memory: all of it, so
    /// ask for one range of a table at a time.
    pub async fn fetch(self: &Arc<Self>, blocks: &[BlockRef]) -> Result<Vec<Vec<u8>>> {
        let mut records = Vec::new();
        for (number, at) in blocks.iter().enumerate() {
            for (part, frame) in self.frames(*at)?.1.iter().enumerate() {
                records.push((frame.pack, frame.offset, u64::from(frame.length), number, part));
            }
        }
        records.sort_unstable();
        let mut found: Vec<BTreeMap<usize, Vec<u8>>> = vec![BTreeMap::new(); blocks.len()];
        let mut rest = records.as_slice();
        while let Some(&(pack, start, length, ..)) = rest.first() {
            let (mut end, mut count) = (start + length, 1);
            for (next_pack, next, length, ..) in rest.iter().skip(1) {
                if *next_pack != pack || *next > end + GAP || next + length - start > REQUEST {
                    break;
                }
                end = end.max(next + length);
                count += 1;
            }
            let bytes = self.bytes(pack, start..end).await?;
            let (these, others) = rest.split_at(count);
            for (_, offset, length, number, part) in these {
                let from = usize::try_from(offset - start).unwrap_or(usize::MAX);
                let to = from.saturating_add(usize::try_from(*length).unwrap_or(usize::MAX));
                let record = bytes.get(from..to).ok_or_else(|| damaged("a record lies beyond its pack"))?;
                if let Some(parts) = found.get_mut(*number) {
                    parts.insert(*part, record.to_vec());
                }
            }
            rest = others;
        }
        let (this, blocks) = (Arc::clone(self), blocks.to_vec());
        tokio::task::spawn_blocking(move || {
            blocks.iter().zip(found).map(|(at, records)| this.open_block(*at, records)).collect()
        })
        .await
        .map_err(|error| task_failed("open blocks", error))?
    }

    fn open_block(&self, at: BlockRef, records: BTreeMap<usize, Vec<u8>>) -> Result<Vec<u8>> {
        let gone = || damaged("its index points to a block that does not exist");
        let open = self.segments.get(at.segment).ok_or_else(gone)?;
        let (first, frames) = self.frames(at)?;
        let (total, mut packed) = (open.index.frames.len() as u64, Vec::new());
        for ((sequence, _), record) in (first..).zip(frames).zip(records.into_values()) {
            let plain = frame::open_record(&open.segment, sequence, sequence + 1 == total, &record)?;
            if packed.is_empty() { packed = plain } else { packed.extend_from_slice(&plain) }
        }
        let length = open.index.blocks.get(at.block).ok_or_else(gone)?.plain_length as usize;
        let plain = block::decompress(self.codec, &packed, length)?;
        if plain.len() == length { Ok(plain) } else { Err(damaged("a block is shorter than its index says")) }
    }
}

/// Adds what all owners counted: the sums of whole tables, those without rows included.
pub fn totals<'c>(
    content: &DatabaseContent,
    parts: impl IntoIterator<Item = &'c OwnerContent>,
) -> crate::source::sums::SourceSums {
    use crate::source::sums::{Method, SourceSums, TableSum};
    let mut tables: BTreeMap<String, TableSum> =
        content.inventory.tables.iter().map(|table| (table.name.clone(), TableSum::default())).collect();
    for owned in parts.into_iter().flat_map(|part| &part.tables) {
        let total = tables.entry(owned.name.clone()).or_default();
        total.rows += owned.rows;
        total.sum.merge(owned.sum);
    }
    SourceSums { method: Method::TextRows, tables }
}

/// The tables of which any of these owners has rows, by number.
pub fn tables(parts: &[Part]) -> BTreeSet<u32> {
    parts.iter().flat_map(|part| &part.content.tables).map(|table| table.number).collect()
}
