//! Takes and proves backups of a whole server's files.
//!
//! Both happen on the machine where this worker runs: only there are the files, and the copying program of the server's
//! series with which a copy is prepared. What the new backup continues was decided when the run was asked for.

use catalog::{Backup, Files, NewBackup, RunInput, SourceRow};
use domain::{BackupId, VaultId, files::FilesFacts};
use engine::{
    Retry,
    format::keys::Place,
    pipeline::{
        Receipt,
        physical::{self, Parent, PhysicalContent, PhysicalRequest, VerifyPlace},
    },
};

use super::{
    job::{complete, row_of},
    verify_job::{damaged, is_gone, is_proof_of_damage, place_of},
};
use crate::work::{
    job::{Job, JobError, incomplete},
    jobs::host_name,
};

/// What the run is given: its parent, and whether rows are read and an incremental backup was wanted.
fn input(job: &Job) -> Result<(Option<BackupId>, bool, bool), JobError> {
    match job.run().input {
        Some(RunInput::Files { parent, sums, incremental }) => Ok((parent, sums, incremental)),
        _ => Err(incomplete(job.run(), "parent")),
    }
}

/// Takes a backup of the run's source, which is a whole server.
pub async fn run(job: &Job, row: &SourceRow, place: Place) -> Result<(), JobError> {
    let (parent, sums, incremental) = input(job)?;
    let found = physical::find(job.vault(), &place.owner, place.source, place.backup).await?;
    if let Some((receipt, content)) = found {
        let earlier = receipt.manifest.attempt;
        job.say(format!("Start {earlier} had published this backup already; it is adopted.")).await?;
        return store(job, receipt, content, None).await;
    }
    let connection = job.rows().get_connection(row.source.connection_id).await?;
    let endpoint = job.endpoint(&connection).await?;
    let what = match (parent, incremental) {
        (Some(parent), _) => format!("what changed since backup {parent}"),
        (None, true) => "everything: there is no backup that could be continued".to_owned(),
        (None, false) => "everything".to_owned(),
    };
    let machine = host_name();
    job.say(format!(
        "Start {} copies the files of the server of {} on {machine}: {what}.",
        job.run().starts,
        endpoint.shown()
    ))
    .await?;
    let settings = &job.services.config.physical;
    let request = PhysicalRequest {
        place: place.clone(),
        endpoint,
        codec: job.services.config.worker.compression,
        parent: parent.map_or(Parent::None, Parent::Backup),
        sums,
        programs: settings.programs.clone(),
        scratch: settings.scratch.clone(),
    };
    let receipt = physical::backup(job.vault(), &request, &job.control).await?;
    let published = physical::find(job.vault(), &place.owner, place.source, place.backup).await?;
    let Some((_, content)) = published else { return Err(incomplete(job.run(), "published backup")) };
    for remark in &content.notes {
        job.say(remark).await?;
    }
    store(job, receipt, content, Some(machine)).await
}

async fn store(
    job: &Job,
    receipt: Receipt,
    content: PhysicalContent,
    machine: Option<String>,
) -> Result<(), JobError> {
    complete(job, files_row(job.services.vault_id, receipt, content, machine)).await
}

/// What the catalog remembers of a published backup of files.
pub fn files_row(
    vault_id: VaultId,
    receipt: Receipt,
    content: PhysicalContent,
    machine: Option<String>,
) -> NewBackup {
    let facts = FilesFacts {
        program: receipt.manifest.engine.clone(),
        machine,
        directory: content.data_directory,
        databases: content.databases.iter().map(|database| database.name.to_string()).collect(),
        remarks: content.notes,
    };
    let files = Files { parent: receipt.manifest.parent, facts };
    NewBackup { files: Some(files), ..row_of(receipt, None, vault_id) }
}

/// Proves a backup: all of its chain is unpacked and prepared here, and a private server started on it. That a link is
/// gone is an answer too: this backup cannot be restored.
pub async fn verify(job: &Job, backup: &Backup) -> Result<(), JobError> {
    let settings = &job.services.config.physical;
    job.say(format!(
        "Start {} unpacks it in {} on {} and starts a private server on it.",
        job.run().starts,
        settings.scratch.display(),
        host_name()
    ))
    .await?;
    let at = VerifyPlace { scratch: settings.scratch.clone(), programs: settings.programs.clone() };
    let place = place_of(backup);
    let evidence = match physical::verify(job.vault(), &place, &at, &job.control).await {
        Ok(evidence) => evidence,
        Err(error) if is_proof_of_damage(&error) => damaged(&error),
        Err(error) if error.retry() == Retry::Never && is_broken(job, backup).await? => damaged(&error),
        Err(error) => return Err(error.into()),
    };
    job.lease().complete_verify(&evidence).await?;
    Ok(())
}

/// Whether a link of its chain is gone from a vault that answers.
async fn is_broken(job: &Job, backup: &Backup) -> Result<bool, JobError> {
    for link in job.rows().chain(backup.id).await? {
        let link = job.rows().get_backup(link.id).await?;
        if is_gone(job.vault(), &place_of(&link)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
