//! Writes the rows of a change set as they are met.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    super::native::{
        layout::{At, Layout, Piece},
        owners::text,
    },
    content::{Side, hash},
};
use crate::{
    Error, Result,
    format::{
        Codec,
        block::{self, Packer},
        index::RowsAt,
    },
};

/// Plain bytes of a block.
const BLOCK: usize = 256 << 10;
/// First and last number by block.
pub type Numbers = Vec<(u64, u64)>;

/// Writes the rows of a change set, from a thread that may block.
pub struct ChangeWriter {
    layout: Arc<Layout>,
    at: At,
    pieces: mpsc::Sender<Piece>,
    packer: Packer,
    scratch: Vec<u8>,
    text: Vec<u8>,
    rows: u32,
    numbers: (u64, u64),
    place: (u32, Side),
    /// First and last number by block.
    blocks: Numbers,
}

impl ChangeWriter {
    /// Writes to a segment of `layout`.
    pub fn new(layout: Arc<Layout>, at: At, pieces: mpsc::Sender<Piece>) -> Result<Self> {
        Ok(Self {
            layout,
            at,
            pieces,
            packer: Packer::new(Codec::Zstd, block::ZSTD_LEVEL)?,
            scratch: Vec::new(),
            text: Vec::new(),
            rows: 0,
            numbers: (u64::MAX, 0),
            place: (0, Side::Old),
            blocks: Vec::new(),
        })
    }

    /// Writes one form of a row of table number `table` in the set; says what it adds to the sum of changes.
    pub fn row(
        &mut self,
        table: (u32, &str),
        side: Side,
        kind: u8,
        number: u64,
        tuple: &[u8],
    ) -> Result<u128> {
        if self.place != (table.0, side) {
            self.store()?;
            self.place = (table.0, side);
        }
        self.text.push(kind);
        self.text.extend_from_slice(number.to_string().as_bytes());
        self.text.push(b'\t');
        self.text.extend_from_slice(tuple);
        self.text.push(b'\n');
        self.rows += 1;
        self.numbers = (self.numbers.0.min(number), self.numbers.1.max(number));
        if self.text.len() >= BLOCK {
            self.store()?;
        }
        Ok(hash(table.1, side, kind, tuple))
    }

    fn store(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = RowsAt { table: self.place.0, chunk: self.place.1.number(), rows: self.rows };
        let packed = self.packer.pack(&self.text)?;
        let piece =
            self.layout.seal(self.at, self.text.len(), packed, Some(rows), false, &mut self.scratch)?;
        self.blocks.push(self.numbers);
        self.text.clear();
        if self.text.capacity() > 4 * BLOCK {
            self.text = Vec::new();
        }
        (self.rows, self.numbers) = (0, (u64::MAX, 0));
        self.send(piece)
    }

    fn send(&self, piece: Piece) -> Result<()> {
        self.pieces.blocking_send(piece).map_err(|_| Error::cancelled("store the change set"))
    }

    /// Ends the segment; gives the numbers by block.
    pub fn end(mut self) -> Result<Numbers> {
        self.store()?;
        self.send(text(&self.layout, self.at, Codec::Zstd, b"", true)?)?;
        if let Some(end) = self.layout.end() {
            self.send(end)?;
        }
        Ok(self.blocks)
    }
}
