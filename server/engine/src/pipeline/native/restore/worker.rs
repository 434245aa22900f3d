//! One connection's work: rows of a range in the order of their key, in statements of a good size.
//!
//! Every statement is a transaction of its own; one huge transaction would be much slower. When a connection breaks,
//! it is known of all statements but the last whether they were carried out, and of the last one the number of rows
//! in the table tells.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use tokio::{runtime::Handle, sync::mpsc};

use super::{Shared, queue::Loading};
use crate::{
    Error, Kind, Result, Retry,
    pipeline::native::blocks::BlockRef,
    source::mysql::{
        native::tuples::{self, Infile, Line},
        wire::{Done, Wire},
    },
};

/// Bytes of a statement.
const STATEMENT: usize = 1 << 20;
/// Bytes of a file. It costs the server no memory for the parts of a statement, so it may be longer.
const FILE: usize = 4 << 20;
/// Bytes of a file that are handed over together.
const PIECE: usize = 256 << 10;
/// Times that a statement is tried on a new connection.
const TRIES: u32 = 5;
/// Room for what a packet holds besides the statement.
const SPARE: u64 = 1024;

/// What a worker is given.
pub enum Coming {
    /// Whole blocks, in plain.
    Rows(Vec<Vec<u8>>),
    /// One row of many megabytes, in parts that are fetched when they are needed.
    Giant(Vec<BlockRef>),
}

/// A worker and its connection.
pub struct Worker {
    shared: Arc<Shared>,
    wire: Wire,
    runtime: Handle,
    buffer: Vec<u8>,
}

impl Worker {
    /// Connects.
    pub fn new(shared: Arc<Shared>, runtime: Handle) -> Result<Self> {
        let wire = shared.place.connect()?;
        Ok(Self { shared, wire, runtime, buffer: Vec::new() })
    }

    /// Loads what comes, and adds the keys of a table when its last rows are in.
    pub fn run(mut self, mut coming: mpsc::Receiver<(usize, u64, Coming)>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        while let Some((number, bytes, rows)) = coming.blocking_recv() {
            let Some(table) = shared.queue.tables.get(number) else { continue };
            match rows {
                Coming::Rows(texts) => self.rows(table, &texts)?,
                Coming::Giant(parts) => self.giant(table, &parts)?,
            }
            let last = table.left.fetch_sub(1, Ordering::AcqRel) == 1;
            shared.tell(bytes, &table.name, last);
            if last && let Some(keys) = &table.definition.keys {
                self.keys(table, keys)?;
            }
        }
        Ok(())
    }

    fn rows(&mut self, table: &Loading, texts: &[Vec<u8>]) -> Result<()> {
        let lines = tuples::ordered(texts, &table.head.insert, table.head.key)?;
        let packet =
            usize::try_from(self.wire.max_allowed_packet().saturating_sub(SPARE)).unwrap_or(STATEMENT);
        let mut rest = lines.as_slice();
        while let Some(first) = rest.first() {
            let room = if self.shared.by_file { FILE } else { STATEMENT.min(packet) };
            let (mut count, mut length) = (0, table.head.insert.len() + 2);
            for line in rest {
                length += tuples::tuple(texts, line).len() + 2;
                // A row larger than a statement goes alone.
                if count > 0 && length > room {
                    break;
                }
                count += 1;
            }
            let (these, others) = rest.split_at(count);
            let single = tuples::tuple(texts, first);
            if self.shared.by_file
                || (single.len() + table.head.insert.len() + 2 > packet && self.shared.can_file)
            {
                self.by_file(table, texts, these)?;
            } else if single.len() + table.head.insert.len() + 2 > packet {
                return Err(too_large(table, single, packet));
            } else {
                self.by_insert(table, texts, these)?;
            }
            rest = others;
        }
        Ok(())
    }

    fn by_insert(&mut self, table: &Loading, texts: &[Vec<u8>], lines: &[Line]) -> Result<()> {
        let mut sql = std::mem::take(&mut self.buffer);
        sql.clear();
        sql.extend_from_slice(&table.head.insert);
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                sql.push(b',');
            }
            sql.extend_from_slice(tuples::tuple(texts, line));
        }
        let attempt = format!("load rows of {}", table.name);
        self.statement(table, lines.len() as u64, &attempt, &mut |wire| wire.run(&sql, &attempt))?;
        self.buffer = sql;
        Ok(())
    }

    fn by_file(&mut self, table: &Loading, texts: &[Vec<u8>], lines: &[Line]) -> Result<()> {
        let mut file = std::mem::take(&mut self.buffer);
        file.clear();
        let mut infile = Infile::default();
        for line in lines {
            infile.write(tuples::tuple(texts, line), &mut file)?;
        }
        let attempt = format!("load rows of {}", table.name);
        self.statement(table, lines.len() as u64, &attempt, &mut |wire| {
            let mut pieces = file.chunks(PIECE).peekable();
            wire.load(&table.head.load, &attempt, &mut |out| {
                out.extend_from_slice(pieces.next().unwrap_or_default());
                Ok(pieces.peek().is_some())
            })
        })?;
        self.buffer = file;
        Ok(())
    }

    fn giant(&mut self, table: &Loading, parts: &[BlockRef]) -> Result<()> {
        let attempt = format!("load a long row of {}", table.name);
        let (shared, runtime) = (Arc::clone(&self.shared), self.runtime.clone());
        let part = |at: &BlockRef| -> Result<Vec<u8>> {
            let mut plain = runtime.block_on(shared.blocks.fetch(std::slice::from_ref(at)))?;
            Ok(plain.pop().unwrap_or_default())
        };
        if !self.shared.can_file {
            let packet = self.wire.max_allowed_packet().saturating_sub(SPARE);
            let bytes = self.shared.blocks.sizes(parts).0;
            if bytes > packet {
                let first = parts.first().map(&part).transpose()?.unwrap_or_default();
                let row = first.strip_prefix(table.head.insert.as_slice()).unwrap_or_default();
                return Err(too_large(table, row, usize::try_from(packet).unwrap_or(usize::MAX)));
            }
            let mut sql = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
            for at in parts {
                sql.extend_from_slice(&part(at)?);
            }
            let end = sql.trim_ascii_end().len().saturating_sub(1);
            let row = sql.get(table.head.insert.len()..end).unwrap_or_default();
            // What is sent must be one row and nothing else.
            let mut check = Infile::default();
            check.write(row, &mut Vec::new())?;
            if !sql.starts_with(&table.head.insert) || !check.is_between() {
                return Err(damaged(&attempt));
            }
            sql.truncate(end);
            return self.statement(table, 1, &attempt, &mut |wire| wire.run(&sql, &attempt));
        }
        self.statement(table, 1, &attempt, &mut |wire| {
            let (mut rest, mut infile) = (parts, Infile::default());
            wire.load(&table.head.load, &attempt, &mut |out| {
                let Some((at, after)) = rest.split_first() else { return Ok(false) };
                let plain = part(at)?;
                let row = if rest.len() == parts.len() {
                    plain.strip_prefix(table.head.insert.as_slice()).ok_or_else(|| damaged(&attempt))?
                } else {
                    &plain
                };
                infile.write(row, out)?;
                rest = after;
                Ok(!rest.is_empty())
            })
        })
    }

    /// Carries a statement out exactly once, over as many connections as it takes.
    fn statement(
        &mut self,
        table: &Loading,
        rows: u64,
        attempt: &str,
        send: &mut dyn FnMut(&mut Wire) -> Result<Done>,
    ) -> Result<()> {
        for tried in 0.. {
            let open = table.gate.read().unwrap_or_else(PoisonError::into_inner);
            let error = match send(&mut self.wire) {
                Ok(done) if done.affected_rows == rows => {
                    table.loaded.fetch_add(rows, Ordering::AcqRel);
                    return Ok(());
                }
                Ok(done) => {
                    let message = format!("the server took {} of {rows} rows", done.affected_rows);
                    return Err(Error::new(Kind::Integrity, attempt, message));
                }
                Err(error) => error,
            };
            if error.kind() != Kind::Source || error.retry() != Retry::Later || tried >= TRIES {
                return Err(error);
            }
            table.unknown.fetch_add(1, Ordering::AcqRel);
            drop(open);
            self.wire = self.shared.place.reconnect(&self.wire)?;
            if self.was_carried_out(table, rows, attempt)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the last statement of a broken connection was carried out.
    fn was_carried_out(&mut self, table: &Loading, rows: u64, attempt: &str) -> Result<bool> {
        let _closed = table.gate.write().unwrap_or_else(PoisonError::into_inner);
        let count = format!("SELECT COUNT(*) FROM {}", domain::sources::quote_identifier(&table.name));
        let row = self.wire.first(count, attempt)?.unwrap_or_default();
        let there =
            row.first().and_then(|value| std::str::from_utf8(value.as_deref()?).ok()?.parse::<u64>().ok());
        let known = table.loaded.load(Ordering::Acquire);
        let alone = table.unknown.fetch_sub(1, Ordering::AcqRel) == 1;
        match there {
            Some(there) if there == known => Ok(false),
            Some(there) if there == known + rows && alone => {
                table.loaded.fetch_add(rows, Ordering::AcqRel);
                Ok(true)
            }
            _ => {
                let message = format!(
                    "the connection was lost, and nobody can say which rows of {} arrived",
                    table.name
                );
                Err(Error::new(Kind::Source, attempt, message)
                    .later()
                    .hint("It is restored again from the beginning."))
            }
        }
    }

    fn keys(&mut self, table: &Loading, statement: &str) -> Result<()> {
        let attempt = format!("build the keys of {}", table.name);
        for tried in 0.. {
            match self.wire.run(statement, &attempt) {
                Ok(_) => return Ok(()),
                Err(error)
                    if error.kind() == Kind::Source && error.retry() == Retry::Later && tried < TRIES =>
                {
                    self.wire = self.shared.place.reconnect(&self.wire)?;
                    if self.has_keys(table, &attempt)? {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Adding keys happens altogether or not at all.
    fn has_keys(&mut self, table: &Loading, attempt: &str) -> Result<bool> {
        let look = format!(
            "SHOW KEYS FROM {} WHERE Key_name<>'PRIMARY' AND Index_type<>'FULLTEXT'",
            domain::sources::quote_identifier(&table.name)
        );
        Ok(self.wire.first(look, attempt)?.is_some())
    }
}

fn damaged(attempt: &str) -> Error {
    Error::new(Kind::Integrity, attempt, "its parts do not make a row")
        .hint("The copy is damaged. Use another copy of this backup, or an older backup.")
}

fn too_large(table: &Loading, row: &[u8], packet: usize) -> Error {
    let key = table.head.key.and_then(|key| tuples::value(row, key)).unwrap_or_default();
    let key = String::from_utf8_lossy(key.get(..64.min(key.len())).unwrap_or_default()).into_owned();
    let which = if key.is_empty() { "a row".to_owned() } else { format!("the row with key {key}") };
    Error::new(
        Kind::Input,
        format!("load rows of {}", table.name),
        format!("{which} is larger than the {packet} bytes that the server takes in a statement"),
    )
    .hint("Raise max_allowed_packet on the server that is restored to, or switch local_infile on there.")
}
