//! The rows of one organisation. Every statement here is bound to the tenant of the scope.

mod alerts;
mod approvals;
mod backups;
mod connections;
mod groups;
mod health;
mod invitations;
mod leaving;
mod map_store;
mod map_tables;
mod maps;
mod moved;
mod new_run;
mod people;
mod physical;
mod restore_requests;
mod restore_steps;
mod roles;
mod run_deed;
mod run_input;
mod run_row;
mod runs;
mod second_person;
mod source_tenants;
mod sources;
mod spelling;
mod start_run;
mod trail;
mod webhooks;

use domain::{TenantId, audit::Origin, powers::Powers};

use crate::{
    Catalog,
    audit::Actor,
    db::{Reader, Scope, Tx},
    error::Result,
};

pub(crate) use alerts::Notice;
pub use alerts::{Channels, Delivery, NewChannels};
pub use approvals::{
    Absence, Alone, Approval, ApprovalQuery, ApprovalWhole, Asked, Decision, NewAbsence, RuleRow, Which,
};
pub(crate) use approvals::{Held, holds, votes, wait_again};
pub(crate) use backups::read_copies;
pub use backups::{Backup, BackupQuery, Copy, EvidenceRow, Split};
pub use connections::{ChangeConnection, NewConnection};
pub use groups::{Group, GroupMember, GroupWish};
pub use health::{DayCount, StoredByDay, VaultUse};
pub use invitations::{Invitation, NewInvitation};
pub use leaving::Leaving;
pub use map_store::Inferred;
pub(crate) use map_store::{FoundDrift, store_inferred};
pub use map_tables::{MapQuery, MapTable, TableChoices, TableColumn};
pub(crate) use maps::digest_of;
pub use maps::{MapHead, MapVersion};
pub(crate) use moved::Moved;
pub(crate) use new_run::NewRun;
pub use people::{NewUser, UserRow};
pub(crate) use physical::insert_scheduled;
pub use physical::{ChainLink, Continues, Files, LONGEST_CHAIN};
pub use restore_requests::{Restore, RestoreEvent, RestoreQuery};
pub(crate) use restore_steps::RestoreStep;
pub use restore_steps::UNDO_MS;
pub use roles::{CustomRole, GivenRole};
pub use run_input::{RunInput, RunOutput};
pub(crate) use run_row::{RunRow, append_event, run_columns};
pub use runs::{Run, RunEvent, RunQuery};
pub use second_person::Member;
pub use source_tenants::{TenantPart, TenantQuery, TenantRow};
pub(crate) use sources::owed_since;
pub use sources::{ScheduleRow, SourceRow};
pub(crate) use spelling::store_spelling;
pub use start_run::{RunRequest, TENANT_BACKUPS_WAITING};
pub(crate) use webhooks::acts as webhook_acts;
pub use webhooks::{MOST_WEBHOOKS, NewWebhook, Webhook};

/// The rows of one organisation. Made by [`Catalog::tenant`] from a scope, or for a claimed run.
#[derive(Debug)]
pub struct TenantCatalog<'c> {
    pub(crate) catalog: &'c Catalog,
    pub(crate) tenant: TenantId,
    /// What whoever asks may here; none for work without a person.
    pub(crate) powers: Option<Powers>,
    pub(crate) actor: Actor,
    /// From where it is asked, for the audit trail.
    pub(crate) origin: Origin,
}

impl<'c> TenantCatalog<'c> {
    pub(crate) const fn new(
        catalog: &'c Catalog,
        tenant: TenantId,
        powers: Option<Powers>,
        actor: Actor,
    ) -> Self {
        Self { catalog, tenant, powers, actor, origin: Origin::here() }
    }
    /// Which organisation.
    pub const fn tenant_id(&self) -> TenantId {
        self.tenant
    }
    pub(crate) fn key(&self) -> String {
        self.tenant.to_string()
    }
    fn now(&self) -> i64 {
        self.catalog.clock.now().0
    }
    pub(crate) async fn read(&self) -> Result<Reader> {
        self.catalog.db.read_in(Scope::Tenant(self.tenant)).await
    }
    pub(crate) async fn begin(&self) -> Result<Tx> {
        self.catalog.db.begin_in(Scope::Tenant(self.tenant)).await
    }
}
