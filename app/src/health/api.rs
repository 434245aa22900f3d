//! The first question of every morning: can everything be restored?

use async_trait::async_trait;
use domain::{ByteSize, Fault, Timestamp, health::Standing};
use serde::{Deserialize, Serialize};

use crate::{
    backups::api::{BackupRow, RunRow},
    sources::api::SourceRow,
};

/// One day of one source in the heat strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// A backup of that day is proven.
    Proven,
    /// A backup of that day exists, unproven.
    Stored,
    /// A backup was due and none exists, or its proof failed.
    Missing,
    /// Nothing was due.
    Nothing,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// How bad.
    pub severity: domain::sources::Severity,
    /// Two or three words: `Backup failed`.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// Where to look.
    pub path: String,
    /// What happened, one sentence.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// Everything the overview shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The present, so that page and data agree.
    pub now: Timestamp,
    /// Sources, worst first.
    pub sources: Vec<SourceRow>,
    /// What needs a person.
    pub concerns: Vec<Concern>,
    /// Runs at work or waiting.
    pub active: Vec<RunRow>,
    /// Newest backups.
    pub latest: Vec<BackupRow>,
    /// Days of the strip, oldest first, 14.
    pub days: Vec<Timestamp>,
    /// Per source, in the order of `sources`, one entry per day.
    pub strip: Vec<Vec<Day>>,
    /// Runs of the last 7 days that were expected and that completed: expected, completed.
    pub expected: u32,
    /// Of those, completed.
    pub completed: u32,
    /// Stored bytes in all.
    pub stored: ByteSize,
    /// Stored bytes at the end of each of the 14 days.
    pub stored_by_day: Vec<ByteSize>,
    /// How long ago the oldest "newest proven instant" is, worst source: ms; none if a source has none.
    pub worst_age_ms: Option<i64>,
    /// Seconds the last verification of the slowest source took to restore, as milliseconds.
    pub slowest_restore_ms: Option<i64>,
}

impl Overview {
    /// Sources that can be restored now.
    pub fn restorable(&self) -> usize {
        self.sources
            .iter()
            .filter(|source| matches!(source.standing, Standing::Restorable | Standing::Late))
            .count()
    }
}

/// What a page may ask about health.
#[async_trait]
pub trait HealthPort: Send + Sync {
    /// The overview.
    async fn overview(&self) -> Result<Overview, Fault>;
}
