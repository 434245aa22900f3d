//! Backups of a whole server's files, for servers on this very machine that are too large to be read row by row.
//!
//! A backup and its proof are runs like all others, and are carried out here unless a worker takes them first: on the
//! machine of a worker that is as good, on another one the run says that the files are not there. Only a restore is no
//! run: it leaves files on this machine, and asks nobody but the vault.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use catalog::{Continues, RunRequest};
use clap::{Args, Subcommand};
use domain::{
    BackupId, ByteSize, SourceId,
    access::may,
    clock::human_duration_ms,
    policies::schedule::{DAILY_INCREMENTAL, Schedule, WEEKLY_FULL},
    sources::Connection,
};
use engine::{
    format::keys::Place,
    pipeline::{self, physical},
    source::mysql::connect::Endpoint,
};

use super::{
    Organisation, PasswordFile,
    choose::{self, Here},
    drive,
    export::control,
    screen,
};
use crate::services::Services;

/// `holdfast physical …`
#[derive(Debug, Subcommand)]
pub enum Physical {
    /// Says whether the files of a server can be copied from here, and what is missing
    Check(Server),
    /// Copies the files of a whole server into the vault while it works
    Backup(Backup),
    /// Proves a backup: unpacks it, starts a private server on it, checks every page and compares
    Verify(Verify),
    /// Leaves a prepared data directory, for a server to be started on
    Restore(Restore),
}

/// A server on this machine.
#[derive(Debug, Args)]
pub struct Server {
    /// The server, by the name of its connection
    #[arg(long, value_name = "NAME")]
    connection: String,
    #[command(flatten)]
    password: PasswordFile,
    /// The server's socket, instead of the connection's host and port
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Folder with mariadb-backup and mbstream (or xtrabackup and xbstream), if not in the usual places
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    #[command(flatten)]
    organisation: Organisation,
}

/// `holdfast physical backup …`
#[derive(Debug, Args)]
pub struct Backup {
    /// The server, by the name of its connection; its stored account reads it
    #[arg(long, value_name = "NAME")]
    connection: String,
    /// Only what changed since the newest physical backup of this server; full if there is none to continue
    #[arg(long)]
    incremental: bool,
    /// Only what changed since this backup
    #[arg(long, value_name = "BACKUP", conflicts_with = "incremental")]
    parent: Option<String>,
    /// Do not read the rows of the source; less is proven then, and the source is read once instead of twice
    #[arg(long)]
    without_sums: bool,
    /// A label to find it by
    #[arg(long)]
    label: Option<String>,
    #[command(flatten)]
    organisation: Organisation,
}

/// `holdfast physical verify …`
#[derive(Debug, Args)]
pub struct Verify {
    /// The backup's id
    backup: String,
    #[command(flatten)]
    organisation: Organisation,
}

/// `holdfast physical restore …`
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup's id
    backup: String,
    /// An empty directory, or one that does not exist yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Folder with the programs, if they are not in the usual places
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    #[command(flatten)]
    organisation: Organisation,
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Physical) -> Result<ExitCode> {
    match command {
        Physical::Check(server) => check(services, server).await,
        Physical::Backup(command) => backup(services, command).await,
        Physical::Verify(command) => verify(services, command).await,
        Physical::Restore(command) => restore(services, command).await,
    }
}

async fn check(services: &Services, server: Server) -> Result<ExitCode> {
    let here = Here::find(services, &server.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::StartBackup>()?);
    let connection = choose::connection(&rows, &server.connection).await?;
    let password = choose::secret(&server.password.password_file)?;
    let mut endpoint =
        Endpoint::new(connection.host, connection.port, connection.user, password, connection.tls);
    endpoint.socket.clone_from(&server.socket);
    let programs = server.programs.as_deref().or(services.config.physical.programs.as_deref());
    let ground = physical::preflight(&endpoint, programs).await?;
    screen::print(format!(
        "{} {}: {} in {} can be copied by {}",
        ground.facts.family,
        ground.facts.version,
        ByteSize(ground.bytes),
        ground.data_directory.display(),
        ground.programs.backup.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The source that stands for the whole server; it is made if there is none, without a schedule that runs: whoever backs
/// up by hand has not asked for nights.
async fn source_of(services: &Services, here: &Here, connection: &Connection) -> Result<SourceId> {
    let rows = services.catalog.tenant(&here.may::<may::StartBackup>()?);
    if let Some(source) = rows.find_server_source(connection.id).await? {
        return Ok(source);
    }
    let rows = services.catalog.tenant(&here.may::<may::ManageSources>()?);
    let now = services.clock.now();
    let (full, incremental) = (Schedule::parse(WEEKLY_FULL, now)?, Schedule::parse(DAILY_INCREMENTAL, now)?);
    let source = rows.create_server_source(connection.id, &full, &incremental).await?;
    rows.set_schedule(source, &full, false).await?;
    rows.set_incremental_schedule(source, &incremental, false).await?;
    Ok(source)
}

async fn backup(services: &Arc<Services>, command: Backup) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::StartBackup>()?);
    let connection = choose::connection(&rows, &command.connection).await?;
    let source_id = source_of(services, &here, &connection).await?;
    let continues = match &command.parent {
        Some(id) => Continues::Backup(backup_id(id)?),
        None if command.incremental => Continues::Newest,
        None => Continues::Nothing,
    };
    let request =
        RunRequest::Files { source_id, label: command.label, continues, sums: !command.without_sums };
    let run = rows.create_run(request, None).await?;
    let ended = drive::to_the_end(services, &rows, run).await?;
    let id = ended.backup_id.context("the run is done but names no backup")?;
    let backup = rows.get_backup(id).await?;
    let parent = backup.files.and_then(|files| files.parent);
    let took = ended.finished_at.zip(ended.started_at).map_or(0, |(end, start)| end.since_ms(start));
    screen::print(format!(
        "Backup {id} ({}): {} tables, {} stored as {}, in {}",
        parent.map_or_else(|| "full".to_owned(), |parent| format!("incremental on {parent}")),
        backup.tables,
        backup.sizes.plain,
        backup.sizes.stored,
        human_duration_ms(took)
    ));
    screen::warn(format!("Nothing is proven yet: holdfast physical verify {id}"));
    Ok(ExitCode::SUCCESS)
}

fn backup_id(text: &str) -> Result<BackupId> {
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) => {
            bail!("{text:?} is not the id of a backup\n  What to do: `holdfast backup list` shows them")
        }
    }
}

/// Where the backup lies: the vault knows it even if it was taken before backups of files were in the catalog.
async fn find(services: &Services, wanted: &str) -> Result<Place> {
    let id = backup_id(wanted)?;
    let found = pipeline::list(&services.vault).await?.into_iter().find(|place| place.backup == id);
    found.with_context(|| {
        format!("the vault holds no backup {id}\n  What to do: `holdfast inspect` lists what it holds")
    })
}

async fn verify(services: &Arc<Services>, command: Verify) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    backup_id(&command.backup)?;
    super::backup::prove_now(services, &here, &command.backup).await
}

async fn restore(services: &Arc<Services>, command: Restore) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let _scope = here.may::<may::RequestRestore>()?;
    let place = find(services, &command.backup).await?;
    let to = std::path::absolute(&command.to).context("--to")?;
    let programs = command.programs.as_deref().or(services.config.physical.programs.as_deref());
    let result = physical::restore(&services.vault, &place, &to, programs, &control(services)).await;
    screen::clear();
    for line in result?.next_steps() {
        screen::print(line);
    }
    Ok(ExitCode::SUCCESS)
}
