//! A tenant's file on its way out: written once more from the sealed backup, piece by piece, and held back at its last
//! byte unless it is the very file that was checked.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use catalog::{Backup, Run, RunInput, RunOutput, Scope};
use domain::{
    Fault, Refusal, RunId,
    access::may,
    audit::{Act, Deed, Field, Hash},
    backups::Retention,
    tenancy::{ExportFormat, TenantKey},
};
use engine::pipeline::{Control, NoFence, tenant_export::export_tenant};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio_util::sync::CancellationToken;

use super::{
    export_job::form_of,
    routes::{self, Taken},
};
use crate::{
    backups::{
        downloads::{Patient, Place},
        export::Download,
        verify_job::place_of,
    },
    caller::Caller,
    fault::{Error, Result},
};

/// What lies between vault and reader, in bytes.
const BUFFER: usize = 1 << 20;

/// What a run has left to take away.
struct File {
    backup: Backup,
    tenant: TenantKey,
    format: ExportFormat,
    output: RunOutput,
}

impl File {
    /// That somebody takes it away.
    fn deed(&self, run: RunId) -> Deed {
        Deed::done(Act::TenantExport, self.backup.id)
            .after(Field::Run, run)
            .after(Field::Tenant, &self.tenant)
            .after(Field::Format, self.format.key())
            .maybe(Field::Digest, self.output.sha256.parse::<Hash>().ok())
    }
}

/// Begins to write the file of an export once more; audited before the first byte leaves, and again with how it ended.
pub async fn begin(caller: &Caller, scope: Scope<may::ExportBackup>, id: RunId) -> Result<Download> {
    let rows = caller.rows(&scope);
    let file = find(caller, rows.get_run(id).await?, &scope).await?;
    let entered = caller.services.downloads.enter(&scope.actor().key())?;
    rows.record_deed(file.deed(id).after(Field::State, "begun")).await?;
    let file_name = file.output.name.clone();
    let (writer, content) = tokio::io::duplex(BUFFER);
    tokio::spawn(send(caller.clone(), scope, id, file, Patient::new(writer), entered));
    Ok(Download { file_name, content })
}

async fn find(caller: &Caller, run: Run, scope: &Scope<may::ExportBackup>) -> Result<File> {
    let (Some(RunInput::Export { format }), Some(output), Some(tenant), Some(backup)) =
        (run.input, run.output, run.tenant, run.backup_id)
    else {
        return Err(Fault::NotFound.into());
    };
    if output.until <= caller.services.clock.now() {
        return Err(Refusal::Expired.into());
    }
    let backup = caller.rows(scope).get_backup(backup).await?;
    if backup.retention == Retention::Deleted {
        return Err(Refusal::Expired.into());
    }
    // The map may have been changed in the week since the file was checked.
    let (rows, vault) = (caller.rows(scope), &caller.services.vault);
    if let Some(refusal) = routes::refusal(&rows, vault, &backup, Taken::Exported).await? {
        return Err(refusal.into());
    }
    Ok(File { backup, tenant, format, output })
}

async fn send(
    caller: Caller,
    scope: Scope<may::ExportBackup>,
    id: RunId,
    file: File,
    writer: Patient<DuplexStream>,
    _entered: Place,
) {
    let ended = match write(&caller, &file, writer).await {
        Ok(()) => file.deed(id).after(Field::State, "ended").after(Field::Bytes, file.output.size),
        Err(Error::Engine(error)) => {
            tracing::warn!(run.id = %id, error = error.chain(), "an export ended early");
            Deed::failed(Act::TenantExport, file.backup.id, error.kind().key()).after(Field::Run, id)
        }
        Err(_) => {
            Deed::failed(Act::TenantExport, file.backup.id, "reader_gone_or_changed").after(Field::Run, id)
        }
    };
    if let Err(error) = caller.rows(&scope).record_deed(ended).await {
        tracing::error!(run.id = %id, %error, "the end of an export could not be recorded");
    }
}

async fn write(caller: &Caller, file: &File, writer: Patient<DuplexStream>) -> Result<()> {
    let control = Control {
        clock: Arc::clone(&caller.services.clock),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        fence: Arc::new(NoFence),
    };
    let mut out = Held { inner: writer, last: None, hash: Sha256::new() };
    let (place, form) = (place_of(&file.backup), form_of(file.format));
    export_tenant(&caller.services.vault, &place, &file.tenant, form, &mut out, &control).await?;
    if out.finish(&file.output.sha256).await { Ok(()) } else { Err(Error::Impossible(CHANGED)) }
}

const CHANGED: &str = "the reader went away, or the file was not the one that was checked";

/// Passes on everything but the last byte, without which no tool takes the file for whole.
struct Held {
    inner: Patient<DuplexStream>,
    last: Option<u8>,
    hash: Sha256,
}

impl Held {
    /// Lets go of the last byte if the whole is what it should be. Says whether it is, and arrived.
    async fn finish(mut self, sha256: &str) -> bool {
        self.hash.update(self.last.as_slice());
        if hex::encode(self.hash.finalize()) != sha256 {
            return false;
        }
        let last = self.last.take();
        self.inner.write_all(last.as_slice()).await.is_ok() && self.inner.shutdown().await.is_ok()
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let Some((last, before)) = bytes.split_last() else { return Poll::Ready(Ok(0)) };
        // First the byte that was held, then all but the last of these.
        if let Some(held) = this.last {
            if ready!(Pin::new(&mut this.inner).poll_write(cx, &[held]))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.hash.update([held]);
            this.last = None;
        }
        if before.is_empty() {
            this.last = Some(*last);
            return Poll::Ready(Ok(1));
        }
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, before))?;
        this.hash.update(&before[..written]);
        if written < before.len() {
            return Poll::Ready(Ok(written));
        }
        this.last = Some(*last);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The end is for `finish` to tell.
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn sent(pieces: &[&[u8]], sha256: &str) -> (bool, Vec<u8>) {
        let (writer, mut reader) = tokio::io::duplex(3);
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).await.unwrap();
            all
        });
        let mut held = Held { inner: Patient::new(writer), last: None, hash: Sha256::new() };
        for piece in pieces {
            held.write_all(piece).await.unwrap();
        }
        let whole = held.finish(sha256).await;
        (whole, reading.await.unwrap())
    }

    #[tokio::test]
    async fn the_last_byte_comes_only_with_the_whole_of_what_was_checked() {
        let right = hex::encode(Sha256::digest(b"a whole file"));
        let pieces: [&[u8]; 4] = [b"a", b" wh", b"ole fil", b"e"];
        assert_eq!(sent(&pieces, &right).await, (true, b"a whole file".to_vec()));
        assert_eq!(sent(&pieces, "00").await, (false, b"a whole fil".to_vec()));
        assert_eq!(sent(&[], &hex::encode(Sha256::digest(b""))).await, (true, Vec::new()));
    }
}
