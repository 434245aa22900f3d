//! Writes a tenant's rows as a file, checks it, and keeps nothing but its digest.
//!
//! The file is somebody's data in clear, so it is not kept anywhere: taking it away writes it once more from the sealed
//! backup, and it must then be, byte for byte, the one that was checked here.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use catalog::{Backup, RunInput, RunOutput};
use domain::tenancy::{ExportFormat, TenantKey};
use engine::pipeline::tenant_export::{TenantForm, export_tenant};
use tokio::io::AsyncWrite;

use super::routes::{self, Taken};
use crate::{
    backups::verify_job::place_of,
    work::job::{Job, JobError, incomplete},
};

/// How long a file can be taken away after it was checked, in milliseconds: a week.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// Counts what is written and forgets it.
#[derive(Default)]
struct Counter(u64);

impl AsyncWrite for Counter {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0 += bytes.len() as u64;
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The engine's word for a form.
pub const fn form_of(format: ExportFormat) -> TenantForm {
    match format {
        ExportFormat::SqlGz => TenantForm::SqlGzip,
        ExportFormat::Csv => TenantForm::CsvTarGzip,
        ExportFormat::JsonLines => TenantForm::JsonLinesGzip,
    }
}

/// How the file of a tenant is called: database, tenant and instant.
pub fn file_name(backup: &Backup, tenant: &TenantKey, format: ExportFormat) -> String {
    let instant = backup.snapshot_at.utc().format("%Y%m%dT%H%M%SZ");
    let ending = match format {
        ExportFormat::SqlGz => "sql.gz",
        ExportFormat::Csv => "csv.tar.gz",
        ExportFormat::JsonLines => "jsonl.gz",
    };
    format!("{}-tenant-{tenant}-{instant}.{ending}", backup.database)
}

/// Writes and checks the file of the run.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let backup_id = run.backup_id.ok_or_else(|| incomplete(run, "backup"))?;
    let tenant = run.tenant.as_ref().ok_or_else(|| incomplete(run, "tenant"))?;
    let Some(RunInput::Export { format }) = run.input else { return Err(incomplete(run, "format")) };
    let backup = job.rows().get_backup(backup_id).await?;
    job.say(format!("Start {} writes tenant {tenant} as {}.", run.starts, format.title())).await?;
    routes::check(&job.rows(), job.vault(), &backup, Taken::Exported).await?;
    let mut counter = Counter::default();
    let (place, form) = (place_of(&backup), form_of(format));
    let proof = export_tenant(job.vault(), &place, tenant, form, &mut counter, &job.control).await?;
    let rows: u64 = proof.tables.iter().map(|table| table.1).sum();
    let summary = format!(
        "{rows} rows of {} tables, nobody else's among them: {} keys and {} references were checked in the written \
         file. {} of {} bytes of the backup were read.",
        proof.tables.len(),
        proof.keys_checked,
        proof.references_checked,
        proof.bytes_read,
        proof.bytes_whole,
    );
    let output = RunOutput {
        name: file_name(&backup, tenant, format),
        size: counter.0,
        sha256: proof.sha256,
        until: job.services.clock.now().plus_ms(KEPT_MS),
    };
    job.lease().complete_export(&output, &summary).await?;
    Ok(())
}
