//! Requests to put rows of a tenant back, as programs make and see them. Nothing changes by a request: its difference
//! is computed, and a second person has to agree to exactly that.

use app::restores::request_api::{PlanRestore, RequestsPort, RestoreDetail, RestoreFilter, RestoreRow, What};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    BackupId, Cursor, Fault, Lines, RestoreId, RunId, SourceId, access::Permission as P,
    restores::RequestState, tenancy::TenantKey,
};
use http::HeaderMap;

use super::{
    Operation, Problem, Route,
    describe::{When, answers, requests},
    extract::{self, Asked, Body},
    reply,
    shapes::pages,
};
use crate::caller::Caller;

answers! {
    /// A request to put rows of a tenant back into the live database.
    Restore {
        /// Its id.
        id: RestoreId,
        /// Into which source.
        source_id: SourceId,
        /// That source's database.
        database: String,
        /// Whose rows.
        tenant: TenantKey,
        /// From which backup.
        backup_id: BackupId,
        /// The instant that it holds.
        snapshot_at: When,
        /// How it stands.
        state: RequestState,
        /// Rows that would change or have changed, once that is known.
        changes: Option<u64>,
        /// Who made it.
        requested_by: String,
        /// When it was made.
        created_at: When,
        /// When it got into its state.
        changed_at: When,
    }
    /// Some requests.
    Restores {
        /// Newest first.
        rows: Vec<Restore>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
    /// What a restore would change, in figures.
    Difference {
        /// Tables with a change.
        changed_tables: u64,
        /// Rows that would be inserted.
        inserts: u64,
        /// Rows that would be updated.
        updates: u64,
        /// Rows that would be deleted.
        deletes: u64,
        /// Whether it can be applied as it stands.
        is_applicable: bool,
        /// What is agreed to: SHA-256 over everything that would change.
        digest: String,
        /// Remarks.
        remarks: Vec<String>,
    }
    /// A request with what is known of it.
    RestoreWhole {
        /// The request.
        restore: Restore,
        /// What it would change, once that is computed.
        difference: Option<Difference>,
        /// The run at work on it, or the one that ended last.
        run_id: Option<RunId>,
    }
    /// A request that was made. Its difference is computed now; nothing changes before somebody else agrees.
    RestoreMade {
        /// The request.
        restore_id: RestoreId,
    }
}

requests! {
    /// Which requests; every field narrows.
    RestoresAsked {
        /// Into one source.
        source_id: Option<SourceId>,
        /// Of one tenant, by its whole key.
        tenant: Option<TenantKey>,
        /// In one state.
        state: Option<RequestState>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Some rows of one table.
    SomeRows {
        /// The table.
        table: String,
        /// Their primary keys: for each row one text for each column of the key.
        keys: Vec<Vec<String>>,
    }
    /// What of a tenant is put back: everything, or `tables`, or `rows`.
    RestoreTenant {
        /// Whose rows.
        tenant: TenantKey,
        /// Every row of these tables.
        tables: Option<Vec<String>>,
        /// These rows.
        rows: Option<SomeRows>,
    }
    /// A restore to ask for.
    MakeRestore {
        /// From which backup.
        backup_id: BackupId,
        /// Whose rows.
        tenant: TenantKey,
        /// Every row of these tables.
        tables: Option<Vec<String>>,
        /// These rows.
        rows: Option<SomeRows>,
    }
}

impl From<RestoreRow> for Restore {
    fn from(row: RestoreRow) -> Self {
        Self {
            id: row.id,
            source_id: row.source_id,
            database: row.database,
            tenant: row.tenant,
            backup_id: row.backup_id,
            snapshot_at: row.snapshot_at.into(),
            state: row.state,
            changes: row.changes,
            requested_by: row.requested_by,
            created_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

impl From<RestoreDetail> for RestoreWhole {
    fn from(detail: RestoreDetail) -> Self {
        Self {
            restore: detail.row.into(),
            difference: detail.difference.map(|found| Difference {
                changed_tables: found.changed_tables,
                inserts: found.inserts,
                updates: found.updates,
                deletes: found.deletes,
                is_applicable: found.is_applicable(),
                digest: found.digest,
                remarks: found.remarks,
            }),
            run_id: detail.run.map(|run| run.row.id),
        }
    }
}

pages! { Restores of Restore from RestoreRow; }

pub(super) fn routes() -> Vec<Route> {
    let listed =
        Operation::answering::<Restores>("listRestores", "Restore requests, newest first", &[P::ReadBackups])
            .asked::<RestoresAsked>();
    let one =
        Operation::answering::<RestoreWhole>("getRestore", "One restore request", &[P::ReadBackups]).marked();
    let made = Operation::answering::<RestoreMade>("makeRestore", "Ask for a restore", &[P::RequestRestore])
        .about("Computes what would change. Nothing changes before somebody else has agreed to exactly that.")
        .body::<MakeRestore>()
        .begins();
    vec![
        Route::get("/api/v1/restores", listed, list),
        Route::get("/api/v1/restores/{id}", one, get),
        Route::post("/api/v1/restores", made, make),
    ]
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<RestoresAsked>,
) -> Result<Response, Problem> {
    let filter = RestoreFilter {
        state: asked.state,
        source: asked.source_id,
        tenant: asked.tenant,
        after: asked.after.map(Cursor),
    };
    reply::found(&Restores::from(caller.list_restores(filter).await?))
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &RestoreWhole::from(caller.get_restore(extract::id(&id)?).await?))
}

async fn make(
    Extension(caller): Extension<Caller>,
    Body(request): Body<MakeRestore>,
) -> Result<Response, Problem> {
    let MakeRestore { backup_id, tenant, tables, rows } = request;
    begin(&caller, backup_id, RestoreTenant { tenant, tables, rows }).await
}

/// Makes a request.
pub(super) async fn begin(
    caller: &Caller,
    backup_id: BackupId,
    request: RestoreTenant,
) -> Result<Response, Problem> {
    let RestoreTenant { tenant, tables, rows } = request;
    let (what, table, keys) = match (&tables, rows) {
        (None, None) => (What::Everything, String::new(), Lines::default()),
        (Some(_), None) => (What::Tables, String::new(), Lines::default()),
        (None, Some(rows)) => {
            let lines = rows.keys.iter().map(|key| Lines::row(key)).collect::<Vec<_>>();
            if lines.iter().any(|line| line.contains('\n')) {
                let words = "values of keys with line breaks cannot be named one by one";
                return Err(Fault::invalid("rows", words).into());
            }
            (What::Rows, rows.table, Lines(lines.join("\n")))
        }
        (Some(_), Some(_)) => {
            return Err(Fault::invalid("rows", "name either tables or rows, not both").into());
        }
    };
    let tables = Lines::of_names(tables.unwrap_or_default());
    let wish = PlanRestore { backup_id, tenant, what, tables, table, keys };
    reply::begun(&RestoreMade { restore_id: caller.plan_restore(wish).await? })
}
