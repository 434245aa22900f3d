//! Which backups may still get objects in a vault.

use std::collections::HashSet;

use domain::{BackupId, Timestamp};

use crate::{SystemCatalog, db::all, decode::id, error::Result};

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
}
