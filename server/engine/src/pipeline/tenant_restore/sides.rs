//! Reads a table's rows of one tenant, from the live database and from a backup, as the same text.

use std::sync::Arc;

use domain::{sources::DatabaseName, tenancy::TenantKey};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{
    super::native::blocks::{BlockRef, Blocks},
    choose::{Compared, plain_hex},
    stopping::check,
    tuple,
};
use crate::{
    Error, Kind, Result,
    source::{
        mysql::{
            connect::Endpoint,
            native::{chunks::Chunk, columns::Form, plan::TenantAt, render, row::Fields, sums},
            tenancy::tenant_key,
            wire::Wire,
        },
        sums::Sum,
    },
};

/// Blocks that are fetched together, in plain bytes.
const TOGETHER: u64 = 8 << 20;
/// A table's blocks are kept for the second look up to this size, in plain bytes.
const KEPT: u64 = 32 << 20;

/// What is done with each row.
pub type Each<'e> = &'e mut dyn FnMut(&[u8]) -> Result<()>;

/// Rows counted and summed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// How many.
    pub rows: u64,
    /// Sum of the hashes of their texts.
    pub sum: Sum,
}

impl Total {
    /// Adds a row.
    pub const fn add(&mut self, hash: u128) {
        self.rows += 1;
        self.sum.add(hash);
    }
}

/// The hashes by which a row is found again: of its key, of its whole text.
pub fn hashes(table: &Compared, tuple: &[u8], seed: u64) -> Result<(u128, u128)> {
    let whole = xxh3_128_with_seed(tuple, seed);
    if table.plan.key.is_empty() {
        return Ok((whole, whole));
    }
    let literals = literals(table, tuple)?;
    Ok((of_values(&literals, &table.plan.key, seed).unwrap_or(whole), whole))
}

/// The hash of some of a row's values; nothing if one of them is NULL or not there.
pub fn of_values(literals: &[&[u8]], places: &[usize], seed: u64) -> Option<u128> {
    let mut text = Vec::new();
    for place in places {
        let literal = literals.get(*place).filter(|literal| !tuple::is_null(literal))?;
        text.extend_from_slice(&(literal.len() as u64).to_le_bytes());
        text.extend_from_slice(literal);
    }
    Some(xxh3_128_with_seed(&text, seed))
}

/// The literals of a row of `table`.
pub fn literals<'t>(table: &Compared, tuple: &'t [u8]) -> Result<Vec<&'t [u8]>> {
    tuple::literals(tuple).filter(|literals| literals.len() == table.plan.columns.len()).ok_or_else(|| {
        Error::new(
            Kind::Integrity,
            format!("read a row of {}", table.plan.name),
            "it is genuine, but not readable",
        )
        .hint("Please report it; nothing was changed.")
    })
}

/// Whether a row is among those that were chosen.
pub fn is_chosen(table: &Compared, tuple: &[u8]) -> Result<bool> {
    let Some(only) = &table.only else { return Ok(true) };
    let literals = literals(table, tuple)?;
    let key = table.plan.key.iter().map(|place| {
        let value = literals.get(*place).and_then(|literal| tuple::text(literal)).unwrap_or_default();
        if table.plan.forms.get(*place) == Some(&Form::Hex) { plain_hex(&value) } else { value }
    });
    Ok(only.contains(&key.collect::<Vec<_>>()))
}

/// Connects, with a session in which rows are read and written as a backup has them.
pub fn connect(endpoint: &Endpoint, database: &DatabaseName) -> Result<Wire> {
    let mut wire = Wire::connect(endpoint)?;
    sums::prepare(&mut wire, database)?;
    Ok(wire)
}

/// Reads the tenant's chosen rows of a live table. A row that turns out to be another tenant's stops everything.
pub fn live(
    wire: &mut Wire,
    table: &Compared,
    tenant: &TenantKey,
    lock: bool,
    token: &CancellationToken,
    each: Each<'_>,
) -> Result<()> {
    let plan = &table.plan;
    let attempt = format!("read the tenant's rows of {}", plan.name);
    let mut statement = plan.statement(&Chunk { number: 0, condition: None });
    if lock {
        statement.push_str(" FOR UPDATE");
    }
    let (mut fields, mut text, mut rows) = (Fields::default(), Vec::new(), 0u64);
    wire.rows(statement, &attempt, &mut |row| {
        rows += 1;
        if rows.is_multiple_of(1024) {
            check(token, &attempt)?;
        }
        fields.split(row, plan.selected)?;
        if let TenantAt::Value(at) = plan.tenant
            && tenant_key::key(fields.get(row, at)).as_ref() != Some(tenant)
        {
            return Err(Error::new(Kind::Integrity, attempt.clone(), "a row came that is not the tenant's")
                .hint(
                    "Nothing was changed. Confirm the tenant map again; if it stays so, please report it.",
                ));
        }
        text.clear();
        let mut separator = b'(';
        for (index, form) in plan.forms.iter().enumerate() {
            text.push(separator);
            separator = b',';
            render::value(&mut text, fields.get(row, index), *form);
        }
        text.push(b')');
        if is_chosen(table, &text)? {
            each(&text)?;
        }
        if text.capacity() > 1 << 20 {
            text = Vec::new();
        }
        Ok(())
    })?;
    Ok(())
}

/// A table's rows in the tenant's part of a backup.
pub struct BackupRows {
    blocks: Arc<Blocks>,
    refs: Vec<BlockRef>,
    /// How many there are.
    pub rows: u64,
    kept: Option<Vec<Vec<u8>>>,
    handle: Handle,
}

impl BackupRows {
    /// Those in `refs`, all of one table.
    pub fn new(blocks: &Arc<Blocks>, refs: Vec<BlockRef>, rows: u64, handle: Handle) -> Self {
        Self { blocks: Arc::clone(blocks), refs, rows, kept: None, handle }
    }

    /// Gives every chosen row. Small tables are fetched once, however often they are read.
    pub fn read(&mut self, table: &Compared, token: &CancellationToken, each: Each<'_>) -> Result<()> {
        let attempt = format!("read the rows of {} in the backup", table.plan.name);
        if self.kept.is_none() && self.blocks.sizes(&self.refs).0 <= KEPT {
            self.kept = Some(self.handle.block_on(self.blocks.fetch(&self.refs))?);
        }
        let mut parser = Parser { table, pending: Vec::new(), rows: 0, each };
        if let Some(kept) = &self.kept {
            for (at, plain) in self.refs.iter().zip(kept) {
                parser.block(self.blocks.rows_of(*at), plain)?;
            }
        } else {
            for group in groups(&self.blocks, &self.refs) {
                check(token, &attempt)?;
                for (at, plain) in group.iter().zip(self.handle.block_on(self.blocks.fetch(group))?) {
                    parser.block(self.blocks.rows_of(*at), &plain)?;
                }
            }
        }
        if parser.rows == self.rows && parser.pending.is_empty() {
            return Ok(());
        }
        Err(unreadable(table, &format!("it has {} rows instead of {}", parser.rows, self.rows)))
    }
}

/// Blocks in groups that are fetched together.
pub fn groups<'r>(blocks: &Blocks, refs: &'r [BlockRef]) -> Vec<&'r [BlockRef]> {
    let (mut groups, mut rest) = (Vec::new(), refs);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|at| {
            bytes += blocks.sizes(&[**at]).0;
            bytes <= TOGETHER
        });
        let (group, others) = rest.split_at(fits.count().max(1));
        groups.push(group);
        rest = others;
    }
    groups
}

fn unreadable(table: &Compared, why: &str) -> Error {
    Error::new(Kind::Integrity, format!("read the rows of {} in the backup", table.plan.name), why)
        .hint("The copy is damaged. Use another copy of this backup, or an older backup.")
}

struct Parser<'p> {
    table: &'p Compared,
    /// The beginning of a giant row, whose statement spans blocks.
    pending: Vec<u8>,
    rows: u64,
    each: Each<'p>,
}

impl Parser<'_> {
    fn block(&mut self, rows: Option<u32>, plain: &[u8]) -> Result<()> {
        let expected = rows.ok_or_else(|| unreadable(self.table, "a block is no rows"))?;
        if expected == 0 {
            self.pending.extend_from_slice(plain);
            return Ok(());
        }
        if self.pending.is_empty() {
            return self.statement(plain, expected);
        }
        let mut whole = std::mem::take(&mut self.pending);
        whole.extend_from_slice(plain);
        self.statement(&whole, expected)
    }

    fn statement(&mut self, text: &[u8], expected: u32) -> Result<()> {
        let body = text
            .strip_prefix(self.table.plan.head.as_slice())
            .and_then(|body| body.strip_suffix(b";\n"))
            .ok_or_else(|| unreadable(self.table, "a statement is not that of the table"))?;
        let mut found = 0;
        // Line breaks inside values are escaped: a line is a row.
        for line in body.split(|byte| *byte == b'\n') {
            let tuple = line.strip_suffix(b",").unwrap_or(line);
            found += 1;
            if is_chosen(self.table, tuple)? {
                (self.each)(tuple)?;
            }
        }
        self.rows += u64::from(found);
        if found == expected {
            Ok(())
        } else {
            Err(unreadable(self.table, "a block has not as many rows as it says"))
        }
    }
}
