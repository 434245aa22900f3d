//! How a run ends well: its result, its end, its follow-up and its audit entry are one transaction.

use domain::{
    BackupId, Clock, EvidenceId, RunId, SourceId, Timestamp, VaultId,
    audit::{Act, Deed, Field, Hash},
    backups::{CopyState, Evidence, Phase, Retention, RunError, RunKind, RunState, Sizes, Verification},
    sources::{Capabilities, Coordinate, EngineKind},
    tenancy::{Drift, TenantKey},
};

use super::{
    claim::notify_failure,
    lease::Lease,
    tenancy::{NewSplit, store_parts},
};
use crate::{
    Files, Run,
    audit::Actor,
    db::{Tx, exec, first},
    decode::{amount, storable, to_json},
    error::{Error, Result},
    tenant::{FoundDrift, Moved, NewRun, digest_of, store_spelling},
};

/// A backup that was published: its manifest is in the vault.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBackup {
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// Sizes.
    pub sizes: Sizes,
    /// The start that made it (differs from the present one if its manifest was adopted).
    pub attempt: i64,
    /// Phases of the run.
    pub phases: Vec<Phase>,
    /// Where replay would continue.
    pub coordinate: Coordinate,
    /// Version of the server.
    pub server_version: String,
    /// Client and version.
    pub client_version: String,
    /// Compression.
    pub codec: String,
    /// Tables in it.
    pub tables: u32,
    /// SHA-256 of the manifest, in hex.
    pub manifest_sha256: String,
    /// The vault of its first copy.
    pub vault_id: VaultId,
    /// The manifest's key there.
    pub manifest_key: String,
    /// Number of objects there.
    pub objects: u32,
    /// How it is split by tenant; none if tenants are mixed in it.
    pub split: Option<NewSplit>,
    /// What it is as a copy of files; none if it holds rows.
    pub files: Option<Files>,
}

impl NewBackup {
    /// Stores the backup that `run` made, with its first copy.
    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        clock: &dyn Clock,
        run: &Run,
        id: BackupId,
        source: SourceId,
    ) -> Result<()> {
        let split = self.split.as_ref();
        exec!(
            tx,
            "insert into backups (tenant_id, id, source_id, run_id, database_name, snapshot_at, label, verification, \
             retention, plain_bytes, stored_bytes, attempt, phases, coordinate, server_version, client_version, codec, \
             tables, manifest_sha256, created_at, engine, tenant_key, map_digest, is_covered, is_complete, shared_rows, \
             drift, remarks) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
             $20, $21, $22, $23, $24, case when $24 = 1 and exists (select 1 from map_versions v where v.tenant_id = $1 \
             and v.source_id = $3 and v.digest = $23) then 1 else 0 end, $25, $26, $27)",
            run.tenant_id.to_string(),
            id.to_string(),
            source.to_string(),
            run.id.to_string(),
            run.subject.as_str(),
            self.snapshot_at.0,
            run.label.as_deref(),
            Verification::None.key(),
            Retention::Active.key(),
            amount(self.sizes.plain.0),
            amount(self.sizes.stored.0),
            self.attempt,
            to_json("backups", &self.phases)?,
            to_json("backups", &self.coordinate)?,
            storable(&self.server_version),
            storable(&self.client_version),
            storable(&self.codec),
            i64::from(self.tables),
            self.manifest_sha256.as_str(),
            clock.now().0,
            if split.is_some() { EngineKind::Native.key() } else { EngineKind::Mysqldump.key() },
            run.tenant.as_ref().map(TenantKey::as_str),
            split.map(|split| digest_of(&split.map)).transpose()?,
            i64::from(split.is_some_and(|split| !split.drift.iter().any(Drift::breaks_coverage))),
            amount(split.map_or(0, |split| split.shared_rows)),
            to_json("backups", &split.map_or(&[][..], |split| &split.drift))?,
            to_json("backups", &split.map_or(&[][..], |split| &split.remarks))?,
        )?;
        if let Some(split) = split {
            let times = (self.snapshot_at, clock.now());
            store_parts(tx, run.tenant_id, source, id, times, &split.tenants).await?;
            let drift = FoundDrift {
                tenant: run.tenant_id,
                source,
                database: &run.subject,
                run: run.id,
                drift: &split.drift,
            };
            drift.store(tx, clock).await?;
            let place = (run.tenant_id.to_string(), source.to_string());
            store_spelling(tx, (place.0.as_str(), place.1.as_str()), split.spelling).await?;
        }
        if let Some(files) = &self.files {
            // The engine of `backups` says how rows were read, and means nothing here.
            exec!(
                tx,
                "insert into physical_backups (tenant_id, backup_id, parent_id, facts) values ($1, $2, $3, $4)",
                run.tenant_id.to_string(),
                id.to_string(),
                files.parent.map(|parent| parent.to_string()),
                to_json("physical_backups", &files.facts)?,
            )?;
        }
        exec!(
            tx,
            "insert into copies (tenant_id, backup_id, vault_id, state, manifest_key, objects, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
            run.tenant_id.to_string(),
            id.to_string(),
            self.vault_id.to_string(),
            CopyState::Present.key(),
            self.manifest_key.as_str(),
            i64::from(self.objects),
            clock.now().0,
        )?;
        Ok(())
    }
}

/// Whether what two answers say of the server tells them apart. One that says nothing does not.
fn is_another(before: &str, now: &str) -> bool {
    !now.is_empty() && !before.eq_ignore_ascii_case(now)
}

impl Lease<'_> {
    pub(super) fn backup_id(&self) -> Result<BackupId> {
        self.run().backup_id.ok_or(Error::NotFound { what: "backup of this run" })
    }

    /// The backup is there: its row, its first copy, the run's end and the follow-up verification, at once.
    /// Returns the verification's run, unless another verification of the source is active (the dispatch sweep
    /// queues it then).
    pub async fn complete_backup(&self, new: NewBackup) -> Result<Option<RunId>> {
        let run = self.run();
        let (id, source) =
            (self.backup_id()?, run.source_id.ok_or(Error::NotFound { what: "source of this run" })?);
        let clock = &*self.catalog().clock;
        let mut tx = self.begin().await?;
        new.insert(&mut tx, clock, run, id, source).await?;
        self.finish(&mut tx, RunState::Completed, None, None, "stored and read back").await?;
        let mut verify = NewRun::of(run.tenant_id, RunKind::Verify, &run.subject, &run.requested_by);
        (verify.source, verify.backup, verify.tenant_key) = (Some(source), Some(id), run.tenant.as_ref());
        let follow_up = verify.insert(&mut tx, clock).await?;
        let deed = Deed::done(Act::BackupComplete, id)
            .after(Field::Run, run.id)
            .after(Field::Source, source)
            .after(Field::Until, new.snapshot_at)
            .after(Field::Tables, new.tables)
            .after(Field::Bytes, new.sizes.stored)
            .maybe(Field::Digest, new.manifest_sha256.parse::<Hash>().ok())
            .maybe(Field::Tenant, run.tenant.as_ref());
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(follow_up)
    }

    /// A verification has an answer: the evidence, the backup's verification state and the run's end, at once;
    /// a notice too if it is bad. (A verification that could not be carried out is [`Lease::fail`].)
    pub async fn complete_verify(&self, evidence: &Evidence) -> Result<EvidenceId> {
        let (run, clock) = (self.run(), &*self.catalog().clock);
        let (backup, id, now) = (self.backup_id()?, EvidenceId::new(clock.uuid()), clock.now());
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "insert into evidence (tenant_id, id, backup_id, run_id, at, equal, evidence) \
             values ($1, $2, $3, $4, $5, $6, $7)",
            self.tenant(),
            id.to_string(),
            backup.to_string(),
            run.id.to_string(),
            now.0,
            i64::from(evidence.equal),
            to_json("evidence", evidence)?,
        )?;
        let found = if evidence.equal { Verification::RestoreOk } else { Verification::Failed };
        exec!(
            &mut tx,
            "update backups set verification = $3, verified_at = $4 where tenant_id = $1 and id = $2",
            self.tenant(),
            backup.to_string(),
            found.key(),
            now.0,
        )?;
        let message = if evidence.equal {
            "proven: everything is equal"
        } else {
            "what was restored is not what was backed up"
        };
        self.finish(&mut tx, RunState::Completed, None, None, message).await?;
        if !evidence.equal {
            let error = RunError {
                kind: "integrity".into(),
                message: "What was restored is not what was backed up.".into(),
                hint: Some(
                    "Do not rely on this backup. Its page lists every table that differs; take a new backup."
                        .into(),
                ),
                retry_may_help: false,
            };
            notify_failure(&mut tx, clock, run.tenant_id, run.id, RunKind::Verify, &run.subject, &error)
                .await?;
        }
        let deed = if evidence.equal {
            Deed::done(Act::VerificationComplete, backup)
        } else {
            Deed::failed(Act::VerificationComplete, backup, "differs")
        };
        let deed = deed
            .after(Field::Run, run.id)
            .after(Field::State, found.key())
            .after(Field::Tables, evidence.tables.len() as u64);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A probe has an answer. If the connection was changed meanwhile, the answer is about another server or
    /// account: it is not stored, the change has its own probe. If it is another server than that of the last answer,
    /// open requests to restore into its databases are withdrawn.
    pub async fn complete_probe(&self, capabilities: &Capabilities, version: i64) -> Result<()> {
        let connection =
            self.run().connection_id.ok_or(Error::NotFound { what: "connection of this run" })?;
        let clock = &*self.catalog().clock;
        let mut tx = self.begin().await?;
        let before = first!(
            &mut tx,
            (String, Option<String>),
            "select name, server_uuid from connections where tenant_id = $1 and id = $2 and version = $3",
            self.tenant(),
            connection.to_string(),
            version,
        )?;
        let stored = exec!(
            &mut tx,
            "update connections set capabilities = $3, probed_at = $4, \
             server_uuid = coalesce(nullif(cast($6 as text), ''), server_uuid) \
             where tenant_id = $1 and id = $2 and version = $5",
            self.tenant(),
            connection.to_string(),
            to_json("connections", capabilities)?,
            clock.now().0,
            version,
            storable(&capabilities.server_uuid),
        )?;
        let message = match before {
            Some((name, Some(server))) if stored == 1 && is_another(&server, &capabilities.server_uuid) => {
                let because = format!(
                    "The connection {name} leads to another server than before. Plan the restore anew if it is still wanted."
                );
                let (tenant, actor) = (self.run().tenant_id, Actor::system("worker"));
                Moved { tenant, connection, actor: &actor, because }.withdraw(&mut tx, clock).await?;
                "answered; it is another server than before"
            }
            _ if stored == 1 => "answered",
            _ => "answered, but the connection was changed meanwhile",
        };
        self.finish(&mut tx, RunState::Completed, None, None, message).await?;
        tx.commit().await
    }

    /// A restore is done; `summary` becomes the last line of its log.
    pub async fn complete_restore(&self, summary: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "delete from new_databases where tenant_id = $1 and run_id = $2",
            self.tenant(),
            self.run().id.to_string(),
        )?;
        self.finish(&mut tx, RunState::Completed, None, None, summary).await?;
        let run = self.run();
        let deed = Deed::done(Act::RestoreComplete, self.backup_id()?)
            .after(Field::Run, run.id)
            .maybe(Field::Connection, run.connection_id)
            .maybe(Field::Database, run.restore().map(|restore| &restore.database));
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }
}
