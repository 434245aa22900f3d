//! Tenant restores in every state.

use app::restores::{
    difference_api::{CellDifference, RowChange, RowDifference, RowDifferences},
    request_api::{RestoreDetail, RestoreEvent, RestoreRow},
};
use domain::{
    Page, RestoreId,
    backups::{RunKind, RunState},
    restores::{Cell, Figures, Obstacle, RequestState as State, Selection, TableDifference},
};

use super::{DAY, HOUR, MARKUP, MINUTE, NOW, TURNED, id, key, run, run_row};

/// The id of a request in a state.
pub fn restore_id(state: State) -> RestoreId {
    let index = State::ALL.iter().position(|other| *other == state).unwrap();
    id(401 + u32::try_from(index).unwrap())
}

/// One that counts as applied, although nobody knows; and one that the reader is too close to whoever asked for.
pub fn unsure() -> RestoreId {
    id(451)
}
pub fn dependent() -> RestoreId {
    id(452)
}

pub fn restore_row(state: State) -> RestoreRow {
    RestoreRow {
        id: restore_id(state),
        source_id: id(1),
        database: "grc2".into(),
        tenant: key("7"),
        backup_id: id(101),
        snapshot_at: NOW.plus_ms(-5 * HOUR),
        selection: selection(state).summary(),
        state,
        changes: (state != State::Planning).then_some(1_236),
        requested_by: "Bo Lindqvist".into(),
        created_at: NOW.plus_ms(-2 * DAY),
        changed_at: NOW.plus_ms(-3 * HOUR),
    }
}

fn selection(state: State) -> Selection {
    match state {
        State::Planned => Selection::Tables { tables: vec!["grc_risk".into(), MARKUP.into()] },
        State::Rejected => {
            Selection::Rows { table: "grc_risk".into(), keys: vec![vec!["12".into()], vec!["40,1".into()]] }
        }
        _ => Selection::Everything,
    }
}

pub fn restores() -> Vec<RestoreRow> {
    State::ALL.iter().map(|state| restore_row(*state)).collect()
}

pub fn restore(id_: RestoreId) -> RestoreDetail {
    let of_state = State::ALL.iter().copied().find(|state| restore_id(*state) == id_);
    let state = match of_state {
        Some(state) => state,
        None if id_ == unsure() => State::Applied,
        None if id_ == dependent() => State::AwaitingApproval,
        None => State::Planned,
    };
    let road: &[State] = match state {
        State::Planning => &[State::Planning],
        State::Planned => &[State::Planning, State::Planned],
        State::AwaitingApproval => &[State::Planning, State::Planned, State::AwaitingApproval],
        State::Rejected => &[State::Planning, State::Planned, State::AwaitingApproval, State::Rejected],
        State::Withdrawn => &[State::Planning, State::Planned, State::Withdrawn],
        State::Failed => &[State::Planning, State::Failed],
        State::Approved => &[State::Planning, State::Planned, State::AwaitingApproval, State::Approved],
        State::Applying => {
            &[State::Planning, State::Planned, State::AwaitingApproval, State::Approved, State::Applying]
        }
        _ => &[
            State::Planning,
            State::Planned,
            State::AwaitingApproval,
            State::Approved,
            State::Applying,
            State::Applied,
        ],
    };
    let mut road = road.to_vec();
    road.extend((state == State::Undoing || state == State::Undone).then_some(State::Undoing));
    road.extend((state == State::Undone).then_some(state));
    let history = road.iter().enumerate().map(|(index, &state)| RestoreEvent {
        at: NOW.plus_ms(-3 * HOUR + i64::try_from(index).unwrap() * MINUTE),
        state,
        by: match state {
            State::Planned | State::Applied | State::Undone | State::Failed => "worker".into(),
            State::Approved | State::Rejected => TURNED.into(),
            _ => "Bo Lindqvist".into(),
        },
        comment: match state {
            State::AwaitingApproval => Some("Ticket 4711: risks were deleted by mistake.".into()),
            State::Rejected => Some(MARKUP.into()),
            State::Withdrawn => Some("The connection leads to another server than before.".into()),
            _ => None,
        },
        run_id: matches!(state, State::Planning | State::Applying | State::Undoing).then(|| id(79)),
    });
    let run = match state {
        State::Planning => Some((RunKind::PlanRestore, RunState::Running)),
        State::Applying => Some((RunKind::ApplyRestore, RunState::Running)),
        State::Undoing => Some((RunKind::UndoRestore, RunState::Running)),
        State::Failed => Some((RunKind::PlanRestore, RunState::Failed)),
        _ => None,
    };
    RestoreDetail {
        row: RestoreRow { id: id_, ..restore_row(state) },
        selection: Some(selection(state)),
        history: history.collect(),
        difference: (!matches!(state, State::Planning | State::Failed)).then(|| difference(state)),
        run: run.map(|(kind, state)| {
            let mut detail = run_(kind, state);
            detail.row.restore_id = Some(id_);
            detail
        }),
        is_mine: state == State::Planned,
        is_alone: false,
        is_dependent: id_ == dependent(),
        is_unsure: id_ == unsure(),
        may_approve: state == State::AwaitingApproval && id_ != dependent(),
        can_undo: state == State::Applied,
    }
}

fn run_(kind: RunKind, state: RunState) -> app::backups::api::RunDetail {
    let mut detail = run(id(71));
    detail.row = run_row(79, kind, state);
    if state == RunState::Failed {
        detail.row.error = super::failed_run().error;
    }
    detail
}

pub fn planning(id: RestoreId) -> RestoreDetail {
    RestoreDetail {
        row: RestoreRow { id, ..restore_row(State::Planning) },
        ..restore(restore_id(State::Planning))
    }
}

pub fn difference(state: State) -> Figures {
    let obstacle = Obstacle {
        table: MARKUP.into(),
        what: "12 rows refer to rows that would be deleted (fk_risk_control)".into(),
        hint: Some("Restore the tables that they belong to as well.".into()),
    };
    Figures {
        tables: 56,
        changed_tables: 4,
        inserts: 1_204,
        updates: 30,
        deletes: 2,
        unchanged: 217_204,
        foreign_rows: 0,
        obstacles: if state == State::Withdrawn { vec![obstacle] } else { vec![] },
        remarks: vec!["Table grc_risk has the trigger risk_audit: it will fire for 14 rows.".into()],
        digest: "4be2c81f90aa73d1".repeat(4),
        bytes_read: 13_300_000,
        bytes_whole: 3_100_000_000,
    }
}

pub fn differences(changed: bool) -> Vec<TableDifference> {
    let table = |table: &str, inserts, updates, deletes, unchanged| TableDifference {
        table: table.into(),
        inserts,
        updates,
        deletes,
        unchanged,
    };
    let mut all = vec![
        table("grc_comment", 1_190, 0, 0, 8_002),
        table("grc_risk", 14, 24, 0, 18_183),
        table(MARKUP, 0, 6, 0, 6),
        table(TURNED, 0, 0, 2, 0),
    ];
    if !changed {
        all.extend((0..46).map(|n| table(&format!("grc_table_{n}"), 0, 0, 0, 1_000 * n + 7)));
    }
    all
}

pub fn row_differences() -> Vec<RowDifference> {
    let text = |text: &str| Some(Cell::Text { text: text.into(), length: text.len() as u64 });
    let cell = |old: Option<Cell>, new: Option<Cell>| CellDifference { is_changed: old != new, old, new };
    let long = || Some(Cell::Text { text: "A long description. ".repeat(10), length: 48_211 });
    let blob = |hex: &str| Some(Cell::Binary { hex: hex.repeat(16), length: 1_048_576 });
    let update = RowDifference {
        change: RowChange::Update,
        key: vec!["1207".into()],
        cells: vec![
            cell(text("1207"), text("1207")),
            cell(text("7"), text("7")),
            cell(text("Third party outage"), text(MARKUP)),
            cell(text("high"), text("low")),
            cell(Some(Cell::Null), text("2026-10-03 09:12:44.120000")),
            cell(long(), long()),
            cell(blob("89504e47"), blob("89504e48")),
        ],
    };
    let none = || None::<Cell>;
    let insert = RowDifference {
        change: RowChange::Insert,
        key: vec!["1208".into()],
        cells: vec![
            cell(none(), text("1208")),
            cell(none(), text("7")),
            cell(none(), text(TURNED)),
            cell(none(), text("medium")),
            cell(none(), Some(Cell::Null)),
            cell(none(), text("")),
            cell(none(), Some(Cell::Null)),
        ],
    };
    let delete = RowDifference {
        change: RowChange::Delete,
        key: vec!["1209".into()],
        cells: vec![
            cell(text("1209"), none()),
            cell(text("7"), none()),
            cell(text("Entered after the backup"), none()),
            cell(text("low"), none()),
            cell(Some(Cell::Null), none()),
            cell(long(), none()),
            cell(blob("00ff"), none()),
        ],
    };
    vec![update, insert, delete]
}

pub fn table_rows(table: &str, rows: Page<RowDifference>) -> RowDifferences {
    let columns = ["id", "TenantId", "title", "likelihood", "closed_at", "description", MARKUP];
    RowDifferences {
        table: TableDifference {
            table: table.into(),
            inserts: 14,
            updates: 24,
            deletes: 1,
            unchanged: 18_183,
        },
        columns: columns.map(Into::into).to_vec(),
        rows,
    }
}
