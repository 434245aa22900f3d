//! Tenants of a source and the map that tells them apart.

pub mod export;
pub mod export_job;
pub mod file;
pub mod infer_job;
pub mod map_change;
pub mod map_read;
pub mod maps;
pub mod read;
pub mod routes;
pub mod schema;
pub mod standing;
pub mod tables;

use app::tenancy::api::{
    ExportTenant, PointFilter, TenantDetail, TenantFilter, TenantList, TenantPoint, TenantTable,
    TenantTableFilter, TenantsPort,
};
use async_trait::async_trait;
use domain::{Fault, Page, RunId, SourceId, tenancy::TenantKey};

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn tenants(&self, filter: TenantFilter) -> Result<TenantList> {
        read::list(self, self.allow().await?, filter).await
    }
    async fn tenant_detail(&self, source: SourceId, tenant: &TenantKey) -> Result<TenantDetail> {
        read::get(self, self.allow().await?, source, tenant).await
    }
    async fn points(&self, filter: PointFilter) -> Result<Page<TenantPoint>> {
        read::points(self, self.allow().await?, filter).await
    }
    async fn tenant_tables(&self, filter: TenantTableFilter) -> Result<Page<TenantTable>> {
        tables::list(self, self.allow().await?, filter).await
    }
    async fn queued_export(&self, request: ExportTenant) -> Result<RunId> {
        export::start(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl TenantsPort for Caller {
    async fn list_tenants(&self, filter: TenantFilter) -> Result<TenantList, Fault> {
        self.answer("list tenants", self.tenants(filter).await)
    }
    async fn get_tenant(&self, source: SourceId, tenant: TenantKey) -> Result<TenantDetail, Fault> {
        self.answer("show a tenant", self.tenant_detail(source, &tenant).await)
    }
    async fn list_points(&self, filter: PointFilter) -> Result<Page<TenantPoint>, Fault> {
        self.answer("list recovery points", self.points(filter).await)
    }
    async fn list_tenant_tables(&self, filter: TenantTableFilter) -> Result<Page<TenantTable>, Fault> {
        self.answer("list a tenant's tables", self.tenant_tables(filter).await)
    }
    async fn export_tenant(&self, request: ExportTenant) -> Result<RunId, Fault> {
        self.answer("export a tenant", self.queued_export(request).await)
    }
}
