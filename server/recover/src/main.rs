//! `holdfast-recover`: for the day when only the vault and a key are left.
//!
//! It knows no catalog and no configuration file, changes nothing in the vault, and stands on the same engine that
//! wrote the backups. One of two keys is enough: the root key file, or the recovery key that was written down.

mod args;
mod audit;
mod choose;
mod clock;
mod decrypt;
mod files;
mod list;
mod open;
mod restore;
mod screen;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Audit, Command};

/// Something was found that is not as it should be, and was said.
pub const FOUND_DAMAGE: u8 = 1;
/// It could not be done.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    // Whoever set another provider before us would be ourselves.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::complain(&error.into());
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(run(args)) {
        Ok(code) => code,
        Err(error) => {
            screen::complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { vault, key, command } = args;
    // Not before it is needed: an exported trail is checked with nothing but the file.
    let open = async || open::vault(&vault, &key).await;
    let control = screen::control();
    match command {
        Command::List => list::list(&open().await?).await,
        Command::Check(choice) => list::check(&open().await?, &choice, &control).await,
        Command::Decrypt { choice, output } => {
            decrypt::decrypt(&open().await?, &choice, &output, &control).await
        }
        Command::Files { choice, to, programs } => {
            files::restore(&open().await?, &choice, &to, programs.as_deref(), &control).await
        }
        Command::Audit(Audit::Verify { file }) => audit::verify(&file, key.signing_key.as_deref()),
        Command::Restore { choice, server, definers } => {
            restore::restore(&open().await?, &choice, &server, &definers, &control).await
        }
    }
}
