//! Runs, as programs see them.

use app::backups::api::{BackupsPort, RunFilter, RunRef};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    Cursor, SourceId,
    access::Permission as P,
    backups::{RunKind, RunState},
};
use http::HeaderMap;

use super::{
    Operation, Problem, Route,
    describe::requests,
    extract::{self, Asked, Nothing},
    reply,
    shapes::{RunWhole, Runs},
};
use crate::caller::Caller;

requests! {
    /// Which runs; every field narrows.
    RunsAsked {
        /// Of one source.
        source_id: Option<SourceId>,
        /// Of one kind.
        kind: Option<RunKind>,
        /// In one state.
        state: Option<RunState>,
        /// `next` of the page before.
        after: Option<String>,
    }
}

pub(super) fn routes() -> Vec<Route> {
    let listed = Operation::answering::<Runs>("listRuns", "Runs, newest first", &[P::ReadBackups])
        .asked::<RunsAsked>();
    let one = Operation::answering::<RunWhole>("getRun", "One run with its log", &[P::ReadBackups]).marked();
    let cancelled =
        Operation::answering::<RunWhole>("cancelRun", "Ask a run to stop", &[P::StartBackup, P::ReadBackups])
            .about("A run at work stops within seconds. What a run of another kind than a backup or a verification needs to be begun, it needs to be stopped.");
    vec![
        Route::get("/api/v1/runs", listed, list),
        Route::get("/api/v1/runs/{id}", one, get),
        Route::post("/api/v1/runs/{id}/cancel", cancelled, cancel),
    ]
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<RunsAsked>,
) -> Result<Response, Problem> {
    let filter = RunFilter {
        source: asked.source_id,
        kind: asked.kind,
        state: asked.state,
        after: asked.after.map(Cursor),
    };
    reply::found(&Runs::from(caller.list_runs(filter).await?))
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &RunWhole::from(caller.get_run(extract::id(&id)?).await?))
}

async fn cancel(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    let id = extract::id(&id)?;
    // Whoever may not see what became of it is told so before anything is stopped.
    caller.get_run(id).await?;
    caller.cancel_run(RunRef { id }).await?;
    reply::found(&RunWhole::from(caller.get_run(id).await?))
}
