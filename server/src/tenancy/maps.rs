//! Tenant maps, as the pages ask for them.

use app::tenancy::map_api::{
    ConfirmMap, InferMap, MapDetail, MapFilter, MapReview, MapSummary, MappingDetail, MapsPort, SetEngine,
    SetMapping,
};
use async_trait::async_trait;
use domain::{Fault, RunId, SourceId};

use super::{map_change, map_read};
use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn map_summary(&self, source: SourceId) -> Result<MapSummary> {
        map_read::get_summary(self, self.allow().await?, source).await
    }
    async fn map(&self, filter: MapFilter) -> Result<MapDetail> {
        map_read::get(self, self.allow().await?, filter).await
    }
    async fn mapping(&self, source: SourceId, table: &str) -> Result<MappingDetail> {
        map_read::get_mapping(self, self.allow().await?, source, table).await
    }
    async fn map_review(&self, source: SourceId) -> Result<MapReview> {
        map_read::review(self, self.allow().await?, source).await
    }
    async fn chosen_mapping(&self, request: SetMapping) -> Result<()> {
        map_change::set_mapping(self, self.allow().await?, request).await
    }
    async fn queued_inference(&self, request: InferMap) -> Result<RunId> {
        map_change::infer(self, self.allow().await?, request).await
    }
    async fn queued_confirmation(&self, request: ConfirmMap) -> Result<RunId> {
        map_change::confirm(self, self.allow().await?, request).await
    }
    async fn chosen_engine(&self, request: SetEngine) -> Result<()> {
        map_change::set_engine(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl MapsPort for Caller {
    async fn get_map_summary(&self, source: SourceId) -> Result<MapSummary, Fault> {
        self.answer("show a tenant map", self.map_summary(source).await)
    }
    async fn get_map(&self, filter: MapFilter) -> Result<MapDetail, Fault> {
        self.answer("show a tenant map", self.map(filter).await)
    }
    async fn get_mapping(&self, source: SourceId, table: String) -> Result<MappingDetail, Fault> {
        self.answer("show a table's route", self.mapping(source, &table).await)
    }
    async fn review_map(&self, source: SourceId) -> Result<MapReview, Fault> {
        self.answer("review a tenant map", self.map_review(source).await)
    }
    async fn set_mapping(&self, request: SetMapping) -> Result<(), Fault> {
        self.answer("choose a route", self.chosen_mapping(request).await)
    }
    async fn infer_map(&self, request: InferMap) -> Result<RunId, Fault> {
        self.answer("infer a tenant map", self.queued_inference(request).await)
    }
    async fn confirm_map(&self, request: ConfirmMap) -> Result<RunId, Fault> {
        self.answer("confirm a tenant map", self.queued_confirmation(request).await)
    }
    async fn set_engine(&self, request: SetEngine) -> Result<(), Fault> {
        self.answer("choose an engine", self.chosen_engine(request).await)
    }
}
