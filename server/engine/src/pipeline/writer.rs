//! Writes one segment into packs as its data comes.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Vault, failpoint};
use crate::{
    Result,
    format::{
        FRAME, PackWriter,
        header::Segment,
        index::{BlockAt, FrameAt, SegmentIndex},
        keys::Place,
        manifest::ObjectRef,
    },
    storage::Upload,
};

/// A pack is closed when it has grown beyond this: few objects, each of a size that every store takes.
const PACK: u64 = 8 << 30;

struct Open {
    writer: PackWriter,
    upload: Box<dyn Upload>,
}

/// The segment at work. Dropped before [`SegmentWriter::finish`] it leaves no readable pack of the one at work; the
/// caller sweeps those that were complete.
pub(super) struct SegmentWriter<'v> {
    vault: &'v Vault,
    place: Place,
    segment: Segment,
    header: Option<Vec<u8>>,
    open: Option<Open>,
    packs: Vec<ObjectRef>,
    /// The newest piece waits here, because only the end tells whether it is the last.
    held: Option<Vec<u8>>,
    frames: Vec<FrameAt>,
    blocks: Vec<BlockAt>,
    plain: Sha256,
    plain_bytes: u64,
    stored: u64,
}

/// What was written.
pub(super) struct Written {
    pub packs: Vec<ObjectRef>,
    pub index: SegmentIndex,
}

impl<'v> SegmentWriter<'v> {
    pub fn new(vault: &'v Vault, place: Place, header: Vec<u8>, segment: Segment) -> Self {
        Self {
            vault,
            place,
            segment,
            header: Some(header),
            open: None,
            packs: Vec::new(),
            held: None,
            frames: Vec::new(),
            blocks: Vec::new(),
            plain: Sha256::new(),
            plain_bytes: 0,
            stored: 0,
        }
    }
    /// Bytes handed to the store so far.
    pub const fn stored(&self) -> u64 {
        self.stored
    }
    /// Takes a block: its plain bytes for the hash, its compressed bytes for the frames.
    pub async fn block(&mut self, plain: &[u8], packed: &[u8]) -> Result<()> {
        let first_frame = self.frames.len() as u64 + u64::from(self.held.is_some());
        let plain_length = u32::try_from(plain.len()).unwrap_or(u32::MAX);
        self.blocks.push(BlockAt { plain_offset: self.plain_bytes, plain_length, first_frame, rows: None });
        self.plain.update(plain);
        self.plain_bytes += plain.len() as u64;
        for piece in packed.chunks(FRAME) {
            if let Some(previous) = self.held.replace(piece.to_vec()) {
                self.frame(&previous, false).await?;
            }
        }
        Ok(())
    }
    /// Writes the last frame, closes the last pack.
    pub async fn finish(mut self) -> Result<Written> {
        let last = self.held.take().unwrap_or_default();
        self.frame(&last, true).await?;
        failpoint("pack.last_frame");
        self.close().await?;
        let index = SegmentIndex {
            segment: self.segment.context().segment,
            plain_bytes: self.plain_bytes,
            plain_sha256: hex::encode(self.plain.finalize()),
            header: None,
            blocks: self.blocks,
            frames: self.frames,
        };
        Ok(Written { packs: self.packs, index })
    }
    /// Gives up the pack at work.
    pub async fn abort(mut self) {
        if let Some(open) = self.open.take() {
            // The error that led here matters more; what stays is swept later.
            let _ = open.upload.abort().await;
        }
    }
    async fn frame(&mut self, packed: &[u8], last: bool) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.writer.offset() >= PACK) {
            self.close().await?;
        }
        if self.open.is_none() {
            self.begin().await?;
        }
        let sequence = self.frames.len() as u64;
        if let Some(open) = &mut self.open {
            let (pack, offset) = (open.writer.number(), open.writer.offset());
            let record = open.writer.frame(&self.segment, sequence, last, packed)?;
            let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
            self.frames.push(FrameAt { pack, offset, length });
            self.stored += record.len() as u64;
            open.upload.write(Bytes::from(record)).await?;
        }
        if sequence == 1 {
            failpoint("pack.middle");
        }
        Ok(())
    }
    async fn begin(&mut self) -> Result<()> {
        let number = u32::try_from(self.packs.len()).unwrap_or(u32::MAX);
        let mut upload = self.vault.storage().begin(&self.place.pack(number)?).await?;
        let (mut writer, mut start) = PackWriter::begin(number);
        if let Some(header) = self.header.take() {
            start.extend(writer.header(self.segment.context().segment, &header));
        }
        self.stored += start.len() as u64;
        upload.write(Bytes::from(start)).await?;
        self.open = Some(Open { writer, upload });
        Ok(())
    }
    async fn close(&mut self) -> Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let key = self.place.pack(open.writer.number())?;
        let end = open.writer.end();
        self.stored += end.len() as u64;
        open.upload.write(Bytes::from(end)).await?;
        let stored = open.upload.finish().await?;
        failpoint("pack.stored");
        self.packs.push(ObjectRef {
            key: key.to_string(),
            size: stored.size,
            sha256: hex::encode(stored.sha256),
            version: stored.version,
        });
        Ok(())
    }
}
