//! The transaction in which a change set is applied or undone.

use std::{collections::BTreeSet, sync::Arc};

use domain::{backups::Progress, tenancy::TenantKey};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    super::{Control, count, failpoint},
    apply::Applied,
    batch::Batch,
    changes::Changes,
    choose::Compared,
    content::TableChange,
    links,
    look::Live,
    questions,
    references::{References, When},
    sides::{self, Total},
    stopping::check,
    triggers::{self, in_place},
    way::{Way, refused, unsure},
    witness::{Stand, Witness},
};
use crate::{Error, Kind, Result, source::mysql::wire::Wire};

/// Everything that the transaction needs.
pub struct Work {
    pub wire: Wire,
    /// Children first.
    pub order: Vec<usize>,
    pub tables: Vec<Compared>,
    pub live: Live,
    pub changes: Changes,
    /// As the live database spells it.
    pub tenant: TenantKey,
    pub way: Way,
    pub token: CancellationToken,
    pub control: Control,
    pub handle: Handle,
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

    /// Does all of it or nothing.
    pub fn run(mut self) -> Result<Applied> {
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
        let is_before = all(&|change| self.way.from(change));
        if self.control.fence.may_be_done() {
            // Every row of the tenant is locked: whatever an earlier start had open is over by now, either way.
            match if is_before { Stand::NotDone } else { self.witnessed()? } {
                Stand::NotDone => self.handle.block_on(self.control.fence.is_not_done())?,
                Stand::Done => return Ok(Applied { rows, tables, already: true }),
                Stand::Unsure => return Err(unsure(self.way)),
            }
        }
        if !is_before {
            return Err(self.drifted(&found));
        }
        failpoint("tenant.locked");
        let astray = self.astray()?;
        self.remove()?;
        failpoint("tenant.half");
        self.phase("half", None);
        self.add()?;
        self.check_references()?;
        self.check_astray(&astray)?;
        self.check_totals()?;
        failpoint("tenant.before_commit");
        self.phase("commit", None);
        check(&self.token, self.way.attempt())?;
        // Before the fence: past that, whoever looks must take it for possibly done.
        let routes: Vec<_> =
            content.tables.iter().map(|change| (change.name.as_str(), &change.route)).collect();
        self.handle.block_on(self.control.fence.check_routes(&routes))?;
        self.handle.block_on(self.control.fence.check())?;
        failpoint("tenant.committing");
        self.wire.run("COMMIT", "make the change permanent").map_err(|error| {
            // It may have been carried out all the same, by a server whose answer was lost.
            let what = "the server did not say whether the change was made permanent";
            Error::new(Kind::Unsure, self.way.attempt(), what).later().caused_by(error)
        })?;
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

    fn witnessed(&mut self) -> Result<Stand> {
        let witness = Witness {
            changes: &self.changes,
            tenant: &self.tenant,
            add: self.way.add(),
            handle: &self.handle,
            token: &self.token,
        };
        witness.ask(&mut self.wire, &self.tables)
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
                    if kind == b'u' && in_place(table) { Ok(()) } else { batch.delete(row) }
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
                    if kind == b'u' && in_place(table) { batch.update(row) } else { batch.insert(row) }
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
            live: &self.live,
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

    /// Rows that refer to nothing by keys over computed columns, which nobody can reckon: key by key.
    fn astray(&mut self) -> Result<Vec<u64>> {
        let tables = self.changes.content.tables.iter().zip(&self.tables);
        let changing: Vec<_> =
            tables.filter(|(change, _)| change.count() > 0).map(|(_, table)| table.clone()).collect();
        let keys = links::computed(&changing, &self.live);
        keys.into_iter().map(|key| questions::dangling(&mut self.wire, key)).collect()
    }

    fn check_astray(&mut self, before: &[u64]) -> Result<()> {
        let after = self.astray()?;
        let more: u64 = after.iter().zip(before).map(|(after, before)| after.saturating_sub(*before)).sum();
        if more == 0 {
            return Ok(());
        }
        Err(refused(self.way, format!("{more} rows would refer to nothing by a key over a computed column"))
            .hint("Nothing was changed. Put the tables that refer to each other back together."))
    }

    fn check_totals(&mut self) -> Result<()> {
        let found = self.totals()?;
        let pairs = self.changes.content.tables.iter().zip(&self.tables).zip(&found);
        let other: Vec<_> = pairs
            .filter(|((change, _), found)| self.way.to(change) != **found)
            .map(|((change, table), _)| match triggers::names(table).as_slice() {
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
            .flat_map(|(_, table)| triggers::names(table))
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
