//! Puts a tenant's rows back into the live database: previewed, in one transaction or not at all, undoable.
//!
//! The tenant's part of a backup and its live rows are written by the same code as the same text, so two rows are
//! equal when their texts are. [`plan_tenant_restore`] compares both sides, stores every row that would change, old
//! and new, as a *change set* sealed under the tenant's key, and asks the live database what would stand in the way.
//! The digest of that is what a person agrees to. [`apply_tenant_restore`] does exactly what the change set says, and
//! [`undo_tenant_restore`] does the same set backwards: its inverse is stored before anything changes, because it is
//! the same object.
//!
//! Reading order: [`plan`], [`look`] (the live database), [`choose`] (which tables), [`triggers`], [`compare`] (which
//! rows), [`content`] (what a change set is about), [`changes`] (how it is stored and read again), [`references`]
//! (what stands in the way) over [`links`] (keys) and [`questions`], [`apply`] (from a set to a connection),
//! [`transaction`], [`statements`] (its SQL), [`sides`] (reading both sides), [`tuple`] (a row's text).
//!
//! # Why it cannot do half of it, or something else
//!
//! * Nothing but INSERT, UPDATE and DELETE is sent, in one transaction. Definitions are never touched.
//! * Before the first change the tenant's rows are read again under locks. Their count and sum must be those that
//!   the preview saw, table by table.
//! * Foreign keys are not checked by the server meanwhile, so that no hidden cascade changes rows that nobody saw,
//!   here or in another database, and so that rows that refer to each other can go and come in any order. They are
//!   checked by us in both directions before the end.
//! * The triggers that fire are those of the preview, to the letter.
//! * Before the end the tenant's rows are read once more. Count and sum must be those of the backup.
//! * Right before the end whoever keeps the tenant map is asked whether every table of the set is still led by the route
//!   that the set was computed by, and whether it is still agreed to.
//! * An end that nobody heard of is not taken for a failure: the next start looks, under the same locks, and asks the
//!   changed rows themselves ([`witness`]) if the tenant's other rows have moved on.
//! * Every statement must have changed as many rows as it names, and names the tenant besides where the table has
//!   its column or a path to it.
//!
//! Transactions run at READ COMMITTED, unless the server writes statements to its binary log, which forbids it. At
//! REPEATABLE READ the locks would lie on the gaps between rows too, and in a shared table that stops the writers of
//! every other tenant. What gaps would protect against, new rows of this tenant, the last reading finds.
//!
//! In a table with triggers updated rows are changed in place, so that the triggers see updates. Rows that exchanged
//! unique values there cannot be put back: the server refuses, and nothing was changed.
//!
//! Foreign keys over computed columns and unique keys over parts of columns or expressions are not asked for
//! beforehand. For the former the rows that refer to nothing are counted, before and after: there may not be more of
//! them. The server refuses the latter, which ends the transaction without a change.
//!
//! Memory: 64 MiB of hashes, a few blocks, and the largest row several times.

mod apply;
mod batch;
mod changes;
mod choose;
mod compare;
mod content;
mod links;
mod look;
mod order;
mod page;
mod plan;
mod questions;
mod references;
mod rights;
mod sides;
mod statements;
mod stopping;
mod transaction;
mod triggers;
mod tuple;
mod way;
mod witness;
mod writer;

use domain::{BackupId, SourceId, tenancy::TenantKey};
use uuid::Uuid;

pub use apply::{Applied, apply_tenant_restore, undo_tenant_restore};
pub use changes::forget_tenant_restore;
pub use page::{ChangeKind, ChangedRow, ChangedRows, changed_rows};
pub use plan::plan_tenant_restore;

use crate::{format::keys::Place, source::mysql::tenancy::tenant_key};

/// Where the change set of a restore lies in the vault.
///
/// It has no manifest, so it is no backup: it is not listed, not copied, not verified. Once planned it is spared by
/// [`sweep_attempt`](super::sweep_attempt) and removed by [`forget_tenant_restore`] only. While it is being planned,
/// whatever sweeps the vault must be told that somebody is at work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestorePlace {
    /// Of which source.
    pub source: SourceId,
    /// Which restore.
    pub restore: Uuid,
    /// Which attempt to plan it, from 1.
    pub attempt: u32,
}

impl RestorePlace {
    /// The place in the vault, among what the tenant's key seals.
    pub fn place(&self, tenant: &TenantKey) -> Place {
        Place {
            owner: tenant_key::owner_of(tenant),
            source: self.source,
            backup: BackupId::new(self.restore),
            attempt: self.attempt,
        }
    }
}
