//! Takes a backup.
//!
//! The backup's id was allotted with the run, so a start that finds the manifest of an earlier one in the vault (its
//! worker died between publishing and telling the catalog) adopts it instead of storing everything twice. Object keys
//! carry the fencing token, which grows with every claim: no start ever meets the objects of another.

use std::sync::Arc;

use catalog::NewBackup;
use engine::{
    format::{Owner, keys::Place},
    pipeline::{self, BackupRequest, Receipt},
    source::mysql::dump::Mysqldump,
};

use crate::work::job::{Job, JobError, incomplete};

/// Connections that sum rows beside the dump.
const READERS: usize = 2;

/// Takes a backup of the run's source.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let source_id = run.source_id.ok_or_else(|| incomplete(run, "source"))?;
    let backup_id = run.backup_id.ok_or_else(|| incomplete(run, "backup"))?;
    let source = job.rows().get_source(source_id).await?.source;
    let place = Place {
        owner: Owner::System,
        source: source_id,
        backup: backup_id,
        attempt: u32::try_from(job.claim.fence()).unwrap_or(u32::MAX),
    };
    if let Some(receipt) = pipeline::find(job.vault(), &place.owner, source_id, backup_id).await? {
        job.say(format!(
            "Start {} had published this backup already; it is adopted.",
            receipt.manifest.attempt
        ))
        .await?;
        return complete(job, receipt).await;
    }
    let connection = job.rows().get_connection(source.connection_id).await?;
    let endpoint = job.endpoint(&connection).await?;
    job.say(format!("Start {} reads {} from {}.", run.starts, source.database, endpoint.shown())).await?;
    let engine = Mysqldump::new(Arc::new(job.services.clients().await.clone()), READERS);
    let codec = job.services.config.worker.compression;
    let request = BackupRequest { place, endpoint, database: source.database, codec };
    let receipt = pipeline::backup(job.vault(), &engine, &request, &job.control).await?;
    complete(job, receipt).await
}

/// Tells the catalog, and wakes a worker for the verification that belongs to it.
async fn complete(job: &Job, receipt: Receipt) -> Result<(), JobError> {
    let manifest = receipt.manifest;
    let follow_up = job
        .lease()
        .complete_backup(NewBackup {
            snapshot_at: manifest.coordinate.at,
            sizes: receipt.sizes,
            attempt: i64::from(manifest.attempt),
            phases: receipt.phases,
            coordinate: manifest.coordinate,
            server_version: manifest.server_version,
            client_version: manifest.client_version,
            codec: manifest.codec.key().into(),
            tables: receipt.tables,
            manifest_sha256: receipt.manifest_sha256,
            vault_id: job.services.vault_id,
            manifest_key: receipt.manifest_key.to_string(),
            objects: u32::try_from(manifest.packs.len() + 2).unwrap_or(u32::MAX),
            split: None,
        })
        .await?;
    if let Some(verification) = follow_up {
        job.services.wake(job.run().tenant_id, verification, 0).await;
    }
    Ok(())
}
