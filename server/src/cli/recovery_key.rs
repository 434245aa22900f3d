//! The recovery key: shown until it was typed back, and from then on only ever checked.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Result, bail};
use catalog::SetupState;
use clap::Subcommand;
use engine::seal::recovery;
use secrecy::ExposeSecret as _;

use super::{NOT_WELL, choose, screen};
use crate::{access::pending, services::Services};

/// `holdfast recovery-key …`
#[derive(Debug, Subcommand)]
pub enum RecoveryKey {
    /// Shows it, as long as nobody has confirmed that it was written down
    Show,
    /// Types it back; from then on it is kept nowhere here
    Confirm {
        /// File with the key as it was written down; `-` reads it from standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },
    /// Checks that a written copy is the right one, at any time
    Check {
        /// File with the key as it was written down; `-` reads it from standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: RecoveryKey) -> Result<ExitCode> {
    match command {
        RecoveryKey::Show => {
            let wrapped = match pending::find(services.vault.storage()).await? {
                Some(wrapped) => wrapped,
                None => services.catalog.pending_recovery_key(&choose::person(services).await?).await?.0,
            };
            let key = pending::open(services.root.as_ref(), services.vault.installation(), &wrapped).await?;
            screen::print(key.as_str());
            screen::warn(format!(
                "Fingerprint of the signing key, to be written down beside it: {}",
                services.vault.signing_fingerprint()
            ));
            screen::warn(
                "Write them down, keep it away from this machine, then: holdfast recovery-key confirm",
            );
            Ok(ExitCode::SUCCESS)
        }
        RecoveryKey::Confirm { file } => {
            if !fits(services, &file)? {
                bail!(
                    "that is not the recovery key of this installation\n  What to do: compare it with `holdfast recovery-key show`"
                );
            }
            if services.catalog.installation().await?.setup == SetupState::Needed {
                bail!(
                    "nobody can sign in yet\n  What to do: add the first person with `holdfast user add`, then confirm"
                );
            }
            let person = choose::person(services).await?;
            services.catalog.confirm_pending_recovery_key(&person).await?;
            pending::forget(services.vault.storage()).await?;
            screen::print("Confirmed. It is kept nowhere here any more.");
            Ok(ExitCode::SUCCESS)
        }
        RecoveryKey::Check { file } if fits(services, &file)? => {
            screen::print("This is the recovery key of this installation.");
            screen::print(format!(
                "The fingerprint beside it must be that of the signing key: {}",
                services.vault.signing_fingerprint()
            ));
            Ok(ExitCode::SUCCESS)
        }
        RecoveryKey::Check { .. } => {
            screen::print("This is a recovery key, but of another installation.");
            Ok(ExitCode::from(NOT_WELL))
        }
    }
}

fn fits(services: &Services, file: &std::path::Path) -> Result<bool> {
    let typed = recovery::from_text(choose::secret(file)?.expose_secret())?;
    Ok(typed.public()? == *services.vault.recovery_public())
}
