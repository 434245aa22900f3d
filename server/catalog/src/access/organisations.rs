//! Organisations, for whoever runs the installation.

use domain::{
    TenantId, Timestamp,
    access::{Permission, Role},
    audit::{Act, Deed, Origin},
};

use super::{
    people::insert_tenant,
    principal::Principal,
    setup::{give, join},
};
use crate::{Catalog, db::all, decode::id, error::Result};

/// An organisation at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Which.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// How many people it has.
    pub people: u64,
    /// How many sources it protects.
    pub sources: u64,
    /// The newest instant that was proven to be restorable.
    pub restorable_at: Option<Timestamp>,
}

impl Catalog {
    /// Every organisation, by name. Only for who runs the installation.
    pub async fn list_organisations(&self, operator: &Principal) -> Result<Vec<Organisation>> {
        operator.require_platform(Permission::ReadUsers)?;
        let mut reader = self.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, i64, i64, i64, Option<i64>),
            "select t.tenant_id, t.name, t.created_at, \
             (select count(*) from memberships m where m.tenant_id = t.tenant_id), \
             (select count(*) from sources s where s.tenant_id = t.tenant_id), \
             (select max(b.snapshot_at) from backups b where b.tenant_id = t.tenant_id \
             and b.verification = 'restore_ok' and b.retention = 'active') \
             from tenants t order by t.name, t.tenant_id",
        )?;
        let read = |(tenant, name, created_at, people, sources, restorable_at): (
            String,
            String,
            i64,
            i64,
            i64,
            Option<i64>,
        )| {
            Ok(Organisation {
                id: id("tenants", &tenant)?,
                name,
                created_at: Timestamp(created_at),
                people: people.unsigned_abs(),
                sources: sources.unsigned_abs(),
                restorable_at: restorable_at.map(Timestamp),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Adds an organisation and makes whoever adds it its first platform operator, so that they can go to work there and
    /// invite its people. [`crate::Conflict::Duplicate`] if the name is taken.
    pub async fn create_organisation(
        &self,
        operator: &Principal,
        name: &str,
        origin: &Origin,
    ) -> Result<TenantId> {
        operator.require_platform(Permission::ManageUsers)?;
        let (tenant, now) = (TenantId::new(self.clock.uuid()), self.clock.now().0);
        let mut tx = self.db.begin().await?;
        insert_tenant(&mut tx, tenant, name, now).await?;
        if let Some(user) = operator.user_id() {
            join(&mut tx, (tenant, user), (now, None)).await?;
            give(&mut tx, (tenant, user), Role::PlatformOperator.into(), None, (now, None)).await?;
        }
        self.audit(&mut tx, operator.actor(), origin, Deed::done(Act::TenantCreate, tenant)).await?;
        tx.commit().await?;
        Ok(tenant)
    }
}
