//! Which backups may still get objects in a vault, and which have them for good.

use std::collections::{HashMap, HashSet};

use domain::{BackupId, RestoreId, Timestamp, tenancy::TenantKey};

use crate::{
    SystemCatalog,
    db::{all, first},
    decode::{id, number, tenant_key},
    error::Result,
    tenant::UNDO_MS,
};

/// What a tenant restore has in the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Whose rows: they lie under this tenant's key.
    pub tenant: TenantKey,
    /// Whether it is being computed, so that whatever lies there is somebody's work.
    pub is_planned_now: bool,
    /// The attempt whose set may still be looked at, applied or undone.
    pub kept: Option<u32>,
}

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

    /// What is known of the change sets of tenant restores, by their request. `since`: what ended later may still be at
    /// work somewhere.
    pub async fn change_sets(&self, since: Timestamp) -> Result<HashMap<RestoreId, ChangeSet>> {
        let now = self.catalog.clock.now();
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, Option<i64>, i64, i64),
            "select q.tenant_id, q.id, q.tenant_key, q.attempt, \
             cast(case when q.attempt is null and (r.finished_at is null or r.finished_at >= $1) then 1 else 0 end as bigint), \
             cast(case when q.state in ('planned', 'awaiting_approval', 'approved', 'applying', 'undoing') \
             or (q.state = 'applied' and q.applied_at >= $2) then 1 else 0 end as bigint) from restore_requests q \
             join runs r on r.tenant_id = q.tenant_id and r.id = q.plan_run_id",
            since.0,
            now.plus_ms(-UNDO_MS).0,
        )?;
        let read = |(_, restore, key, attempt, planning, needed): (
            String,
            String,
            String,
            Option<i64>,
            i64,
            i64,
        )| {
            let attempt = attempt.map(|attempt| number("restore_requests", attempt)).transpose()?;
            let set = ChangeSet {
                tenant: tenant_key("restore_requests", key)?,
                is_planned_now: planning == 1,
                kept: attempt.filter(|_| needed == 1),
            };
            Ok((id("restore_requests", &restore)?, set))
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
