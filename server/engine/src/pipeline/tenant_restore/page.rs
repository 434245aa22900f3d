//! Pages of changed rows, old and new side by side.
//!
//! A row may have megabytes and a page hundreds of rows, so only the beginning of each value is kept, of one row after
//! the other. Whether values differ is told by digests of all of them.

use std::collections::BTreeMap;

use domain::{restores::Cell, tenancy::TenantKey};
use sha2::{Digest, Sha256};

use super::{
    super::Vault,
    RestorePlace,
    changes::Changes,
    content::{Side, TableChange},
    tuple,
};
use crate::{Error, Kind, Result};

/// Rows of a page at most.
const MOST: usize = 1000;
/// Values of a page at most, on each side: about thirty megabytes if every one is as long as it may be.
const VALUES: usize = 16_384;

/// How a row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is put in.
    Insert,
    /// It gets other values.
    Update,
    /// It goes.
    Delete,
}

/// A row that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRow {
    /// Its number among the changes of its table, from 1.
    pub number: u64,
    /// How it changes.
    pub kind: ChangeKind,
    /// Its values in the live database.
    pub old: Option<Vec<Cell>>,
    /// Its values in the backup.
    pub new: Option<Vec<Cell>>,
    /// For each column, whether the values differ: two that were cut may look the same.
    pub differs: Vec<bool>,
}

/// A page of changed rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Names of those of the primary key; none if there is none.
    pub key: Vec<String>,
    /// The rows, by number.
    pub rows: Vec<ChangedRow>,
    /// What to pass as `after` for the next page, if there is one.
    pub next: Option<u64>,
}

/// Reads a page of the changed rows of a table: those behind number `after`, at most `limit`, fewer if they have very
/// many columns.
pub async fn changed_rows(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    table: &str,
    after: Option<u64>,
    limit: usize,
) -> Result<ChangedRows> {
    let changes = Changes::open(vault, at, tenant).await?;
    let found = (0u32..).zip(&changes.content.tables).find(|(_, change)| change.name == table);
    let (number, change) = found.ok_or_else(|| {
        Error::new(Kind::Input, "show changed rows", format!("table {table} is not part of this restore"))
    })?;
    let most = MOST.min(VALUES / change.columns.len().max(1)).max(1);
    let first = after.unwrap_or(0).saturating_add(1);
    let last = first.saturating_add(limit.clamp(1, most) as u64 - 1);
    let (mut rows, mut digests) = (BTreeMap::new(), BTreeMap::new());
    for side in [Side::Old, Side::New] {
        let mut keep = |kind: u8, number: u64, text: &[u8]| {
            let differs = vec![true; change.columns.len()];
            let row = rows.entry(number).or_insert(ChangedRow {
                number,
                kind: kind_of(kind),
                old: None,
                new: None,
                differs,
            });
            let (values, digest) = values(change, text)?;
            match side {
                Side::Old => {
                    row.old = Some(values);
                    digests.insert(number, digest);
                }
                Side::New => {
                    row.new = Some(values);
                    if let Some(old) = digests.get(&number) {
                        row.differs = old.iter().zip(&digest).map(|(old, new)| old != new).collect();
                    }
                }
            }
            Ok(())
        };
        changes.between(number, side, first, last, &mut keep).await?;
    }
    Ok(ChangedRows {
        columns: change.columns.clone(),
        key: change.key.clone(),
        rows: rows.into_values().collect(),
        next: (last < change.count()).then_some(last),
    })
}

const fn kind_of(kind: u8) -> ChangeKind {
    match kind {
        b'i' => ChangeKind::Insert,
        b'd' => ChangeKind::Delete,
        _ => ChangeKind::Update,
    }
}

/// The values of a row for people, and a digest of each as it is.
fn values(change: &TableChange, text: &[u8]) -> Result<(Vec<Cell>, Vec<[u8; 32]>)> {
    let literals = tuple::literals(text).filter(|literals| literals.len() == change.columns.len());
    let literals = literals.ok_or_else(|| {
        Error::new(Kind::Integrity, "show changed rows", "a row is genuine, but not readable")
            .hint("Please report it; nothing was changed.")
    })?;
    let digests = literals.iter().map(|literal| Sha256::digest(literal).into()).collect();
    Ok((literals.into_iter().map(tuple::shown).collect(), digests))
}
