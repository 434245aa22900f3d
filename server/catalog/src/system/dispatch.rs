//! Which runs to wake a worker for.

use domain::{
    RunId, Timestamp,
    backups::{MAX_STARTS, RunKind},
};

use crate::{
    DueRun, SystemCatalog,
    db::all,
    decode::{id, maybe_key},
    error::Result,
    tenant::NewRun,
};

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    id: String,
    starts: i64,
    next_at: i64,
}

impl SystemCatalog<'_> {
    /// Due runs that nobody holds, in the order in which they should start: organisations take turns, those
    /// with the fewest runs at work first.
    pub async fn due_runs(&self, limit: u32) -> Result<Vec<DueRun>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "with due as (select tenant_id, id, starts, next_at, \
             row_number() over (partition by tenant_id order by next_at, id) as turn from runs \
             where state in ('queued', 'retrying') and next_at <= $1 and starts < $2 and cancel_requested = 0), \
             busy as (select tenant_id, count(*) as running from runs where state = 'running' group by tenant_id) \
             select due.tenant_id, due.id, due.starts, due.next_at from due \
             left join busy on busy.tenant_id = due.tenant_id \
             order by due.turn + coalesce(busy.running, 0), due.next_at, due.id limit $3",
            self.catalog.clock.now().0,
            MAX_STARTS,
            i64::from(limit),
        )?;
        let read = |row: Row| {
            Ok(DueRun {
                run_id: id("runs", &row.id)?,
                tenant_id: id("runs", &row.tenant_id)?,
                starts: row.starts,
                due_at: Timestamp(row.next_at),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Queues a verification for every kept backup that has none: the follow-up of a backup is queued with it,
    /// but another verification of the source may have been active at that moment. One whose verification could
    /// not be carried out is left to a person: it was reported, and would fail again every minute.
    pub async fn queue_owed_verifications(&self) -> Result<Vec<RunId>> {
        let mut tx = self.catalog.db.begin().await?;
        let rows = all!(
            &mut tx,
            (String, String, String, String, String, Option<String>),
            "select b.tenant_id, b.id, b.source_id, b.database_name, m.requested_by, b.tenant_key from backups b \
             join runs m on m.tenant_id = b.tenant_id and m.id = b.run_id where b.retention = 'active' \
             and b.verification = 'none' and not exists (select 1 from runs r where r.tenant_id = b.tenant_id \
             and r.backup_id = b.id and r.kind = 'verify') order by b.snapshot_at desc, b.id limit 100"
        )?;
        let mut queued = Vec::new();
        for (tenant, backup, source, database, requested_by, tenant_key) in rows {
            let tenant_key = maybe_key("backups", tenant_key)?;
            let mut run = NewRun::of(id("backups", &tenant)?, RunKind::Verify, &database, &requested_by);
            run.source = Some(id("backups", &source)?);
            run.backup = Some(id("backups", &backup)?);
            run.tenant_key = tenant_key.as_ref();
            queued.extend(run.insert(&mut tx, &*self.catalog.clock).await?);
        }
        tx.commit().await?;
        Ok(queued)
    }
}
