//! Which backups may still get objects in a vault, and which have them for good.

use std::collections::HashSet;

use domain::{BackupId, RestoreId, Timestamp};

use crate::{
    SystemCatalog,
    db::{all, first},
    decode::{id, number},
    error::Result,
    tenant::UNDO_MS,
};

impl SystemCatalog<'_> {
    /// Backups whose run waits, works or ended after `since`: what lies in a vault for any other and has no
    /// manifest belongs to nobody.
    pub async fn backups_at_work(&self, since: Timestamp) -> Result<HashSet<BackupId>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String),
            "select tenant_id, makes_backup_id from runs where makes_backup_id is not null \
             and (finished_at is null or finished_at >= $1)",
            since.0,
        )?;
        rows.into_iter().map(|(_, backup)| id("runs", &backup)).collect()
    }

    /// Backups that are not removed yet, each with the attempt under which it lies in its vault. What a listing of
    /// a vault did not show of them is a fault of the listing: their keys least of all belong to nobody.
    pub async fn kept_attempts(&self) -> Result<HashSet<(BackupId, u32)>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, i64),
            "select tenant_id, id, attempt from backups where retention <> 'deleted'"
        )?;
        let read = |(_, backup, attempt): (String, String, i64)| {
            Ok((id("backups", &backup)?, number("backups", attempt)?))
        };
        rows.into_iter().map(read).collect()
    }

    /// Change sets of tenant restores that may still be looked at, applied or undone: each by the id of its request
    /// and the attempt that made it. One that is being computed, or was lately, has no attempt yet: all of its
    /// attempts are kept.
    pub async fn kept_change_sets(&self, since: Timestamp) -> Result<HashSet<(RestoreId, Option<u32>)>> {
        let now = self.catalog.clock.now();
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, Option<i64>),
            "select q.tenant_id, q.id, q.attempt from restore_requests q \
             join runs r on r.tenant_id = q.tenant_id and r.id = q.plan_run_id where (q.attempt is not null \
             and (q.state in ('planned', 'awaiting_approval', 'approved', 'applying', 'undoing') \
             or (q.state = 'applied' and q.applied_at >= $2))) \
             or (q.attempt is null and (r.finished_at is null or r.finished_at >= $1))",
            since.0,
            now.plus_ms(-UNDO_MS).0,
        )?;
        let read = |(_, restore, attempt): (String, String, Option<i64>)| {
            let attempt = attempt.map(|attempt| number("restore_requests", attempt)).transpose()?;
            Ok((id("restore_requests", &restore)?, attempt))
        };
        rows.into_iter().map(read).collect()
    }

    /// When the oldest verification or restore at work was taken; none if none is at work.
    pub async fn oldest_loading(&self) -> Result<Option<Timestamp>> {
        let mut reader = self.catalog.db.read().await?;
        let row = first!(
            &mut reader,
            (Option<i64>,),
            "select min(claimed_at) from runs where state = 'running' and kind in ('verify', 'restore')"
        )?;
        Ok(row.and_then(|(at,)| at).map(Timestamp))
    }
}
