//! Whose rows are whose, and what reads them.
//!
//! What people change is the *draft*; backups follow the map that was confirmed last. Every change names the
//! version of the draft that it was made on, so that two people cannot change past each other.

use async_trait::async_trait;
use domain::{
    Cursor, Fault, Page, RunId, SourceId, Timestamp,
    sources::EngineKind,
    tenancy::{Drift, Path, Route, RouteKind},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::port::ApiError;
#[cfg(feature = "ssr")]
use crate::port::backend;

/// How far a source's map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapState {
    /// Nothing was inferred yet.
    Missing,
    /// Inferred; nobody has confirmed it.
    Unconfirmed,
    /// Confirmed, and since then nobody changed the draft.
    Confirmed,
    /// Confirmed; the draft has changes that backups do not follow yet.
    Changed,
}

/// Tables by the way their rows are led.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RouteCounts {
    /// By a column of their own.
    pub column: u64,
    /// By foreign keys.
    pub paths: u64,
    /// Shared.
    pub shared: u64,
    /// Left out.
    pub excluded: u64,
}

/// A source's map in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapSummary {
    /// Of which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// What reads the source. Without the native engine nothing is split by tenant.
    pub engine: EngineKind,
    /// How far it is.
    pub state: MapState,
    /// When it was confirmed last.
    pub confirmed_at: Option<Timestamp>,
    /// By whom.
    pub confirmed_by: Option<String>,
    /// Tables of the draft.
    pub counts: RouteCounts,
    /// What the newest run or inference found not to fit the confirmed map; those that break coverage first.
    pub drift: Vec<Drift>,
}

impl MapSummary {
    /// Whether rows of tenants may lie among the shared ones.
    pub fn is_incomplete(&self) -> bool {
        self.drift.iter().any(Drift::breaks_coverage)
    }
}

/// Which tables of a map to list, by name; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapFilter {
    /// Of which source.
    pub source_id: SourceId,
    /// Led so.
    pub kind: Option<RouteKind>,
    /// Only those that need somebody's eyes: drifted, or with a note.
    pub attention: bool,
    /// The name contains this, whatever the case.
    pub search: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// A source's map with some of its tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapDetail {
    /// In a few words.
    pub summary: MapSummary,
    /// The column that was looked for.
    pub tenant_column: String,
    /// The draft's version.
    pub version: i64,
    /// When the schema was read that it was inferred from.
    pub inferred_at: Option<Timestamp>,
    /// A run that infers it again now.
    pub active_run: Option<RunId>,
    /// Tables of the draft, fifty at most.
    pub tables: Page<MapRow>,
}

/// A table of a map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRow {
    /// Its name.
    pub table: String,
    /// How its rows are led; none for a table that the draft does not have.
    pub route: Option<Route>,
    /// Whether a person chose the route; if not, it was inferred.
    pub is_chosen: bool,
    /// Whether the confirmed map has the same route.
    pub is_confirmed: bool,
    /// What a person should know of it.
    pub note: Option<String>,
    /// What does not fit.
    pub drift: Option<Drift>,
}

/// One table with everything that can be chosen for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingDetail {
    /// Of which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// The draft's version.
    pub version: i64,
    /// As in the list.
    pub row: MapRow,
    /// The route that backups follow now.
    pub confirmed: Option<Route>,
    /// The table's columns, in its order.
    pub columns: Vec<ColumnChoice>,
    /// Ways over foreign keys to a tenant, shortest first.
    pub paths: Vec<PathChoice>,
}

/// A column that may name the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnChoice {
    /// Its name.
    pub column: String,
    /// Its type as the server writes it.
    pub data_type: String,
    /// Whether it may be NULL: such rows are shared.
    pub is_nullable: bool,
}

/// A way over foreign keys that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathChoice {
    /// Short and stable: a digest of the path.
    pub id: String,
    /// The path.
    pub path: Path,
    /// Whether the draft has it.
    pub is_chosen: bool,
}

/// What confirming the draft would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapReview {
    /// In a few words.
    pub summary: MapSummary,
    /// The draft's version: what is confirmed.
    pub version: i64,
    /// How many tables change.
    pub total: u64,
    /// The first two hundred of them, by name.
    pub changes: Vec<RouteChange>,
}

/// A table whose route changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteChange {
    /// Its name.
    pub table: String,
    /// The route that backups follow now; none for a new table.
    pub before: Option<Route>,
    /// The route of the draft; none for a table that is taken out.
    pub after: Option<Route>,
}

/// A route to choose for one table of the draft.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetMapping {
    /// Of which source.
    pub source_id: SourceId,
    /// The draft's version that was looked at.
    pub version: i64,
    /// Which table.
    pub table: String,
    /// Which way.
    pub route: RouteKind,
    /// The column, for [`RouteKind::Column`].
    #[serde(default)]
    pub column: Option<String>,
    /// Ids of the paths, for [`RouteKind::Paths`].
    #[serde(default)]
    pub paths: Vec<String>,
    /// Why, for [`RouteKind::Excluded`].
    #[serde(default)]
    pub reason: Option<String>,
}

/// A draft to infer again. Routes that a person chose stay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InferMap {
    /// Of which source.
    pub source_id: SourceId,
    /// The column to look for.
    pub tenant_column: String,
}

/// A draft to confirm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfirmMap {
    /// Of which source.
    pub source_id: SourceId,
    /// The draft's version that was looked at.
    pub version: i64,
}

/// An engine to choose for a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetEngine {
    /// For which source.
    pub source_id: SourceId,
    /// Which.
    pub engine: EngineKind,
}

/// What a page may ask about tenant maps.
#[async_trait]
pub trait MapsPort: Send + Sync {
    /// The map of a source in a few words.
    async fn get_map_summary(&self, source: SourceId) -> Result<MapSummary, Fault>;
    /// The map of a source with some of its tables.
    async fn get_map(&self, filter: MapFilter) -> Result<MapDetail, Fault>;
    /// One table of it.
    async fn get_mapping(&self, source: SourceId, table: String) -> Result<MappingDetail, Fault>;
    /// What confirming the draft would change.
    async fn review_map(&self, source: SourceId) -> Result<MapReview, Fault>;
    /// Chooses a route. [`Fault::Conflict`] if the draft has another version.
    async fn set_mapping(&self, request: SetMapping) -> Result<(), Fault>;
    /// Queues a run that reads the schema and infers the draft again.
    async fn infer_map(&self, request: InferMap) -> Result<RunId, Fault>;
    /// Queues a run that lets backups follow the draft if it fits the schema. [`Fault::Conflict`] if it has another
    /// version.
    async fn confirm_map(&self, request: ConfirmMap) -> Result<RunId, Fault>;
    /// Chooses what reads a source.
    async fn set_engine(&self, request: SetEngine) -> Result<(), Fault>;
}

/// Chooses a route.
#[server(name = SetMappingFn, prefix = "/fn", endpoint = "tenancy/set_mapping")]
pub async fn set_mapping(request: SetMapping) -> Result<(), ApiError> {
    let path = format!("/sources/{}/map?done=mapping", request.source_id);
    backend()?.set_mapping(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Infers a draft again.
#[server(name = InferMapFn, prefix = "/fn", endpoint = "tenancy/infer_map")]
pub async fn infer_map(request: InferMap) -> Result<RunId, ApiError> {
    let path = format!("/sources/{}/map", request.source_id);
    Ok(crate::redirect_to(&path, backend()?.infer_map(request).await?))
}

/// Lets backups follow a draft that fits the schema.
#[server(name = ConfirmMapFn, prefix = "/fn", endpoint = "tenancy/confirm_map")]
pub async fn confirm_map(request: ConfirmMap) -> Result<RunId, ApiError> {
    let id = backend()?.confirm_map(request).await?;
    Ok(crate::redirect_to(&format!("/runs/{id}"), id))
}

/// Chooses what reads a source.
#[server(name = SetEngineFn, prefix = "/fn", endpoint = "tenancy/set_engine")]
pub async fn set_engine(request: SetEngine) -> Result<(), ApiError> {
    let path = format!("/sources/{}?done=engine", request.source_id);
    backend()?.set_engine(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}
