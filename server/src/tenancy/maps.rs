//! Tenant maps, as the pages ask for them.

use app::tenancy::map_api::{
    ConfirmMap, InferMap, MapDetail, MapFilter, MapReview, MapSummary, MappingDetail, MapsPort, SetEngine,
    SetMapping,
};
use async_trait::async_trait;
use domain::{
    Fault, RunId, SourceId,
    access::may::{ManageSources, ManageTenantMap, ReadSources},
};

use crate::caller::Caller;

#[async_trait]
impl MapsPort for Caller {
    async fn get_map_summary(&self, source: SourceId) -> Result<MapSummary, Fault> {
        self.answer("show a tenant map", self.of_source::<ReadSources, _>(Some(source)).await)
    }
    async fn get_map(&self, filter: MapFilter) -> Result<MapDetail, Fault> {
        self.answer("show a tenant map", self.of_source::<ReadSources, _>(Some(filter.source_id)).await)
    }
    async fn get_mapping(&self, source: SourceId, _: String) -> Result<MappingDetail, Fault> {
        self.answer("show a table's route", self.of_source::<ReadSources, _>(Some(source)).await)
    }
    async fn review_map(&self, source: SourceId) -> Result<MapReview, Fault> {
        self.answer("review a tenant map", self.of_source::<ReadSources, _>(Some(source)).await)
    }
    async fn set_mapping(&self, request: SetMapping) -> Result<(), Fault> {
        self.answer("choose a route", self.of_source::<ManageTenantMap, _>(Some(request.source_id)).await)
    }
    async fn infer_map(&self, request: InferMap) -> Result<RunId, Fault> {
        self.answer("infer a tenant map", self.of_source::<ManageTenantMap, _>(Some(request.source_id)).await)
    }
    async fn confirm_map(&self, request: ConfirmMap) -> Result<(), Fault> {
        self.answer(
            "confirm a tenant map",
            self.of_source::<ManageTenantMap, _>(Some(request.source_id)).await,
        )
    }
    async fn set_engine(&self, request: SetEngine) -> Result<(), Fault> {
        self.answer("choose an engine", self.of_source::<ManageSources, _>(Some(request.source_id)).await)
    }
}
