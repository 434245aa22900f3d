//! Recovery points, their copies and what is known about them.

use domain::{
    BackupId, ByteSize, Cursor, EvidenceId, Page, RunId, SourceId, TenantId, Timestamp, VaultId,
    backups::{CopyState, Evidence, Phase, Retention, Sizes, Verification},
    sources::{Coordinate, EngineKind},
    tenancy::{Drift, TenantKey},
};

use super::physical::Files;
use crate::{
    TenantCatalog,
    db::{AsConn, all, first},
    decode::{After, contains, id, json, maybe_key, number, page, page_size, word},
    error::{Error, Result},
};

/// Which backups to list, newest first; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct BackupQuery {
    /// Of one source.
    pub source: Option<SourceId>,
    /// With this verification.
    pub verification: Option<Verification>,
    /// Whether removed ones are listed too.
    pub removed: bool,
    /// Label contains this; upper and lower case do not matter.
    pub label: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

/// One backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// Which.
    pub id: BackupId,
    /// Of which source.
    pub source_id: SourceId,
    /// The run that took it.
    pub run_id: RunId,
    /// Name of the database when it was taken.
    pub database: String,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// A person's label.
    pub label: Option<String>,
    /// What is known about it.
    pub verification: Verification,
    /// When that was found.
    pub verified_at: Option<Timestamp>,
    /// Whether it is kept.
    pub retention: Retention,
    /// Sizes.
    pub sizes: Sizes,
    /// The start of the run that made it; part of every object key.
    pub attempt: i64,
    /// Phases of that run.
    pub phases: Vec<Phase>,
    /// Where replay would continue.
    pub coordinate: Coordinate,
    /// Version of the server it was taken from.
    pub server_version: String,
    /// Client and version that dumped it.
    pub client_version: String,
    /// Compression.
    pub codec: String,
    /// Tables in it.
    pub tables: u32,
    /// SHA-256 of the manifest, in hex.
    pub manifest_sha256: String,
    /// The one tenant it was taken for; none if it holds the whole database.
    pub tenant: Option<TenantKey>,
    /// How it is split by tenant; none if tenants are mixed in it.
    pub split: Option<Split>,
    /// What is known of it as a copy of files; none if it holds rows.
    pub files: Option<Files>,
}

/// What is known of a backup that is split by tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Whether every table had a route that could be followed, and somebody confirmed those routes.
    pub is_complete: bool,
    /// Rows that belong to nobody.
    pub shared_rows: u64,
    /// What did not fit the map that it followed.
    pub drift: Vec<Drift>,
    /// How the readers came to one snapshot and what was not ideal, in words.
    pub remarks: Vec<String>,
}

/// A copy of a backup in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Of which backup.
    pub backup_id: BackupId,
    /// In which vault.
    pub vault_id: VaultId,
    /// The vault's name.
    pub vault: String,
    /// Where the vault is, without secrets.
    pub location: String,
    /// How it stands.
    pub state: CopyState,
    /// Its manifest's key.
    pub manifest_key: String,
    /// Number of objects.
    pub objects: u32,
}

/// One verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Which.
    pub id: EvidenceId,
    /// Of which backup.
    pub backup_id: BackupId,
    /// By which run.
    pub run_id: RunId,
    /// When it was found.
    pub at: Timestamp,
    /// What was found.
    pub evidence: Evidence,
}

const TABLE: &str = "backups";

macro_rules! backup_columns {
    () => {
        "id, source_id, run_id, database_name, snapshot_at, label, verification, verified_at, retention, plain_bytes, \
         stored_bytes, attempt, phases, coordinate, server_version, client_version, codec, tables, manifest_sha256, \
         engine, tenant_key, is_complete, shared_rows, drift, remarks, \
         (select p.facts from physical_backups p where p.tenant_id = backups.tenant_id and p.backup_id = backups.id) as files, \
         (select p.parent_id from physical_backups p where p.tenant_id = backups.tenant_id and p.backup_id = backups.id) as parent_id"
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    source_id: String,
    run_id: String,
    database_name: String,
    snapshot_at: i64,
    label: Option<String>,
    verification: String,
    verified_at: Option<i64>,
    retention: String,
    plain_bytes: i64,
    stored_bytes: i64,
    attempt: i64,
    phases: String,
    coordinate: String,
    server_version: String,
    client_version: String,
    codec: String,
    tables: i64,
    manifest_sha256: String,
    engine: String,
    tenant_key: Option<String>,
    is_complete: i64,
    shared_rows: i64,
    drift: String,
    remarks: String,
    files: Option<String>,
    parent_id: Option<String>,
}

impl TryFrom<Row> for Backup {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let split = match word(TABLE, &row.engine, EngineKind::find)? {
            EngineKind::Mysqldump | EngineKind::Physical => None,
            EngineKind::Native => Some(Split {
                is_complete: row.is_complete == 1,
                shared_rows: number(TABLE, row.shared_rows)?,
                drift: json(TABLE, &row.drift)?,
                remarks: json(TABLE, &row.remarks)?,
            }),
        };
        Ok(Self {
            id: id(TABLE, &row.id)?,
            source_id: id(TABLE, &row.source_id)?,
            run_id: id(TABLE, &row.run_id)?,
            database: row.database_name,
            snapshot_at: Timestamp(row.snapshot_at),
            label: row.label,
            verification: word(TABLE, &row.verification, Verification::find)?,
            verified_at: row.verified_at.map(Timestamp),
            retention: word(TABLE, &row.retention, Retention::find)?,
            sizes: Sizes {
                plain: ByteSize(number(TABLE, row.plain_bytes)?),
                stored: ByteSize(number(TABLE, row.stored_bytes)?),
            },
            attempt: row.attempt,
            phases: json(TABLE, &row.phases)?,
            coordinate: json(TABLE, &row.coordinate)?,
            server_version: row.server_version,
            client_version: row.client_version,
            codec: row.codec,
            tables: number(TABLE, row.tables)?,
            manifest_sha256: row.manifest_sha256,
            tenant: maybe_key(TABLE, row.tenant_key)?,
            split,
            files: Files::read(row.files.as_deref(), row.parent_id.as_deref())?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct CopyColumns {
    vault_id: String,
    vault: String,
    location: String,
    state: String,
    manifest_key: String,
    objects: i64,
}

/// The copies of a backup, by name of the vault.
pub(crate) async fn read_copies(
    on: &mut impl AsConn,
    tenant: TenantId,
    backup: BackupId,
) -> Result<Vec<Copy>> {
    let rows = all!(
        on,
        CopyColumns,
        "select c.vault_id, v.name as vault, v.location, c.state, c.manifest_key, c.objects from copies c \
         join vaults v on v.id = c.vault_id where c.tenant_id = $1 and c.backup_id = $2 order by v.name",
        tenant.to_string(),
        backup.to_string(),
    )?;
    let read = |row: CopyColumns| {
        Ok(Copy {
            backup_id: backup,
            vault_id: id("copies", &row.vault_id)?,
            vault: row.vault,
            location: row.location,
            state: word("copies", &row.state, CopyState::find)?,
            manifest_key: row.manifest_key,
            objects: number("copies", row.objects)?,
        })
    };
    rows.into_iter().map(read).collect()
}

impl TenantCatalog<'_> {
    /// Backups, newest first by the instant they hold.
    pub async fn list_backups(&self, query: &BackupQuery) -> Result<Page<Backup>> {
        let limit = page_size(query.limit);
        let after = After::read(query.after.as_ref())?;
        let after_at = after.as_ref().map(After::at).transpose()?;
        let label = query.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            concat!(
                "select ",
                backup_columns!(),
                " from backups where tenant_id = $1 \
                 and (cast($2 as text) is null or source_id = $2) \
                 and (cast($3 as text) is null or verification = $3) \
                 and ($4 = 1 or retention <> 'deleted') \
                 and (cast($5 as text) is null or lower(label) like $5 escape '\\') \
                 and (cast($6 as bigint) is null or snapshot_at < $6 or (snapshot_at = $6 and id < $7)) \
                 order by snapshot_at desc, id desc limit $8"
            ),
            self.key(),
            query.source.map(|id| id.to_string()),
            query.verification.map(Verification::key),
            i64::from(query.removed),
            label.map(contains),
            after_at.map(|at| at.0),
            after.map(|after| after.id),
            i64::from(limit) + 1,
        )?;
        let backups = rows.into_iter().map(Backup::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(backups, limit, |backup| (backup.snapshot_at.0.to_string(), backup.id.to_string())))
    }

    /// One backup.
    pub async fn get_backup(&self, id: BackupId) -> Result<Backup> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            Row,
            concat!("select ", backup_columns!(), " from backups where tenant_id = $1 and id = $2"),
            self.key(),
            id.to_string(),
        )?;
        row.ok_or(Error::NotFound { what: "backup" })?.try_into()
    }

    /// Its copies.
    pub async fn list_copies(&self, id: BackupId) -> Result<Vec<Copy>> {
        let mut reader = self.read().await?;
        read_copies(&mut reader, self.tenant, id).await
    }

    /// Its verifications, newest first, 50 at most.
    pub async fn list_evidence(&self, backup: BackupId) -> Result<Vec<EvidenceRow>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, i64, String),
            "select id, run_id, at, evidence from evidence where tenant_id = $1 and backup_id = $2 \
             order by at desc, id desc limit 50",
            self.key(),
            backup.to_string(),
        )?;
        let read = |(evidence_id, run_id, at, evidence): (String, String, i64, String)| {
            Ok(EvidenceRow {
                id: id("evidence", &evidence_id)?,
                backup_id: backup,
                run_id: id("evidence", &run_id)?,
                at: Timestamp(at),
                evidence: json("evidence", &evidence)?,
            })
        };
        rows.into_iter().map(read).collect()
    }
}
