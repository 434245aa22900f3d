//! Rows of the catalog as pages show them.

use app::backups::{
    api::{BackupRow, CopyView, EvidenceView, FileView, RunDetail, RunEvent, RunRow, SplitView},
    files_api::{FilesKind, LinkView},
};
use catalog::{Backup, ChainLink, Copy, EvidenceRow, Run, Split};
use domain::ByteSize;

/// A backup as a list shows it.
pub fn backup_row(row: Backup) -> BackupRow {
    BackupRow {
        id: row.id,
        source_id: row.source_id,
        database: row.database,
        snapshot_at: row.snapshot_at,
        label: row.label,
        verification: row.verification,
        verified_at: row.verified_at,
        retention: row.retention,
        sizes: row.sizes,
        tenant: row.tenant,
        files: row.files.map(|files| match files.parent {
            None => FilesKind::Full,
            Some(_) => FilesKind::Incremental,
        }),
    }
}

/// One backup of a chain.
pub fn link_view(link: ChainLink) -> LinkView {
    let ChainLink { id, snapshot_at, retention, verification, sizes } = link;
    LinkView { id, snapshot_at, retention, verification, sizes }
}

/// A copy of a backup.
pub fn copy_view(row: Copy) -> CopyView {
    CopyView {
        vault: row.vault,
        location: row.location,
        state: row.state,
        manifest_key: row.manifest_key,
        objects: row.objects,
    }
}

/// How a backup is split.
pub fn split_view(split: Split, tenants: u64) -> SplitView {
    SplitView { tenants, shared_rows: split.shared_rows, drift: split.drift, remarks: split.remarks }
}

/// A verification.
pub fn evidence_view(row: EvidenceRow) -> EvidenceView {
    EvidenceView { at: row.at, run_id: row.run_id, evidence: row.evidence }
}

/// A run as a list shows it.
pub fn run_row(row: Run) -> RunRow {
    let restore_id = row.restore_id();
    RunRow {
        id: row.id,
        kind: row.kind,
        source_id: row.source_id,
        subject: row.subject,
        state: row.state,
        starts: row.starts,
        requested_by: row.requested_by,
        label: row.label,
        created_at: row.created_at,
        started_at: row.started_at,
        finished_at: row.finished_at,
        next_at: row.next_at,
        progress: row.progress,
        error: row.error,
        cancel_requested: row.cancel_requested,
        backup_id: row.backup_id,
        restore_id,
        tenant: row.tenant,
    }
}

/// A run with its log.
pub fn run_detail(row: Run, events: Vec<catalog::RunEvent>) -> RunDetail {
    let log = events.into_iter().map(|event| RunEvent { at: event.at, message: event.message }).collect();
    let file = row.output.clone().map(|output| FileView {
        name: output.name,
        size: ByteSize(output.size),
        sha256: output.sha256,
        until: output.until,
    });
    RunDetail { row: run_row(row), log, file }
}
