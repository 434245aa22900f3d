//! Backups of a whole server's files, for servers on this very machine that are too large to be read row by row.
//!
//! It is carried out here and at once, because only here are the files; what it stores lies in the same vault, and
//! `holdfast inspect` and `holdfast-recover` show it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use domain::{BackupId, ByteSize, SourceId, access::may, backups::Proof, clock::human_duration_ms};
use engine::{
    format::{Codec, Owner, keys::Place},
    pipeline::{
        self,
        physical::{self, Parent, PhysicalRequest, VerifyPlace},
    },
    source::mysql::connect::Endpoint,
};

use super::{
    NOT_WELL, Organisation, PasswordFile,
    choose::{self, Here},
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
    #[command(flatten)]
    server: Server,
    /// Only what changed since the newest physical backup of this server
    #[arg(long)]
    incremental: bool,
    /// Only what changed since this backup
    #[arg(long, value_name = "BACKUP", conflicts_with = "incremental")]
    parent: Option<String>,
    /// Do not read the rows of the source; less is proven then, and the source is read once instead of twice
    #[arg(long)]
    without_sums: bool,
    /// For the small notes of the copying program while it runs
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    scratch: PathBuf,
}

/// `holdfast physical verify …`
#[derive(Debug, Args)]
pub struct Verify {
    /// The backup's id
    backup: String,
    /// A directory with room for the whole server; everything in it is removed again
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    scratch: PathBuf,
    /// Folder with the programs, if they are not in the usual places
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
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

/// How the server is reached, and under which id its backups lie in the vault: that of its connection.
async fn reach(services: &Services, server: &Server) -> Result<(Endpoint, SourceId)> {
    let here = Here::find(services, &server.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::StartBackup>()?);
    let connection = choose::connection(&rows, &server.connection).await?;
    let password = choose::secret(&server.password.password_file)?;
    let source = SourceId::new(connection.id.uuid());
    let mut endpoint =
        Endpoint::new(connection.host, connection.port, connection.user, password, connection.tls);
    endpoint.socket.clone_from(&server.socket);
    Ok((endpoint, source))
}

async fn check(services: &Services, server: Server) -> Result<ExitCode> {
    let (endpoint, _) = reach(services, &server).await?;
    let ground = physical::preflight(&endpoint, server.programs.as_deref()).await?;
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

async fn backup(services: &Arc<Services>, command: Backup) -> Result<ExitCode> {
    let (endpoint, source) = reach(services, &command.server).await?;
    let parent = match &command.parent {
        Some(id) => Parent::Backup(backup_id(id)?),
        None if command.incremental => Parent::Newest,
        None => Parent::None,
    };
    let backup = BackupId::new(services.clock.uuid());
    let request = PhysicalRequest {
        place: Place { owner: Owner::System, source, backup, attempt: 1 },
        endpoint,
        codec: Codec::Zstd,
        parent,
        sums: !command.without_sums,
        programs: command.server.programs,
        scratch: command.scratch,
    };
    let began = services.clock.now();
    let result = physical::backup(&services.vault, &request, &control(services)).await;
    screen::clear();
    let receipt = result?;
    let manifest = &receipt.manifest;
    screen::print(format!(
        "Backup {backup} ({}{}): {} tables, {} stored as {}, in {}",
        manifest.kind,
        manifest.parent.map(|parent| format!(" on {parent}")).unwrap_or_default(),
        receipt.tables,
        receipt.sizes.plain,
        receipt.sizes.stored,
        human_duration_ms(services.clock.now().since_ms(began))
    ));
    screen::warn(format!("Nothing is proven yet: holdfast physical verify {backup}"));
    Ok(ExitCode::SUCCESS)
}

fn backup_id(text: &str) -> Result<BackupId> {
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) => bail!("{text:?} is not the id of a backup\n  What to do: `holdfast inspect` lists them"),
    }
}

/// Where the backup lies: only the vault knows.
async fn find(services: &Services, wanted: &str) -> Result<Place> {
    let id = backup_id(wanted)?;
    let found = pipeline::list(&services.vault).await?.into_iter().find(|place| place.backup == id);
    found.with_context(|| {
        format!("the vault holds no backup {id}\n  What to do: `holdfast inspect` lists what it holds")
    })
}

async fn verify(services: &Arc<Services>, command: Verify) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let _scope = here.may::<may::VerifyBackup>()?;
    let place = find(services, &command.backup).await?;
    let at = VerifyPlace { scratch: command.scratch, programs: command.programs };
    let result = physical::verify(&services.vault, &place, &at, &control(services)).await;
    screen::clear();
    let evidence = result?;
    let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
    screen::print(format!(
        "A private server {} started on it: {} tables with {rows} rows, {} views, triggers, routines and events",
        evidence.server,
        evidence.tables.len(),
        evidence.objects
    ));
    for remark in &evidence.remarks {
        screen::warn(format!("  {remark}"));
    }
    if evidence.equal {
        screen::print(match evidence.proof {
            Proof::SamePosition => "Everything is equal to the source at the same position.",
            Proof::DumpRows => "The copy is whole. Its rows were not compared with the source's.",
        });
        return Ok(ExitCode::SUCCESS);
    }
    for table in evidence.tables.iter().filter(|table| !table.equal) {
        let (before, now) = (table.rows_source, table.rows_restored);
        screen::print(format!(
            "  table {} differs: {before} rows at the source, {now} in the copy",
            table.table
        ));
    }
    for object in &evidence.differences {
        screen::print(format!("  {} {}: {}", object.kind, object.name, object.difference));
    }
    screen::warn("The copy is NOT what was backed up.");
    Ok(ExitCode::from(NOT_WELL))
}

async fn restore(services: &Arc<Services>, command: Restore) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let _scope = here.may::<may::RequestRestore>()?;
    let place = find(services, &command.backup).await?;
    let to = std::path::absolute(&command.to).context("--to")?;
    let programs = command.programs.as_deref();
    let result = physical::restore(&services.vault, &place, &to, programs, &control(services)).await;
    screen::clear();
    explain(&result?, &to);
    Ok(ExitCode::SUCCESS)
}

/// What a person does next.
fn explain(restored: &physical::Restored, to: &Path) {
    let coordinate = &restored.coordinate;
    screen::print(format!(
        "{}: the files of {} as of {}, from {} backups, ready for a server of the same series.",
        to.display(),
        restored.server,
        coordinate.at.exact(),
        restored.links
    ));
    if !coordinate.file.is_empty() {
        screen::print(format!(
            "It stands at {}:{} of the source's binary log (GTID {}).",
            coordinate.file,
            coordinate.position,
            if coordinate.gtid.is_empty() { "none" } else { &coordinate.gtid }
        ));
    }
    screen::print("Next:");
    screen::print(format!("  chown -R mysql:mysql {}", to.display()));
    screen::print("  in the server's option file, under [mysqld]:");
    screen::print(format!("    datadir={}", to.display()));
    for setting in &restored.settings {
        screen::print(format!("    {setting}"));
    }
    screen::print("  start the server. Accounts and passwords are those of the source.");
}
