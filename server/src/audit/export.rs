//! An organisation's audit trail as a file.
//!
//! The export is itself an act on the trail, and of high risk. It is written down and anchored before the first line is:
//! so a file of the whole trail ends with the entry of its own making, under a signed head, and no older file can pass for
//! a newer one with the last entries left out.

use std::sync::Arc;

use catalog::{Scope, TenantCatalog};
use domain::{
    Timestamp,
    access::may,
    audit::{Act, Deed, Field, Link, Object, export::Line},
};
use tokio::io::{AsyncWrite, AsyncWriteExt as _, DuplexStream};

use super::sweep::anchor_now;
use crate::{
    backups::{
        downloads::{Patient, Place},
        export::Download,
    },
    caller::Caller,
    fault::Result,
    services::Services,
    work::job::JobError,
};

/// What lies between catalog and reader, in bytes.
const BUFFER: usize = 1 << 18;

/// Why it was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The trail could not be read or anchored.
    #[error(transparent)]
    Trail(#[from] JobError),
    /// The file could not be written.
    #[error("write the audit trail to the file")]
    File(#[from] std::io::Error),
}

impl From<catalog::Error> for ExportError {
    fn from(error: catalog::Error) -> Self {
        Self::Trail(error.into())
    }
}

/// Which part of the trail; always whole intervals between two heads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range {
    /// From the interval on in which this lies.
    pub from: Option<Timestamp>,
    /// To the interval in which the last entry before this lies.
    pub until: Option<Timestamp>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Signed heads.
    pub heads: u64,
}

/// An export that is written down and anchored, and of which no line was written yet.
#[derive(Debug)]
pub struct Begun {
    first: Line,
    at: Link,
    /// Where it may stop; nothing if it goes to the end.
    last: Option<u64>,
}

/// Writes down that the trail is taken away, and anchors it.
pub async fn begin(
    services: &Arc<Services>,
    rows: &TenantCatalog<'_>,
    range: Range,
) -> Result<Begun, JobError> {
    let deed = Deed::done(Act::AuditExport, Object::trail())
        .maybe(Field::From, range.from)
        .maybe(Field::Until, range.until);
    rows.record_deed(deed).await?;
    anchor_now(services).await?;
    let (first, at) = rows.begin_trail_export(range.from, services.vault.signing_public()).await?;
    let last = match range.until {
        Some(until) => Some(rows.last_trail_entry(until).await?),
        None => None,
    };
    Ok(Begun { first, at, last })
}

/// Writes it.
pub async fn write(
    rows: &TenantCatalog<'_>,
    begun: Begun,
    file: &mut (impl AsyncWrite + Unpin + Send),
) -> Result<Exported, ExportError> {
    let Begun { first, mut at, last } = begun;
    let mut written = Exported { entries: 0, heads: 0 };
    line(file, &first).await?;
    while last.is_none_or(|last| at.sequence < last) {
        let Some((lines, next)) = rows.export_trail(at).await? else { break };
        for part in &lines {
            line(file, part).await?;
        }
        written.entries += lines.iter().filter(|line| matches!(line, Line::Entry { .. })).count() as u64;
        written.heads += lines.iter().filter(|line| matches!(line, Line::Head { .. })).count() as u64;
        at = next;
    }
    line(file, &Line::End { entries: written.entries, heads: written.heads }).await?;
    file.flush().await?;
    Ok(written)
}

/// Writes a part of the trail to a file.
pub async fn export(
    services: &Arc<Services>,
    rows: &TenantCatalog<'_>,
    range: Range,
    file: &mut (impl AsyncWrite + Unpin + Send),
) -> Result<Exported, ExportError> {
    let begun = begin(services, rows, range).await?;
    write(rows, begun, file).await
}

/// Begins to send a part of the trail to whoever asked. What ends early ends without its last line, which the verifier
/// tells.
pub async fn download(caller: &Caller, scope: Scope<may::ReadAudit>, range: Range) -> Result<Download> {
    let entered = caller.services.downloads.enter(&scope.actor().key())?;
    let begun = begin(&caller.services, &caller.rows(&scope), range).await?;
    let day = caller.services.clock.now().utc().format("%Y%m%dT%H%M%SZ");
    let file_name = format!("holdfast-audit-{day}.jsonl");
    let (writer, content) = tokio::io::duplex(BUFFER);
    tokio::spawn(send(caller.clone(), scope, begun, Patient::new(writer), entered));
    Ok(Download { file_name, content })
}

async fn send(
    caller: Caller,
    scope: Scope<may::ReadAudit>,
    begun: Begun,
    mut writer: Patient<DuplexStream>,
    _entered: Place,
) {
    let sent = write(&caller.rows(&scope), begun, &mut writer).await;
    match sent {
        Ok(_) => drop(writer.shutdown().await),
        Err(error) => {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(cause, "an export of the audit trail ended early");
        }
    }
}

async fn line(file: &mut (impl AsyncWrite + Unpin + Send), line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text).await
}
