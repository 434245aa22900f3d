//! Tenants and what may be done for one of them.

use async_trait::async_trait;
use domain::{
    BackupId, ByteSize, Cursor, Fault, Page, RestoreId, RunId, SourceId, Timestamp,
    backups::Verification,
    health::TenantStanding,
    restores::RequestState,
    tenancy::{ExportFormat, TenantKey},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::map_api::MapSummary;
#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::{backups::api::RunRow, port::ApiError, restores::request_api::RestoreRow};

/// Which tenants to list, in the order of their keys; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TenantFilter {
    /// Of one source.
    pub source: Option<SourceId>,
    /// Key or name contains this, whatever the case.
    pub search: Option<String>,
    /// Standing so.
    pub standing: Option<TenantStanding>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// Tenants, and how the maps that tell them apart stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantList {
    /// The tenants.
    pub page: Page<TenantRow>,
    /// How many there are in all, whatever the filter.
    pub total: u64,
    /// The maps of the sources in question: of the one asked for, or of every source that needs somebody's eyes.
    pub maps: Vec<MapSummary>,
}

/// One tenant in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRow {
    /// Of which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// Its key there.
    pub key: TenantKey,
    /// What people call it, if that is known.
    pub name: Option<String>,
    /// Its rows in the newest backup that holds it.
    pub rows: u64,
    /// What they take in the vault.
    pub stored: ByteSize,
    /// Whether it can be restored.
    pub standing: TenantStanding,
    /// The instant of its newest point that is proven and complete.
    pub restorable_to: Option<Timestamp>,
    /// Its newest tenant restore.
    pub last_restore: Option<LastRestore>,
}

/// The newest restore of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRestore {
    /// Which.
    pub id: RestoreId,
    /// How it stands.
    pub state: RequestState,
    /// When it got there.
    pub at: Timestamp,
}

/// One tenant with what its page shows beside its points and tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDetail {
    /// As in the list.
    pub row: TenantRow,
    /// One sentence that explains the standing.
    pub because: String,
    /// The map of its source.
    pub map: MapSummary,
    /// Newest runs for it first (its own backups, exports, restores), ten at most.
    pub runs: Vec<RunRow>,
    /// Newest requests for it first, ten at most.
    pub restores: Vec<RestoreRow>,
    /// A run at work for it now.
    pub active_run: Option<RunId>,
}

/// Which recovery points of a tenant to list, newest first. Only backups that are kept and hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointFilter {
    /// Of which source.
    pub source_id: SourceId,
    /// Of which tenant.
    pub tenant: TenantKey,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// A backup that holds a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantPoint {
    /// The backup.
    pub backup_id: BackupId,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// A person's label.
    pub label: Option<String>,
    /// What is known about it.
    pub verification: Verification,
    /// When that was found.
    pub verified_at: Option<Timestamp>,
    /// Whether the backup holds nobody else: it was taken for this tenant.
    pub is_own: bool,
    /// Whether every table had a route when it was taken; if not, rows of the tenant may lie among the shared ones.
    pub is_complete: bool,
    /// Rows of the tenant.
    pub rows: u64,
    /// What they take in the vault.
    pub stored: ByteSize,
}

/// Which tables of a tenant to list, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantTableFilter {
    /// In which backup.
    pub backup_id: BackupId,
    /// Of which tenant.
    pub tenant: TenantKey,
    /// The name contains this, whatever the case.
    pub search: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// A table of a tenant in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantTable {
    /// Its name.
    pub table: String,
    /// Rows of the tenant in it.
    pub rows: u64,
}

/// A tenant's rows to take away as a file. The run that writes it also checks it; its page offers the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportTenant {
    /// Whose.
    pub tenant: TenantKey,
    /// From which backup.
    pub backup_id: BackupId,
    /// As what.
    pub format: ExportFormat,
}

/// What a page may ask about tenants.
#[async_trait]
pub trait TenantsPort: Send + Sync {
    /// Tenants, by source and key.
    async fn list_tenants(&self, filter: TenantFilter) -> Result<TenantList, Fault>;
    /// One tenant. [`Fault::NotFound`] if no backup ever held it.
    async fn get_tenant(&self, source: SourceId, tenant: TenantKey) -> Result<TenantDetail, Fault>;
    /// Its recovery points, newest first.
    async fn list_points(&self, filter: PointFilter) -> Result<Page<TenantPoint>, Fault>;
    /// Its tables in one backup, by name; those without a row of it are left out.
    async fn list_tenant_tables(&self, filter: TenantTableFilter) -> Result<Page<TenantTable>, Fault>;
    /// Queues an export.
    async fn export_tenant(&self, request: ExportTenant) -> Result<RunId, Fault>;
}

/// Takes a tenant's rows away as a file.
#[server(name = ExportTenantFn, prefix = "/fn", endpoint = "tenancy/export")]
pub async fn export_tenant(request: ExportTenant) -> Result<RunId, ApiError> {
    let id = backend()?.export_tenant(request).await?;
    Ok(crate::redirect_to(&format!("/runs/{id}"), id))
}
