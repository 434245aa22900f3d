//! The rows of one organisation. Every statement here is bound to the tenant of the scope.

mod alerts;
mod backups;
mod connections;
mod health;
mod people;
mod runs;
mod sources;
mod trail;

use domain::TenantId;

use crate::{Catalog, audit::Actor};

pub use alerts::{Channels, Delivery, NewChannels};
pub use backups::{Backup, BackupQuery, Copy, EvidenceRow};
pub use connections::{ChangeConnection, NewConnection};
pub use health::{DayCount, StoredByDay, VaultUse};
pub use people::{NewUser, UserRow};
pub use runs::{Run, RunEvent, RunQuery, RunRequest};
pub use sources::{ScheduleRow, SourceRow};

/// The rows of one organisation. Made by [`Catalog::tenant`] from a scope, or for a claimed run.
#[derive(Debug)]
pub struct TenantCatalog<'c> {
    catalog: &'c Catalog,
    tenant: TenantId,
    actor: Actor,
}

impl<'c> TenantCatalog<'c> {
    pub(crate) const fn new(catalog: &'c Catalog, tenant: TenantId, actor: Actor) -> Self {
        Self { catalog, tenant, actor }
    }
    /// Which organisation.
    pub const fn tenant_id(&self) -> TenantId {
        self.tenant
    }
}
