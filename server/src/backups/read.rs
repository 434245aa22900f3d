//! Looking at backups and runs.

use app::backups::{
    api::{BackupDetail, BackupFilter, BackupRow, RunDetail, RunFilter, RunRow},
    files_api::FilesView,
};
use catalog::{BackupQuery, RunQuery, Scope};
use domain::{BackupId, Page, RunId, access::may};

use super::{
    recover::{files_command, recover_command, recover_files_command},
    view::{backup_row, copy_view, evidence_view, link_view, run_detail, run_row, split_view},
};
use crate::{caller::Caller, fault::Result};

/// Backups, newest first.
pub async fn list(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: BackupFilter,
) -> Result<Page<BackupRow>> {
    let query = BackupQuery {
        source: filter.source,
        verification: filter.verification,
        removed: filter.removed,
        label: filter.label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()),
        after: filter.after,
        limit: 0,
    };
    Ok(caller.rows(&scope).list_backups(&query).await?.map(backup_row))
}

/// One backup with everything its page shows.
pub async fn get(caller: &Caller, scope: Scope<may::ReadBackups>, id: BackupId) -> Result<BackupDetail> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(id).await?;
    let active = RunQuery { backup: Some(id), active: true, limit: 1, ..RunQuery::default() };
    let targets = rows.list_connections().await?.into_iter().filter(|connection| connection.has_credentials);
    let split = match backup.split.clone() {
        Some(split) => Some(split_view(split, rows.count_backup_tenants(id).await?)),
        None => None,
    };
    let files = match backup.files.clone() {
        Some(files) => Some(FilesView {
            facts: files.facts,
            chain: rows.chain(id).await?.into_iter().map(link_view).collect(),
            continued_by: rows.count_continuing(id).await?,
            restore_command: files_command(id),
        }),
        None => None,
    };
    let recover_command = if files.is_some() {
        recover_files_command(&caller.services.config, id)
    } else {
        recover_command(&caller.services.config, id, &backup.database)
    };
    Ok(BackupDetail {
        run_id: backup.run_id,
        phases: backup.phases.clone(),
        coordinate: backup.coordinate.clone(),
        server_version: backup.server_version.clone(),
        client_version: backup.client_version.clone(),
        codec: backup.codec.clone(),
        tables: backup.tables,
        manifest_sha256: backup.manifest_sha256.clone(),
        copies: rows.list_copies(id).await?.into_iter().map(copy_view).collect(),
        evidence: rows.list_evidence(id).await?.into_iter().map(evidence_view).collect(),
        recover_command,
        active_run: rows.list_runs(&active).await?.rows.first().map(|run| run.id),
        targets: targets.map(|connection| (connection.id, connection.name.into())).collect(),
        split,
        files,
        row: backup_row(backup),
    })
}

/// Runs, newest first.
pub async fn list_runs(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: RunFilter,
) -> Result<Page<RunRow>> {
    let query = RunQuery {
        source: filter.source,
        kind: filter.kind,
        state: filter.state,
        after: filter.after,
        ..RunQuery::default()
    };
    Ok(caller.rows(&scope).list_runs(&query).await?.map(run_row))
}

/// One run with its log.
pub async fn get_run(caller: &Caller, scope: &Scope<may::ReadBackups>, id: RunId) -> Result<RunDetail> {
    let rows = caller.rows(scope);
    let run = rows.get_run(id).await?;
    let events = rows.run_events(id, 0).await?;
    Ok(run_detail(run, events))
}
