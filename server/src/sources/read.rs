//! Looking at sources and servers.

use app::sources::api::{ConnectionDetail, ConnectionRow, SourceDetail, SourceRow};
use catalog::{BackupQuery, Run, RunQuery, Scope, TenantCatalog};
use domain::{ConnectionId, SourceId, access::may, backups::RunKind};

use super::view::{connection_row, schedule_view, source_row, source_rows};
use crate::{
    backups::view::{backup_row, run_row},
    caller::Caller,
    fault::Result,
};

/// Backups and runs on a source's page.
const NEWEST: u32 = 10;

/// Every source, worst standing first.
pub async fn list(caller: &Caller, scope: Scope<may::ReadSources>) -> Result<Vec<SourceRow>> {
    Ok(source_rows(caller.rows(&scope).list_sources().await?, caller.services.clock.now()))
}

/// One source with everything its page shows.
pub async fn get(caller: &Caller, scope: Scope<may::ReadSources>, id: SourceId) -> Result<SourceDetail> {
    let rows = caller.rows(&scope);
    let source = rows.get_source(id).await?;
    let backups = BackupQuery { source: Some(id), limit: NEWEST, ..BackupQuery::default() };
    let runs = RunQuery { source: Some(id), limit: NEWEST, ..RunQuery::default() };
    Ok(SourceDetail {
        row: source_row(&source, caller.services.clock.now()),
        created_at: source.source.created_at,
        connection: rows.get_connection(source.source.connection_id).await?,
        backups: rows.list_backups(&backups).await?.rows.into_iter().map(backup_row).collect(),
        runs: rows.list_runs(&runs).await?.rows.into_iter().map(run_row).collect(),
        schedules: source.schedules.into_iter().map(schedule_view).collect(),
    })
}

/// Every server.
pub async fn list_connections(caller: &Caller, scope: Scope<may::ReadSources>) -> Result<Vec<ConnectionRow>> {
    let rows = caller.rows(&scope);
    let sources = rows.list_sources().await?;
    let mut list = Vec::new();
    for connection in rows.list_connections().await? {
        let probe = newest_probe(&rows, connection.id).await?;
        list.push(connection_row(connection, &sources, probe.map(|run| (run.id, run.state))));
    }
    Ok(list)
}

/// One server with its databases.
pub async fn get_connection(
    caller: &Caller,
    scope: Scope<may::ReadSources>,
    id: ConnectionId,
) -> Result<ConnectionDetail> {
    let rows = caller.rows(&scope);
    let connection = rows.get_connection(id).await?;
    let sources = rows.list_sources().await?;
    let probe = newest_probe(&rows, id).await?;
    let protected: Vec<_> = sources
        .iter()
        .filter(|row| row.source.connection_id == id)
        .filter_map(|row| Some((row.source.id, row.source.protects.database()?.as_str().to_owned())))
        .collect();
    let is_whole = |row: &&catalog::SourceRow| {
        row.source.connection_id == id && row.source.protects.database().is_none()
    };
    let whole = sources.iter().find(is_whole).map(|row| row.source.id);
    let seen = connection.capabilities.iter().flat_map(|found| &found.databases);
    let unprotected =
        seen.filter(|name| !protected.iter().any(|(_, database)| database == *name)).cloned().collect();
    let row = connection_row(connection, &sources, probe.as_ref().map(|run| (run.id, run.state)));
    Ok(ConnectionDetail { row, probe: probe.map(run_row), protected, unprotected, whole })
}

async fn newest_probe(rows: &TenantCatalog<'_>, id: ConnectionId) -> Result<Option<Run>> {
    let query =
        RunQuery { connection: Some(id), kind: Some(RunKind::Probe), limit: 1, ..RunQuery::default() };
    Ok(rows.list_runs(&query).await?.rows.into_iter().next())
}
