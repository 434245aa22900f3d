//! The backups of one tenant, under the paths by which other systems already know them.

use app::{
    approvals::api::{ApprovalsPort, DeleteBackup},
    backups::api::BackupsPort,
    sources::api::SourcesPort,
    tenancy::api::{PointFilter, TenantPoint, TenantsPort},
};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    BackupId, Cursor, Fault, SourceId, access::Permission as P, backups::Verification, id::ApprovalId,
    tenancy::TenantKey,
};
use http::StatusCode;

use super::{
    Operation, Problem, Route, backups,
    backups::{StartBackups, StartedBackups},
    describe::{When, answers, requests},
    extract::{self, Asked, Body},
    reply, restores,
    restores::{RestoreMade, RestoreTenant},
    shapes::BackupWhole,
};
use crate::caller::Caller;

/// Rows after which no further source is looked at for the same page.
const ENOUGH: usize = 50;

requests! {
    /// A tenant to back up.
    CreateTenantBackup {
        /// Whose rows.
        tenant: TenantKey,
        /// A label.
        label: Option<String>,
    }
    /// Why a backup shall be deleted.
    DeletionReason {
        /// Why: whoever has to agree reads it.
        reason: Option<String>,
    }
    /// Whose backups.
    TenantBackupsAsked {
        /// Whose.
        tenant: TenantKey,
        /// In one source; in every source if left out.
        source_id: Option<SourceId>,
        /// `next` of the page before.
        after: Option<String>,
    }
}

answers! {
    /// A backup that holds rows of the tenant.
    TenantBackup {
        /// The backup.
        backup_id: BackupId,
        /// The source it was taken from.
        source_id: SourceId,
        /// That source's database.
        database: String,
        /// The instant that it holds.
        snapshot_at: When,
        /// A person's label.
        label: Option<String>,
        /// What is known about whether it can be restored.
        verification: Verification,
        /// Whether it holds nobody else.
        is_own: bool,
        /// Whether every table had a route when it was taken.
        is_complete: bool,
        /// Rows of the tenant in it.
        tenant_rows: u64,
    }
    /// What became of a backup that shall be deleted.
    DeletionAsked {
        /// `waiting` or `deleting`.
        state: String,
        /// The request that somebody else has to agree to, under `/api/v1/approvals/{id}`.
        approval_id: Option<ApprovalId>,
    }
    /// Some backups of a tenant.
    TenantBackups {
        /// Source by source, the newest first in each.
        rows: Vec<TenantBackup>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
}

pub(super) fn routes() -> Vec<Route> {
    const START: &[P] = &[P::StartBackup, P::ReadSources];
    const LIST: &[P] = &[P::ReadBackups, P::ReadSources];
    let created = Operation::answering::<StartedBackups>(
        "createTenantBackup",
        "Back up a tenant in every source",
        START,
    )
    .body::<CreateTenantBackup>()
    .begins();
    let listed =
        Operation::answering::<TenantBackups>("listTenantBackups", "Backups that hold a tenant", LIST)
            .asked::<TenantBackupsAsked>();
    let one =
        Operation::answering::<BackupWhole>("getTenantBackup", "One backup", &[P::ReadBackups]).marked();
    let restored = Operation::answering::<RestoreMade>(
        "restoreTenantBackup",
        "Ask for a restore of a tenant from a backup",
        &[P::RequestRestore],
    )
    .about("Computes what would change. Nothing changes before somebody else has agreed to exactly that.")
    .body::<RestoreTenant>()
    .begins();
    let removed = Operation::answering::<DeletionAsked>(
        "deleteTenantBackup",
        "Ask that a backup be deleted",
        &[P::ReadBackups, P::ManagePolicies],
    )
    .about("Nothing is deleted before somebody else has agreed to exactly that. `state` is `waiting` then, or `deleting` where a rule of the organisation asks for nobody.")
    .asked::<DeletionReason>()
    .begins();
    vec![
        Route::post("/api/backups/tenant/create", created, create),
        Route::get("/api/backups/tenant/list", listed, list),
        Route::get("/api/backups/tenant/{id}", one, backups::get),
        Route::post("/api/backups/tenant/{id}/restore", restored, restore),
        Route::delete("/api/backups/tenant/{id}", removed, delete),
    ]
}

async fn create(
    Extension(caller): Extension<Caller>,
    Body(request): Body<CreateTenantBackup>,
) -> Result<Response, Problem> {
    let CreateTenantBackup { tenant, label } = request;
    backups::begin(&caller, StartBackups { source_id: None, tenant: Some(tenant), label }).await
}

/// Where a page goes on: in which source, and behind which of its backups.
fn place(after: Option<&str>) -> Result<Option<(SourceId, Option<Cursor>)>, Problem> {
    let Some(after) = after else { return Ok(None) };
    let (source, rest) = after.split_once('.').unwrap_or((after, ""));
    let source = source.parse().map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "bad_query", "`after` is not the `next` of a page.")
            .hint("Send what the page before gave as `next`, unchanged.")
    })?;
    Ok(Some((source, (!rest.is_empty()).then(|| Cursor(rest.to_owned())))))
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<TenantBackupsAsked>,
) -> Result<Response, Problem> {
    let begin = place(asked.after.as_deref())?;
    let mut sources = match asked.source_id {
        Some(id) => vec![caller.get_source(id).await?.row],
        None => caller.list_sources().await?,
    };
    // By their ids: their standing may change between two pages.
    sources.sort_by_key(|source| source.id);
    sources.retain(|source| begin.as_ref().is_none_or(|(first, _)| source.id >= *first));
    let mut answer = TenantBackups { rows: Vec::new(), next: None };
    for source in sources {
        if answer.rows.len() >= ENOUGH {
            answer.next = Some(source.id.to_string());
            break;
        }
        let after =
            begin.as_ref().filter(|(first, _)| *first == source.id).and_then(|(_, after)| after.clone());
        let filter = PointFilter { source_id: source.id, tenant: asked.tenant.clone(), after };
        let page = match caller.list_points(filter).await {
            Ok(page) => page,
            // A source that does not know this tenant has nothing of it.
            Err(Fault::NotFound) => continue,
            Err(fault) => return Err(fault.into()),
        };
        let (id, database) = (source.id, source.database);
        answer.rows.extend(page.rows.into_iter().map(|point| row(id, database.clone(), point)));
        if let Some(Cursor(next)) = page.next {
            answer.next = Some(format!("{id}.{next}"));
            break;
        }
    }
    reply::found(&answer)
}

fn row(source_id: SourceId, database: String, point: TenantPoint) -> TenantBackup {
    TenantBackup {
        backup_id: point.backup_id,
        source_id,
        database,
        snapshot_at: point.snapshot_at.into(),
        label: point.label,
        verification: point.verification,
        is_own: point.is_own,
        is_complete: point.is_complete,
        tenant_rows: point.rows,
    }
}

async fn restore(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<RestoreTenant>,
) -> Result<Response, Problem> {
    restores::begin(&caller, extract::id(&id)?, request).await
}

async fn delete(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Asked(asked): Asked<DeletionReason>,
) -> Result<Response, Problem> {
    let id = extract::id(&id)?;
    // A program names the backup by its id; there is nobody who types.
    let confirm = caller.get_backup(id).await?.row.database;
    let reason = asked.reason.unwrap_or_default();
    let outcome = caller.delete_backup(DeleteBackup { id, confirm, reason }).await?;
    let state = if outcome.asked.is_some() { "waiting" } else { "deleting" };
    reply::begun(&DeletionAsked { state: state.into(), approval_id: outcome.asked })
}
