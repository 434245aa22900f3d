//! Whose rows are whose in a shared database, as programs see and change it.

use app::tenancy::map_api::{
    ConfirmMap, InferMap, MapDetail, MapFilter, MapRow, MapState, MapsPort, SetMapping,
};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    Cursor, Fault, RunId,
    access::Permission as P,
    tenancy::{Path as Way, Route as Led, RouteKind},
};

use super::{
    Operation, Problem, Route,
    describe::{When, answers, requests},
    extract::{self, Asked, Body},
    reply,
    shapes::Begun,
};
use crate::caller::Caller;

answers! {
    /// A table of a tenant map.
    MapTable {
        /// Its name.
        table: String,
        /// How its rows are led to tenants; null for a table that the draft does not have.
        route: Option<RouteKind>,
        /// The column that names the tenant, for `column`.
        column: Option<String>,
        /// The ways over foreign keys, for `paths`.
        paths: Vec<String>,
        /// Why it is left out, for `excluded`.
        reason: Option<String>,
        /// Whether a person chose the route; if not, it was inferred.
        is_chosen: bool,
        /// Whether backups follow it.
        is_confirmed: bool,
        /// What one should know of it.
        note: Option<String>,
        /// What does not fit.
        drift: Option<String>,
    }
    /// The tenant map of a source with some of its tables.
    TenantMap {
        /// How far it is.
        state: MapState,
        /// The column that was looked for.
        tenant_column: String,
        /// The draft's version; a change names the one it was made on.
        version: i64,
        /// When it was confirmed last.
        confirmed_at: Option<When>,
        /// By whom.
        confirmed_by: Option<String>,
        /// What does not fit the confirmed map; those that break coverage first.
        drift: Vec<String>,
        /// A run that infers it now.
        active_run: Option<RunId>,
        /// Tables of the draft, by name.
        rows: Vec<MapTable>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
    /// A way over foreign keys that may be chosen.
    WayOfTable {
        /// Its id, which a choice names.
        id: String,
        /// The way.
        way: String,
        /// Whether the draft has it.
        is_chosen: bool,
    }
    /// One table with what can be chosen for it.
    MapTableWhole {
        /// The table.
        table: MapTable,
        /// The draft's version.
        version: i64,
        /// Columns that may name the tenant.
        columns: Vec<String>,
        /// Ways over foreign keys, shortest first.
        ways: Vec<WayOfTable>,
    }
}

requests! {
    /// Which tables; every field narrows.
    MapAsked {
        /// Led so.
        route: Option<RouteKind>,
        /// Only those that need somebody's eyes.
        attention: Option<bool>,
        /// The name contains this.
        search: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Which table.
    MapTableAsked {
        /// Its name.
        table: String,
    }
    /// A route for a table.
    RouteSet {
        /// The draft's version that was looked at.
        version: i64,
        /// Which table.
        table: String,
        /// How its rows are led.
        route: RouteKind,
        /// The column, for `column`.
        column: Option<String>,
        /// Ids of ways, for `paths`.
        ways: Option<Vec<String>>,
        /// Why, for `excluded`.
        reason: Option<String>,
    }
    /// A map to infer again. What a person chose stays.
    MapInferred {
        /// The column to look for.
        tenant_column: String,
    }
    /// A draft that backups shall follow.
    MapConfirmed {
        /// The draft's version that was looked at.
        version: i64,
    }
}

/// A way in words: `asset_id → assets.id → … .TenantId`.
fn way(way: &Way) -> String {
    let steps = way
        .steps
        .iter()
        .map(|step| format!("{} → {}.{}", step.columns.join(", "), step.table, step.references.join(", ")));
    format!("{} . {}", steps.collect::<Vec<_>>().join(" → "), way.column)
}

impl From<MapRow> for MapTable {
    fn from(row: MapRow) -> Self {
        let route = row.route.as_ref().map(Led::kind);
        let (column, paths, reason) = match row.route {
            Some(Led::Column { column }) => (Some(column), Vec::new(), None),
            Some(Led::Paths { paths }) => (None, paths.iter().map(way).collect(), None),
            Some(Led::Excluded { reason }) => (None, Vec::new(), Some(reason)),
            Some(Led::Shared) | None => (None, Vec::new(), None),
        };
        Self {
            table: row.table,
            route,
            column,
            paths,
            reason,
            is_chosen: row.is_chosen,
            is_confirmed: row.is_confirmed,
            note: row.note,
            drift: row.drift.map(|drift| drift.to_string()),
        }
    }
}

impl From<MapDetail> for TenantMap {
    fn from(detail: MapDetail) -> Self {
        Self {
            state: detail.summary.state,
            tenant_column: detail.tenant_column,
            version: detail.version,
            confirmed_at: detail.summary.confirmed_at.map(When::from),
            confirmed_by: detail.summary.confirmed_by,
            drift: detail.summary.drift.iter().map(ToString::to_string).collect(),
            active_run: detail.active_run,
            rows: detail.tables.rows.into_iter().map(MapTable::from).collect(),
            next: detail.tables.next.map(|next| next.0),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadSources];
    const MANAGE: &[P] = &[P::ManageTenantMap];
    let read = Operation::answering::<TenantMap>("getTenantMap", "The tenant map of a source", READ)
        .asked::<MapAsked>();
    let table = Operation::answering::<MapTableWhole>("getTableOfMap", "One table of a tenant map", READ)
        .asked::<MapTableAsked>();
    let set = Operation::answering::<MapTableWhole>(
        "setRouteOfTable",
        "Say whose a table's rows are",
        &[P::ManageTenantMap, P::ReadSources],
    )
    .about("Changes the draft; backups follow it once it is confirmed.")
    .body::<RouteSet>();
    let inferred = Operation::answering::<Begun>("inferTenantMap", "Infer a tenant map again", MANAGE)
        .body::<MapInferred>()
        .begins();
    let confirmed = Operation::answering::<Begun>("confirmTenantMap", "Let backups follow the draft", MANAGE)
        .about("A run judges it by the schema as it is now and refuses what does not fit.")
        .body::<MapConfirmed>()
        .begins();
    vec![
        Route::get("/api/v1/sources/{id}/map", read, get),
        Route::get("/api/v1/sources/{id}/map/table", table, get_table),
        Route::put("/api/v1/sources/{id}/map/table", set, set_route),
        Route::post("/api/v1/sources/{id}/map/infer", inferred, infer),
        Route::post("/api/v1/sources/{id}/map/confirm", confirmed, confirm),
    ]
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Asked(asked): Asked<MapAsked>,
) -> Result<Response, Problem> {
    let filter = MapFilter {
        source_id: extract::id(&id)?,
        kind: asked.route,
        attention: asked.attention.unwrap_or_default(),
        search: asked.search,
        after: asked.after.map(Cursor),
    };
    reply::found(&TenantMap::from(caller.get_map(filter).await?))
}

async fn whole(caller: &Caller, id: &str, table: String) -> Result<MapTableWhole, Fault> {
    let id = extract::id(id).map_err(|_| Fault::NotFound)?;
    let detail = caller.get_mapping(id, table).await?;
    let ways = detail.paths.iter();
    Ok(MapTableWhole {
        table: detail.row.into(),
        version: detail.version,
        columns: detail.columns.into_iter().map(|column| column.column).collect(),
        ways: ways
            .map(|choice| WayOfTable {
                id: choice.id.clone(),
                way: way(&choice.path),
                is_chosen: choice.is_chosen,
            })
            .collect(),
    })
}

async fn get_table(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Asked(asked): Asked<MapTableAsked>,
) -> Result<Response, Problem> {
    reply::found(&whole(&caller, &id, asked.table).await?)
}

async fn set_route(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<RouteSet>,
) -> Result<Response, Problem> {
    // Whoever may not see what became of it is told so before anything is changed.
    whole(&caller, &id, request.table.clone()).await?;
    let wish = SetMapping {
        source_id: extract::id(&id)?,
        version: request.version,
        table: request.table.clone(),
        route: request.route,
        column: request.column,
        paths: request.ways.unwrap_or_default(),
        reason: request.reason,
    };
    caller.set_mapping(wish).await?;
    reply::found(&whole(&caller, &id, request.table).await?)
}

async fn infer(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<MapInferred>,
) -> Result<Response, Problem> {
    let wish = InferMap { source_id: extract::id(&id)?, tenant_column: request.tenant_column };
    reply::begun(&Begun { run_id: caller.infer_map(wish).await? })
}

async fn confirm(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<MapConfirmed>,
) -> Result<Response, Problem> {
    let wish = ConfirmMap { source_id: extract::id(&id)?, version: request.version };
    reply::begun(&Begun { run_id: caller.confirm_map(wish).await? })
}
