//! The command line: what a person at the machine does without a browser, by the same use cases and job code.
//!
//! Results go to standard output, everything else to standard error. A failure says what to do. Exit status: 0 done,
//! 1 done and something is not as it should be, 2 could not be done. No password is ever an argument: other users of
//! a machine can read the command lines of all.

mod audit;
mod backup;
mod choose;
mod doctor;
mod doctor_servers;
mod drive;
mod export;
mod inspect;
mod physical;
mod recovery_key;
mod restore;
mod screen;
mod source;
mod tenant;
mod tenant_export;
mod user;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::Subcommand;
use domain::Clock;

use crate::{clock::SystemClock, config::Config, services::Services};

pub use screen::complain;

/// Something is not as it should be, and was said.
pub const NOT_WELL: u8 = 1;
/// It could not be done.
pub const FAILED: u8 = 2;

/// Commands for the person at the machine.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Checks everything that Holdfast depends on, and says how to mend what is wrong
    Doctor,
    /// People who may sign in
    #[command(subcommand)]
    User(user::User),
    /// Databases that are protected
    #[command(subcommand)]
    Source(source::Source),
    /// Tenants of a shared database, and whose rows are whose
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Backups
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Proves a backup by restoring it on the verification server
    Verify(backup::Verify),
    /// Restores a backup into a new database
    Restore(restore::Restore),
    /// Writes a backup as SQL (.sql.gz, or .sql) that the stock client loads
    Export(export::Export),
    /// Backups of the files of a whole server on this machine
    #[command(subcommand)]
    Physical(physical::Physical),
    /// Shows what lies in the vault, without the catalog's help
    Inspect(inspect::Inspect),
    /// The audit trail
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The key that opens everything when the root key is lost
    #[command(subcommand)]
    RecoveryKey(recovery_key::RecoveryKey),
}

/// In which organisation, if there are several.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Organisation {
    /// Name of the organisation, if there are several
    #[arg(long, value_name = "NAME")]
    pub organisation: Option<String>,
}

/// A password from a file.
#[derive(Debug, Clone, clap::Args)]
pub struct PasswordFile {
    /// File with the password alone; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
}

/// Runs a command.
pub async fn run(command: Command, config: Config) -> Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if matches!(command, Command::Doctor) {
        return doctor::doctor(&config, &clock).await;
    }
    let services = Services::open(config, clock).await?;
    match command {
        Command::Doctor => Ok(ExitCode::SUCCESS),
        Command::User(command) => user::run(&services, command).await,
        Command::Source(command) => source::run(&services, command).await,
        Command::Tenant(command) => tenant::run(&services, command).await,
        Command::Backup(command) => backup::run(&services, command).await,
        Command::Verify(command) => backup::verify(&services, command).await,
        Command::Restore(command) => restore::run(&services, command).await,
        Command::Export(command) => export::run(&services, command).await,
        Command::Physical(command) => physical::run(&services, command).await,
        Command::Inspect(command) => inspect::run(&services, command).await,
        Command::Audit(command) => audit::run(&services, command).await,
        Command::RecoveryKey(command) => recovery_key::run(&services, command).await,
    }
}
