//! The few statements across organisations, and what the holder of a run may write.

mod claim;
mod dispatch;
mod installation;
mod lease;
mod notices;
mod queue;
mod retention;
mod schedules;

use crate::Catalog;

pub use claim::{Claim, DueRun, Reclaimed};
pub use installation::{Tenant, Vault};
pub use lease::{Credential, Lease, NewBackup, Renewed};
pub use notices::{NoticeToSend, Owed};
pub use queue::Queue;
pub use retention::{Expiring, SourceCandidates};
pub use schedules::Fired;

/// Which background work asks; written to the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemTask {
    /// Starting up.
    Startup,
    /// Claiming and dispatching runs.
    Dispatch,
    /// Returning expired leases.
    Leases,
    /// Queuing scheduled runs.
    Schedules,
    /// Removing what is no longer kept.
    Retention,
    /// Delivering notices.
    Notices,
    /// Removing ended sessions.
    Sessions,
}

impl SystemTask {
    /// How it is written.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Dispatch => "dispatch",
            Self::Leases => "leases",
            Self::Schedules => "schedule",
            Self::Retention => "retention",
            Self::Notices => "notices",
            Self::Sessions => "sessions",
        }
    }
}

/// The statements across organisations.
#[derive(Debug)]
pub struct SystemCatalog<'c> {
    catalog: &'c Catalog,
    task: SystemTask,
}

impl<'c> SystemCatalog<'c> {
    pub(crate) const fn new(catalog: &'c Catalog, task: SystemTask) -> Self {
        Self { catalog, task }
    }
}
