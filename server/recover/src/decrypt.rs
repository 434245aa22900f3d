//! A backup as a file of SQL that any stock client loads.

use std::{os::fd::AsFd as _, path::Path, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use domain::ByteSize;
use engine::pipeline::{self, Control, Export, Vault};
use tokio::io::AsyncWriteExt as _;

use crate::{args::Choice, choose, screen};

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
        pipeline::export(vault, &place, form, &mut out, control).await?;
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
        let bytes = pipeline::export(vault, &place, form, &mut file, control).await?;
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
