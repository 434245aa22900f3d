//! A backup as a file of SQL that any stock client loads, or, if it holds files, as the stream that the stock programs
//! unpack.

use std::{os::fd::AsFd as _, path::Path, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use domain::ByteSize;
use engine::pipeline::{self, Control, Description, Export, Vault, physical};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::{args::Choice, choose, files, screen};

/// Writes it under another name first: a file that has the name that was asked for is complete.
pub async fn decrypt(vault: &Vault, choice: &Choice, output: &Path, control: &Control) -> Result<ExitCode> {
    let (place, backup) = choose::one(vault, choice).await?;
    let form = if output.extension().is_some_and(|extension| extension == "gz") {
        Export::Gzip
    } else {
        Export::Plain
    };
    if output == Path::new("-") {
        let out = std::io::stdout().as_fd().try_clone_to_owned().context("open standard output")?;
        let mut out = tokio::fs::File::from_std(out.into());
        write(vault, &place, &backup, form, &mut out, control).await?;
        screen::clear();
        return Ok(ExitCode::SUCCESS);
    }
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
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(part)
            .await
            .with_context(|| format!("create {}", part.display()))?;
        let bytes = write(vault, &place, &backup, form, &mut file, control).await?;
        file.flush().await.and(Ok(()))?;
        file.sync_all().await.context("write the file to the disk")?;
        tokio::fs::rename(part, output)
            .await
            .with_context(|| format!("name the file {}", output.display()))?;
        anyhow::Ok(bytes)
    }
    .await;
    screen::clear();
    match result {
        Ok(bytes) if physical::family_of(&backup.engine).is_some() => {
            screen::print(&format!(
                "{}: {} of files, {}",
                output.display(),
                ByteSize(bytes),
                backup.snapshot_at.exact()
            ));
            screen::print(&files::how_to(vault, &place, &backup).await?);
            Ok(ExitCode::SUCCESS)
        }
        Ok(bytes) => {
            screen::print(&format!(
                "{}: {} of SQL, {} as of {}",
                output.display(),
                ByteSize(bytes),
                backup.database,
                backup.snapshot_at.exact()
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            // What is there is readable data that nobody asked to keep.
            let _ = tokio::fs::remove_file(part).await;
            Err(error)
        }
    }
}

/// Writes whatever the backup holds.
async fn write(
    vault: &Vault,
    place: &engine::format::keys::Place,
    backup: &Description,
    form: Export,
    out: &mut (dyn AsyncWrite + Send + Unpin),
    control: &Control,
) -> engine::Result<u64> {
    if physical::family_of(&backup.engine).is_some() {
        return physical::stream(vault, place, out, control).await;
    }
    pipeline::export(vault, place, form, out, control).await
}
