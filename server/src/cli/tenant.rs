//! Tenants of a shared database: which there are, and whose rows are whose.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Result, bail};
use catalog::{MapQuery, RunRequest, TenantCatalog, TenantQuery};
use clap::{Args, Subcommand};
use domain::{
    Cursor, Page, SourceId,
    access::may,
    tenancy::{Drift, Route},
};
use serde_json::json;

use super::{
    NOT_WELL, Organisation,
    choose::{self, Here},
    drive, screen,
    tenant_export::{self, Export},
};
use crate::{services::Services, tenancy::map_read::summary};

/// `holdfast tenant …`
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Shows the tenants of a source, and until when each can be restored
    List {
        /// The source: its database, its connection's name, or its id
        source: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        organisation: Organisation,
    },
    /// Shows whose rows are whose in a source, table by table
    Map(Map),
    /// Writes a tenant's rows of a backup as a file, and checks that nobody else's are among them
    Export(Export),
}

/// `holdfast tenant map …`
#[derive(Debug, Args)]
pub struct Map {
    /// The source: its database, its connection's name, or its id
    source: String,
    /// Read the schema first and infer the draft again; routes that somebody chose stay
    #[arg(long)]
    infer: bool,
    /// The column that names the tenant, for --infer
    #[arg(long, value_name = "COLUMN", requires = "infer")]
    column: Option<String>,
    /// Let backups follow the draft as it is shown
    #[arg(long)]
    confirm: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    organisation: Organisation,
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Tenant) -> Result<ExitCode> {
    match command {
        Tenant::List { source, json, organisation } => {
            let here = Here::find(services, &organisation).await?;
            let rows = services.catalog.tenant(&here.may::<may::ReadBackups>()?);
            let source = choose::source(&rows, &source).await?.source.id;
            list(&rows, source, json).await
        }
        Tenant::Map(map) => self::map(services, map).await,
        Tenant::Export(export) => tenant_export::run(services, export).await,
    }
}

async fn list(rows: &TenantCatalog<'_>, source: SourceId, json: bool) -> Result<ExitCode> {
    let all = all(async |after| {
        let query = TenantQuery { source: Some(source), after, limit: 200, ..TenantQuery::default() };
        rows.list_tenants(&query).await
    })
    .await?;
    if json {
        let tenants = all.iter().map(|row| {
            json!({
                "key": row.key, "name": row.name, "rows": row.newest.as_ref().map(|part| part.rows),
                "stored_bytes": row.newest.as_ref().map(|part| part.stored.0),
                "restorable_to": row.proven_at.map(domain::Timestamp::rfc3339),
            })
        });
        screen::print_json(&tenants.collect());
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<_> = all
        .iter()
        .map(|row| {
            let newest = row.newest.as_ref();
            vec![
                row.key.to_string(),
                newest.map_or_else(|| "gone".into(), |part| part.rows.to_string()),
                newest.map(|part| part.stored.to_string()).unwrap_or_default(),
                row.proven_at.map_or_else(|| "nothing proven".into(), domain::Timestamp::exact),
            ]
        })
        .collect();
    screen::table(&["TENANT", "ROWS", "STORED", "RESTORABLE TO"], &lines);
    let unproven = all.iter().any(|row| row.newest.is_some() && row.proven_at.is_none());
    Ok(if unproven { ExitCode::from(NOT_WELL) } else { ExitCode::SUCCESS })
}

async fn map(services: &Arc<Services>, command: Map) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::ManageTenantMap>()?);
    let row = choose::source(&rows, &command.source).await?;
    let source = row.source.id;
    if command.infer {
        let tenant_column = command.column.unwrap_or(row.tenant_column);
        let run = rows.create_run(RunRequest::InferMap { source_id: source, tenant_column }, None).await?;
        drive::to_the_end(services, &rows, run).await?;
    }
    let head = rows.get_map(source).await?;
    if head.version == 0 {
        bail!("{} has no tenant map yet\n  What to do: add --infer, or take a backup", head.database);
    }
    let tables = all(async |after| {
        let query = MapQuery { source, kind: None, attention: false, search: None, after, limit: 200 };
        rows.list_map_tables(&query).await
    })
    .await?;
    if command.json {
        let tables = tables.iter().map(|table| {
            json!({
                "table": table.table, "route": table.route, "confirmed": table.confirmed, "note": table.note,
                "drift": table.drift,
            })
        });
        screen::print_json(&tables.collect());
    } else {
        let lines: Vec<_> = tables
            .iter()
            .map(|table| {
                let needs = table.drift.as_ref().map(Drift::to_string).or_else(|| table.note.clone());
                vec![table.table.clone(), shown(table.route.as_ref()), needs.unwrap_or_default()]
            })
            .collect();
        screen::table(&["TABLE", "ITS ROWS BELONG TO", "REMARK"], &lines);
    }
    if command.confirm {
        let wish = RunRequest::ConfirmMap { source_id: source, version: head.version };
        let run = rows.create_run(wish, None).await?;
        drive::to_the_end(services, &rows, run).await?;
        screen::warn("Backups follow this map from now on.");
        return Ok(ExitCode::SUCCESS);
    }
    let is_incomplete = summary(&head).is_incomplete();
    if head.confirmed.is_none() || head.changed > 0 {
        screen::warn("Backups do not follow all of this until it is confirmed: --confirm");
    }
    Ok(if is_incomplete { ExitCode::from(NOT_WELL) } else { ExitCode::SUCCESS })
}

fn shown(route: Option<&Route>) -> String {
    match route {
        None => "(not in the map)".into(),
        Some(Route::Column { column }) => format!("the tenant in {column}"),
        Some(Route::Paths { paths }) => {
            let path = |path: &domain::tenancy::Path| {
                let tables: Vec<_> = path.steps.iter().map(|step| step.table.as_str()).collect();
                format!("{}.{}", tables.join(" > "), path.column)
            };
            format!("the tenant by way of {}", paths.iter().map(path).collect::<Vec<_>>().join(" and "))
        }
        Some(Route::Shared) => "everybody".into(),
        Some(Route::Excluded { reason }) => format!("nobody, it is in no backup: {reason}"),
    }
}

async fn all<T>(page_after: impl AsyncFn(Option<Cursor>) -> catalog::Result<Page<T>>) -> Result<Vec<T>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = page_after(after).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}
