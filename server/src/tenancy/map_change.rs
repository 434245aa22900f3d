//! Changing tenant maps: a route at a time, a look at the schema, and the word that backups follow them.

use app::tenancy::map_api::{ConfirmMap, InferMap, SetEngine, SetMapping};
use catalog::{RunRequest, Scope, TableChoices};
use domain::{
    Fault, RunId,
    access::may,
    sources::Label,
    tenancy::{Path, Route, RouteKind},
};

use super::map_read::path_id;
use crate::{caller::Caller, fault::Result};

/// Letters of a reason at most.
const LONGEST_REASON: usize = 500;
/// What a server allows for the name of a column.
const LONGEST_COLUMN: usize = 64;

/// Chooses the route of one table of the draft.
pub async fn set_mapping(
    caller: &Caller,
    scope: Scope<may::ManageTenantMap>,
    request: SetMapping,
) -> Result<()> {
    let rows = caller.rows(&scope);
    rows.get_map(request.source_id).await?;
    let (found, choices) = rows.get_map_table(request.source_id, &request.table).await?;
    let known = match &found.route {
        Some(Route::Paths { paths }) => paths.clone(),
        _ => Vec::new(),
    };
    let route = route(&request, &choices, &known)?;
    let note = note(&route, &choices);
    rows.set_route(request.source_id, request.version, &request.table, &route, note.as_deref()).await?;
    Ok(())
}

fn route(request: &SetMapping, choices: &TableChoices, known: &[Path]) -> Result<Route, Fault> {
    match request.route {
        RouteKind::Column => {
            let wanted = request.column.as_deref().unwrap_or_default();
            let column = choices.columns.iter().find(|column| column.column == wanted);
            let column =
                column.ok_or_else(|| Fault::invalid("column", "choose one of the table's columns"))?;
            Ok(Route::Column { column: column.column.clone() })
        }
        RouteKind::Paths => {
            let all = choices.paths.iter().chain(known);
            let mut paths: Vec<Path> = Vec::new();
            for path in all.filter(|path| request.paths.contains(&path_id(path))) {
                if !paths.contains(path) {
                    paths.push(path.clone());
                }
            }
            if paths.is_empty()
                || request.paths.iter().any(|id| !paths.iter().any(|path| path_id(path) == *id))
            {
                return Err(Fault::invalid(
                    "paths",
                    "choose at least one of the ways that the schema offers",
                ));
            }
            Ok(Route::Paths { paths })
        }
        RouteKind::Shared => Ok(Route::Shared),
        RouteKind::Excluded => {
            let reason = request.reason.as_deref().map(str::trim).unwrap_or_default();
            if reason.is_empty() || reason.len() > LONGEST_REASON || reason.contains(char::is_control) {
                let message = "say in one line why this table is in no backup: it is shown wherever somebody might miss it";
                return Err(Fault::invalid("reason", message));
            }
            Ok(Route::Excluded { reason: reason.to_owned() })
        }
    }
}

/// What a person should know of a route that they chose.
fn note(route: &Route, choices: &TableChoices) -> Option<String> {
    match route {
        Route::Column { column } => {
            let nullable = choices.columns.iter().any(|found| found.column == *column && found.is_nullable);
            nullable.then(|| format!("Rows whose {column} is NULL are shared."))
        }
        Route::Paths { paths } if paths.len() > 1 => Some("A row between two tenants is shared.".into()),
        _ => None,
    }
}

/// Queues a look at the schema.
pub async fn infer(caller: &Caller, scope: Scope<may::ManageTenantMap>, request: InferMap) -> Result<RunId> {
    let rows = caller.rows(&scope);
    rows.get_source(request.source_id).await?;
    let column = request.tenant_column.trim();
    if column.chars().count() > LONGEST_COLUMN {
        return Err(Fault::invalid("tenant_column", "a column's name has at most 64 characters").into());
    }
    let column = Label::new(column).map_err(|error| Fault::invalid("tenant_column", error.to_string()))?;
    let wish = RunRequest::InferMap { source_id: request.source_id, tenant_column: column.into() };
    let run = rows.create_run(wish, None).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}

/// Queues the confirmation of the draft: only a worker can look whether it fits the schema as it is now.
pub async fn confirm(
    caller: &Caller,
    scope: Scope<may::ManageTenantMap>,
    request: ConfirmMap,
) -> Result<RunId> {
    let rows = caller.rows(&scope);
    rows.get_map(request.source_id).await?;
    let wish = RunRequest::ConfirmMap { source_id: request.source_id, version: request.version };
    let run = rows.create_run(wish, None).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}

/// Chooses what reads a source.
pub async fn set_engine(caller: &Caller, scope: Scope<may::ManageSources>, request: SetEngine) -> Result<()> {
    Ok(caller.rows(&scope).set_engine(request.source_id, request.engine).await?)
}
