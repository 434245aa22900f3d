//! The few statements across organisations, and what the holder of a run may write.

mod approvals;
mod at_work;
mod claim;
mod complete;
mod consent;
mod credential;
mod dispatch;
mod installation;
mod lease;
mod new_databases;
mod notices;
mod published;
mod queue;
mod requests;
mod retention;
mod schedules;
mod tenancy;
mod webhooks;

use domain::{TenantId, audit::Deed};

use crate::{Catalog, audit::Actor, db::Tx, error::Result};

pub use at_work::ChangeSet;
pub use claim::{Claim, DueRun, Reclaimed};
pub use complete::NewBackup;
pub use credential::Credential;
pub use installation::{Tenant, Vault};
pub use lease::{Lease, Renewed};
pub use new_databases::{Abandoned, Begun, Whole};
pub use notices::{NoticeToSend, Owed};
pub use published::Published;
pub use queue::Queue;
pub(crate) use requests::run_ended;
pub use retention::{Expiring, SourceCandidates};
pub use schedules::Fired;
pub use tenancy::{NewPart, NewSplit};
pub use webhooks::ToTell;

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
    /// Cleaning up after runs that ended half-way.
    Leftovers,
    /// Delivering notices.
    Notices,
    /// Telling webhooks what happened.
    Webhooks,
    /// Removing ended sessions.
    Sessions,
    /// Anchoring and checking the audit trail.
    Audit,
    /// Tending requests that somebody has to agree to.
    Approvals,
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
            Self::Leftovers => "leftovers",
            Self::Notices => "notices",
            Self::Webhooks => "webhooks",
            Self::Sessions => "sessions",
            Self::Audit => "audit",
            Self::Approvals => "approvals",
        }
    }
}

/// The statements across organisations.
#[derive(Debug)]
pub struct SystemCatalog<'c> {
    pub(crate) catalog: &'c Catalog,
    task: SystemTask,
}

impl<'c> SystemCatalog<'c> {
    pub(crate) const fn new(catalog: &'c Catalog, task: SystemTask) -> Self {
        Self { catalog, task }
    }
    /// Writes into an organisation's audit trail what was done, in the same transaction and as its last statement.
    async fn audit(&self, tx: &mut Tx, tenant: TenantId, deed: Deed) -> Result<()> {
        self.catalog.audit_in(tx, tenant, &Actor::system(self.task.key()), deed).await
    }
}
