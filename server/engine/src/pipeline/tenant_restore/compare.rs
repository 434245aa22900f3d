//! Finds the rows of a table that differ, in bounded memory whatever the tenant's size.
//!
//! Rows are met by hashes of their keys. So many rows are taken at a time as fit into memory, chosen by their hash;
//! each such part is read once from the live database, and twice from the backup: first to know its rows, then to
//! write those that are to be put in. Old rows are written as they are met.
//!
//! A row without a primary key is its own key. Equal rows are counted then.

use std::collections::HashMap;

use domain::tenancy::TenantKey;
use tokio_util::sync::CancellationToken;

use super::{
    choose::Compared,
    content::{Side, TableChange},
    sides::{self, BackupRows, Total},
    writer::ChangeWriter,
};
use crate::{
    Result,
    source::{mysql::wire::Wire, sums::Sum},
};

/// Memory of the hashes, in bytes.
const BUDGET: u64 = 64 << 20;
/// What a row needs of it, with the room that a map leaves free while it grows.
const ROW: u64 = 160;

/// A row of the backup that was not met in the live database yet.
struct Awaited {
    whole: u128,
    /// How many times; never more than once where there is a key.
    left: u32,
    /// Number of the change, once it is known to be one.
    number: u64,
}

/// What all tables share.
pub struct Comparing<'c> {
    pub tenant: &'c TenantKey,
    pub seed: u64,
    pub token: &'c CancellationToken,
}

impl Comparing<'_> {
    /// Compares one table, number `number` in the change set, and writes what differs.
    pub fn table(
        &self,
        number: u32,
        table: &Compared,
        wire: &mut Wire,
        backup: &mut BackupRows,
        out: &mut ChangeWriter,
    ) -> Result<TableChange> {
        let keyed = !table.plan.key.is_empty();
        let named = (number, table.plan.name.as_str());
        let mut change = TableChange {
            name: table.plan.name.clone(),
            route: table.route.clone(),
            shape: table.shape.clone(),
            columns: table.plan.columns.clone(),
            key: table.plan.key.iter().filter_map(|place| table.plan.columns.get(*place).cloned()).collect(),
            inserts: 0,
            updates: 0,
            deletes: 0,
            unchanged: 0,
            before: Total::default(),
            after: Total::default(),
            changes: Sum::default(),
            triggers: Some(table.triggers.clone()),
        };
        let parts = u128::from(backup.rows.saturating_mul(ROW) / BUDGET + 1);
        let mut last = 0u64;
        for part in 0..parts {
            let mut awaited: HashMap<u128, Awaited> = HashMap::new();
            backup.read(table, self.token, &mut |tuple| {
                let (key, whole) = sides::hashes(table, tuple, self.seed)?;
                if key % parts == part {
                    change.after.add(whole);
                    awaited.entry(key).or_insert(Awaited { whole, left: 0, number: 0 }).left += 1;
                }
                Ok(())
            })?;
            sides::live(wire, table, self.tenant, false, self.token, &mut |tuple| {
                let (key, whole) = sides::hashes(table, tuple, self.seed)?;
                if key % parts != part {
                    return Ok(());
                }
                change.before.add(whole);
                match awaited.get_mut(&key).filter(|awaited| awaited.left > 0) {
                    Some(same) if same.whole == whole => {
                        same.left -= 1;
                        change.unchanged += 1;
                    }
                    Some(other) if keyed && other.number == 0 => {
                        last += 1;
                        other.number = last;
                        change.updates += 1;
                        change.changes.add(out.row(named, Side::Old, b'u', last, tuple)?);
                    }
                    _ => {
                        last += 1;
                        change.deletes += 1;
                        change.changes.add(out.row(named, Side::Old, b'd', last, tuple)?);
                    }
                }
                Ok(())
            })?;
            awaited.retain(|_, row| row.left > 0);
            if awaited.is_empty() {
                continue;
            }
            backup.read(table, self.token, &mut |tuple| {
                let (key, _) = sides::hashes(table, tuple, self.seed)?;
                let Some(row) = awaited.get_mut(&key).filter(|row| row.left > 0) else { return Ok(()) };
                row.left -= 1;
                let (kind, at) = if row.number == 0 {
                    last += 1;
                    change.inserts += 1;
                    (b'i', last)
                } else {
                    (b'u', row.number)
                };
                change.changes.add(out.row(named, Side::New, kind, at, tuple)?);
                Ok(())
            })?;
        }
        Ok(change)
    }
}
