//! An organisation's audit trail as a file.
//!
//! The export is itself an act on the trail, and of high risk. It is written down and anchored before the first line is:
//! so the file ends with the entry of its own making, under a signed head, and no older file can pass for a newer one
//! with the last entries left out.

use std::sync::Arc;

use catalog::TenantCatalog;
use domain::{
    Timestamp,
    audit::{Act, Deed, Object, export::Line},
};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::sweep::anchor_now;
use crate::{services::Services, work::job::JobError};

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

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Signed heads.
    pub heads: u64,
}

/// Writes the trail from the interval on in which `from` lies.
pub async fn export(
    services: &Arc<Services>,
    rows: &TenantCatalog<'_>,
    from: Option<Timestamp>,
    file: &mut (impl AsyncWrite + Unpin + Send),
) -> Result<Exported, ExportError> {
    rows.record_deed(Deed::done(Act::AuditExport, Object::trail())).await?;
    anchor_now(services).await?;
    let (begin, mut at) = rows.begin_trail_export(from, services.vault.signing_public()).await?;
    let mut written = Exported { entries: 0, heads: 0 };
    write(file, &begin).await?;
    while let Some((lines, next)) = rows.export_trail(at).await? {
        for line in &lines {
            write(file, line).await?;
        }
        written.entries += lines.iter().filter(|line| matches!(line, Line::Entry { .. })).count() as u64;
        written.heads += lines.iter().filter(|line| matches!(line, Line::Head { .. })).count() as u64;
        at = next;
    }
    write(file, &Line::End { entries: written.entries, heads: written.heads }).await?;
    file.flush().await?;
    Ok(written)
}

async fn write(file: &mut (impl AsyncWrite + Unpin + Send), line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text).await
}
