//! Whole servers as sources, and the chains that backups of their files stand in.
//!
//! A source that is a server has no engine to choose and no tenants to tell apart. What continues another backup is
//! decided when its run is asked for, not when it starts: the run names its parent from then on, so that retention
//! cannot choose it meanwhile.

use domain::{
    BackupId, ConnectionId, RunId, SourceId, TenantId, Timestamp,
    audit::{Act, Deed, Field},
    backups::{Retention, Sizes, Verification},
    files::FilesFacts,
    policies::schedule::{Schedule, ScheduleKind},
    sources::Protected,
};

use super::{new_run::NewRun, run_input::RunInput};
use crate::{
    Conflict, TenantCatalog,
    db::{AsConn, Tx, all, dialect, exec, first},
    decode::{id, json, number, word},
    error::{Error, Result},
};

const TABLE: &str = "physical_backups";

/// Backups of one chain at most. Every link is unpacked when the newest is restored, and nothing of a chain can go
/// before all of it can; an incremental backup that would be one more is taken as a full one.
pub const LONGEST_CHAIN: i64 = 31;

/// What is known of a backup of a whole server's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The backup that it continues; none for a full one.
    pub parent: Option<BackupId>,
    /// What it says of itself.
    pub facts: FilesFacts,
}

impl Files {
    pub(super) fn read(facts: Option<&str>, parent: Option<&str>) -> Result<Option<Self>> {
        let Some(facts) = facts else { return Ok(None) };
        let parent = parent.map(|parent| id(TABLE, parent)).transpose()?;
        Ok(Some(Self { parent, facts: json(TABLE, facts)? }))
    }
}

/// One backup of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// Which.
    pub id: BackupId,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// Whether it is kept.
    pub retention: Retention,
    /// What is known about it.
    pub verification: Verification,
    /// Sizes.
    pub sizes: Sizes,
}

/// What a new backup of files continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continues {
    /// Nothing: a full one.
    Nothing,
    /// The newest one of the source. Where there is none that can be continued, the new one is full.
    Newest,
    /// This one; it must be kept, and of the same source.
    Backup(BackupId),
}

/// The newest kept backup of a source, if an incremental one can stand on it: it was not found damaged, and the chain
/// is not too long. Its row is held, so that retention cannot choose it before the run that names it is there.
pub(crate) async fn newest_to_continue(
    tx: &mut Tx,
    tenant: TenantId,
    source: SourceId,
) -> Result<Option<BackupId>> {
    let tenant = tenant.to_string();
    let newest = first!(
        tx,
        (String, String),
        dialect!(
            tx,
            sqlite: "select b.id, b.verification from backups b join physical_backups p on p.tenant_id = b.tenant_id \
             and p.backup_id = b.id where b.tenant_id = $1 and b.source_id = $2 and b.retention = 'active' \
             order by b.created_at desc, b.id desc limit 1",
            postgres: "select b.id, b.verification from backups b join physical_backups p on p.tenant_id = b.tenant_id \
             and p.backup_id = b.id where b.tenant_id = $1 and b.source_id = $2 and b.retention = 'active' \
             order by b.created_at desc, b.id desc limit 1 for update of b"
        ),
        tenant.as_str(),
        source.to_string(),
    )?;
    let Some((newest, verification)) = newest else { return Ok(None) };
    let newest: BackupId = id(TABLE, &newest)?;
    if word("backups", &verification, Verification::find)? == Verification::Failed {
        return Ok(None);
    }
    let chain = read_chain(tx, &tenant, newest).await?;
    let is_whole = chain.iter().all(|link| link.retention == Retention::Active);
    let is_short = i64::try_from(chain.len()).is_ok_and(|length| length < LONGEST_CHAIN);
    Ok(Some(newest).filter(|_| is_whole && is_short))
}

/// The chain that ends with `backup`, the full one first; empty if it is no backup of files.
async fn read_chain(on: &mut impl AsConn, tenant: &str, backup: BackupId) -> Result<Vec<ChainLink>> {
    let rows = all!(
        on,
        (String, i64, String, String, i64, i64),
        "with recursive chain (backup_id, parent_id, depth) as (select p.backup_id, p.parent_id, 0 \
         from physical_backups p where p.tenant_id = $1 and p.backup_id = $2 \
         union all select p.backup_id, p.parent_id, c.depth + 1 from physical_backups p \
         join chain c on c.parent_id = p.backup_id where p.tenant_id = $1 and c.depth < 1000) \
         select b.id, b.snapshot_at, b.retention, b.verification, b.plain_bytes, b.stored_bytes from chain c \
         join backups b on b.tenant_id = $1 and b.id = c.backup_id order by c.depth desc",
        tenant,
        backup.to_string(),
    )?;
    let read =
        |(backup, at, retention, verification, plain, stored): (String, i64, String, String, i64, i64)| {
            Ok(ChainLink {
                id: id("backups", &backup)?,
                snapshot_at: Timestamp(at),
                retention: word("backups", &retention, Retention::find)?,
                verification: word("backups", &verification, Verification::find)?,
                sizes: Sizes {
                    plain: domain::ByteSize(number("backups", plain)?),
                    stored: domain::ByteSize(number("backups", stored)?),
                },
            })
        };
    rows.into_iter().map(read).collect()
}

impl TenantCatalog<'_> {
    /// Protects a whole server: a full copy of its files by one schedule, what changed since by the other.
    /// [`Conflict::Duplicate`] if it is protected already.
    pub async fn create_server_source(
        &self,
        connection: ConnectionId,
        full: &Schedule,
        incremental: &Schedule,
    ) -> Result<SourceId> {
        let label = self.get_connection(connection).await?.name;
        let source = SourceId::new(self.catalog.clock.uuid());
        let mut tx = self.begin().await?;
        let made = exec!(
            &mut tx,
            "insert into sources (tenant_id, id, connection_id, database_name, created_at, protects) \
             values ($1, $2, $3, $4, $5, 'server') on conflict do nothing",
            self.key(),
            source.to_string(),
            connection.to_string(),
            Protected::server(&label).as_str(),
            self.now(),
        )?;
        if made == 0 {
            return Err(Conflict::Duplicate.into());
        }
        self.store_schedule(&mut tx, source, ScheduleKind::Full, full, true).await?;
        self.store_schedule(&mut tx, source, ScheduleKind::Incremental, incremental, true).await?;
        let deed = Deed::done(Act::SourceCreate, source)
            .after(Field::Connection, connection)
            .after(Field::Kind, "server")
            .after(Field::Schedule, full);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(source)
    }

    /// The source that protects the whole server of a connection.
    pub async fn find_server_source(&self, connection: ConnectionId) -> Result<Option<SourceId>> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (String,),
            "select id from sources where tenant_id = $1 and connection_id = $2 and protects = 'server'",
            self.key(),
            connection.to_string(),
        )?;
        row.map(|(source,)| id("sources", &source)).transpose()
    }

    /// Sets the schedule by which a whole server's changes are copied. [`Conflict::OtherEngine`] for a database.
    pub async fn set_incremental_schedule(
        &self,
        source: SourceId,
        schedule: &Schedule,
        enabled: bool,
    ) -> Result<()> {
        if self.get_source(source).await?.source.protects.database().is_some() {
            return Err(Conflict::OtherEngine.into());
        }
        self.change_schedule(source, ScheduleKind::Incremental, schedule, enabled).await
    }

    /// The chain that a backup of files ends, the full one first; empty for any other backup.
    pub async fn chain(&self, backup: BackupId) -> Result<Vec<ChainLink>> {
        let mut reader = self.read().await?;
        read_chain(&mut reader, &self.key(), backup).await
    }

    /// Kept backups that continue this one.
    pub async fn count_continuing(&self, backup: BackupId) -> Result<u64> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (i64,),
            "select cast(count(*) as bigint) from physical_backups p join backups b on b.tenant_id = p.tenant_id \
             and b.id = p.backup_id where p.tenant_id = $1 and p.parent_id = $2 and b.retention = 'active'",
            self.key(),
            backup.to_string(),
        )?;
        row.map_or(Ok(0), |(count,)| number(TABLE, count))
    }

    /// What the run that copies a server's files is given, once its parent is chosen and held.
    pub(super) async fn files_input(
        &self,
        tx: &mut Tx,
        source: SourceId,
        continues: Continues,
        sums: bool,
    ) -> Result<RunInput> {
        let parent = match continues {
            Continues::Nothing => None,
            Continues::Newest => newest_to_continue(tx, self.tenant, source).await?,
            Continues::Backup(parent) => {
                let of = self.kept_files(tx, parent).await?;
                if of != source {
                    return Err(Error::NotFound { what: "backup of this server" });
                }
                Some(parent)
            }
        };
        Ok(RunInput::Files { parent, sums, incremental: continues != Continues::Nothing })
    }

    /// The source of a kept backup of files. Holds its row.
    async fn kept_files(&self, tx: &mut Tx, backup: BackupId) -> Result<SourceId> {
        let source = self.kept_backup(tx, backup, &mut String::new()).await?;
        if self.is_of_files(tx, backup).await? { Ok(source) } else { Err(Conflict::OtherEngine.into()) }
    }

    /// Whether a backup holds the files of a server.
    async fn is_of_files(&self, tx: &mut Tx, backup: BackupId) -> Result<bool> {
        let row = first!(
            tx,
            (String,),
            "select backup_id from physical_backups where tenant_id = $1 and backup_id = $2",
            self.key(),
            backup.to_string(),
        )?;
        Ok(row.is_some())
    }

    /// The same as [`Self::kept_backup`] for what only rows can do: [`Conflict::OtherEngine`] for a backup of files.
    pub(super) async fn kept_rows(
        &self,
        tx: &mut Tx,
        backup: BackupId,
        subject: &mut String,
    ) -> Result<SourceId> {
        let source = self.kept_backup(tx, backup, subject).await?;
        if self.is_of_files(tx, backup).await? { Err(Conflict::OtherEngine.into()) } else { Ok(source) }
    }
}

/// Queues the scheduled copy of a whole server; `None` if a backup of it is active.
pub(crate) async fn insert_scheduled(
    tx: &mut Tx,
    clock: &dyn domain::Clock,
    mut run: NewRun<'_>,
    source: SourceId,
    kind: ScheduleKind,
) -> Result<Option<RunId>> {
    let incremental = kind == ScheduleKind::Incremental;
    if incremental {
        run.backup = newest_to_continue(tx, run.tenant, source).await?;
    }
    run.input = Some(RunInput::Files { parent: run.backup, sums: true, incremental });
    run.insert(tx, clock).await
}
