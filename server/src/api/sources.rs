//! Sources, as programs see them, add them and say when and how they are backed up.

use app::{
    policies::api::{PoliciesPort, ScheduleView, SetSchedule},
    sources::api::{AddSource, SourceDetail, SourcesPort},
    tenancy::map_api::{MapsPort, SetEngine},
};
use axum::{Extension, extract::Path, response::Response};
use domain::{ConnectionId, access::Permission as P, policies::schedule::ScheduleKind, sources::EngineKind};
use http::HeaderMap;

use super::{
    Operation, Problem, Route, approvals,
    describe::{When, answers, requests},
    extract::{self, Body},
    reply,
    shapes::{Source, SourceMade, Sources},
};
use crate::caller::Caller;

answers! {
    /// When a source is backed up by itself.
    Schedule {
        /// Full backups, or what changed since.
        kind: ScheduleKind,
        /// Five fields, read in UTC.
        cron: String,
        /// Whether it is followed.
        enabled: bool,
        /// The next time.
        next_at: Option<When>,
        /// Times that passed while no server was running.
        missed: i64,
    }
    /// A protected database with how it is backed up.
    SourceWhole {
        /// The source.
        source: Source,
        /// What reads it.
        engine: EngineKind,
        /// When it is backed up by itself.
        schedules: Vec<Schedule>,
    }
}

requests! {
    /// A database to protect.
    NewSource {
        /// On which server.
        connection_id: ConnectionId,
        /// Its name.
        database: String,
    }
    /// When a source shall be backed up by itself.
    ScheduleSet {
        /// Full backups, or what changed since (whole servers only).
        kind: ScheduleKind,
        /// Five fields, read in UTC: minute, hour, day of the month, month, day of the week.
        cron: String,
        /// Whether it shall be followed.
        enabled: bool,
        /// Why. Needed for one that backs up less often: somebody else has to agree to that.
        reason: Option<String>,
    }
    /// What shall read a source.
    EngineSet {
        /// Which.
        engine: EngineKind,
    }
}

impl From<ScheduleView> for Schedule {
    fn from(view: ScheduleView) -> Self {
        Self {
            kind: view.kind,
            cron: view.cron,
            enabled: view.enabled,
            next_at: view.next_at.map(When::from),
            missed: view.missed,
        }
    }
}

impl From<SourceDetail> for SourceWhole {
    fn from(detail: SourceDetail) -> Self {
        Self {
            engine: detail.row.engine,
            source: detail.row.into(),
            schedules: detail.schedules.into_iter().map(Schedule::from).collect(),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadSources];
    let listed = Operation::answering::<Sources>("listSources", "Every protected database", READ);
    let one = Operation::answering::<SourceWhole>("getSource", "One protected database", READ).marked();
    let added = Operation::answering::<SourceMade>("addSource", "Protect a database", &[P::ManageSources])
        .about("It is backed up daily at 02:00 UTC until its schedule is changed.")
        .body::<NewSource>();
    let scheduled = Operation::answering::<SourceWhole>(
        "setSchedule",
        "Say when a source is backed up",
        &[P::ManagePolicies, P::ReadSources],
    )
    .body::<ScheduleSet>()
    .asks();
    let chosen = Operation::answering::<SourceWhole>(
        "setEngine",
        "Choose what reads a source",
        &[P::ManageSources, P::ReadSources],
    )
    .body::<EngineSet>();
    vec![
        Route::get("/api/v1/sources", listed, list),
        Route::get("/api/v1/sources/{id}", one, get),
        Route::post("/api/v1/sources", added, add),
        Route::put("/api/v1/sources/{id}/schedule", scheduled, schedule),
        Route::put("/api/v1/sources/{id}/engine", chosen, engine),
    ]
}

async fn list(Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let rows = caller.list_sources().await?;
    reply::found(&Sources { rows: rows.into_iter().map(Source::from).collect() })
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &SourceWhole::from(caller.get_source(extract::id(&id)?).await?))
}

async fn add(
    Extension(caller): Extension<Caller>,
    Body(request): Body<NewSource>,
) -> Result<Response, Problem> {
    let NewSource { connection_id, database } = request;
    reply::found(&SourceMade { source_id: caller.add_source(AddSource { connection_id, database }).await? })
}

async fn schedule(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<ScheduleSet>,
) -> Result<Response, Problem> {
    let source_id = extract::id(&id)?;
    // Whoever may not see what became of it is told so before anything is changed.
    caller.get_source(source_id).await?;
    let ScheduleSet { kind, cron, enabled, reason } = request;
    let (incremental, reason) = (kind == ScheduleKind::Incremental, reason.unwrap_or_default());
    let wish = SetSchedule { source_id, cron, enabled, incremental, reason };
    if let Some(answer) = approvals::asked(caller.set_schedule(wish).await?) {
        return answer;
    }
    reply::found(&SourceWhole::from(caller.get_source(source_id).await?))
}

async fn engine(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<EngineSet>,
) -> Result<Response, Problem> {
    let source_id = extract::id(&id)?;
    caller.get_source(source_id).await?;
    caller.set_engine(SetEngine { source_id, engine: request.engine }).await?;
    reply::found(&SourceWhole::from(caller.get_source(source_id).await?))
}
