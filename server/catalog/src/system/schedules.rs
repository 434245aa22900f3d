//! Slots become runs, each at most once.

use domain::{
    RunId, SourceId, TenantId, Timestamp,
    audit::{Act, Deed, Field},
    backups::RunKind,
    policies::schedule::{Schedule, ScheduleKind},
};

use crate::{
    SystemCatalog, SystemTask,
    db::{Tx, all, exec},
    decode::{corrupt, id, word},
    error::Result,
    tenant::{NewRun, insert_scheduled},
};

/// A slot that was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// Whose.
    pub tenant_id: TenantId,
    /// Of which source.
    pub source_id: SourceId,
    /// The slot.
    pub slot: Timestamp,
    /// The run it became; none if a backup of the source was active already: the slot is missed.
    pub run_id: Option<RunId>,
    /// Slots that were missed.
    pub missed: u32,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    id: String,
    source_id: String,
    cron: String,
    last_slot: i64,
    version: i64,
    kind: String,
    protects: String,
    connection_id: String,
    database_name: String,
}

/// Slots that are looked at in one go: more than a year of minutes is not caught up but counted once more.
const SLOTS: usize = 600_000;
/// Missed slots of one schedule that get a row each; all are counted.
const MISSED_ROWS: usize = 1_000;

impl SystemCatalog<'_> {
    /// Queues a run for the newest due slot of every enabled schedule. Several servers may call it at once.
    /// A slot that finds a backup of its source active is a missed one, unless it asks only for what changed: full
    /// copies come first, and a copy of files that is at work holds those changes when it ends.
    pub async fn fire_due_schedules(&self) -> Result<Vec<Fired>> {
        let mut reader = self.catalog.db.read().await?;
        let mut due = all!(
            &mut reader,
            Row,
            "select h.tenant_id, h.id, h.source_id, h.cron, h.last_slot, h.version, h.kind, s.protects, s.connection_id, s.database_name \
             from schedules h join sources s on s.tenant_id = h.tenant_id and s.id = h.source_id \
             where h.enabled = 1 and h.next_at <= $1 order by h.next_at, h.tenant_id, h.id limit 500",
            self.catalog.clock.now().0,
        )?;
        drop(reader);
        // Whoever slept through both slots of a server wants the full copy.
        due.sort_by_key(|row| row.kind == ScheduleKind::Incremental.key());
        let mut fired = Vec::new();
        for row in due {
            match self.fire(&row).await {
                Ok(slot) => fired.extend(slot),
                // One that cannot be read would be the first again each time and keep all the others waiting.
                Err(error) => {
                    tracing::error!(schedule.id = row.id, %error, "a schedule could not be looked at; the others go on");
                }
            }
        }
        Ok(fired)
    }

    async fn fire(&self, row: &Row) -> Result<Option<Fired>> {
        let now = self.catalog.clock.now();
        let schedule = Schedule::parse(&row.cron, now).map_err(|error| corrupt("schedules", error))?;
        let mut slots = Vec::new();
        let mut last = Timestamp(row.last_slot);
        while let Some(slot) = schedule.next_after(last).filter(|slot| *slot <= now && slots.len() < SLOTS) {
            slots.push(slot);
            last = slot;
        }
        let Some(slot) = slots.pop() else { return Ok(None) };
        let (tenant, source): (TenantId, SourceId) =
            (id("schedules", &row.tenant_id)?, id("schedules", &row.source_id)?);
        let mut tx = self.catalog.db.begin().await?;
        // Whoever moves the version on owns the slot; everybody else finds it dealt with.
        let won = exec!(
            &mut tx,
            "update schedules set last_slot = $4, next_at = cast($5 as bigint), version = version + 1 \
             where tenant_id = $1 and id = $2 and version = $3 and enabled = 1",
            row.tenant_id.as_str(),
            row.id.as_str(),
            row.version,
            slot.0,
            schedule.next_after(now.max(slot)).map(|at| at.0),
        )?;
        if won == 0 {
            return Ok(None);
        }
        let mut run = NewRun::of(tenant, RunKind::Backup, &row.database_name, SystemTask::Schedules.key());
        run.source = Some(source);
        run.connection = Some(id("sources", &row.connection_id)?);
        run.slot = Some(slot);
        run.slot_key = Some(format!("{}:{}", row.id, slot.0));
        let kind = word("schedules", &row.kind, ScheduleKind::find)?;
        let run_id = if row.protects == "server" {
            insert_scheduled(&mut tx, &*self.catalog.clock, run, source, kind).await?
        } else {
            run.insert(&mut tx, &*self.catalog.clock).await?
        };
        // The copy that is being made holds the state of its end, and with it what changed until this slot.
        let is_covered = kind == ScheduleKind::Incremental;
        if run_id.is_none() && !is_covered {
            slots.push(slot);
        }
        self.count_missed(&mut tx, row, &slots).await?;
        if let Some(run) = run_id {
            let deed = Deed::done(Act::BackupStart, run)
                .after(Field::Source, source)
                .after(Field::Kind, kind.key())
                .after(Field::From, slot);
            self.audit(&mut tx, tenant, deed).await?;
        }
        tx.commit().await?;
        let missed = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        Ok(Some(Fired { tenant_id: tenant, source_id: source, slot, run_id, missed }))
    }

    async fn count_missed(&self, tx: &mut Tx, row: &Row, slots: &[Timestamp]) -> Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        exec!(
            tx,
            "update schedules set missed = missed + $3 where tenant_id = $1 and id = $2",
            row.tenant_id.as_str(),
            row.id.as_str(),
            i64::try_from(slots.len()).unwrap_or(i64::MAX),
        )?;
        for slot in slots.iter().rev().take(MISSED_ROWS) {
            exec!(
                tx,
                "insert into missed_slots (tenant_id, schedule_id, source_id, slot) values ($1, $2, $3, $4) \
                 on conflict do nothing",
                row.tenant_id.as_str(),
                row.id.as_str(),
                row.source_id.as_str(),
                slot.0,
            )?;
        }
        Ok(())
    }
}
