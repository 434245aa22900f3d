//! Asking for a run.

use domain::{
    BackupId, ConnectionId, RunId, SourceId,
    backups::{Retention, RunKind},
    restores::RestoreToNew,
    tenancy::{ExportFormat, TenantKey},
};

use super::{new_run::NewRun, physical::Continues, run_input::RunInput, sources::SERVER};
use crate::{
    Conflict, TenantCatalog,
    db::{Tx, dialect, exec, first},
    decode::{id, storable},
    error::{Error, Result},
};

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunRequest {
    /// A full backup.
    Backup {
        /// Of which source.
        source_id: SourceId,
        /// A person's label.
        label: Option<String>,
    },
    /// A full backup of one tenant.
    TenantBackup {
        /// Of which source.
        source_id: SourceId,
        /// Whose rows.
        tenant: TenantKey,
        /// A person's label.
        label: Option<String>,
    },
    /// A copy of a whole server's files.
    Files {
        /// Of which source.
        source_id: SourceId,
        /// A person's label.
        label: Option<String>,
        /// What it stands on.
        continues: Continues,
        /// Whether the rows of the source are read too, so that the copy can be compared with them.
        sums: bool,
    },
    /// A verification.
    Verify {
        /// Of which backup.
        backup_id: BackupId,
    },
    /// A restore into a new database.
    Restore(RestoreToNew),
    /// A tenant's rows as a file.
    Export {
        /// From which backup.
        backup_id: BackupId,
        /// Whose rows.
        tenant: TenantKey,
        /// As what.
        format: ExportFormat,
    },
    /// A look at a schema, and the draft of a map.
    InferMap {
        /// Of which source.
        source_id: SourceId,
        /// The column to look for from now on.
        tenant_column: String,
    },
    /// The confirmation of a tenant map, after a look at the schema as it is.
    ConfirmMap {
        /// Of which source.
        source_id: SourceId,
        /// The draft's version that was looked at.
        version: i64,
    },
    /// A test of a connection.
    Probe {
        /// Which.
        connection_id: ConnectionId,
    },
}

/// Backups of single tenants that one person may have waiting for one source. Each reads the live server by itself;
/// whoever wants more wants a backup of everybody.
pub const TENANT_BACKUPS_WAITING: u32 = 20;

/// A source as a run needs it.
struct Found {
    /// How it is shown.
    name: String,
    connection: ConnectionId,
    is_server: bool,
}

impl TenantCatalog<'_> {
    /// Queues a run, with its audit entry in the same transaction. A key that was used before gives the run it
    /// made. [`crate::Conflict::AlreadyRunning`] if one of that kind is active;
    /// [`crate::Conflict::Expired`] if the backup is gone; [`crate::Conflict::Stale`] if a draft has another version;
    /// [`crate::Conflict::TooManyWaiting`] if the actor has [`TENANT_BACKUPS_WAITING`] already.
    pub async fn create_run(&self, request: RunRequest, idempotency_key: Option<&str>) -> Result<RunId> {
        let mut tx = self.begin().await?;
        if let Some(run) = self.run_of_key(&mut tx, idempotency_key).await? {
            return Ok(run);
        }
        let kind = request.kind();
        let mut subject = String::new();
        let spelled;
        let mut new = NewRun::of(self.tenant, kind, "", self.actor.name());
        match &request {
            RunRequest::Backup { source_id, label } => {
                let found = self.source_of_run(&mut tx, *source_id).await?;
                (new.source, new.connection, new.label) =
                    (Some(*source_id), Some(found.connection), label.as_deref());
                if found.is_server {
                    new.input = Some(self.files_input(&mut tx, *source_id, Continues::Nothing, true).await?);
                }
                subject = found.name;
            }
            RunRequest::Files { source_id, label, continues, sums } => {
                let found = self.source_of_run(&mut tx, *source_id).await?;
                if !found.is_server {
                    return Err(Conflict::OtherEngine.into());
                }
                (new.source, new.connection, new.label) =
                    (Some(*source_id), Some(found.connection), label.as_deref());
                let input = self.files_input(&mut tx, *source_id, *continues, *sums).await?;
                // It works on its parent too: that is what keeps retention from it.
                if let RunInput::Files { parent, .. } = input {
                    new.backup = parent;
                }
                new.input = Some(input);
                subject = found.name;
            }
            RunRequest::TenantBackup { source_id, tenant, label } => {
                let (database, connection) = self.database_of_run(&mut tx, *source_id).await?;
                (new.source, new.connection, new.label) =
                    (Some(*source_id), Some(connection), label.as_deref());
                spelled = self.spelled(&mut tx, *source_id, tenant).await?;
                self.admit_tenant_backup(&mut tx, *source_id, &spelled).await?;
                new.tenant_key = Some(&spelled);
                subject = database;
            }
            RunRequest::Verify { backup_id } => {
                (new.source, new.backup) =
                    (Some(self.kept_backup(&mut tx, *backup_id, &mut subject).await?), Some(*backup_id));
            }
            RunRequest::Restore(restore) => {
                let source = self.kept_rows(&mut tx, restore.backup_id, &mut subject).await?;
                self.connection_of_run(&mut tx, restore.connection_id).await?;
                (new.source, new.backup, new.connection) =
                    (Some(source), Some(restore.backup_id), Some(restore.connection_id));
                new.input = Some(RunInput::Restore(restore.clone()));
            }
            RunRequest::Export { backup_id, tenant, format } => {
                let source = self.kept_rows(&mut tx, *backup_id, &mut subject).await?;
                (new.source, new.backup) = (Some(source), Some(*backup_id));
                new.tenant_key = Some(tenant);
                new.input = Some(RunInput::Export { format: *format });
            }
            RunRequest::InferMap { source_id, tenant_column } => {
                let (database, connection) = self.database_of_run(&mut tx, *source_id).await?;
                (new.source, new.connection) = (Some(*source_id), Some(connection));
                new.input = Some(RunInput::Infer { tenant_column: tenant_column.clone() });
                self.set_tenant_column(&mut tx, *source_id, tenant_column).await?;
                subject = database;
            }
            RunRequest::ConfirmMap { source_id, version } => {
                let (database, connection) = self.database_of_run(&mut tx, *source_id).await?;
                self.check_draft(&mut tx, *source_id, *version).await?;
                (new.source, new.connection) = (Some(*source_id), Some(connection));
                new.input = Some(RunInput::Confirm { version: *version });
                subject = database;
            }
            RunRequest::Probe { connection_id } => {
                subject = self.connection_of_run(&mut tx, *connection_id).await?;
                new.connection = Some(*connection_id);
            }
        }
        new.requested_by_id = Some(self.actor.key());
        (new.subject, new.idempotency_key) = (&subject, idempotency_key);
        let Some(run) = new.insert(&mut tx, &*self.catalog.clock).await? else {
            // The same form, sent twice at the same moment, is not a conflict.
            return self
                .run_of_key(&mut tx, idempotency_key)
                .await?
                .ok_or_else(|| Conflict::AlreadyRunning.into());
        };
        self.audit(&mut tx, request.deed(run, &new)).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// Only tenants that a backup has found have backups of their own: a key that somebody made up would queue work on
    /// the live server, and leave its name in a backup that holds nothing.
    async fn admit_tenant_backup(&self, tx: &mut Tx, source: SourceId, tenant: &TenantKey) -> Result<()> {
        let known = first!(
            tx,
            (String,),
            "select tenant_key from source_tenants where tenant_id = $1 and source_id = $2 and tenant_key = $3",
            self.key(),
            source.to_string(),
            tenant.as_str(),
        )?;
        known.ok_or(Error::NotFound { what: "tenant" })?;
        // The source's row is held, so that nobody counts beside us.
        let held = first!(
            tx,
            (String,),
            dialect!(
                tx,
                sqlite: "select id from sources where tenant_id = $1 and id = $2",
                postgres: "select id from sources where tenant_id = $1 and id = $2 for no key update"
            ),
            self.key(),
            source.to_string(),
        )?;
        held.ok_or(Error::NotFound { what: "source" })?;
        let waiting = first!(
            tx,
            (i64,),
            "select cast(count(*) as bigint) from runs where tenant_id = $1 and source_id = $2 and kind = 'backup' \
             and state in ('queued', 'retrying') and tenant_key is not null and requested_by_id = $3",
            self.key(),
            source.to_string(),
            storable(&self.actor.key()),
        )?;
        if waiting.is_some_and(|(count,)| count >= i64::from(TENANT_BACKUPS_WAITING)) {
            return Err(Conflict::TooManyWaiting.into());
        }
        Ok(())
    }

    async fn run_of_key(&self, tx: &mut Tx, idempotency_key: Option<&str>) -> Result<Option<RunId>> {
        let Some(key) = idempotency_key else { return Ok(None) };
        let row = first!(
            tx,
            (String,),
            "select id from runs where tenant_id = $1 and idempotency_key = $2",
            self.key(),
            storable(key),
        )?;
        row.map(|(run,)| id("runs", &run)).transpose()
    }

    async fn set_tenant_column(&self, tx: &mut Tx, source: SourceId, column: &str) -> Result<()> {
        exec!(
            tx,
            "update sources set tenant_column = $3 where tenant_id = $1 and id = $2",
            self.key(),
            source.to_string(),
            storable(column),
        )
        .map(drop)
    }

    async fn source_of_run(&self, tx: &mut Tx, source: SourceId) -> Result<Found> {
        let row = first!(
            tx,
            (String, String, String),
            "select database_name, connection_id, protects from sources where tenant_id = $1 and id = $2",
            self.key(),
            source.to_string(),
        )?;
        let (name, connection, protects) = row.ok_or(Error::NotFound { what: "source" })?;
        Ok(Found { name, connection: id("sources", &connection)?, is_server: protects == SERVER })
    }

    /// The database of a source and its connection; [`Conflict::OtherEngine`] if it is a whole server.
    pub(super) async fn database_of_run(
        &self,
        tx: &mut Tx,
        source: SourceId,
    ) -> Result<(String, ConnectionId)> {
        let found = self.source_of_run(tx, source).await?;
        if found.is_server {
            return Err(Conflict::OtherEngine.into());
        }
        Ok((found.name, found.connection))
    }

    async fn connection_of_run(&self, tx: &mut Tx, connection: ConnectionId) -> Result<String> {
        let row = first!(
            tx,
            (String,),
            "select name from connections where tenant_id = $1 and id = $2",
            self.key(),
            connection.to_string(),
        )?;
        row.map(|(name,)| name).ok_or(Error::NotFound { what: "connection" })
    }

    /// The source of a backup that is kept. Holds the backup's row, so that retention cannot choose it meanwhile.
    pub(super) async fn kept_backup(
        &self,
        tx: &mut Tx,
        backup: BackupId,
        subject: &mut String,
    ) -> Result<SourceId> {
        let row = first!(
            tx,
            (String, String, String),
            dialect!(
                tx,
                sqlite: "select source_id, database_name, retention from backups where tenant_id = $1 and id = $2",
                postgres: "select source_id, database_name, retention from backups where tenant_id = $1 and id = $2 for update"
            ),
            self.key(),
            backup.to_string(),
        )?;
        let (source, database, retention) = row.ok_or(Error::NotFound { what: "backup" })?;
        if retention != Retention::Active.key() {
            return Err(Conflict::Expired.into());
        }
        *subject = database;
        id("backups", &source)
    }
}

impl RunRequest {
    /// What kind of run it is.
    pub const fn kind(&self) -> RunKind {
        match self {
            Self::Backup { .. } | Self::TenantBackup { .. } | Self::Files { .. } => RunKind::Backup,
            Self::Verify { .. } => RunKind::Verify,
            Self::Restore(_) => RunKind::Restore,
            Self::Export { .. } => RunKind::Export,
            Self::InferMap { .. } | Self::ConfirmMap { .. } => RunKind::InferMap,
            Self::Probe { .. } => RunKind::Probe,
        }
    }
}
