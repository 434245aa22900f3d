//! Requests of tenant restores as pages show them.

use app::restores::request_api::{RestoreEvent, RestoreRow};
use catalog::Restore;

/// A request as a list shows it.
pub fn restore_row(restore: &Restore) -> RestoreRow {
    RestoreRow {
        id: restore.id,
        source_id: restore.source_id,
        database: restore.database.clone(),
        tenant: restore.tenant.clone(),
        backup_id: restore.backup_id,
        snapshot_at: restore.snapshot_at,
        selection: restore.selection.clone(),
        state: restore.state,
        changes: restore.figures.as_ref().map(|figures| figures.inserts + figures.updates + figures.deletes),
        requested_by: restore.made_by.clone(),
        created_at: restore.created_at,
        changed_at: restore.changed_at,
    }
}

/// A step.
pub fn event_view(event: catalog::RestoreEvent) -> RestoreEvent {
    RestoreEvent {
        at: event.at,
        state: event.state,
        by: event.by,
        comment: event.comment,
        run_id: event.run_id,
    }
}
