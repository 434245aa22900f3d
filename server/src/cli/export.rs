//! A backup as a file of SQL.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use domain::{
    ByteSize,
    access::may,
    audit::{Act, Deed, Field},
};
use engine::pipeline::{self, Control, Export as Form, NoFence};
use tokio::{fs::File, io::AsyncWriteExt as _, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Organisation,
    choose::{self, Here},
    screen,
};
use crate::{backups::verify_job::place_of, services::Services, work::progress::Meter};

/// `holdfast export …`
#[derive(Debug, Args)]
pub struct Export {
    /// The backup's id, or latest:SOURCE
    backup: String,
    /// The file, which must not exist yet; compressed if its name ends in .gz
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    organisation: Organisation,
}

/// Writes the file.
pub async fn run(services: &Arc<Services>, command: Export) -> Result<ExitCode> {
    let here = Here::find(services, &command.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::ExportBackup>()?);
    let backup = choose::backup(&rows, &command.backup).await?;
    let output = &command.output;
    let form =
        if output.extension().is_some_and(|extension| extension == "gz") { Form::Gzip } else { Form::Plain };
    let begun = Deed::done(Act::BackupExport, backup.id)
        .after(Field::State, "begun")
        .after(Field::Source, backup.source_id)
        .after(Field::Format, if matches!(form, Form::Gzip) { "sql.gz" } else { "sql" });
    rows.record_deed(begun).await?;
    let written = to_file(output, async |file| {
        Ok(pipeline::export(&services.vault, &place_of(&backup), form, file, &control(services)).await?)
    })
    .await;
    let ended = match &written {
        Ok(bytes) => {
            Deed::done(Act::BackupExport, backup.id).after(Field::State, "ended").after(Field::Bytes, *bytes)
        }
        Err(_) => Deed::failed(Act::BackupExport, backup.id, "not_written"),
    };
    rows.record_deed(ended).await?;
    let bytes = written?;
    screen::print(format!(
        "{}: {} of SQL, {} as of {}",
        output.display(),
        ByteSize(bytes),
        backup.database,
        backup.snapshot_at.exact()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Writes a file under another name first: a file that has the name that was asked for is complete.
pub async fn to_file<T>(output: &Path, write: impl AsyncFnOnce(&mut File) -> Result<T>) -> Result<T> {
    if output.exists() {
        bail!(
            "{} exists already\n  What to do: choose another name; nothing is overwritten",
            output.display()
        );
    }
    let mut part = output.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let result = async {
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(part).await.with_context(|| format!("create {}", part.display()))?;
        let result = write(&mut file).await?;
        file.flush().await.context("write the file")?;
        file.sync_all().await.context("write the file to the disk")?;
        tokio::fs::rename(part, output)
            .await
            .with_context(|| format!("name the file {}", output.display()))?;
        anyhow::Ok(result)
    }
    .await;
    screen::clear();
    if result.is_err() {
        // What is there is readable data that nobody asked to keep.
        let _ = tokio::fs::remove_file(part).await;
    }
    result
}

/// What the engine is given: it stops at Ctrl-C and draws its progress.
pub fn control(services: &Services) -> Control {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let meter = std::sync::Mutex::new((Meter::default(), None::<Instant>));
    Control {
        clock: Arc::clone(&services.clock),
        cancel,
        progress: Arc::new(move |progress| {
            let (now, Ok(mut meter)) = (Instant::now(), meter.lock()) else { return };
            if meter.1.is_none_or(|drawn| now.duration_since(drawn) >= crate::work::progress::BETWEEN) {
                meter.1 = Some(now);
                screen::draw(&meter.0.complete(progress, now));
            }
        }),
        fence: Arc::new(NoFence),
    }
}
