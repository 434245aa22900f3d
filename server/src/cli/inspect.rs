//! Looking into the vault without believing the catalog: what lies there, and what it says of itself.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use domain::{BackupId, ByteSize};
use engine::{
    format::{header, keys::Place},
    pipeline,
    storage::ObjectKey,
};
use tokio::io::AsyncReadExt as _;

use super::{NOT_WELL, screen};
use crate::services::Services;

/// `holdfast inspect …`
#[derive(Debug, Args)]
pub struct Inspect {
    /// One backup in full; without it all in a list
    backup: Option<String>,
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: Inspect) -> Result<ExitCode> {
    let places = pipeline::list(&services.vault).await?;
    let Some(wanted) = command.backup else { return list(services, &places).await };
    let Ok(wanted) = wanted.parse::<BackupId>() else { bail!("{wanted:?} is not the id of a backup") };
    let found: Vec<_> = places.iter().filter(|place| place.backup == wanted).collect();
    if found.is_empty() {
        bail!("the vault holds no backup {wanted}\n  What to do: `holdfast inspect` lists what it holds");
    }
    for place in found {
        show(services, place).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(services: &Services, places: &[Place]) -> Result<ExitCode> {
    let (mut rows, mut bad) = (Vec::new(), 0);
    for place in places {
        match pipeline::open_manifest(&services.vault, place).await {
            Ok(manifest) => rows.push(vec![
                place.backup.to_string(),
                place.attempt.to_string(),
                format!("{}, {}", manifest.kind, manifest.engine),
                manifest.coordinate.at.exact(),
                manifest.server_version.clone(),
                ByteSize(manifest.plain_bytes).to_string(),
                ByteSize(manifest.stored_bytes()).to_string(),
                place.source.to_string(),
            ]),
            Err(error) => {
                bad += 1;
                screen::warn(format!("{}  {}", place.backup, error.chain()));
            }
        }
    }
    screen::print(format!(
        "{}: installation {}",
        services.vault.storage().describe(),
        services.vault.installation()
    ));
    screen::table(
        &["BACKUP", "ATTEMPT", "KIND", "HOLDS THE INSTANT", "SERVER", "PLAIN", "STORED", "SOURCE"],
        &rows,
    );
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(NOT_WELL) })
}

async fn show(services: &Services, place: &Place) -> Result<()> {
    let manifest = pipeline::open_manifest(&services.vault, place).await?;
    screen::print_json(&serde_json::to_value(&manifest).context("write the manifest as JSON")?);
    for object in manifest.packs.iter().chain([&manifest.index]) {
        let key = ObjectKey::new(object.key.as_str())?;
        let end = object.size.min(header::MAX as u64);
        let mut reader = services.vault.storage().read(&key, object.version.as_deref(), Some(0..end)).await?;
        let mut head = Vec::new();
        reader.read_to_end(&mut head).await.with_context(|| format!("read {key}"))?;
        match header::inspect(&head) {
            Ok(context) => screen::print(format!("{key} says of itself (not checked): {context:?}")),
            Err(error) => screen::print(format!("{key} begins with no header of ours: {error}")),
        }
    }
    let description = pipeline::describe(&services.vault, place).await?;
    screen::print(format!(
        "Sealed index: database {}, {} tables, {} rows, {} views, triggers, routines and events, from {}",
        description.database,
        description.tables.len(),
        description.tables.iter().map(|(_, rows)| rows).sum::<u64>(),
        description.objects,
        description.server
    ));
    Ok(())
}
