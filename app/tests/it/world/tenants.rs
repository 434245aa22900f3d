//! The scripted backend's tenants, maps and restores.

use app::restores::{
    difference_api::{DifferenceFilter, RowDifferences, RowFilter},
    request_api::{
        ChangeLive, DecideRestore, PlanRestore, RequestsPort, RestoreDetail, RestoreFilter, RestoreRef,
        RestoreRow,
    },
};
use app::tenancy::api::{
    ExportTenant, PointFilter, TenantDetail, TenantFilter, TenantList, TenantPoint, TenantTable,
    TenantTableFilter, TenantsPort,
};
use app::tenancy::map_api::{
    ConfirmMap, InferMap, MapDetail, MapFilter, MapReview, MapSummary, MappingDetail, MapsPort, SetEngine,
    SetMapping,
};
use async_trait::async_trait;
use domain::{
    Fault, Page, Refusal, RestoreId, RunId, SourceId, restores::TableDifference, tenancy::TenantKey,
};

use super::{data, script::Script};

#[async_trait]
impl TenantsPort for Script {
    async fn list_tenants(&self, filter: TenantFilter) -> Result<TenantList, Fault> {
        let page = self.page(data::tenants(filter.search.as_deref()), filter.after.as_ref())?;
        let maps = self.answer(|| Ok(vec![data::missing_map()]), || vec![data::map_summary()])?;
        let total = if page.rows.is_empty() && filter.search.is_none() { 0 } else { 1_204 };
        Ok(TenantList { page, total, maps })
    }
    async fn get_tenant(&self, source: SourceId, tenant: TenantKey) -> Result<TenantDetail, Fault> {
        if tenant.as_str() == "nobody" {
            return Err(Fault::NotFound);
        }
        self.answer(|| Ok(data::new_tenant(source, tenant.clone())), || data::tenant(source, tenant.clone()))
    }
    async fn list_points(&self, filter: PointFilter) -> Result<Page<TenantPoint>, Fault> {
        self.page(data::points(), filter.after.as_ref())
    }
    async fn list_tenant_tables(&self, filter: TenantTableFilter) -> Result<Page<TenantTable>, Fault> {
        self.page(data::tenant_tables(filter.search.as_deref()), filter.after.as_ref())
    }
    async fn export_tenant(&self, _: ExportTenant) -> Result<RunId, Fault> {
        Ok(data::id(77))
    }
}

#[async_trait]
impl MapsPort for Script {
    async fn get_map_summary(&self, _: SourceId) -> Result<MapSummary, Fault> {
        self.answer(|| Ok(data::missing_map()), data::map_summary)
    }
    async fn get_map(&self, filter: MapFilter) -> Result<MapDetail, Fault> {
        let tables = self.page(data::map_rows(&filter), filter.after.as_ref())?;
        self.answer(|| Ok(data::empty_map()), || data::map(tables))
    }
    async fn get_mapping(&self, source: SourceId, table: String) -> Result<MappingDetail, Fault> {
        self.answer(|| Err(Fault::NotFound), || data::mapping(source, &table))
    }
    async fn review_map(&self, _: SourceId) -> Result<MapReview, Fault> {
        self.answer(|| Ok(data::no_review()), data::review)
    }
    async fn set_mapping(&self, request: SetMapping) -> Result<(), Fault> {
        if request.version == 1 { Err(Fault::Conflict) } else { Ok(()) }
    }
    async fn infer_map(&self, request: InferMap) -> Result<RunId, Fault> {
        match request.tenant_column.trim() {
            "" => Err(Fault::invalid("tenant_column", "Enter the name of a column, such as TenantId.")),
            _ => Ok(data::id(78)),
        }
    }
    async fn confirm_map(&self, request: ConfirmMap) -> Result<RunId, Fault> {
        if request.version == 1 { Err(Fault::Conflict) } else { Ok(data::id(78)) }
    }
    async fn set_engine(&self, _: SetEngine) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait]
impl RequestsPort for Script {
    async fn list_restores(&self, filter: RestoreFilter) -> Result<Page<RestoreRow>, Fault> {
        self.page(data::restores(), filter.after.as_ref())
    }
    async fn get_restore(&self, id: RestoreId) -> Result<RestoreDetail, Fault> {
        self.answer(|| Ok(data::planning(id)), || data::restore(id))
    }
    async fn list_differences(&self, filter: DifferenceFilter) -> Result<Page<TableDifference>, Fault> {
        self.page(data::differences(filter.changed), filter.after.as_ref())
    }
    async fn list_row_differences(&self, filter: RowFilter) -> Result<RowDifferences, Fault> {
        let rows = self.page(data::row_differences(), filter.after.as_ref())?;
        Ok(data::table_rows(&filter.table, rows))
    }
    async fn plan_restore(&self, request: PlanRestore) -> Result<RestoreId, Fault> {
        match request.keys.rows() {
            Err(line) => Err(Fault::invalid("keys", format!("Line {line} is not a list of values."))),
            Ok(_) => Ok(data::id(401)),
        }
    }
    async fn request_restore(&self, _: DecideRestore) -> Result<(), Fault> {
        Ok(())
    }
    async fn approve_restore(&self, _: DecideRestore) -> Result<(), Fault> {
        Err(Refusal::SecondPerson.into())
    }
    async fn reject_restore(&self, request: DecideRestore) -> Result<(), Fault> {
        if request.comment.trim().is_empty() {
            return Err(Fault::invalid("comment", "Say why, so that whoever asked can do better."));
        }
        Ok(())
    }
    async fn withdraw_restore(&self, _: RestoreRef) -> Result<(), Fault> {
        Ok(())
    }
    async fn apply_restore(&self, request: ChangeLive) -> Result<(), Fault> {
        match (request.database.as_str(), request.tenant.as_str()) {
            ("grc2", "7") => Ok(()),
            ("grc2", _) => Err(Fault::invalid("tenant", "This is not the tenant of this restore.")),
            _ => Err(Fault::invalid("database", "This is not the database of this restore.")),
        }
    }
    async fn undo_restore(&self, _: ChangeLive) -> Result<(), Fault> {
        Err(Refusal::DifferenceChanged.into())
    }
}
