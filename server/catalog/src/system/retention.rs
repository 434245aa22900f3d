//! Removing what is no longer kept.

use domain::{
    BackupId, SourceId, TenantId, Timestamp, VaultId,
    audit::{Act, Deed, Field},
    backups::{CopyState, Retention, Verification},
    policies::retention::Candidate,
    tenancy::TenantKey,
};

use crate::{
    Copy, SystemCatalog,
    db::{all, dialect, exec, first},
    decode::{id, maybe_key, word},
    error::Result,
    tenant::read_copies,
};

const TABLE: &str = "backups";

/// The kept backups of one source: those of the whole database, or those that were taken for one of its tenants.
/// The rule is applied to each by itself: a tenant's own backups must not push out those of everybody.
#[derive(Debug, Clone)]
pub struct SourceCandidates {
    /// Whose.
    pub tenant_id: TenantId,
    /// Of which source.
    pub source_id: SourceId,
    /// The one tenant that they were taken for.
    pub tenant_key: Option<TenantKey>,
    /// What the rule needs to know of each.
    pub backups: Vec<Candidate>,
}

/// A backup that is being removed.
#[derive(Debug, Clone)]
pub struct Expiring {
    /// Whose.
    pub tenant_id: TenantId,
    /// Of which source.
    pub source_id: SourceId,
    /// Which.
    pub backup_id: BackupId,
    /// The one tenant that it was taken for.
    pub tenant_key: Option<TenantKey>,
    /// The start that made it, part of its object keys.
    pub attempt: i64,
    /// Its copies that are still there.
    pub copies: Vec<Copy>,
}

impl SystemCatalog<'_> {
    /// Kept backups, source by source, in the order in which they came: by our own clock. A database server's that
    /// was a year ahead for two weeks would let every backup of the year after look old and go.
    pub async fn retention_candidates(&self) -> Result<Vec<SourceCandidates>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, Option<String>, String, i64, String, Option<String>),
            "select b.tenant_id, b.source_id, b.tenant_key, b.id, b.created_at, b.verification, p.parent_id from backups b \
             left join physical_backups p on p.tenant_id = b.tenant_id and p.backup_id = b.id where b.retention = 'active' \
             order by b.tenant_id, b.source_id, coalesce(b.tenant_key, ''), b.created_at, b.id"
        )?;
        drop(reader);
        let mut sources: Vec<SourceCandidates> = Vec::new();
        for (tenant, source, tenant_key, backup, arrived, verification, parent) in rows {
            let (tenant_id, source_id): (TenantId, SourceId) = (id(TABLE, &tenant)?, id(TABLE, &source)?);
            let candidate = Candidate {
                id: id(TABLE, &backup)?,
                snapshot_at: Timestamp(arrived),
                verification: word(TABLE, &verification, Verification::find)?,
                parent: parent.map(|parent| id(TABLE, &parent)).transpose()?,
            };
            let tenant_key = maybe_key(TABLE, tenant_key)?;
            let same = |last: &&mut SourceCandidates| {
                last.tenant_id == tenant_id && last.source_id == source_id && last.tenant_key == tenant_key
            };
            match sources.last_mut().filter(same) {
                Some(last) => last.backups.push(candidate),
                None => sources.push(SourceCandidates {
                    tenant_id,
                    source_id,
                    tenant_key,
                    backups: vec![candidate],
                }),
            }
        }
        Ok(sources)
    }

    /// Chooses a backup for removal. `false` if it is not kept any more, if a run works on it or is about to continue
    /// it, or if a kept backup was built on it: whatever the rule says, nothing that is kept loses what it stands on.
    pub async fn mark_expiring(&self, tenant: TenantId, backup: BackupId) -> Result<bool> {
        let mut tx = self.catalog.db.begin().await?;
        // Held first, judged after: a run that is being created for it holds the row too.
        first!(
            &mut tx,
            (String,),
            dialect!(
                &tx,
                sqlite: "select id from backups where tenant_id = $1 and id = $2",
                postgres: "select id from backups where tenant_id = $1 and id = $2 for update"
            ),
            tenant.to_string(),
            backup.to_string(),
        )?;
        let chosen = exec!(
            &mut tx,
            "update backups set retention = 'expiring' where tenant_id = $1 and id = $2 and retention = 'active' \
             and not exists (select 1 from runs r where r.tenant_id = $1 and r.backup_id = $2 \
             and r.state in ('queued', 'running', 'retrying')) and not exists (select 1 from physical_backups p \
             join backups c on c.tenant_id = p.tenant_id and c.id = p.backup_id where p.tenant_id = $1 \
             and p.parent_id = $2 and c.retention = 'active')",
            tenant.to_string(),
            backup.to_string(),
        )?;
        if chosen == 1 {
            let deed = Deed::done(Act::BackupExpire, backup)
                .before(Field::State, Retention::Active.key())
                .after(Field::State, Retention::Expiring.key());
            self.audit(&mut tx, tenant, deed).await?;
        }
        tx.commit().await?;
        Ok(chosen == 1)
    }

    /// Backups that are being removed, newest first: of a chain never a link before those that were built on it, so that
    /// a vault never shows an incremental backup whose parent we removed.
    pub async fn expiring(&self, limit: u32) -> Result<Vec<Expiring>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, i64, Option<String>),
            "select tenant_id, source_id, id, attempt, tenant_key from backups where retention = 'expiring' \
             order by created_at desc, id desc limit $1",
            i64::from(limit),
        )?;
        let mut expiring = Vec::new();
        for (tenant, source, backup, attempt, tenant_key) in rows {
            let (tenant_id, backup_id) = (id(TABLE, &tenant)?, id(TABLE, &backup)?);
            let mut copies = read_copies(&mut reader, tenant_id, backup_id).await?;
            copies.retain(|copy| copy.state != CopyState::Deleted);
            expiring.push(Expiring {
                tenant_id,
                source_id: id(TABLE, &source)?,
                backup_id,
                tenant_key: maybe_key(TABLE, tenant_key)?,
                attempt,
                copies,
            });
        }
        Ok(expiring)
    }

    /// One copy is gone from its vault; when it was the last, the backup is removed. Returns whether it is.
    pub async fn mark_copy_deleted(
        &self,
        tenant: TenantId,
        backup: BackupId,
        vault: VaultId,
    ) -> Result<bool> {
        let mut tx = self.catalog.db.begin().await?;
        exec!(
            &mut tx,
            "update copies set state = 'deleted' where tenant_id = $1 and backup_id = $2 and vault_id = $3",
            tenant.to_string(),
            backup.to_string(),
            vault.to_string(),
        )?;
        let removed = exec!(
            &mut tx,
            "update backups set retention = 'deleted', deleted_at = $3 where tenant_id = $1 and id = $2 \
             and retention = 'expiring' and not exists (select 1 from copies c where c.tenant_id = $1 \
             and c.backup_id = $2 and c.state <> 'deleted')",
            tenant.to_string(),
            backup.to_string(),
            self.catalog.clock.now().0,
        )?;
        if removed == 1 {
            exec!(
                &mut tx,
                "delete from backup_tenants where tenant_id = $1 and backup_id = $2",
                tenant.to_string(),
                backup.to_string(),
            )?;
            let deed = Deed::done(Act::BackupRemove, backup)
                .before(Field::State, Retention::Expiring.key())
                .after(Field::State, Retention::Deleted.key());
            self.audit(&mut tx, tenant, deed).await?;
        }
        tx.commit().await?;
        Ok(removed == 1)
    }
}
