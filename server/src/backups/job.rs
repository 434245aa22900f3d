//! Takes a backup.
//!
//! The backup's id was allotted with the run, so a start that finds the manifest of an earlier one in the vault (its
//! worker died between publishing and telling the catalog) adopts it instead of storing everything twice. Object keys
//! carry the fencing token, which grows with every claim: no start ever meets the objects of another.

use std::sync::Arc;

use catalog::{NewBackup, NewPart, NewSplit, SourceRow};
use domain::{
    VaultId,
    sources::{DatabaseName, EngineKind, Protected},
    tenancy::{TenantKey, TenantMap},
};
use engine::{
    format::{Owner, keys::Place},
    pipeline::{
        self, BackupRequest, Receipt, Vault,
        native::{self, NativeRequest},
    },
    source::mysql::{connect::Endpoint, dump::Mysqldump, tenancy::tenant_key::owner_of},
};

use super::files_job;
use crate::{
    tenancy::infer_job::look,
    work::job::{Job, JobError, incomplete},
};

/// Connections that read beside each other.
const READERS: usize = 2;

/// Whose backup it is: the tenant's, if it was taken for one, so that it lies under their key and goes with it.
pub fn owner(tenant: Option<&TenantKey>) -> Owner {
    tenant.map_or(Owner::System, owner_of)
}

/// Takes a backup of the run's source, or of one tenant of it.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let source_id = run.source_id.ok_or_else(|| incomplete(run, "source"))?;
    let backup_id = run.backup_id.ok_or_else(|| incomplete(run, "backup"))?;
    let row = job.rows().get_source(source_id).await?;
    let place = Place {
        owner: owner(run.tenant.as_ref()),
        source: source_id,
        backup: backup_id,
        attempt: u32::try_from(job.claim.fence()).unwrap_or(u32::MAX),
    };
    let Protected::Database(database) = row.source.protects.clone() else {
        return files_job::run(job, &row, place).await;
    };
    if let Some(receipt) = pipeline::find(job.vault(), &place.owner, source_id, backup_id).await? {
        job.say(format!(
            "Start {} had published this backup already; it is adopted.",
            receipt.manifest.attempt
        ))
        .await?;
        say(job, &receipt.remarks).await?;
        let split = adopted_split(job.vault(), &receipt).await?;
        return complete(job, row_of(receipt, split, job.services.vault_id)).await;
    }
    let connection = job.rows().get_connection(row.source.connection_id).await?;
    let endpoint = job.endpoint(&connection).await?;
    let what = run.tenant.as_ref().map_or_else(String::new, |tenant| format!("tenant {tenant} of "));
    job.say(format!("Start {} reads {what}{} from {}.", run.starts, database, endpoint.shown())).await?;
    if row.engine == EngineKind::Native || run.tenant.is_some() {
        return native(job, place, endpoint, row, database).await;
    }
    let engine = Mysqldump::new(Arc::new(job.services.clients().await.clone()), READERS);
    let codec = job.services.config.worker.compression;
    let request = BackupRequest { place, endpoint, database, codec };
    let receipt = pipeline::backup(job.vault(), &engine, &request, &job.control).await?;
    say(job, &receipt.remarks).await?;
    complete(job, row_of(receipt, None, job.services.vault_id)).await
}

/// Takes a backup that is split by tenant.
async fn native(
    job: &Job,
    place: Place,
    endpoint: Endpoint,
    row: SourceRow,
    database: DatabaseName,
) -> Result<(), JobError> {
    let (map, is_confirmed) = map_of(job, &endpoint, &row).await?;
    let request = NativeRequest {
        place,
        endpoint,
        database,
        codec: job.services.config.worker.compression,
        map: Some(map.clone()),
        confirmed: is_confirmed,
        tenant_column: row.tenant_column,
        tenant: job.run().tenant.clone(),
        readers: READERS,
    };
    let receipt = native::back_up(job.vault(), &request, &job.control).await?;
    let split = NewSplit {
        map,
        drift: receipt.drift.clone(),
        shared_rows: receipt.shared_rows,
        tenants: receipt.tenants.iter().map(part).collect(),
        spelling: receipt.spelling,
        remarks: receipt.remarks.clone(),
    };
    say(job, &split.remarks).await?;
    complete(job, row_of(receipt, Some(split), job.services.vault_id)).await
}

async fn say(job: &Job, remarks: &[String]) -> Result<(), JobError> {
    for remark in remarks {
        job.say(remark).await?;
    }
    Ok(())
}

/// The map that the backup follows: the confirmed one, else the draft, else one that is inferred now and becomes the
/// draft. And whether somebody confirmed it.
async fn map_of(job: &Job, endpoint: &Endpoint, row: &SourceRow) -> Result<(TenantMap, bool), JobError> {
    let (rows, source) = (job.rows(), &row.source);
    if let Some((_, map)) = rows.confirmed_map(source.id).await? {
        return Ok((map, true));
    }
    if let Some((_, map)) = rows.draft_map(source.id).await? {
        return Ok((map, false));
    }
    let found = look(job, endpoint, source, &row.tenant_column).await?;
    job.lease().store_draft(&found).await?;
    job.say("This source had no tenant map: one was inferred, and waits to be confirmed.").await?;
    Ok((found.map, false))
}

fn part(receipt: &pipeline::TenantReceipt) -> NewPart {
    NewPart {
        key: receipt.key.clone(),
        rows: receipt.rows,
        plain_bytes: receipt.plain_bytes,
        stored_bytes: receipt.stored_bytes,
    }
}

/// What an adopted backup says of itself.
pub async fn adopted_split(vault: &Vault, receipt: &Receipt) -> engine::Result<Option<NewSplit>> {
    let parts = pipeline::parts(vault, &receipt.manifest.place()).await?;
    Ok(parts.map(|parts| NewSplit {
        spelling: parts.split.spelling,
        map: parts.split.map,
        drift: parts.split.drift,
        shared_rows: parts.shared_rows,
        tenants: parts.tenants.iter().map(part).collect(),
        remarks: std::iter::once(parts.split.agreed).chain(receipt.remarks.iter().cloned()).collect(),
    }))
}

/// Tells the catalog, and wakes a worker for the verification that belongs to it.
pub(super) async fn complete(job: &Job, new: NewBackup) -> Result<(), JobError> {
    let follow_up = job.lease().complete_backup(new).await?;
    if let Some(verification) = follow_up {
        job.services.wake(job.run().tenant_id, verification, 0).await;
    }
    Ok(())
}

/// What the catalog remembers of a published backup.
pub fn row_of(receipt: Receipt, split: Option<NewSplit>, vault_id: VaultId) -> NewBackup {
    let manifest = receipt.manifest;
    NewBackup {
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
        vault_id,
        manifest_key: receipt.manifest_key.to_string(),
        objects: u32::try_from(manifest.packs.len() + 2).unwrap_or(u32::MAX),
        split,
        files: None,
    }
}
