//! What one thread holds of rows that are not stored yet.
//!
//! A buffer per owner, filled with complete INSERT statements of one table and one piece of it. A buffer is stored
//! when it is full, when all of them together are too much, and at the end of the piece, so that what lies together
//! in a pack is one range of the table's key whoever owns it. A row of many megabytes is stored in parts while it is
//! written: a statement may then span blocks, of which all but the last say that they hold no row. Its parts lie one
//! behind the other in the segment, whatever other threads write there.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{
    layout::{At, Layout, Piece},
    owners::Known,
    tally::Tally,
};
use crate::{
    Error, Result,
    format::{
        Codec,
        block::{self, Packer},
        index::RowsAt,
    },
    source::mysql::native::{plan::TablePlan, render, row::Fields},
};

/// Plain bytes of a block.
const BLOCK: usize = 512 << 10;
/// Bytes that the buffers of a thread have room for in all.
const BUDGET: usize = 40 << 20;
/// A row longer than this is stored in parts, in bytes as it was sent.
const GIANT: usize = 1 << 20;
/// With more owners than this a buffer's memory is given back when it is stored.
const MANY: usize = 128;

#[derive(Default)]
struct Buffer {
    sql: Vec<u8>,
    /// Rows in `sql`.
    rows: u32,
    tally: Tally,
    touched: bool,
}

/// The buffers of one thread.
pub struct Buffers {
    layout: Arc<Layout>,
    known: Known,
    pieces: mpsc::Sender<Piece>,
    packer: Packer,
    scratch: Vec<u8>,
    open: Vec<Buffer>,
    touched: Vec<u32>,
    held: usize,
    /// The piece of the table that is being read.
    table: u32,
    chunk: u32,
    /// Plain bytes that were stored.
    pub plain_bytes: u64,
    /// Nanoseconds spent compressing, and sealing.
    pub spent: (u64, u64),
}

impl Buffers {
    /// Empty ones.
    pub fn new(layout: Arc<Layout>, known: Known, pieces: mpsc::Sender<Piece>, codec: Codec) -> Result<Self> {
        Ok(Self {
            layout,
            known,
            pieces,
            packer: Packer::new(codec, block::ZSTD_FAST)?,
            scratch: Vec::new(),
            open: Vec::new(),
            touched: Vec::new(),
            held: 0,
            table: 0,
            chunk: 0,
            plain_bytes: 0,
            spent: (0, 0),
        })
    }

    /// Begins a piece of a table.
    pub fn begin(&mut self, table: u32, chunk: u32) {
        (self.table, self.chunk) = (table, chunk);
    }

    /// Writes a row of `owner`.
    pub fn row(
        &mut self,
        owner: u32,
        plan: &TablePlan,
        row: &[u8],
        fields: &Fields,
        hash: u128,
    ) -> Result<()> {
        let at = owner as usize;
        if at >= self.open.len() {
            self.open.resize_with(at + 1, Buffer::default);
        }
        if row.len() > GIANT {
            return self.giant(owner, plan, row, fields, hash);
        }
        let Some(buffer) = self.open.get_mut(at) else { return Ok(()) };
        let before = buffer.sql.capacity();
        if !buffer.touched {
            buffer.touched = true;
            self.touched.push(owner);
        }
        buffer.sql.reserve(row.len() + row.len() / 4 + plan.head.len() + 64);
        buffer.sql.extend_from_slice(if buffer.rows == 0 { &plan.head } else { b",\n" });
        let mut separator = b'(';
        for (index, form) in plan.forms.iter().enumerate() {
            buffer.sql.push(separator);
            separator = b',';
            render::value(&mut buffer.sql, fields.get(row, index), *form);
        }
        buffer.sql.push(b')');
        buffer.rows += 1;
        buffer.tally.add(hash);
        let full = buffer.sql.len() >= BLOCK;
        self.held += buffer.sql.capacity() - before;
        if full {
            self.store(owner)?;
        } else if self.held > BUDGET {
            self.relieve()?;
        }
        Ok(())
    }

    /// Stores the fuller half of the buffers.
    fn relieve(&mut self) -> Result<()> {
        let filled = self.open.iter().filter(|buffer| buffer.rows > 0).count().max(1);
        let mean = self.held / filled;
        for owner in 0..self.open.len() {
            if self.open.get(owner).is_some_and(|buffer| buffer.sql.len() >= mean.min(BLOCK / 2)) {
                self.store(u32::try_from(owner).unwrap_or(u32::MAX))?;
            }
        }
        // What is left is room without rows.
        if self.held > BUDGET {
            for buffer in &mut self.open {
                self.held -= buffer.sql.capacity();
                buffer.sql.shrink_to_fit();
                self.held += buffer.sql.capacity();
            }
        }
        Ok(())
    }

    fn store(&mut self, owner: u32) -> Result<()> {
        let Some(buffer) = self.open.get_mut(owner as usize).filter(|buffer| buffer.rows > 0) else {
            return Ok(());
        };
        let (mut sql, rows) = (std::mem::take(&mut buffer.sql), std::mem::take(&mut buffer.rows));
        sql.extend_from_slice(b";\n");
        let capacity = sql.capacity();
        self.block(owner, &sql, rows)?;
        if self.open.len() > MANY || capacity > 2 * BLOCK {
            self.held = self.held.saturating_sub(capacity);
        } else if let Some(buffer) = self.open.get_mut(owner as usize) {
            sql.clear();
            buffer.sql = sql;
        }
        Ok(())
    }

    fn segment(&self, owner: u32) -> Result<At> {
        self.known.segment(owner).ok_or_else(|| Error::cancelled("store rows"))
    }

    /// Stores complete statements.
    fn block(&mut self, owner: u32, plain: &[u8], rows: u32) -> Result<()> {
        let at = self.segment(owner)?;
        let statement = self.layout.statement(at);
        let piece = self.sealed(at, plain, rows, Some(&statement))?;
        self.send(piece)
    }

    /// Compresses and seals; waits for `statement` to end, if it is that of another.
    fn sealed(&mut self, at: At, plain: &[u8], rows: u32, statement: Option<&Mutex<()>>) -> Result<Piece> {
        let began = std::time::Instant::now();
        let packed = self.packer.pack(plain)?;
        let compressed = std::time::Instant::now();
        let rows = RowsAt { table: self.table, chunk: self.chunk, rows };
        let held = statement.map(|statement| statement.lock().unwrap_or_else(PoisonError::into_inner));
        let piece = self.layout.seal(at, plain.len(), packed, Some(rows), false, &mut self.scratch)?;
        drop(held);
        self.spent.0 += nanoseconds(compressed - began);
        self.spent.1 += nanoseconds(compressed.elapsed());
        self.plain_bytes += plain.len() as u64;
        Ok(piece)
    }

    fn send(&self, piece: Piece) -> Result<()> {
        self.pieces.blocking_send(piece).map_err(|_| Error::cancelled("store rows"))
    }

    /// A row that would not fit into memory twice: its statement is stored in parts.
    fn giant(&mut self, owner: u32, plan: &TablePlan, row: &[u8], fields: &Fields, hash: u128) -> Result<()> {
        self.store(owner)?;
        let at = self.segment(owner)?;
        let statement = self.layout.statement(at);
        let _held = statement.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sql = Vec::with_capacity(2 * GIANT);
        sql.extend_from_slice(&plan.head);
        let mut separator = b'(';
        for (index, form) in plan.forms.iter().enumerate() {
            sql.push(separator);
            separator = b',';
            render::in_parts(fields.get(row, index), *form, &mut sql, &mut |sql| {
                if sql.len() >= GIANT {
                    let piece = self.sealed(at, sql, 0, None)?;
                    self.send(piece)?;
                    sql.clear();
                }
                Ok(())
            })?;
        }
        sql.extend_from_slice(b");\n");
        let piece = self.sealed(at, &sql, 1, None)?;
        self.send(piece)?;
        if let Some(buffer) = self.open.get_mut(owner as usize) {
            if !buffer.touched {
                buffer.touched = true;
                self.touched.push(owner);
            }
            buffer.tally.add(hash);
        }
        Ok(())
    }

    /// Stores everything of the piece and says what it counted, by owner.
    pub fn end(&mut self) -> Result<Vec<(u32, Tally)>> {
        let touched = std::mem::take(&mut self.touched);
        let mut tallies = Vec::with_capacity(touched.len());
        for owner in touched {
            self.store(owner)?;
            if let Some(buffer) = self.open.get_mut(owner as usize) {
                buffer.touched = false;
                tallies.push((owner, std::mem::take(&mut buffer.tally)));
            }
        }
        Ok(tallies)
    }
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
