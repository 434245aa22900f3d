//! Where everything comes to lie in the packs of a backup that several threads write at once.
//!
//! A thread that has compressed a block asks for its place: sequence numbers, offsets and a ticket are given under
//! one short lock, in one order. Sealing, the expensive part, happens after that, beside the other threads; the
//! [`sink`](super::sink) puts pieces back into the order of their tickets. So packs are a sequence that can be read
//! from beginning to end, as every pack is, although nobody waited for anybody.

use std::sync::{Arc, Mutex, PoisonError};

use super::owners::OwnerEntry;
use crate::{
    Error, Kind, Result,
    format::{
        FRAME, PackWriter, frame,
        header::Segment,
        index::{BlockAt, FrameAt, RowsAt, SegmentIndex},
    },
};

/// A pack is closed when it has grown beyond this: few objects, each of a size that every store takes.
const PACK: u64 = 8 << 30;

/// A piece on its way to the store.
pub struct Piece {
    /// Pieces are stored in this order, from 0, without gaps.
    pub ticket: u64,
    /// The end of the pack before, where this piece begins another.
    pub closes: Option<Vec<u8>>,
    /// Number of the pack that begins with it.
    pub begins: Option<u32>,
    /// What is stored.
    pub bytes: Vec<u8>,
}

struct Written {
    segment: Arc<Segment>,
    /// Written before its first frame.
    header: Option<Vec<u8>>,
    header_at: Option<FrameAt>,
    owner: Arc<OwnerEntry>,
    /// Held while a statement that spans blocks is written: nothing may come between its parts.
    statement: Arc<Mutex<()>>,
    plain_bytes: u64,
    blocks: Vec<BlockAt>,
    frames: Vec<FrameAt>,
    finished: bool,
}

struct State {
    pack: Option<PackWriter>,
    packs: u32,
    ticket: u64,
    segments: Vec<Written>,
}

/// The packs and segments of a backup while it is made.
pub struct Layout(Mutex<State>);

/// A segment that is written, by its place in the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(usize);

/// What was written, when all is done.
pub struct Segments {
    /// Each segment with its owner.
    pub all: Vec<(Arc<OwnerEntry>, SegmentIndex)>,
    /// Frames in all.
    pub frames: u64,
    /// Plain bytes in all.
    pub plain_bytes: u64,
}

impl Layout {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(Mutex::new(State { pack: None, packs: 0, ticket: 0, segments: Vec::new() }))
    }
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a segment.
    pub fn add(&self, owner: Arc<OwnerEntry>, header: Vec<u8>, segment: Segment) -> At {
        self.with(|state| {
            state.segments.push(Written {
                segment: Arc::new(segment),
                header: Some(header),
                header_at: None,
                owner,
                statement: Arc::default(),
                plain_bytes: 0,
                blocks: Vec::new(),
                frames: Vec::new(),
                finished: false,
            });
            At(state.segments.len() - 1)
        })
    }

    /// Must be held while blocks of this segment are sealed, for as long as a statement spans them: a segment is read
    /// as one stream of SQL. Whoever waits for it has no ticket yet, so that nobody waits for him.
    pub fn statement(&self, at: At) -> Arc<Mutex<()>> {
        self.with(|state| state.segments.get(at.0).map(|written| Arc::clone(&written.statement)))
            .unwrap_or_default()
    }

    /// Gives a block its place and seals it. `plain` is how many bytes it was before compression.
    pub fn seal(
        &self,
        at: At,
        plain: usize,
        packed: &[u8],
        rows: Option<RowsAt>,
        last: bool,
        scratch: &mut Vec<u8>,
    ) -> Result<Piece> {
        let lengths: Vec<usize> = packed.chunks(FRAME).map(<[u8]>::len).collect();
        let (mut piece, segment, first) = self.with(|state| state.place(at, plain, &lengths, rows, last))?;
        let whole: usize = lengths.iter().map(|length| frame::record_length(*length)).sum();
        piece.bytes.reserve(whole);
        for (sequence, part) in (first..).zip(packed.chunks(FRAME)) {
            let is_last = last && sequence + 1 == first + lengths.len() as u64;
            frame::seal_into(&segment, sequence, is_last, part, &mut piece.bytes, scratch)?;
        }
        Ok(piece)
    }

    /// Segments without a last frame.
    pub fn unfinished(&self) -> Vec<At> {
        self.with(|state| {
            let open = state.segments.iter().enumerate().filter(|(_, written)| !written.finished);
            open.map(|(at, _)| At(at)).collect()
        })
    }

    /// The end of the last pack.
    pub fn end(&self) -> Option<Piece> {
        self.with(|state| {
            let bytes = state.pack.take()?.end();
            let ticket = state.next_ticket();
            Some(Piece { ticket, closes: Some(bytes), begins: None, bytes: Vec::new() })
        })
    }

    /// What was written. Every segment must have had its last frame.
    pub fn finish(self) -> Result<Segments> {
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut written_all = Segments { all: Vec::new(), frames: 0, plain_bytes: 0 };
        for written in state.segments {
            let number = written.segment.context().segment;
            if !written.finished {
                return Err(Error::new(
                    Kind::Format,
                    "write the index",
                    format!("segment {number} was not finished"),
                ));
            }
            written_all.frames += written.frames.len() as u64;
            written_all.plain_bytes += written.plain_bytes;
            written_all.all.push((
                written.owner,
                SegmentIndex {
                    segment: number,
                    plain_bytes: written.plain_bytes,
                    plain_sha256: String::new(),
                    header: written.header_at,
                    blocks: written.blocks,
                    frames: written.frames,
                },
            ));
        }
        Ok(written_all)
    }
}

impl State {
    fn next_ticket(&mut self) -> u64 {
        let ticket = self.ticket;
        self.ticket += 1;
        ticket
    }

    fn place(
        &mut self,
        at: At,
        plain: usize,
        lengths: &[usize],
        rows: Option<RowsAt>,
        last: bool,
    ) -> Result<(Piece, Arc<Segment>, u64)> {
        let lost = || Error::new(Kind::Format, "write a block", "its segment is over or was never begun");
        let mut piece = Piece { ticket: 0, closes: None, begins: None, bytes: Vec::new() };
        if self.pack.as_ref().is_some_and(|pack| pack.offset() >= PACK) {
            piece.closes = self.pack.take().map(PackWriter::end);
        }
        if self.pack.is_none() {
            let (pack, start) = PackWriter::begin(self.packs);
            piece.begins = Some(self.packs);
            piece.bytes = start;
            self.packs += 1;
            self.pack = Some(pack);
        }
        piece.ticket = self.next_ticket();
        let pack = self.pack.as_mut().ok_or_else(lost)?;
        let written = self.segments.get_mut(at.0).filter(|written| !written.finished).ok_or_else(lost)?;
        if let Some(header) = written.header.take() {
            let offset = pack.offset();
            let record = pack.header(written.segment.context().segment, &header);
            let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
            written.header_at = Some(FrameAt { pack: pack.number(), offset, length });
            piece.bytes.extend(record);
        }
        let first = written.frames.len() as u64;
        written.blocks.push(BlockAt {
            plain_offset: written.plain_bytes,
            plain_length: u32::try_from(plain).unwrap_or(u32::MAX),
            first_frame: first,
            rows,
        });
        written.plain_bytes += plain as u64;
        for length in lengths {
            let length = frame::record_length(*length);
            let offset = pack.reserve(length as u64);
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            written.frames.push(FrameAt { pack: pack.number(), offset, length });
        }
        written.finished = last;
        Ok((piece, Arc::clone(&written.segment), first))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use domain::id::Id;
    use uuid::Uuid;

    use super::*;
    use crate::{
        format::{Codec, Owner, context::Context, context::SegmentKind, header},
        pipeline::native::statements,
        seal::Secret,
    };

    #[test]
    fn parts_of_a_statement_lie_together_whoever_else_writes() {
        let id = Uuid::from_u128(7);
        let context = Context {
            installation: Id::new(id),
            owner: Owner::Shared,
            source: Id::new(id),
            kind: SegmentKind::Data,
            backup: Id::new(id),
            attempt: 1,
            segment: 1,
            codec: Codec::Zstd,
            slot: 1,
        };
        let (head, segment) = header::create(context, &Secret::from_bytes([7; 32])).unwrap();
        let owner =
            OwnerEntry { owner: Owner::Shared, tenant: None, slot: 1, data_key: Secret::from_bytes([7; 32]) };
        let layout = Layout::new();
        let at = layout.add(Arc::new(owner), head, segment);
        let seal = |chunk: u32, rows: u32, last: bool| {
            let rows = RowsAt { table: 1, chunk, rows };
            layout.seal(at, 3, b"abc", Some(rows), last, &mut Vec::new()).unwrap();
        };
        std::thread::scope(|scope| {
            for chunk in 0..3 {
                let (layout, seal) = (&layout, &seal);
                scope.spawn(move || {
                    for _ in 0..200 {
                        let statement = layout.statement(at);
                        let held = statement.lock().unwrap();
                        for rows in [0, 0, 1] {
                            seal(chunk, rows, false);
                            std::thread::yield_now();
                        }
                        drop(held);
                    }
                });
            }
        });
        seal(9, 1, true);
        let written = layout.finish().unwrap();
        let blocks: Vec<_> = written.all[0].1.blocks.iter().map(|block| block.rows).collect();
        assert_eq!(blocks.len(), 3 * 200 * 3 + 1);
        assert_eq!(statements::in_order(&blocks).unwrap(), (0..blocks.len()).collect::<Vec<_>>());
    }
}
