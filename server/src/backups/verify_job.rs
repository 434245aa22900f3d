//! Proves a backup by restoring it on a verification server.
//!
//! Loading a dump runs what its author wrote, so this never happens on the server that is backed up, whatever address
//! it is reached by.

use catalog::Backup;
use domain::{
    backups::{Evidence, Proof},
    sources::{Connection, ServerFamily},
};
use engine::{
    Error, Kind, Retry,
    format::keys::{self, Place},
    pipeline::{self, Vault},
    source::mysql::{connect::Endpoint, identity, inspect},
    storage::ObjectKey,
};

use super::{files_job, job::owner};
use crate::work::job::{Job, JobError, incomplete};

/// Verifies the run's backup.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let backup_id = run.backup_id.ok_or_else(|| incomplete(run, "backup"))?;
    let backup = job.rows().get_backup(backup_id).await?;
    if backup.files.is_some() {
        return files_job::verify(job, &backup).await;
    }
    let source = job.rows().get_source(backup.source_id).await?;
    let connection = job.rows().get_connection(source.source.connection_id).await?;
    let family = family_of(&backup);
    let server = verification_server(job, family, &connection, &backup).await?;
    job.say(format!("Start {} restores it on {}.", run.starts, server.shown())).await?;
    let target = job.target(server.clone()).await;
    let place = place_of(&backup);
    let evidence = match pipeline::verify(job.vault(), &place, &target, &job.control).await {
        Ok(evidence) => evidence,
        Err(error) if is_proof_of_damage(&error) => damaged(&error),
        Err(error) if error.retry() == Retry::Never && is_gone(job.vault(), &place).await? => damaged(&error),
        Err(error) => return Err(error.into()),
    };
    job.lease().complete_verify(&evidence).await?;
    Ok(())
}

/// Where a backup lies in its vault.
pub fn place_of(backup: &Backup) -> Place {
    Place {
        owner: owner(backup.tenant.as_ref()),
        source: backup.source_id,
        backup: backup.id,
        attempt: u32::try_from(backup.attempt).unwrap_or(u32::MAX),
    }
}

/// The family of the server that a backup was taken from.
pub fn family_of(backup: &Backup) -> ServerFamily {
    if backup.server_version.to_lowercase().contains("mariadb") {
        ServerFamily::Mariadb
    } else {
        ServerFamily::Mysql
    }
}

/// The configured server for `family`, which must not be the one that is backed up.
async fn verification_server<'a>(
    job: &'a Job,
    family: ServerFamily,
    source: &Connection,
    backup: &Backup,
) -> Result<&'a Endpoint, JobError> {
    let attempt = "choose a server to verify on";
    let server = job.services.config.verification(family).ok_or_else(|| {
        Error::new(Kind::Input, attempt, format!("no verification server for {family} is configured"))
            .hint("Add a [[verification]] section for it to the configuration file and start Holdfast again.")
    })?;
    if is_same_address(server, source) || is_source(job, server, source, backup).await? {
        return Err(Error::new(
            Kind::Input,
            attempt,
            format!("{} is the very server that is backed up", server.shown()),
        )
        .hint("Name another server in the [[verification]] section: loading a dump is running what it says.")
        .into());
    }
    Ok(server)
}

/// Asks both servers who they are. A source that is down must not keep its backups from being proven, least of all
/// then: the verification server is then compared with what the backup remembers.
async fn is_source(
    job: &Job,
    server: &Endpoint,
    source: &Connection,
    backup: &Backup,
) -> Result<bool, JobError> {
    let asked = match job.endpoint(source).await {
        Ok(endpoint) => identity::is_same_server(server, &endpoint).await.map_err(JobError::from),
        Err(error) => Err(error),
    };
    let error = match asked {
        Ok(same) => return Ok(same),
        Err(JobError::Engine(error)) => error,
        Err(error) => return Err(error),
    };
    // If it is this one that does not answer, it says so here.
    let mut conn = server.connect().await?;
    let facts = inspect::server_facts(&mut conn, &server.shown(), "").await?;
    let _closed = conn.disconnect().await;
    job.say(format!(
        "The source could not be asked who it is ({}), so only its address and what the backup remembers of it \
         tell it from {}.",
        error.message(),
        server.shown()
    ))
    .await?;
    // MariaDB has no such id, only numbers that people give.
    Ok(facts.family == ServerFamily::Mysql && facts.server_uuid == backup.coordinate.server_uuid)
}

fn is_same_address(server: &Endpoint, source: &Connection) -> bool {
    let normal = |host: &str| match host.to_lowercase().trim_end_matches('.') {
        "127.0.0.1" | "::1" => "localhost".to_owned(),
        host => host.to_owned(),
    };
    server.socket.is_none()
        && server.port == source.port
        && normal(server.host.as_str()) == normal(source.host.as_str())
}

/// The vault gave something else than was stored: that is an answer, and not one to hide behind "could not be done".
pub(super) fn is_proof_of_damage(error: &Error) -> bool {
    matches!(error.kind(), Kind::Integrity | Kind::Format) && error.retry() == Retry::Never
}

/// Whether the vault answers, is ours, and has lost a part of the backup: somebody removed it, and calling that
/// "could not be done" would leave the backup proven. A vault that does not answer proves nothing.
pub(super) async fn is_gone(vault: &Vault, place: &Place) -> engine::Result<bool> {
    let storage = vault.storage();
    if storage.head(&keys::installation()?, None).await?.is_none() {
        return Ok(false);
    }
    if storage.head(&place.manifest()?, None).await?.is_none() {
        return Ok(true);
    }
    if storage.list(&place.slots_prefix(), None, 1).await?.objects.is_empty() {
        return Ok(true);
    }
    let manifest = pipeline::open_manifest(vault, place).await?;
    for object in manifest.packs.iter().chain([&manifest.index]) {
        if storage.head(&ObjectKey::new(&*object.key)?, object.version.as_deref()).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn damaged(error: &Error) -> Evidence {
    Evidence {
        proof: Proof::DumpRows,
        equal: false,
        tables: Vec::new(),
        objects: 0,
        differences: Vec::new(),
        server: String::new(),
        phases: Vec::new(),
        remarks: vec![format!("The stored data is damaged: {error}")],
    }
}
