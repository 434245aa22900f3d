//! Applies a change set, or undoes it: one transaction on one connection.

use std::{collections::BTreeSet, sync::Arc};

use domain::{backups::Progress, restores::Selection, sources::DatabaseName, tenancy::TenantKey};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    super::{Control, Vault, count, failpoint},
    RestorePlace,
    batch::Batch,
    changes::{Changes, Side, TableChange},
    choose::{self, Compared, Live, shape},
    order::order,
    references::{References, When},
    sides::{self, Total},
    stopping::{Stopping, blocking, check},
};
use crate::{
    Error, Kind, Result,
    source::mysql::{connect::Endpoint, wire::Wire},
};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were changed.
    pub rows: u64,
    /// Tables in which some were.
    pub tables: u32,
    /// It was done before, by an attempt whose answer was lost; this one changed nothing.
    pub already: bool,
}

/// Makes the tenant's live rows what they are in the backup: exactly the changes of the set with this digest.
///
/// Either all of them are made or none. Fails without a change if the live rows are not those of the preview any
/// more. Repeating it is harmless.
pub async fn apply_tenant_restore(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    digest: &str,
    live: &Endpoint,
    database: &DatabaseName,
    control: &Control,
) -> Result<Applied> {
    run(vault, at, tenant, digest, (live, database), Way::Forwards, control).await
}

/// Makes the tenant's live rows what they were before [`apply_tenant_restore`]. Fails without a change if somebody
/// has changed them since. Repeating it is harmless.
pub async fn undo_tenant_restore(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    digest: &str,
    live: &Endpoint,
    database: &DatabaseName,
    control: &Control,
) -> Result<Applied> {
    run(vault, at, tenant, digest, (live, database), Way::Backwards, control).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forwards,
    Backwards,
}

impl Way {
    const fn attempt(self) -> &'static str {
        match self {
            Self::Forwards => "put the tenant's rows back",
            Self::Backwards => "undo the restore of the tenant",
        }
    }
    /// The side that is put in.
    const fn add(self) -> Side {
        match self {
            Self::Forwards => Side::New,
            Self::Backwards => Side::Old,
        }
    }
    const fn from(self, change: &TableChange) -> Total {
        match self {
            Self::Forwards => change.before,
            Self::Backwards => change.after,
        }
    }
    const fn to(self, change: &TableChange) -> Total {
        match self {
            Self::Forwards => change.after,
            Self::Backwards => change.before,
        }
    }
}

fn refused(way: Way, what: impl Into<String>) -> Error {
    Error::new(Kind::Input, way.attempt(), what)
}

async fn run(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    digest: &str,
    (endpoint, database): (&Endpoint, &DatabaseName),
    way: Way,
    control: &Control,
) -> Result<Applied> {
    let phase = |phase: &str| (control.progress)(Progress { phase: phase.into(), ..Progress::default() });
    phase("open");
    let changes = Changes::open(vault, at, tenant).await?;
    let content = Arc::clone(&changes.content);
    if content.difference.digest != digest {
        return Err(refused(way, "what was agreed to is another change set")
            .hint("Look at the preview again and ask for exactly that."));
    }
    if content.difference.foreign_rows > 0 || !content.difference.obstacles.is_empty() {
        return Err(refused(way, "the preview says what stands in the way")
            .hint("Remove the obstacles and plan the restore anew."));
    }
    if content.database != *database {
        return Err(refused(way, format!("the change set is for database {}", content.database)));
    }
    let looking = choose::look(endpoint, database);
    let found = tokio::select! {
        found = looking => found?,
        () = control.cancel.cancelled() => return Err(Error::cancelled(way.attempt())),
    };
    if found.server.server_uuid != content.server_uuid {
        return Err(refused(way, "the connection leads to another server than the preview")
            .hint("Plan the restore anew for this server."));
    }
    let tables = tables(&changes, &found, tenant, way)?;
    let stopping = Stopping::new(control);
    let opened = blocking("connect", {
        let (endpoint, database) = (endpoint.clone(), database.clone());
        move || sides::connect(&endpoint, &database)
    })
    .await?;
    stopping.end(opened.stopper());
    let work = Work {
        wire: opened,
        order: order(&tables, &found),
        tables,
        live: found,
        changes,
        tenant: tenant.clone(),
        way,
        token: stopping.token.clone(),
        control: control.clone(),
        handle: Handle::current(),
    };
    blocking(way.attempt(), move || work.run()).await
}

/// The tables of the set as they are in the live database now. Another definition than the preview's is refused.
fn tables(changes: &Changes, live: &Live, tenant: &TenantKey, way: Way) -> Result<Vec<Compared>> {
    let mut tables = Vec::new();
    for (number, change) in (0u32..).zip(&changes.content.tables) {
        let changed = || {
            refused(way, format!("table {} has changed since the preview", change.name))
                .hint("Plan the restore anew.")
        };
        let table =
            live.inventory.tables.iter().find(|table| table.name == change.name).ok_or_else(changed)?;
        if shape(table) != change.shape || !table.transactional {
            return Err(changed());
        }
        let mut compared =
            choose::compared(number, table, &change.route, live, tenant)?.ok_or_else(changed)?;
        let key = compared.plan.key.iter().filter_map(|place| compared.plan.columns.get(*place));
        if !key.eq(&change.key) {
            return Err(changed());
        }
        if let Selection::Rows { keys, .. } = &changes.content.wish.selection {
            compared.only = Some(choose::rows(&compared, keys)?);
        }
        tables.push(compared);
    }
    Ok(tables)
}

struct Work {
    wire: Wire,
    /// Children first.
    order: Vec<usize>,
    tables: Vec<Compared>,
    live: Live,
    changes: Changes,
    tenant: TenantKey,
    way: Way,
    token: CancellationToken,
    control: Control,
    handle: Handle,
}

impl Work {
    fn phase(&self, phase: &str, table: Option<(usize, &str)>) {
        (self.control.progress)(Progress {
            phase: phase.into(),
            tables: count(table.map_or(0, |(at, _)| at)),
            tables_expected: count(self.tables.len()),
            table: table.map(|(_, name)| name.to_owned()),
            ..Progress::default()
        });
    }

    fn run(mut self) -> Result<Applied> {
        // The set is its own inverse: nothing changes before it is known that all of it can be read.
        self.phase("read", None);
        self.changes.prove(&self.handle, &self.token)?;
        self.begin()?;
        let result = self.transaction();
        match &result {
            Ok(applied) if !applied.already => {}
            // If the connection is gone, the server rolls back by itself.
            _ => drop(self.wire.run("ROLLBACK", "take everything back")),
        }
        result
    }

    fn begin(&mut self) -> Result<()> {
        let attempt = "begin to change rows";
        let level = if self.live.logs_statements { "REPEATABLE READ" } else { "READ COMMITTED" };
        self.wire.run(format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}"), attempt)?;
        self.wire.run(
            "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks=0, unique_checks=1, \
             innodb_lock_wait_timeout=10, lock_wait_timeout=10",
            attempt,
        )?;
        self.wire.run("START TRANSACTION", attempt)?;
        Ok(())
    }

    fn transaction(&mut self) -> Result<Applied> {
        self.phase("lock", None);
        let found = self.totals()?;
        let content = Arc::clone(&self.changes.content);
        let all =
            |of: &dyn Fn(&TableChange) -> Total| content.tables.iter().map(of).eq(found.iter().copied());
        let tables = count(content.tables.iter().filter(|change| change.count() > 0).count());
        let rows = content.tables.iter().map(TableChange::count).sum();
        if all(&|change| self.way.to(change)) {
            return Ok(Applied { rows, tables, already: true });
        }
        if !all(&|change| self.way.from(change)) {
            return Err(self.drifted(&found));
        }
        failpoint("tenant.locked");
        self.remove()?;
        failpoint("tenant.half");
        self.phase("half", None);
        self.add()?;
        self.check_references()?;
        self.check_totals()?;
        failpoint("tenant.before_commit");
        self.phase("commit", None);
        check(&self.token, self.way.attempt())?;
        self.handle.block_on(self.control.fence.check())?;
        self.wire.run("COMMIT", "make the change permanent")?;
        failpoint("tenant.committed");
        Ok(Applied { rows, tables, already: false })
    }

    /// Reads the tenant's rows under locks, table by table in the order of their names.
    fn totals(&mut self) -> Result<Vec<Total>> {
        let (mut totals, seed) = (Vec::new(), self.changes.content.seed);
        for table in &self.tables {
            let mut total = Total::default();
            sides::live(&mut self.wire, table, &self.tenant, true, &self.token, &mut |tuple| {
                total.add(sides::hashes(table, tuple, seed)?.1);
                Ok(())
            })?;
            totals.push(total);
        }
        Ok(totals)
    }

    fn drifted(&self, found: &[Total]) -> Error {
        let pairs = self.changes.content.tables.iter().zip(found);
        let names: Vec<_> = pairs
            .filter(|(change, found)| self.way.from(change) != **found)
            .map(|(change, _)| change.name.as_str())
            .collect();
        let names = names.join(", ");
        match self.way {
            Way::Forwards => {
                refused(self.way, format!("the live data has changed since the preview: {names}"))
                    .hint("Nothing was changed. Plan the restore anew and look at the new preview.")
            }
            Way::Backwards => {
                refused(self.way, format!("the live data has changed since the restore: {names}"))
                    .hint("Nothing was changed. Plan a restore from a backup that has what you want instead.")
            }
        }
    }

    /// Whether an updated row is changed in place. Where no trigger would notice it is taken out and put in again:
    /// rows can exchange their unique values then, and go many at a time.
    fn in_place(table: &Compared) -> bool {
        !table.triggers.is_empty() && table.plan.columns.len() > table.plan.key.len()
    }

    fn remove(&mut self) -> Result<()> {
        for (done, at) in self.order.clone().into_iter().enumerate() {
            let Some(table) = self.tables.get(at) else { continue };
            self.phase("remove", Some((done, &table.plan.name)));
            let mut batch = Batch::new(&mut self.wire, table, self.way.attempt());
            self.changes.each(
                count(at),
                self.way.add().other(),
                &self.handle,
                &self.token,
                &mut |kind, _, row| {
                    if kind == b'u' && Self::in_place(table) { Ok(()) } else { batch.delete(row) }
                },
            )?;
            batch.deleted()?;
        }
        Ok(())
    }

    fn add(&mut self) -> Result<()> {
        let mut order = self.order.clone();
        order.reverse();
        for (done, at) in order.into_iter().enumerate() {
            let Some(table) = self.tables.get(at) else { continue };
            self.phase("add", Some((done, &table.plan.name)));
            let mut batch = Batch::new(&mut self.wire, table, self.way.attempt());
            self.changes.each(
                count(at),
                self.way.add(),
                &self.handle,
                &self.token,
                &mut |kind, _, row| {
                    if kind == b'u' && Self::in_place(table) { batch.update(row) } else { batch.insert(row) }
                },
            )?;
            batch.inserted()?;
        }
        Ok(())
    }

    fn check_references(&mut self) -> Result<()> {
        self.phase("check", None);
        let references = References {
            tables: &self.tables,
            keys: &self.live.keys,
            changes: &self.changes,
            handle: &self.handle,
            token: &self.token,
            seed: self.changes.content.seed,
            add: self.way.add(),
            when: When::After,
        };
        let found = references.ask(&mut self.wire)?;
        let Some(obstacle) = found.obstacles.first() else { return Ok(()) };
        Err(refused(self.way, format!("table {}: {}", obstacle.table, obstacle.what))
            .hint("Nothing was changed. The live data has changed since the preview: plan the restore anew."))
    }

    fn check_totals(&mut self) -> Result<()> {
        let found = self.totals()?;
        let pairs = self.changes.content.tables.iter().zip(&self.tables).zip(&found);
        let other: Vec<_> = pairs
            .filter(|((change, _), found)| self.way.to(change) != **found)
            .map(|((change, table), _)| match table.triggers.as_slice() {
                [] => change.name.clone(),
                triggers => format!("{} (triggers {})", change.name, triggers.join(", ")),
            })
            .collect();
        if other.is_empty() {
            return Ok(());
        }
        let firing: BTreeSet<&str> = self
            .changes
            .content
            .tables
            .iter()
            .zip(&self.tables)
            .filter(|(change, _)| change.count() > 0)
            .flat_map(|(_, table)| table.triggers.iter().map(String::as_str))
            .collect();
        let mut what = format!("the rows would not be what was agreed to: {}", other.join(", "));
        if !firing.is_empty() {
            let firing: Vec<_> = firing.into_iter().collect();
            what = format!("{what}; triggers that fired: {}", firing.join(", "));
        }
        Err(refused(self.way, what).hint(
            "Nothing was changed. If triggers write into these tables, leave those tables out of the selection.",
        ))
    }
}
