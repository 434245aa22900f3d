//! What every test asks of a tenant's restore: plan it, apply it, undo it, with what these have in common said once.

use domain::{
    restores::{Difference, Selection, TenantRestore},
    tenancy::TenantKey,
};
use engine::{
    format::keys::Place,
    pipeline::{
        Control, Vault,
        tenant_restore::{self, Applied, RestorePlace},
    },
    source::mysql::connect::Endpoint,
};
use uuid::Uuid;

use crate::mysql_server::database;

/// One tenant's rows in one live database.
pub struct Rows<'v> {
    pub vault: &'v Vault,
    /// The live server, and the account that restores.
    pub live: Endpoint,
    pub name: &'static str,
    pub tenant: TenantKey,
}

/// A new restore of the source of `backup`.
pub fn anew(backup: &Place) -> RestorePlace {
    RestorePlace { source: backup.source, restore: Uuid::now_v7(), attempt: 1 }
}

impl Rows<'_> {
    pub async fn plan(
        &self,
        backup: &Place,
        selection: Selection,
        at: &RestorePlace,
        control: &Control,
    ) -> engine::Result<Difference> {
        let wish = TenantRestore { backup_id: backup.backup, tenant: self.tenant.clone(), selection };
        let name = database(self.name);
        tenant_restore::plan_tenant_restore(self.vault, backup, &wish, &self.live, &name, at, control).await
    }
    pub async fn apply(&self, at: &RestorePlace, digest: &str, control: &Control) -> engine::Result<Applied> {
        let (tenant, name) = (&self.tenant, database(self.name));
        tenant_restore::apply_tenant_restore(self.vault, at, tenant, digest, &self.live, &name, control).await
    }
    pub async fn undo(&self, at: &RestorePlace, digest: &str, control: &Control) -> engine::Result<Applied> {
        let (tenant, name) = (&self.tenant, database(self.name));
        tenant_restore::undo_tenant_restore(self.vault, at, tenant, digest, &self.live, &name, control).await
    }
}
