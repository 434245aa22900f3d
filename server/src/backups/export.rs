//! A backup as a file that any stock client loads.
//!
//! The file goes from the vault to the reader piece by piece; nothing is kept here. It ends whole or not at all:
//! when something is found to be wrong on the way, the download breaks off without its trailer.

use std::sync::Arc;

use catalog::Scope;
use domain::{
    BackupId, Refusal,
    access::may,
    audit::{Act, Deed, Field},
    backups::Retention,
};
use engine::{
    format::keys,
    pipeline::{self, Control, Export, NoFence},
};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio_util::sync::CancellationToken;

use super::{
    downloads::{Patient, Place},
    verify_job::place_of,
};
use crate::{caller::Caller, fault::Result};

/// What lies between vault and reader, in bytes.
const BUFFER: usize = 1 << 20;

/// A download that has begun.
pub struct Download {
    /// Name of the file: database and instant.
    pub file_name: String,
    /// Its content.
    pub content: DuplexStream,
}

/// Begins the export of a backup; audited before the first byte leaves, and again with how it ended.
pub async fn begin(caller: &Caller, scope: Scope<may::ExportBackup>, id: BackupId) -> Result<Download> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(id).await?;
    if backup.retention == Retention::Deleted {
        return Err(Refusal::Expired.into());
    }
    if backup.files.is_some() {
        return Err(Refusal::OtherEngine.into());
    }
    let entered = caller.services.downloads.enter(&scope.actor().key())?;
    let place = place_of(&backup);
    // Whatever cannot be opened at all is an answer, not a broken download.
    pipeline::open_manifest(&caller.services.vault, &place).await?;
    let begun = Deed::done(Act::BackupExport, id)
        .after(Field::State, "begun")
        .after(Field::Source, backup.source_id)
        .after(Field::Format, "sql.gz");
    rows.record_deed(begun).await?;
    let instant = backup.snapshot_at.utc().format("%Y%m%dT%H%M%SZ");
    let file_name = format!("{}-{instant}.sql.gz", backup.database);
    let (writer, content) = tokio::io::duplex(BUFFER);
    tokio::spawn(run(caller.clone(), scope, id, place, Patient::new(writer), entered));
    Ok(Download { file_name, content })
}

async fn run(
    caller: Caller,
    scope: Scope<may::ExportBackup>,
    id: BackupId,
    place: keys::Place,
    mut writer: Patient<DuplexStream>,
    _entered: Place,
) {
    let control = Control {
        clock: Arc::clone(&caller.services.clock),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        fence: Arc::new(NoFence),
    };
    let exported =
        pipeline::export(&caller.services.vault, &place, Export::Gzip, &mut writer, &control).await;
    let ended = match exported {
        Ok(bytes) => match writer.shutdown().await {
            Ok(()) => {
                Deed::done(Act::BackupExport, id).after(Field::State, "ended").after(Field::Bytes, bytes)
            }
            Err(_) => Deed::failed(Act::BackupExport, id, "reader_gone"),
        },
        Err(error) => {
            tracing::warn!(backup.id = %id, error = error.chain(), "an export ended early");
            Deed::failed(Act::BackupExport, id, error.kind().key())
        }
    };
    if let Err(error) = caller.rows(&scope).record_deed(ended).await {
        tracing::error!(backup.id = %id, %error, "the end of an export could not be recorded");
    }
}
