//! Databases that are protected, and when they are backed up.

use domain::{
    ConnectionId, RunId, ScheduleId, SourceId, Timestamp,
    backups::Verification,
    policies::schedule::Schedule,
    sources::{Capabilities, DatabaseName, Source},
};

use crate::{TenantCatalog, error::Result};

/// A source with what lists and rules need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// The source.
    pub source: Source,
    /// Its server, by its label.
    pub connection: String,
    /// What the last probe of the server found.
    pub capabilities: Option<Capabilities>,
    /// The instant that the newest proven backup holds (kept ones only).
    pub newest_proven: Option<Timestamp>,
    /// The newest kept backup: the instant it holds and what is known about it.
    pub newest: Option<(Timestamp, Verification)>,
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
    /// Five fields, UTC.
    pub cron: String,
    /// Whether it runs.
    pub enabled: bool,
    /// The last slot that was dealt with.
    pub last_slot: Option<Timestamp>,
    /// The next slot; none if it is disabled.
    pub next_at: Option<Timestamp>,
    /// Slots that nobody ran, since it exists.
    pub missed: i64,
}

impl TenantCatalog<'_> {
    /// Every source, by server and database.
    pub async fn list_sources(&self) -> Result<Vec<SourceRow>> { todo!() }
    /// One source.
    pub async fn get_source(&self, id: SourceId) -> Result<SourceRow> { todo!() }
    /// Protects a database, with a schedule. [`crate::Conflict::Duplicate`] if it is protected already.
    pub async fn create_source(&self, connection: ConnectionId, database: &DatabaseName, schedule: &Schedule) -> Result<SourceId> { todo!() }
    /// Sets the schedule of a source's full backups.
    pub async fn set_schedule(&self, source: SourceId, schedule: &Schedule, enabled: bool) -> Result<()> { todo!() }
}
