//! Databases and servers that are protected, and when they are backed up.

use domain::{
    ConnectionId, RunId, ScheduleId, SourceId, Timestamp,
    audit::{Act, Deed, Field},
    backups::Verification,
    policies::schedule::{Schedule, ScheduleKind},
    sources::{Capabilities, DatabaseName, EngineKind, Protected, Source},
};

use crate::{
    Conflict, TenantCatalog,
    db::{Tx, all, exec, first},
    decode::{corrupt, id, maybe_json, word},
    error::{Error, Result},
};

/// What a source protects, as it is stored, if it is not a database.
pub(super) const SERVER: &str = "server";

/// A source with what lists and rules need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// The source.
    pub source: Source,
    /// Its server, by its label.
    pub connection: String,
    /// What reads it.
    pub engine: EngineKind,
    /// The column that names the tenant in most of its tables.
    pub tenant_column: String,
    /// What the last probe of the server found.
    pub capabilities: Option<Capabilities>,
    /// The instant that the newest proven backup holds (kept ones only).
    pub newest_proven: Option<Timestamp>,
    /// The newest kept backup: the instant it holds and what is known about it.
    pub newest: Option<(Timestamp, Verification)>,
    /// The first slot after the newest kept backup, over all enabled schedules; it may lie in the future.
    pub owed_since: Option<Timestamp>,
    /// Its schedules.
    pub schedules: Vec<ScheduleRow>,
    /// The backup run at work or waiting, else any other active run.
    pub active_run: Option<RunId>,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Which.
    pub id: ScheduleId,
    /// Of which source.
    pub source_id: SourceId,
    /// What it asks for.
    pub kind: ScheduleKind,
    /// Five fields, UTC.
    pub cron: String,
    /// Whether it runs.
    pub enabled: bool,
    /// The last slot that was dealt with; at first the moment it was made or changed.
    pub last_slot: Timestamp,
    /// The next slot; none if it is disabled.
    pub next_at: Option<Timestamp>,
    /// Slots that nobody ran, since it exists.
    pub missed: i64,
    /// When it was made, changed or switched on.
    pub since: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    connection_id: String,
    database_name: String,
    created_at: i64,
    engine: String,
    protects: String,
    tenant_column: String,
    connection: String,
    capabilities: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct ScheduleColumns {
    pub id: String,
    pub source_id: String,
    pub kind: String,
    pub cron: String,
    pub enabled: i64,
    pub last_slot: i64,
    pub next_at: Option<i64>,
    pub missed: i64,
    pub since: i64,
}

impl TryFrom<ScheduleColumns> for ScheduleRow {
    type Error = Error;
    fn try_from(row: ScheduleColumns) -> Result<Self> {
        Ok(Self {
            id: id("schedules", &row.id)?,
            source_id: id("schedules", &row.source_id)?,
            kind: word("schedules", &row.kind, ScheduleKind::find)?,
            cron: row.cron,
            enabled: row.enabled == 1,
            last_slot: Timestamp(row.last_slot),
            next_at: row.next_at.map(Timestamp),
            missed: row.missed,
            since: Timestamp(row.since),
        })
    }
}

/// The first slot of `cron` after the newest backup arrived, not counting slots before the schedule's own beginning.
pub(crate) fn owed_since(cron: &str, since: Timestamp, newest: Option<Timestamp>) -> Option<Timestamp> {
    let schedule = Schedule::parse(cron, since).ok()?;
    schedule.next_after(newest.map_or(since, |newest| newest.max(since)))
}

impl TenantCatalog<'_> {
    async fn sources(&self, only: Option<SourceId>) -> Result<Vec<SourceRow>> {
        let (tenant, only) = (self.key(), only.map(|id| id.to_string()));
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select s.id, s.connection_id, s.database_name, s.created_at, s.engine, s.protects, s.tenant_column, c.name as connection, c.capabilities \
             from sources s join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id \
             where s.tenant_id = $1 and (cast($2 as text) is null or s.id = $2) order by c.name, s.database_name, s.id",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let schedules = all!(
            &mut reader,
            ScheduleColumns,
            "select id, source_id, kind, cron, enabled, last_slot, next_at, missed, since from schedules \
             where tenant_id = $1 and (cast($2 as text) is null or source_id = $2) order by source_id, kind",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let proven = all!(
            &mut reader,
            (String, i64),
            "select source_id, max(snapshot_at) from backups where tenant_id = $1 and retention = 'active' and tenant_key is null \
             and verification = 'restore_ok' and (cast($2 as text) is null or source_id = $2) group by source_id",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let newest = all!(
            &mut reader,
            (String, i64, String, i64),
            "select source_id, snapshot_at, verification, arrived from (select source_id, snapshot_at, verification, \
             max(created_at) over (partition by source_id) as arrived, row_number() over (partition by source_id order by created_at desc, snapshot_at desc, id desc) as place from backups \
             where tenant_id = $1 and retention = 'active' and tenant_key is null \
             and (cast($2 as text) is null or source_id = $2)) as b \
             where place = 1",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let active = all!(
            &mut reader,
            (String, String),
            "select source_id, id from runs where tenant_id = $1 and source_id is not null \
             and state in ('queued', 'running', 'retrying') and (cast($2 as text) is null or source_id = $2) \
             order by case when kind = 'backup' and tenant_key is null then 0 else 1 end, created_at",
            tenant.as_str(),
            only.as_deref(),
        )?;
        drop(reader);
        let schedules = schedules.into_iter().map(ScheduleRow::try_from).collect::<Result<Vec<_>>>()?;
        let build = |row: Row| {
            let source: SourceId = id("sources", &row.id)?;
            let newest = newest.iter().find(|found| found.0 == row.id);
            // By our own clock, as slots are; the server's may be wrong.
            let arrived = newest.map(|found| Timestamp(found.3));
            let newest = newest
                .map(|(_, at, found, _)| {
                    Ok::<_, Error>((Timestamp(*at), word("backups", found, Verification::find)?))
                })
                .transpose()?;
            let schedules: Vec<_> =
                schedules.iter().filter(|found| found.source_id == source).cloned().collect();
            let owed = schedules.iter().filter(|schedule| schedule.enabled);
            let owed = owed.filter_map(|one| owed_since(&one.cron, one.since, arrived));
            let (protects, engine) = if row.protects == SERVER {
                (Protected::Server { name: row.database_name }, EngineKind::Physical)
            } else {
                let database =
                    DatabaseName::new(row.database_name).map_err(|error| corrupt("sources", error))?;
                (Protected::Database(database), word("sources", &row.engine, EngineKind::find)?)
            };
            Ok(SourceRow {
                newest,
                owed_since: owed.min(),
                newest_proven: proven.iter().find(|found| found.0 == row.id).map(|found| Timestamp(found.1)),
                active_run: active
                    .iter()
                    .find(|found| found.0 == row.id)
                    .map(|found| id("runs", &found.1))
                    .transpose()?,
                source: Source {
                    id: source,
                    connection_id: id("sources", &row.connection_id)?,
                    protects,
                    created_at: Timestamp(row.created_at),
                },
                engine,
                tenant_column: row.tenant_column,
                connection: row.connection,
                capabilities: maybe_json("connections", row.capabilities.as_deref())?,
                schedules,
            })
        };
        rows.into_iter().map(build).collect()
    }

    /// Every source, by server and database.
    pub async fn list_sources(&self) -> Result<Vec<SourceRow>> {
        self.sources(None).await
    }

    /// One source.
    pub async fn get_source(&self, id: SourceId) -> Result<SourceRow> {
        self.sources(Some(id)).await?.pop().ok_or(Error::NotFound { what: "source" })
    }

    /// Protects a database, with a schedule. [`crate::Conflict::Duplicate`] if it is protected already.
    pub async fn create_source(
        &self,
        connection: ConnectionId,
        database: &DatabaseName,
        schedule: &Schedule,
    ) -> Result<SourceId> {
        self.get_connection(connection).await?;
        let source = SourceId::new(self.catalog.clock.uuid());
        let mut tx = self.begin().await?;
        let made = exec!(
            &mut tx,
            "insert into sources (tenant_id, id, connection_id, database_name, created_at) \
             values ($1, $2, $3, $4, $5) on conflict do nothing",
            self.key(),
            source.to_string(),
            connection.to_string(),
            database.as_str(),
            self.now(),
        )?;
        if made == 0 {
            return Err(Conflict::Duplicate.into());
        }
        self.store_schedule(&mut tx, source, ScheduleKind::Full, schedule, true).await?;
        let deed = Deed::done(Act::SourceCreate, source)
            .after(Field::Connection, connection)
            .after(Field::Database, database)
            .after(Field::Schedule, schedule);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(source)
    }

    /// Sets the schedule of a source's full backups.
    pub async fn set_schedule(&self, source: SourceId, schedule: &Schedule, enabled: bool) -> Result<()> {
        self.get_source(source).await?;
        self.change_schedule(source, ScheduleKind::Full, schedule, enabled).await
    }

    pub(super) async fn change_schedule(
        &self,
        source: SourceId,
        kind: ScheduleKind,
        schedule: &Schedule,
        enabled: bool,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let deed = self.exchange_schedule(&mut tx, source, kind, schedule, enabled).await?;
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }

    /// The same in a transaction of the caller's, who writes down what was done.
    pub(super) async fn exchange_schedule(
        &self,
        tx: &mut Tx,
        source: SourceId,
        kind: ScheduleKind,
        schedule: &Schedule,
        enabled: bool,
    ) -> Result<Deed> {
        let before = first!(
            tx,
            (String, i64),
            "select cron, enabled from schedules where tenant_id = $1 and source_id = $2 and kind = $3",
            self.key(),
            source.to_string(),
            kind.key(),
        )?;
        self.store_schedule(tx, source, kind, schedule, enabled).await?;
        let mut deed = Deed::done(Act::ScheduleSet, source)
            .after(Field::Kind, kind.key())
            .after(Field::Schedule, schedule)
            .after(Field::Enabled, enabled);
        if let Some((cron, was_enabled)) = before {
            // One that cannot be read any more is just what somebody is about to mend.
            if let Ok(cron) = Schedule::parse(&cron, Timestamp(self.now())) {
                deed = deed.before(Field::Schedule, &cron);
            }
            deed = deed.before(Field::Enabled, was_enabled == 1);
        }
        Ok(deed)
    }

    /// Slots before now are nobody's: a schedule that is made, changed or switched on owes nothing yet.
    pub(super) async fn store_schedule(
        &self,
        tx: &mut Tx,
        source: SourceId,
        kind: ScheduleKind,
        schedule: &Schedule,
        enabled: bool,
    ) -> Result<()> {
        let now = self.now();
        let next = schedule.next_after(Timestamp(now)).filter(|_| enabled);
        exec!(
            tx,
            "insert into schedules (tenant_id, id, source_id, kind, cron, enabled, last_slot, next_at, missed, version, \
             since) values ($1, $2, $3, $8, $4, $5, $6, $7, 0, 1, $6) \
             on conflict (tenant_id, source_id, kind) do update set cron = excluded.cron, enabled = excluded.enabled, \
             last_slot = excluded.last_slot, next_at = excluded.next_at, since = excluded.since, \
             version = schedules.version + 1",
            self.key(),
            self.catalog.clock.uuid().to_string(),
            source.to_string(),
            schedule.expression(),
            i64::from(enabled),
            now,
            next.map(|at| at.0),
            kind.key(),
        )
        .map(drop)
    }
}
