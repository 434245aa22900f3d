//! Restoring into a new database.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use catalog::RunRequest;
use clap::Args;
use domain::{
    access::may,
    definers::Definers,
    restores::{Part, RestoreToNew},
    sources::DatabaseName,
    tenancy::TenantKey,
};

use super::{
    Organisation,
    choose::{self, Here},
    drive, screen,
};
use crate::{
    services::Services,
    tenancy::routes::{self, Taken},
};

/// `holdfast restore …`
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup's id, or latest:SOURCE
    backup: String,
    /// Name of the new database, which must not exist yet
    #[arg(long, value_name = "DATABASE")]
    to: String,
    /// The server, by the name of its connection; its account must be allowed to create databases and accounts
    #[arg(long, value_name = "NAME")]
    connection: String,
    /// Load the rows of these tables only; may be given several times
    #[arg(long = "table", value_name = "TABLE", conflicts_with = "schema_only")]
    tables: Vec<String>,
    /// Load the rows of these tenants only, with the shared ones; may be given several times
    #[arg(long = "tenant", value_name = "KEY", conflicts_with = "schema_only")]
    tenants: Vec<String>,
    /// Create tables and everything else, load no rows
    #[arg(long)]
    schema_only: bool,
    /// To whom views, triggers, routines and events belong: `strip` (the account that restores), `keep` (the account
    /// they belonged to), or another account as `old@host=new@host`, which may be given several times
    #[arg(long = "definer", value_name = "strip|keep|OLD=NEW")]
    definers: Vec<String>,
    /// Wait for its end; it is carried out here unless a worker takes it first
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    organisation: Organisation,
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Restore) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::RequestRestore>()?);
    let backup = choose::backup(&rows, &command.backup).await?;
    let connection = choose::connection(&rows, &command.connection).await?;
    let database = DatabaseName::new(&command.to).with_context(|| format!("--to {:?}", command.to))?;
    let definers = Definers::parse(&command.definers).context("--definer")?;
    let tenants = command.tenants.into_iter().map(TenantKey::new).collect::<Result<_, _>>();
    let only = Part {
        tables: command.tables,
        tenants: tenants.context("--tenant")?,
        schema_only: command.schema_only,
    };
    if !only.is_everything() && backup.split.is_none() {
        bail!(
            "backup {} is not split by tenant: it is restored whole or not at all\n  What to do: choose a backup of the native engine",
            backup.id
        );
    }
    if let Some(taken) = Taken::loaded(&only)
        && let Some(refusal) = routes::refusal(&rows, &services.vault, &backup, taken).await?
    {
        bail!("{refusal}\n  What to do: {}", refusal.hint());
    }
    let wish = RestoreToNew { backup_id: backup.id, connection_id: connection.id, database, only, definers };
    let run = rows.create_run(RunRequest::Restore(wish), None).await?;
    if !command.wait {
        services.wake(here.tenant, run, 0).await;
        screen::print(format!("Run {run} is queued."));
        return Ok(ExitCode::SUCCESS);
    }
    drive::to_the_end(services, &rows, run).await?;
    let events = rows.run_events(run, 0).await?;
    screen::print(events.last().map_or("Restored.", |event| event.message.as_str()));
    Ok(ExitCode::SUCCESS)
}
