//! A tenant's rows as a file.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Result, bail};
use clap::Args;
use domain::{
    access::may,
    audit::{Act, Deed, Field, Hash},
    tenancy::{ExportFormat, TenantKey},
};
use engine::pipeline::tenant_export::export_tenant;

use super::{
    Organisation,
    choose::{self, Here},
    export, screen,
};
use crate::{
    backups::verify_job::place_of,
    services::Services,
    tenancy::{
        export_job::form_of,
        routes::{self, Taken},
    },
};

/// `holdfast tenant export …`
#[derive(Debug, Args)]
pub struct Export {
    /// The backup's id, or latest:SOURCE
    backup: String,
    /// The tenant, by its key in the database
    #[arg(value_parser = key)]
    tenant: TenantKey,
    /// The file, which must not exist yet
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// sql.gz, csv (an archive of one file per table) or jsonl (compressed)
    #[arg(long, default_value = "sql.gz", value_parser = format)]
    format: ExportFormat,
    #[command(flatten)]
    organisation: Organisation,
}

fn key(text: &str) -> Result<TenantKey, String> {
    TenantKey::new(text).map_err(|error| error.to_string())
}

fn format(text: &str) -> Result<ExportFormat, String> {
    ExportFormat::find(text).ok_or_else(|| "write sql.gz, csv or jsonl".to_owned())
}

/// Writes it, checks it, and says what was checked.
pub async fn run(services: &Arc<Services>, command: Export) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::ExportBackup>()?);
    let backup = choose::backup(&rows, &command.backup).await?;
    let Some(tenant) = rows.tenant_in(backup.id, backup.source_id, &command.tenant).await? else {
        bail!(
            "this backup holds nothing of tenant {}\n  What to do: `holdfast tenant list` shows who has what",
            command.tenant
        );
    };
    if let Some(refusal) = routes::refusal(&rows, &services.vault, &backup, Taken::Exported).await? {
        bail!("{refusal}\n  What to do: {}", refusal.hint());
    }
    let deed = |state: &'static str| {
        Deed::done(Act::TenantExport, backup.id)
            .after(Field::State, state)
            .after(Field::Tenant, &tenant)
            .after(Field::Format, command.format.key())
    };
    rows.record_deed(deed("begun")).await?;
    let vault = &services.vault;
    let place = place_of(&backup);
    let written = export::to_file(&command.output, async |file| {
        let control = export::control(services);
        Ok(export_tenant(vault, &place, &tenant, form_of(command.format), file, &control).await?)
    })
    .await;
    let Ok(proof) = &written else {
        rows.record_deed(
            Deed::failed(Act::TenantExport, backup.id, "not_written").after(Field::Tenant, &tenant),
        )
        .await?;
        return written.map(|_| ExitCode::FAILURE);
    };
    let count: u64 = proof.tables.iter().map(|table| table.1).sum();
    let ended =
        deed("ended").after(Field::Rows, count).maybe(Field::Digest, proof.sha256.parse::<Hash>().ok());
    rows.record_deed(ended).await?;
    screen::print(format!(
        "{}: {count} rows of tenant {tenant} in {} tables, as of {}, and nobody else's: {} keys and {} references were \
         checked in the written file. SHA-256 {}",
        command.output.display(),
        proof.tables.len(),
        backup.snapshot_at.exact(),
        proof.keys_checked,
        proof.references_checked,
        proof.sha256
    ));
    Ok(ExitCode::SUCCESS)
}
