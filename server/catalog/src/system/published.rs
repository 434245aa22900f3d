//! Backups that were published and that the catalog was never told of.
//!
//! A worker publishes a manifest and dies, or loses the catalog, before it can say so. The next start of the run adopts
//! it; but there may be no next start: the starts were used up, or somebody cancelled the run meanwhile.

use std::collections::HashMap;

use domain::{
    BackupId, RunId, SourceId, TenantId, Timestamp,
    audit::{Act, Deed, Field, Hash},
    backups::{RunKind, RunState},
};

use super::complete::NewBackup;
use crate::{
    Run, SystemCatalog,
    db::{all, exec, first},
    decode::{id, word},
    error::{Error, Result},
    tenant::{NewRun, RunRow, append_event, run_columns},
};

const TABLE: &str = "runs";

/// A run that ended without the backup it was to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which.
    pub run_id: RunId,
    /// Failed or cancelled.
    pub ended: RunState,
}

impl SystemCatalog<'_> {
    /// Runs that failed or were cancelled before `before`, by the backup that was allotted to them.
    pub async fn unrecorded_backups(&self, before: Timestamp) -> Result<HashMap<BackupId, Published>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, String),
            "select r.tenant_id, r.id, r.makes_backup_id, r.state from runs r where r.makes_backup_id is not null \
             and r.state in ($1, $2) and r.finished_at <= $3 and not exists \
             (select 1 from backups b where b.tenant_id = r.tenant_id and b.id = r.makes_backup_id)",
            RunState::Failed.key(),
            RunState::Cancelled.key(),
            before.0,
        )?;
        let read = |(tenant, run, backup, state): (String, String, String, String)| {
            let ended = word(TABLE, &state, RunState::find)?;
            let published = Published { tenant_id: id(TABLE, &tenant)?, run_id: id(TABLE, &run)?, ended };
            Ok((id(TABLE, &backup)?, published))
        };
        rows.into_iter().map(read).collect()
    }

    /// Takes up the backup of a run that failed after publishing it: its row, its first copy, the run's state and the
    /// verification that it owes, at once. Returns the verification's run, unless another one of the source is
    /// active; `None` too, and nothing changed, if somebody else was faster.
    pub async fn adopt_backup(&self, found: Published, new: NewBackup) -> Result<Option<RunId>> {
        let clock = &*self.catalog.clock;
        let mut tx = self.catalog.db.begin().await?;
        let row = first!(
            &mut tx,
            RunRow,
            concat!(
                "update runs set state = 'completed', error = null where tenant_id = $1 and id = $2 \
                 and state = 'failed' returning ",
                run_columns!()
            ),
            found.tenant_id.to_string(),
            found.run_id.to_string(),
        )?;
        let Some(row) = row else { return Ok(None) };
        let run: Run = row.try_into()?;
        let missing = |what| Error::NotFound { what };
        let backup: BackupId = run.backup_id.ok_or_else(|| missing("backup of this run"))?;
        let source: SourceId = run.source_id.ok_or_else(|| missing("source of this run"))?;
        new.insert(&mut tx, clock, &run, backup, source).await?;
        let message = format!(
            "start {} had published this backup before the run was given up; it is adopted",
            new.attempt
        );
        append_event(&mut tx, run.tenant_id, run.id, clock.now(), &message).await?;
        let mut verify = NewRun::of(run.tenant_id, RunKind::Verify, &run.subject, &run.requested_by);
        (verify.source, verify.backup, verify.tenant_key) = (Some(source), Some(backup), run.tenant.as_ref());
        let follow_up = verify.insert(&mut tx, clock).await?;
        let deed = Deed::done(Act::BackupAdopt, backup)
            .after(Field::Run, run.id)
            .after(Field::Source, source)
            .maybe(Field::Digest, new.manifest_sha256.parse::<Hash>().ok());
        self.audit(&mut tx, run.tenant_id, deed).await?;
        tx.commit().await?;
        Ok(follow_up)
    }

    /// Writes down that a backup which somebody had cancelled was published all the same and is removed.
    pub async fn record_unwanted(&self, found: Published, backup: BackupId) -> Result<()> {
        let (tenant, run) = (found.tenant_id, found.run_id);
        let mut tx = self.catalog.db.begin().await?;
        // Holds the run's row, so that no two lines of its log get one number.
        exec!(
            &mut tx,
            "update runs set fence = fence where tenant_id = $1 and id = $2",
            tenant.to_string(),
            run.to_string(),
        )?;
        let message = "the backup had been published when it was cancelled; it is removed";
        append_event(&mut tx, tenant, run, self.catalog.clock.now(), message).await?;
        let deed = Deed::done(Act::BackupRemoveCancelled, backup).after(Field::Run, run);
        self.audit(&mut tx, tenant, deed).await?;
        tx.commit().await
    }
}
