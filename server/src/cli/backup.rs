//! Starting, listing and proving backups.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use catalog::{BackupQuery, RunQuery, RunRequest, TenantCatalog};
use clap::{Args, Subcommand};
use domain::{
    BackupId,
    access::may,
    backups::{Evidence, RunKind, Verification},
    clock::human_duration_ms,
    tenancy::TenantKey,
};
use serde_json::json;

use super::{
    NOT_WELL, Organisation,
    choose::{self, Here},
    drive, screen,
};
use crate::services::Services;

/// `holdfast backup …`
#[derive(Debug, Subcommand)]
pub enum Backup {
    /// Takes a backup of a source
    Start(Start),
    /// Shows backups, newest first
    List {
        /// Of one source
        #[arg(long)]
        source: Option<String>,
        /// Rows at most
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        organisation: Organisation,
    },
}

/// `holdfast backup start …`
#[derive(Debug, Args)]
pub struct Start {
    /// The source: its database, its connection's name, or its id
    #[arg(long)]
    source: String,
    /// Only this tenant, by its key in the database; needs a confirmed tenant map
    #[arg(long, value_name = "KEY")]
    tenant: Option<String>,
    /// A label to find it by
    #[arg(long)]
    label: Option<String>,
    /// Also wait until it is proven
    #[arg(long, requires = "wait")]
    verify: bool,
    /// Wait for its end; it is carried out here unless a worker takes it first
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    organisation: Organisation,
}

/// `holdfast verify …`
#[derive(Debug, Args)]
pub struct Verify {
    /// The backup's id, or latest:SOURCE
    backup: String,
    /// Wait for its end; it is carried out here unless a worker takes it first
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    organisation: Organisation,
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Backup) -> Result<ExitCode> {
    match command {
        Backup::Start(start) => self::start(services, start).await,
        Backup::List { source, limit, json, organisation } => {
            let here = Here::find(services, &organisation).await?;
            let rows = services.catalog.tenant(&here.may::<may::ReadBackups>()?);
            let source = match source {
                Some(name) => Some(choose::source(&rows, &name).await?.source.id),
                None => None,
            };
            list(&rows, BackupQuery { source, limit, ..BackupQuery::default() }, json).await
        }
    }
}

async fn start(services: &Arc<Services>, command: Start) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let scope = here.may::<may::StartBackup>()?;
    let rows = services.catalog.tenant(&scope);
    let source = choose::source(&rows, &command.source).await?.source;
    let (source_id, label) = (source.id, command.label);
    let request = match command.tenant {
        None => RunRequest::Backup { source_id, label },
        Some(key) => {
            if rows.confirmed_map(source_id).await?.is_none() {
                bail!(
                    "nobody has confirmed whose rows are whose in {}\n  What to do: holdfast tenant map {source_id} --infer --confirm",
                    source.protects
                );
            }
            let tenant = TenantKey::new(key).context("--tenant")?;
            RunRequest::TenantBackup { source_id, tenant, label }
        }
    };
    let run = rows.create_run(request, None).await?;
    if !command.wait {
        services.wake(here.tenant, run, 0).await;
        screen::print(format!("Run {run} is queued."));
        return Ok(ExitCode::SUCCESS);
    }
    let ended = drive::to_the_end(services, &rows, run).await?;
    let id = ended.backup_id.context("the run is done but names no backup")?;
    let backup = rows.get_backup(id).await?;
    let took = ended.finished_at.zip(ended.started_at).map_or(0, |(end, start)| end.since_ms(start));
    screen::print(format!(
        "Backup {id} of {}: {} tables, {} stored as {}, in {}",
        source.protects,
        backup.tables,
        backup.sizes.plain,
        backup.sizes.stored,
        human_duration_ms(took)
    ));
    for remark in backup.split.iter().flat_map(|split| &split.remarks) {
        screen::print(format!("  {remark}"));
    }
    if command.verify { prove(services, &here, id).await } else { Ok(ExitCode::SUCCESS) }
}

/// `holdfast verify`
pub async fn verify(services: &Arc<Services>, command: Verify) -> Result<ExitCode> {
    if command.wait {
        let here = Here::find(services, &command.organisation).await?;
        return prove_now(services, &here, &command.backup).await;
    }
    let here = Here::find(services, &command.organisation).await?;
    let scope = here.may::<may::VerifyBackup>()?;
    let rows = services.catalog.tenant(&scope);
    let backup = choose::backup(&rows, &command.backup).await?;
    let run = rows.create_run(RunRequest::Verify { backup_id: backup.id }, None).await?;
    services.wake(here.tenant, run, 0).await;
    screen::print(format!("Run {run} is queued."));
    Ok(ExitCode::SUCCESS)
}

/// Proves a backup here, or waits for whoever is at it already.
pub async fn prove_now(services: &Arc<Services>, here: &Here, wanted: &str) -> Result<ExitCode> {
    let rows = services.catalog.tenant(&here.may::<may::VerifyBackup>()?);
    let backup = choose::backup(&rows, wanted).await?.id;
    let query = RunQuery {
        backup: Some(backup),
        kind: Some(RunKind::Verify),
        active: true,
        limit: 1,
        ..RunQuery::default()
    };
    // The one that was queued with the backup is as good.
    let active = rows.list_runs(&query).await?.rows.into_iter().next();
    let run = match active {
        Some(run) => run.id,
        None => rows.create_run(RunRequest::Verify { backup_id: backup }, None).await?,
    };
    proven(services, &rows, run, backup).await
}

/// Waits for the verification that was queued with the backup, or queues one.
async fn prove(services: &Arc<Services>, here: &Here, backup: BackupId) -> Result<ExitCode> {
    let rows = services.catalog.tenant(&here.may::<may::VerifyBackup>()?);
    let query =
        RunQuery { backup: Some(backup), kind: Some(RunKind::Verify), limit: 1, ..RunQuery::default() };
    let queued = rows.list_runs(&query).await?.rows.into_iter().next();
    let run = match queued {
        Some(run) => run.id,
        None => rows.create_run(RunRequest::Verify { backup_id: backup }, None).await?,
    };
    proven(services, &rows, run, backup).await
}

async fn proven(
    services: &Arc<Services>,
    rows: &TenantCatalog<'_>,
    run: domain::RunId,
    backup: BackupId,
) -> Result<ExitCode> {
    drive::to_the_end(services, rows, run).await?;
    let found = rows.list_evidence(backup).await?.into_iter().find(|row| row.run_id == run);
    let evidence = found.context("the verification is done but left no evidence")?.evidence;
    show(&evidence);
    Ok(if evidence.equal { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) })
}

fn show(evidence: &Evidence) {
    let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
    let verdict = if evidence.equal { "Restorable" } else { "NOT RESTORABLE" };
    screen::print(format!(
        "{verdict}: {} tables with {rows} rows and {} views, triggers, routines and events on {}. {}.",
        evidence.tables.len(),
        evidence.objects,
        evidence.server,
        evidence.proof.title()
    ));
    for table in evidence.tables.iter().filter(|table| !table.equal) {
        let (before, now) = (table.rows_source, table.rows_restored);
        screen::print(format!(
            "  table {} differs: {before} rows were backed up, {now} came back",
            table.table
        ));
    }
    for object in &evidence.differences {
        screen::print(format!("  {} {}: {}", object.kind, object.name, object.difference));
    }
    for table in &evidence.tables {
        for float in table.floats.iter().filter(|float| !float.bit_exact) {
            let how = if float.equal_to_six_digits {
                "equal to six digits, which is all that the dump prints"
            } else {
                "DIFFERENT"
            };
            screen::print(format!("  FLOAT {}.{}: {how}", table.table, float.column));
        }
    }
    for remark in &evidence.remarks {
        screen::print(format!("  {remark}"));
    }
}

async fn list(rows: &TenantCatalog<'_>, query: BackupQuery, json: bool) -> Result<ExitCode> {
    let page = rows.list_backups(&query).await?;
    if json {
        let backups: Vec<_> = page
            .rows
            .iter()
            .map(|backup| {
                json!({
                    "id": backup.id, "source_id": backup.source_id, "database": backup.database,
                    "snapshot_at": backup.snapshot_at.rfc3339(), "label": backup.label,
                    "verification": backup.verification.key(), "retention": backup.retention.key(),
                    "plain_bytes": backup.sizes.plain.0, "stored_bytes": backup.sizes.stored.0,
                    "tables": backup.tables, "server": backup.server_version,
                })
            })
            .collect();
        screen::print_json(&json!(backups));
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<_> = page
        .rows
        .iter()
        .map(|backup| {
            vec![
                backup.id.to_string(),
                backup.snapshot_at.exact(),
                backup.database.clone(),
                backup.verification.title().to_owned(),
                backup.sizes.plain.to_string(),
                backup.sizes.stored.to_string(),
                backup.label.clone().unwrap_or_default(),
            ]
        })
        .collect();
    screen::table(&["BACKUP", "HOLDS THE INSTANT", "DATABASE", "PROVEN", "PLAIN", "STORED", "LABEL"], &lines);
    if page.next.is_some() {
        screen::warn("There are more; --limit shows them.");
    }
    let unproven = page.rows.iter().any(|backup| backup.verification == Verification::Failed);
    Ok(if unproven { ExitCode::from(NOT_WELL) } else { ExitCode::SUCCESS })
}
