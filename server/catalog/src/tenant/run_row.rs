//! A run as it is stored.

use domain::{
    RunId, TenantId, Timestamp,
    backups::{RunKind, RunState},
};

use super::runs::Run;
use crate::{
    db::{Tx, exec},
    decode::{id, maybe_id, maybe_json, maybe_key, storable, word},
    error::{Error, Result},
};

/// The columns of [`RunRow`].
macro_rules! run_columns {
    () => {
        "tenant_id, id, kind, source_id, connection_id, coalesce(makes_backup_id, backup_id) as backup_id, subject, \
         state, starts, requested_by, label, slot, created_at, started_at, finished_at, next_at, progress, error, \
         cancel_requested, input, tenant_key, output"
    };
}
pub(crate) use run_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct RunRow {
    tenant_id: String,
    id: String,
    kind: String,
    source_id: Option<String>,
    connection_id: Option<String>,
    backup_id: Option<String>,
    subject: String,
    state: String,
    starts: i64,
    requested_by: String,
    label: Option<String>,
    slot: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    next_at: Option<i64>,
    progress: Option<String>,
    error: Option<String>,
    cancel_requested: i64,
    input: Option<String>,
    tenant_key: Option<String>,
    output: Option<String>,
}

const TABLE: &str = "runs";

impl TryFrom<RunRow> for Run {
    type Error = Error;
    fn try_from(row: RunRow) -> Result<Self> {
        Ok(Self {
            id: id(TABLE, &row.id)?,
            tenant_id: id(TABLE, &row.tenant_id)?,
            kind: word(TABLE, &row.kind, RunKind::find)?,
            source_id: maybe_id(TABLE, row.source_id.as_deref())?,
            connection_id: maybe_id(TABLE, row.connection_id.as_deref())?,
            backup_id: maybe_id(TABLE, row.backup_id.as_deref())?,
            subject: row.subject,
            state: word(TABLE, &row.state, RunState::find)?,
            starts: row.starts,
            requested_by: row.requested_by,
            label: row.label,
            slot: row.slot.map(Timestamp),
            created_at: Timestamp(row.created_at),
            started_at: row.started_at.map(Timestamp),
            finished_at: row.finished_at.map(Timestamp),
            next_at: row.next_at.map(Timestamp),
            progress: maybe_json(TABLE, row.progress.as_deref())?,
            error: maybe_json(TABLE, row.error.as_deref())?,
            cancel_requested: row.cancel_requested == 1,
            tenant: maybe_key(TABLE, row.tenant_key)?,
            input: maybe_json(TABLE, row.input.as_deref())?,
            output: maybe_json(TABLE, row.output.as_deref())?,
        })
    }
}

/// Appends a line to a run's log. The caller must hold the run's row, so that no two lines get one number.
pub(crate) async fn append_event(
    tx: &mut Tx,
    tenant: TenantId,
    run: RunId,
    at: Timestamp,
    message: &str,
) -> Result<()> {
    exec!(
        tx,
        "insert into run_events (tenant_id, run_id, seq, at, message) select $1, $2, \
         coalesce(max(seq), 0) + 1, cast($3 as bigint), cast($4 as text) from run_events \
         where tenant_id = $1 and run_id = $2",
        tenant.to_string(),
        run.to_string(),
        at.0,
        storable(message),
    )
    .map(drop)
}
