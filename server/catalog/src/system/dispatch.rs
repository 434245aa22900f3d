//! Which runs to wake a worker for.

use domain::RunId;

use crate::{DueRun, SystemCatalog, error::Result};

impl SystemCatalog<'_> {
    /// Due runs that nobody holds, in the order in which they should start: organisations take turns, those
    /// with the fewest runs at work first.
    pub async fn due_runs(&self, limit: u32) -> Result<Vec<DueRun>> { todo!() }
    /// Queues a verification for every kept backup that has none: the follow-up of a backup is queued with it,
    /// but another verification of the source may have been active at that moment.
    pub async fn queue_owed_verifications(&self) -> Result<Vec<RunId>> { todo!() }
}
