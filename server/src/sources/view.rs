//! Rows of the catalog as pages show them.

use app::{
    policies::api::ScheduleView,
    sources::api::{ConnectionRow, SourceRow},
};
use domain::{RunId, Timestamp, backups::RunState, sources::Connection};

use crate::health::standing::judge;

/// A source as a list shows it.
pub fn source_row(row: &catalog::SourceRow, now: Timestamp) -> SourceRow {
    let (standing, because) = judge(row, now);
    let server = row.capabilities.as_ref();
    SourceRow {
        id: row.source.id,
        database: row.source.protects.as_str().to_owned(),
        engine: row.engine,
        connection: row.connection.clone(),
        connection_id: row.source.connection_id,
        server: server
            .map(|server| format!("{} {}", server.family, short(&server.version)))
            .unwrap_or_default(),
        standing,
        because,
        restorable_to: row.newest_proven,
        next_run_at: row.schedules.iter().filter_map(|schedule| schedule.next_at).min(),
        active_run: row.active_run,
    }
}

/// Sources, worst standing first, then as the catalog orders them.
pub fn source_rows(rows: Vec<catalog::SourceRow>, now: Timestamp) -> Vec<SourceRow> {
    let mut rows: Vec<_> = rows.iter().map(|row| source_row(row, now)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.standing));
    rows
}

/// `10.11.14` of `10.11.14-MariaDB-0+deb12u2-log`.
fn short(version: &str) -> &str {
    version.split('-').next().unwrap_or(version)
}

/// A schedule.
pub fn schedule_view(row: catalog::ScheduleRow) -> ScheduleView {
    ScheduleView {
        id: row.id,
        kind: row.kind,
        cron: row.cron,
        enabled: row.enabled,
        next_at: row.next_at,
        missed: row.missed,
    }
}

/// A server as a list shows it.
pub fn connection_row(
    connection: Connection,
    sources: &[catalog::SourceRow],
    probe: Option<(RunId, RunState)>,
) -> ConnectionRow {
    let protected = sources.iter().filter(|row| row.source.connection_id == connection.id).count();
    ConnectionRow {
        worst: connection.capabilities.as_ref().map(domain::sources::Capabilities::worst),
        sources: u32::try_from(protected).unwrap_or(u32::MAX),
        probe,
        connection,
    }
}
