//! Making a run: one statement for everybody who may ask for one.

use domain::{
    BackupId, Clock, ConnectionId, RunId, SourceId, TenantId, Timestamp, backups::RunKind, tenancy::TenantKey,
};

use super::run_input::RunInput;
use crate::{
    db::{Tx, exec},
    decode::{storable, to_json},
    error::Result,
};

/// A run to be queued.
pub(crate) struct NewRun<'a> {
    pub tenant: TenantId,
    pub kind: RunKind,
    pub source: Option<SourceId>,
    pub connection: Option<ConnectionId>,
    /// The backup it works on; one it will make is allotted here.
    pub backup: Option<BackupId>,
    pub subject: &'a str,
    pub requested_by: &'a str,
    /// The actor's kind and id, where one person's runs are counted.
    pub requested_by_id: Option<String>,
    pub label: Option<&'a str>,
    pub slot: Option<Timestamp>,
    pub slot_key: Option<String>,
    pub idempotency_key: Option<&'a str>,
    /// The one tenant it works for.
    pub tenant_key: Option<&'a TenantKey>,
    pub input: Option<RunInput>,
}

impl<'a> NewRun<'a> {
    pub const fn of(tenant: TenantId, kind: RunKind, subject: &'a str, requested_by: &'a str) -> Self {
        Self {
            tenant,
            kind,
            source: None,
            connection: None,
            backup: None,
            subject,
            requested_by,
            requested_by_id: None,
            label: None,
            slot: None,
            slot_key: None,
            idempotency_key: None,
            tenant_key: None,
            input: None,
        }
    }

    /// Queues it, due at once. `None`, and nothing changed, if one of that kind is active or the key or slot was
    /// used before: the database's unique indexes decide, so that two servers cannot both be right.
    pub async fn insert(&self, tx: &mut Tx, clock: &dyn Clock) -> Result<Option<RunId>> {
        let run = RunId::new(clock.uuid());
        let makes = (self.kind == RunKind::Backup).then(|| BackupId::new(clock.uuid()).to_string());
        let made = exec!(
            tx,
            "insert into runs (tenant_id, id, kind, source_id, connection_id, makes_backup_id, backup_id, subject, \
             state, starts, fence, next_at, cancel_requested, requested_by, label, slot, slot_key, idempotency_key, \
             input, tenant_key, requested_by_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, 0, $9, 0, $10, $11, \
             $12, $13, $14, $15, $16, $17, $9) on conflict do nothing",
            self.tenant.to_string(),
            run.to_string(),
            self.kind.key(),
            self.source.map(|id| id.to_string()),
            self.connection.map(|id| id.to_string()),
            makes,
            self.backup.map(|id| id.to_string()),
            storable(self.subject),
            clock.now().0,
            storable(self.requested_by),
            self.label.map(storable),
            self.slot.map(|at| at.0),
            self.slot_key.clone(),
            self.idempotency_key.map(storable),
            self.input.as_ref().map(|input| to_json("runs", input)).transpose()?,
            self.tenant_key.map(TenantKey::as_str),
            self.requested_by_id.as_deref().map(storable),
        )?;
        Ok((made == 1).then_some(run))
    }
}
