//! Which backups may still get objects in a vault, and which have them for good.

use std::collections::HashSet;

use domain::{BackupId, Timestamp};

use crate::{
    SystemCatalog,
    db::{all, first},
    decode::{id, number},
    error::Result,
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
