//! Slots become runs, each at most once.

use domain::{RunId, SourceId, TenantId, Timestamp};

use crate::{SystemCatalog, error::Result};

/// A slot that was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// Whose.
    pub tenant_id: TenantId,
    /// Of which source.
    pub source_id: SourceId,
    /// The slot.
    pub slot: Timestamp,
    /// The run it became; none if a backup of the source was active already, which then counts for the slot.
    pub run_id: Option<RunId>,
    /// Older slots that were missed.
    pub missed: u32,
}

impl SystemCatalog<'_> {
    /// Queues a run for the newest due slot of every enabled schedule. Several servers may call it at once.
    pub async fn fire_due_schedules(&self) -> Result<Vec<Fired>> { todo!() }
}
