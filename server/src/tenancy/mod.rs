//! Tenants of a source and the map that tells them apart, as the pages ask for them.

pub mod maps;

use app::tenancy::api::{
    ExportTenant, PointFilter, TenantDetail, TenantFilter, TenantList, TenantPoint, TenantTable,
    TenantTableFilter, TenantsPort,
};
use async_trait::async_trait;
use domain::{
    BackupId, Fault, Page, RunId, SourceId,
    access::may::{self, May},
    tenancy::TenantKey,
};

use crate::{caller::Caller, fault::Result};

/// No backup is split by tenant yet: what is asked about a source that is there cannot be answered now.
fn not_yet<T>() -> Result<T> {
    Err(Fault::Unavailable { what: "the engine that keeps tenants apart".into() }.into())
}

impl Caller {
    async fn of_source<P: May, T>(&self, source: Option<SourceId>) -> Result<T> {
        let scope = self.allow::<P>().await?;
        if let Some(source) = source {
            self.rows(&scope).get_source(source).await?;
        }
        not_yet()
    }
    async fn of_backup<P: May, T>(&self, backup: BackupId) -> Result<T> {
        let scope = self.allow::<P>().await?;
        self.rows(&scope).get_backup(backup).await?;
        not_yet()
    }
}

#[async_trait]
impl TenantsPort for Caller {
    async fn list_tenants(&self, filter: TenantFilter) -> Result<TenantList, Fault> {
        self.answer("list tenants", self.of_source::<may::ReadBackups, _>(filter.source).await)
    }
    async fn get_tenant(&self, source: SourceId, _: TenantKey) -> Result<TenantDetail, Fault> {
        self.answer("show a tenant", self.of_source::<may::ReadBackups, _>(Some(source)).await)
    }
    async fn list_points(&self, filter: PointFilter) -> Result<Page<TenantPoint>, Fault> {
        self.answer(
            "list recovery points",
            self.of_source::<may::ReadBackups, _>(Some(filter.source_id)).await,
        )
    }
    async fn list_tenant_tables(&self, filter: TenantTableFilter) -> Result<Page<TenantTable>, Fault> {
        self.answer("list a tenant's tables", self.of_backup::<may::ReadBackups, _>(filter.backup_id).await)
    }
    async fn export_tenant(&self, request: ExportTenant) -> Result<RunId, Fault> {
        self.answer("export a tenant", self.of_backup::<may::ExportBackup, _>(request.backup_id).await)
    }
}
