//! Runs.

use app::backups::api::RunDetail;
use app::backups::api::RunEvent;
use app::backups::api::RunRow;
use domain::RunId;
use domain::backups::Progress;
use domain::backups::RunError;
use domain::backups::RunKind;
use domain::backups::RunState;

use super::{MARKUP, MINUTE, NOW, TURNED, id};

pub fn run_row(n: u32, kind: RunKind, state: RunState) -> RunRow {
    let started = state != RunState::Queued;
    RunRow {
        id: id(n),
        kind,
        source_id: Some(id(1)),
        subject: if n == 72 { MARKUP.into() } else { "grc2".into() },
        state,
        starts: i64::from(started),
        requested_by: "schedule".into(),
        label: None,
        created_at: NOW.plus_ms(-10 * MINUTE),
        started_at: started.then(|| NOW.plus_ms(-9 * MINUTE)),
        finished_at: state.is_finished().then(|| NOW.plus_ms(-MINUTE)),
        next_at: (state == RunState::Retrying).then(|| NOW.plus_ms(25_000)),
        progress: (state == RunState::Running).then(progress),
        error: None,
        cancel_requested: false,
        backup_id: Some(id(101)),
        tenant: None,
        restore_id: None,
    }
}

pub fn progress() -> Progress {
    Progress {
        phase: "dump".into(),
        bytes: 11_800_000_000,
        bytes_expected: Some(19_000_000_000),
        stored_bytes: 1_900_000_000,
        tables: 27,
        tables_expected: 43,
        table: Some(MARKUP.into()),
        rate: 212_000_000,
        eta_ms: Some(34_000),
    }
}

pub fn failed_run() -> RunRow {
    RunRow {
        error: Some(RunError {
            kind: "source".into(),
            message: format!("db.internal:3306 refused the account holdfast while reading {MARKUP}"),
            hint: Some("Check the password of the account, then test the connection again.".into()),
            retry_may_help: false,
        }),
        ..run_row(72, RunKind::Probe, RunState::Failed)
    }
}

pub fn runs() -> Vec<RunRow> {
    vec![
        run_row(71, RunKind::Backup, RunState::Running),
        failed_run(),
        run_row(73, RunKind::Verify, RunState::Completed),
        run_row(74, RunKind::Restore, RunState::Retrying),
        run_row(75, RunKind::Backup, RunState::Cancelled),
        run_row(76, RunKind::Backup, RunState::Queued),
    ]
}

pub fn run(id_: RunId) -> RunDetail {
    let row = runs()
        .into_iter()
        .find(|run| run.id == id_)
        .unwrap_or_else(|| run_row(71, RunKind::Backup, RunState::Running));
    let event = |minutes: i64, message: &str| RunEvent {
        at: NOW.plus_ms(-minutes * MINUTE),
        message: message.into(),
    };
    let log = vec![
        event(9, "Started by worker 1, first start."),
        event(8, "43 tables, 19.0 GB expected."),
        event(7, &format!("Dumping {MARKUP} and {TURNED}.")),
    ];
    RunDetail { row, log, file: None }
}

pub fn queued_run(id_: RunId) -> RunDetail {
    RunDetail {
        row: RunRow { id: id_, ..run_row(76, RunKind::Backup, RunState::Queued) },
        log: vec![],
        file: None,
    }
}
