//! Rows on their way into one table: many in a statement, and every statement must change as many as it names.

use super::{choose::Compared, sides, statements};
use crate::{Error, Kind, Result, source::mysql::wire::Wire};

/// Rows on their way into one table.
pub struct Batch<'b> {
    wire: &'b mut Wire,
    table: &'b Compared,
    attempt: &'static str,
    parts: Vec<Vec<u8>>,
    bytes: usize,
    limit: usize,
}

impl<'b> Batch<'b> {
    /// Nothing yet.
    pub fn new(wire: &'b mut Wire, table: &'b Compared, attempt: &'static str) -> Self {
        let packet = usize::try_from(wire.max_allowed_packet() / 2).unwrap_or(usize::MAX);
        Self { wire, table, attempt, parts: Vec::new(), bytes: 0, limit: statements::BYTES.min(packet) }
    }

    fn change(&mut self, sql: Vec<u8>, expected: usize) -> Result<()> {
        let name = &self.table.plan.name;
        let done = self.wire.run(sql, &format!("change rows of {name}"))?;
        if done.affected_rows == expected as u64 {
            return Ok(());
        }
        let what = format!("{} rows of {name} changed where {expected} should have", done.affected_rows);
        Err(Error::new(Kind::Input, self.attempt, what)
            .hint("Nothing was changed. Look for triggers on this table, or report it."))
    }

    fn take(&mut self, part: Vec<u8>) -> bool {
        self.bytes += part.len();
        self.parts.push(part);
        self.bytes >= self.limit
    }

    /// Takes a row out, by its key or by all its values.
    pub fn delete(&mut self, row: &[u8]) -> Result<()> {
        let literals = sides::literals(self.table, row)?;
        if self.table.plan.key.is_empty() {
            return self.change(statements::delete_whole(self.table, &literals), 1);
        }
        let full = self.take(statements::key(self.table, &literals));
        if full || self.parts.len() >= statements::ROWS { self.deleted() } else { Ok(()) }
    }

    /// Sends what waits to be taken out.
    pub fn deleted(&mut self) -> Result<()> {
        let parts = std::mem::take(&mut self.parts);
        self.bytes = 0;
        if parts.is_empty() {
            Ok(())
        } else {
            self.change(statements::delete(self.table, &parts), parts.len())
        }
    }

    /// Changes a row in place.
    pub fn update(&mut self, row: &[u8]) -> Result<()> {
        let literals = sides::literals(self.table, row)?;
        self.change(statements::update(self.table, &literals), 1)
    }

    /// Puts a row in.
    pub fn insert(&mut self, row: &[u8]) -> Result<()> {
        // A statement must stay below what the server takes.
        if self.bytes + row.len() > self.limit {
            self.inserted()?;
        }
        self.take(row.to_vec());
        Ok(())
    }

    /// Sends what waits to be put in.
    pub fn inserted(&mut self) -> Result<()> {
        let parts = std::mem::take(&mut self.parts);
        self.bytes = 0;
        if parts.is_empty() {
            Ok(())
        } else {
            self.change(statements::insert(self.table, &parts), parts.len())
        }
    }
}
