//! Backups, as programs see and begin them.

use app::{
    backups::api::{BackupFilter, BackupRef, BackupsPort, StartBackup},
    sources::api::{SourceRow, SourcesPort},
};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    Cursor, Fault, RunId, SourceId, access::Permission as P, backups::Verification, tenancy::TenantKey,
};
use http::HeaderMap;

use super::{
    Operation, Problem, Route,
    describe::{answers, requests},
    extract::{self, Asked, Body, Nothing},
    reply,
    shapes::{BackupWhole, Backups, Begun},
};
use crate::caller::Caller;

requests! {
    /// Which backups; every field narrows.
    BackupsAsked {
        /// Of one source.
        source_id: Option<SourceId>,
        /// With this verification.
        verification: Option<Verification>,
        /// The label contains this.
        label: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Backups to take now.
    StartBackups {
        /// Of this source; of every source if left out.
        source_id: Option<SourceId>,
        /// Of this tenant's rows alone. Needs a confirmed tenant map.
        tenant: Option<TenantKey>,
        /// A label.
        label: Option<String>,
    }
}

answers! {
    /// A backup that was begun.
    Started {
        /// Of which source.
        source_id: SourceId,
        /// That source's database.
        database: String,
        /// The run that takes it; once it is completed, it names the backup.
        run_id: RunId,
    }
    /// A source of which no backup was begun.
    NotStarted {
        /// Which source.
        source_id: SourceId,
        /// That source's database.
        database: String,
        /// A stable word for the reason.
        reason: String,
        /// The reason.
        detail: String,
        /// What to do about it.
        hint: String,
    }
    /// Backups that were begun.
    StartedBackups {
        /// `initiated`.
        status: String,
        /// One run for each source.
        runs: Vec<Started>,
        /// Sources that refused.
        refused: Vec<NotStarted>,
    }
}

pub(super) fn routes() -> Vec<Route> {
    let listed = Operation::answering::<Backups>("listBackups", "Backups, newest first", &[P::ReadBackups])
        .asked::<BackupsAsked>();
    let one = Operation::answering::<BackupWhole>("getBackup", "One backup", &[P::ReadBackups]).marked();
    let started = Operation::answering::<StartedBackups>(
        "startBackups",
        "Back up now",
        &[P::StartBackup, P::ReadSources],
    )
    .about("Every source, one of them, or one tenant's rows in them. Each source that refuses is named with its reason; if all do, the answer is a problem.")
    .body::<StartBackups>()
    .begins();
    let verified = Operation::answering::<Begun>("verifyBackup", "Prove a backup now", &[P::VerifyBackup])
        .about("It is restored on the verification server and compared.")
        .begins();
    vec![
        Route::get("/api/v1/backups", listed, list),
        Route::get("/api/v1/backups/{id}", one, get),
        Route::post("/api/v1/backups", started, start),
        Route::post("/api/v1/backups/{id}/verify", verified, verify),
    ]
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<BackupsAsked>,
) -> Result<Response, Problem> {
    let filter = BackupFilter {
        source: asked.source_id,
        verification: asked.verification,
        removed: false,
        label: asked.label,
        after: asked.after.map(Cursor),
    };
    reply::found(&Backups::from(caller.list_backups(filter).await?))
}

pub(super) async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &BackupWhole::from(caller.get_backup(extract::id(&id)?).await?))
}

async fn start(
    Extension(caller): Extension<Caller>,
    Body(request): Body<StartBackups>,
) -> Result<Response, Problem> {
    begin(&caller, request).await
}

/// Begins a backup of each source that is meant.
pub(super) async fn begin(caller: &Caller, request: StartBackups) -> Result<Response, Problem> {
    let sources = match request.source_id {
        Some(id) => vec![caller.get_source(id).await?.row],
        None => caller.list_sources().await?,
    };
    let mut started = StartedBackups { status: "initiated".into(), runs: Vec::new(), refused: Vec::new() };
    let mut first = None;
    for SourceRow { id: source_id, database, .. } in sources {
        let (label, tenant) = (request.label.clone(), request.tenant.clone());
        let wish = StartBackup { source_id, label, idempotency_key: None, tenant, incremental: false };
        match caller.start_backup(wish).await {
            Ok(run_id) => started.runs.push(Started { source_id, database, run_id }),
            Err(fault) => {
                let problem = Problem::of_fault(&fault);
                let (detail, hint) = problem.texts();
                let (detail, hint) = (detail.to_owned(), hint.to_owned());
                let reason = problem.word().to_owned();
                started.refused.push(NotStarted { source_id, database, reason, detail, hint });
                first.get_or_insert(fault);
            }
        }
    }
    match first {
        Some(fault) if started.runs.is_empty() => Err(fault.into()),
        None if started.runs.is_empty() => {
            Err(Problem::of_fault(&Fault::NotFound).hint("Nothing is protected yet: add a source first."))
        }
        _ => reply::begun(&started),
    }
}

async fn verify(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    let run_id = caller.verify_backup(BackupRef { id: extract::id(&id)? }).await?;
    reply::begun(&Begun { run_id })
}
