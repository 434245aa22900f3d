//! Taking a run, and taking it back from a worker that died.

use domain::{RunId, TenantId, Timestamp};

use crate::{Run, SystemCatalog, error::Result};

/// A run that this worker holds. Made only by claiming; the proof behind every fenced write.
#[derive(Debug, Clone)]
pub struct Claim {
    run: Run,
    owner: String,
    fence: i64,
}

impl Claim {
    /// The run as it was when claimed; `starts` counts this start.
    pub const fn run(&self) -> &Run {
        &self.run
    }
    /// Who holds it.
    pub fn owner(&self) -> &str {
        &self.owner
    }
    /// Grows with every claim of the run.
    pub const fn fence(&self) -> i64 {
        self.fence
    }
}

/// A run that is due and that nobody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRun {
    /// Which.
    pub run_id: RunId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Starts so far.
    pub starts: i64,
    /// Since when.
    pub due_at: Timestamp,
}

/// What became of runs whose worker was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Back in the queue.
    pub queued: Vec<RunId>,
    /// Given up: too many starts.
    pub failed: Vec<RunId>,
    /// Somebody had asked them to stop.
    pub cancelled: Vec<RunId>,
}

impl SystemCatalog<'_> {
    /// Takes a run that is due, or whose holder's lease has expired, for `lease_ms`. `None` if it cannot be
    /// taken: held, finished, not due, or started too often. Counts the start.
    pub async fn claim(&self, run: RunId, owner: &str, lease_ms: i64) -> Result<Option<Claim>> { todo!() }
    /// Takes the due run of the organisation with the fewest runs at work; the oldest of it.
    pub async fn claim_next(&self, owner: &str, lease_ms: i64) -> Result<Option<Claim>> { todo!() }
    /// Takes back runs whose lease has expired.
    pub async fn reclaim_expired(&self) -> Result<Reclaimed> { todo!() }
}
