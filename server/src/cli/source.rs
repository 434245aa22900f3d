//! Servers and the databases on them that are protected.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result};
use catalog::{Conflict, NewConnection, RunQuery, RunRequest, Sealed, TenantCatalog};
use clap::{Args, Subcommand};
use domain::{
    ConnectionId, RunId, TenantId,
    access::may,
    backups::RunKind,
    policies::schedule::{DAILY_FULL, Schedule},
    sources::{AccountName, Connection, DatabaseName, HostName, Label, Severity, TlsMode},
};
use engine::seal::credentials::{self, Binding};
use serde_json::json;

use super::{
    NOT_WELL, Organisation, PasswordFile,
    choose::{self, Here},
    drive, screen,
};
use crate::services::Services;

/// `holdfast source …`
#[derive(Debug, Subcommand)]
pub enum Source {
    /// Adds a server with an account on it, and databases to protect, each backed up daily
    Add(Add),
    /// Shows what is protected
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        organisation: Organisation,
    },
    /// Tests a connection and shows what the account can do, with what is missing
    Probe {
        /// Name of the connection
        connection: String,
        #[command(flatten)]
        organisation: Organisation,
    },
}

/// `holdfast source add …`
#[derive(Debug, Args)]
pub struct Add {
    /// What people call the server
    #[arg(long)]
    name: String,
    /// Host name or address
    #[arg(long)]
    host: String,
    /// TCP port
    #[arg(long, default_value_t = 3306)]
    port: u16,
    /// Account
    #[arg(long)]
    user: String,
    #[command(flatten)]
    password: PasswordFile,
    /// verify (certificate and name are checked), encrypt, or off
    #[arg(long, default_value = "verify", value_parser = tls)]
    tls: TlsMode,
    /// A database to protect; may be given several times
    #[arg(long = "database", value_name = "NAME")]
    databases: Vec<String>,
    /// When to back up, in five fields, UTC
    #[arg(long, default_value = DAILY_FULL)]
    schedule: String,
    #[command(flatten)]
    organisation: Organisation,
}

fn tls(text: &str) -> Result<TlsMode, String> {
    TlsMode::find(text).ok_or_else(|| "write verify, encrypt or off".to_owned())
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Source) -> Result<ExitCode> {
    match command {
        Source::Add(add) => self::add(services, add).await,
        Source::List { json, organisation } => {
            let here = Here::find(services, &organisation).await?;
            list(services, &here, json).await
        }
        Source::Probe { connection, organisation } => {
            let here = Here::find(services, &organisation).await?;
            let rows = services.catalog.tenant(&here.may::<may::ProbeSources>()?);
            let id = choose::connection(&rows, &connection).await?.id;
            let run = match rows.create_run(RunRequest::Probe { connection_id: id }, None).await {
                // One that waits since the connection was added or changed is as good.
                Err(catalog::Error::Conflict(Conflict::AlreadyRunning)) => active_probe(&rows, id).await?,
                result => result?,
            };
            drive::to_the_end(services, &rows, run).await?;
            Ok(findings(&rows.get_connection(id).await?))
        }
    }
}

async fn active_probe(rows: &TenantCatalog<'_>, connection: ConnectionId) -> Result<RunId> {
    let query = RunQuery {
        connection: Some(connection),
        kind: Some(RunKind::Probe),
        active: true,
        limit: 1,
        ..RunQuery::default()
    };
    let run = rows.list_runs(&query).await?.rows.into_iter().next();
    run.map(|run| run.id).context("the test that was active has just ended; repeat the command")
}

async fn add(services: &Arc<Services>, add: Add) -> Result<ExitCode> {
    let here = Here::find(services, &add.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::ManageSources>()?);
    let databases = add
        .databases
        .iter()
        .map(|name| DatabaseName::new(name).with_context(|| format!("--database {name:?}")))
        .collect::<Result<Vec<_>>>()?;
    let schedule = Schedule::parse(&add.schedule, services.clock.now()).context("--schedule")?;
    let id = ConnectionId::new(services.clock.uuid());
    let host = HostName::new(&add.host).context("--host")?;
    let user = AccountName::new(&add.user).context("--user")?;
    let sealed = seal(services, here.tenant, id, (&host, add.port, &user), &add.password)?;
    let new = NewConnection {
        id,
        name: Label::new(&add.name).context("--name")?,
        host,
        port: add.port,
        user,
        tls: add.tls,
        credential: Some(sealed),
    };
    let probe = rows.create_connection(new).await?;
    for database in &databases {
        rows.create_source(id, database, &schedule).await?;
    }
    services.wake(here.tenant, probe, 0).await;
    let names: Vec<_> = databases.iter().map(DatabaseName::as_str).collect();
    screen::print(if names.is_empty() {
        format!("{} is added; nothing on it is protected.", add.name)
    } else {
        format!("{} is added; protected, at `{}` UTC: {}.", add.name, schedule.expression(), names.join(", "))
    });
    Ok(ExitCode::SUCCESS)
}

fn seal(
    services: &Services,
    tenant: TenantId,
    connection: ConnectionId,
    (host, port, user): (&HostName, u16, &AccountName),
    password: &PasswordFile,
) -> Result<Sealed> {
    let (tenant, connection) = (tenant.to_string(), connection.to_string());
    let binding =
        Binding { tenant: &tenant, connection: &connection, host: host.as_str(), port, user: user.as_str() };
    let password = choose::secret(&password.password_file)?;
    Ok(Sealed(credentials::seal(services.vault.worker_public(), binding, &password)?))
}

async fn list(services: &Services, here: &Here, json: bool) -> Result<ExitCode> {
    let rows = services.catalog.tenant(&here.may::<may::ReadSources>()?);
    let sources = rows.list_sources().await?;
    if json {
        let shown: Vec<_> = sources
            .iter()
            .map(|row| {
                json!({
                    "id": row.source.id, "connection": row.connection, "database": row.source.protects.as_str(),
                    "newest_proven": row.newest_proven.map(domain::Timestamp::rfc3339),
                    "newest": row.newest.map(|(at, _)| at.rfc3339()),
                })
            })
            .collect();
        screen::print_json(&json!(shown));
        return Ok(ExitCode::SUCCESS);
    }
    let now = services.clock.now();
    let lines: Vec<_> = sources
        .iter()
        .map(|row| {
            let at =
                |at: Option<domain::Timestamp>| at.map_or_else(|| "none".to_owned(), |at| at.relative(now));
            let schedules: Vec<_> =
                row.schedules.iter().filter(|s| s.enabled).map(|s| s.cron.clone()).collect();
            vec![
                row.connection.clone(),
                row.source.protects.to_string(),
                at(row.newest_proven),
                at(row.newest.map(|(at, _)| at)),
                schedules.join("; "),
                row.source.id.to_string(),
            ]
        })
        .collect();
    screen::table(&["CONNECTION", "DATABASE", "NEWEST PROVEN", "NEWEST", "SCHEDULE (UTC)", "SOURCE"], &lines);
    Ok(ExitCode::SUCCESS)
}

fn findings(connection: &Connection) -> ExitCode {
    let Some(found) = &connection.capabilities else {
        screen::print("The server answered, but the connection was changed meanwhile.");
        return ExitCode::from(NOT_WELL);
    };
    screen::print(format!("{} {} at {}:{}", found.family, found.version, connection.host, connection.port));
    for finding in &found.findings {
        screen::print(super::doctor::line(finding));
    }
    if found.worst() == Severity::Bad { ExitCode::from(NOT_WELL) } else { ExitCode::SUCCESS }
}
