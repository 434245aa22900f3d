//! Organisations, for whoever runs the installation.

use domain::{TenantId, Timestamp, access::Permission};

use super::principal::Principal;
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
}
