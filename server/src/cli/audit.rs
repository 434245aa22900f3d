//! The audit trail: checked here, or taken away as a file that `holdfast-recover audit verify` checks elsewhere.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Result;
use catalog::SystemTask;
use clap::Subcommand;
use domain::{access::may, audit::Chain};
use engine::pipeline;

use super::{NOT_WELL, Organisation, choose::Here, export::to_file, screen};
use crate::{audit::export, services::Services};

/// `holdfast audit …`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Computes every hash again and checks every signed head, here and in the vault
    Verify,
    /// Writes an organisation's trail as a file that can be checked without this server
    Export {
        /// The file, which must not exist yet
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        organisation: Organisation,
    },
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Audit) -> Result<ExitCode> {
    match command {
        Audit::Verify => verify(services).await,
        Audit::Export { output, organisation } => {
            let here = Here::find(services, &organisation).await?;
            let rows = services.catalog.tenant(&here.may::<may::ReadAudit>()?);
            let written = to_file(&output, async |file| {
                Ok(export::export(services, &rows, export::Range::default(), file).await?)
            })
            .await?;
            screen::print(format!(
                "{}: {} entries under {} signed heads",
                output.display(),
                written.entries,
                written.heads
            ));
            screen::warn(format!(
                "Check it anywhere with: holdfast-recover audit verify FILE --signing-key {}",
                services.vault.signing_fingerprint()
            ));
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn verify(services: &Arc<Services>) -> Result<ExitCode> {
    let system = services.catalog.system(SystemTask::Audit);
    let signed = |bytes: &[u8], signature: &[u8; 64]| pipeline::is_signed(&services.vault, bytes, signature);
    let mut damaged = 0;
    for chain in system.trail_chains().await? {
        let whose = match chain {
            Chain::Platform => "the installation".to_owned(),
            Chain::Tenant(tenant) => format!("organisation {tenant}"),
        };
        let checked = system.check_trail(chain, &signed).await?;
        match checked.damage {
            None => screen::print(format!(
                "{whose}: {} entries and {} heads are as they were written",
                checked.entries, checked.heads
            )),
            Some(damage) => {
                damaged += 1;
                screen::print(format!("{whose}: DAMAGED after {} entries", checked.entries));
                screen::warn(format!("  {damage}"));
            }
        }
    }
    let heads = system.check_heads(&signed).await?;
    if let Some(damage) = heads.damage {
        damaged += 1;
        screen::warn(format!("The heads: {damage}"));
    }
    // What lies in the vault and the catalog does not know is what a catalog forgot, or was made to.
    if pipeline::find_head(&services.vault, heads.heads + 1).await?.is_some() {
        damaged += 1;
        screen::warn(format!(
            "The vault has head {} and the catalog has not: the catalog was put back from an older copy, or its trail was \
             cut off",
            heads.heads + 1
        ));
    }
    Ok(if damaged == 0 { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) })
}
