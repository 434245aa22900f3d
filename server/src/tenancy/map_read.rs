//! Looking at tenant maps.

use app::tenancy::map_api::{
    ColumnChoice, MapDetail, MapFilter, MapReview, MapRow, MapState, MapSummary, MappingDetail, PathChoice,
    RouteChange, RouteCounts,
};
use catalog::{MapHead, MapQuery, MapTable, RunQuery, Scope};
use domain::{
    SourceId,
    access::may,
    backups::RunKind,
    tenancy::{Path, Route, RouteKind},
};
use sha2::{Digest, Sha256};

use crate::{caller::Caller, fault::Result};

/// Changes that a review spells out.
const SHOWN: u32 = 200;

/// A map in a few words.
pub fn summary(head: &MapHead) -> MapSummary {
    let count = |kind| head.counts.iter().find(|count| count.0 == kind).map_or(0, |count| count.1);
    MapSummary {
        source_id: head.source_id,
        database: head.database.clone(),
        engine: head.engine,
        state: match (head.version, &head.confirmed, head.changed) {
            (0, ..) => MapState::Missing,
            (_, None, _) => MapState::Unconfirmed,
            (_, Some(_), 0) => MapState::Confirmed,
            (_, Some(_), _) => MapState::Changed,
        },
        confirmed_at: head.confirmed.as_ref().map(|confirmed| confirmed.2),
        confirmed_by: head.confirmed.as_ref().map(|confirmed| confirmed.1.clone()),
        counts: RouteCounts {
            column: count(RouteKind::Column),
            paths: count(RouteKind::Paths),
            shared: count(RouteKind::Shared),
            excluded: count(RouteKind::Excluded),
        },
        drift: head.drift.clone(),
    }
}

fn map_row(table: &MapTable) -> MapRow {
    MapRow {
        table: table.table.clone(),
        route: table.route.clone(),
        is_chosen: table.is_chosen,
        is_confirmed: table.route.is_some() && table.route == table.confirmed,
        note: table.note.clone(),
        drift: table.drift.clone(),
    }
}

/// The id of a path: short, and the same whenever the schema is looked at.
pub fn path_id(path: &Path) -> String {
    let text = serde_json::to_string(path).unwrap_or_default();
    hex::encode(&Sha256::digest(text)[..8])
}

/// The map of a source in a few words.
pub async fn get_summary(
    caller: &Caller,
    scope: Scope<may::ReadSources>,
    source: SourceId,
) -> Result<MapSummary> {
    Ok(summary(&caller.rows(&scope).get_map(source).await?))
}

/// The map of a source with some of its tables.
pub async fn get(caller: &Caller, scope: Scope<may::ReadSources>, filter: MapFilter) -> Result<MapDetail> {
    let rows = caller.rows(&scope);
    let head = rows.get_map(filter.source_id).await?;
    let query = MapQuery {
        source: filter.source_id,
        kind: filter.kind,
        attention: filter.attention,
        search: filter.search,
        after: filter.after,
        limit: 0,
    };
    let active = RunQuery {
        source: Some(filter.source_id),
        kind: Some(RunKind::InferMap),
        active: true,
        limit: 1,
        ..RunQuery::default()
    };
    Ok(MapDetail {
        summary: summary(&head),
        tenant_column: head.tenant_column,
        version: head.version,
        inferred_at: head.inferred_at,
        active_run: rows.list_runs(&active).await?.rows.first().map(|run| run.id),
        tables: rows.list_map_tables(&query).await?.map(|table| map_row(&table)),
    })
}

/// One table with everything that can be chosen for it. Paths that are chosen and no schema suggests any more are
/// among them, so that they can be taken out.
pub async fn get_mapping(
    caller: &Caller,
    scope: Scope<may::ReadSources>,
    source: SourceId,
    table: &str,
) -> Result<MappingDetail> {
    let rows = caller.rows(&scope);
    let head = rows.get_map(source).await?;
    let (found, choices) = rows.get_map_table(source, table).await?;
    let chosen = match &found.route {
        Some(Route::Paths { paths }) => paths.clone(),
        _ => Vec::new(),
    };
    let mut paths = choices.paths;
    paths.extend(chosen.iter().filter(|path| !paths.contains(path)).cloned().collect::<Vec<_>>());
    let columns = choices.columns.into_iter().map(|column| ColumnChoice {
        column: column.column,
        data_type: column.data_type,
        is_nullable: column.is_nullable,
    });
    Ok(MappingDetail {
        source_id: source,
        database: head.database,
        version: head.version,
        row: map_row(&found),
        confirmed: found.confirmed,
        columns: columns.collect(),
        paths: paths
            .into_iter()
            .map(|path| PathChoice { id: path_id(&path), is_chosen: chosen.contains(&path), path })
            .collect(),
    })
}

/// What confirming the draft would change.
pub async fn review(caller: &Caller, scope: Scope<may::ReadSources>, source: SourceId) -> Result<MapReview> {
    let rows = caller.rows(&scope);
    let head = rows.get_map(source).await?;
    let (total, changes) = rows.map_changes(source, SHOWN).await?;
    let change =
        |table: MapTable| RouteChange { table: table.table, before: table.confirmed, after: table.route };
    Ok(MapReview {
        summary: summary(&head),
        version: head.version,
        total,
        changes: changes.into_iter().map(change).collect(),
    })
}
