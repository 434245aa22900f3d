//! The live view: a stream of events for a run, and one for the overview.
//!
//! What is sent is always the row, read again: an event only says that it is time to look. A change by a worker in
//! another process is found by looking every two seconds, so a lost event costs two seconds and nothing else. The
//! stream ends when the session does; listening does not keep a session alive.

use std::{convert::Infallible, time::Duration};

use app::backups::api::RunDetail;
use axum::{
    Extension,
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use catalog::{RunQuery, Scope};
use domain::{Fault, RunId, TenantId, access::may};
use futures::{Stream, stream};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast},
    time::{Instant, sleep_until},
};
use tower_sessions::SessionStore;

use super::{WebState, answer};
use crate::{
    backups::{read, view::run_row},
    caller::Caller,
    fault::Result,
    services::RunChanged,
};

/// How often the row is looked at without being told.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two events at least: a progress bar needs no more.
const AT_MOST_EVERY: Duration = Duration::from_millis(250);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /events/runs/{id}`: the run as JSON, whenever it changes, until it is finished.
pub async fn run(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<RunId>() else { return answer::fault(&Fault::NotFound) };
    let opened = async {
        let scope = caller.allow::<may::ReadBackups>().await?;
        // What may not be seen is refused before the stream begins.
        read::get_run(&caller, &scope, id).await?;
        Ok(scope)
    };
    let watch = match caller.answer("follow a run", opened.await) {
        Ok(scope) => Watch { scope, of: Subject::Run(id), caller },
        Err(fault) => return answer::fault(&fault),
    };
    follow(web, watch)
}

/// `GET /events/overview`: runs at work or waiting as JSON, whenever one changes.
pub async fn overview(State(web): State<WebState>, Extension(caller): Extension<Caller>) -> Response {
    let scope = caller.allow::<may::ReadBackups>().await;
    match caller.answer("follow the runs", scope) {
        Ok(scope) => follow(web, Watch { scope, of: Subject::Active, caller }),
        Err(fault) => answer::fault(&fault),
    }
}

/// What is followed.
#[derive(Clone, Copy)]
enum Subject {
    Run(RunId),
    Active,
}

struct Watch {
    caller: Caller,
    scope: Scope<may::ReadBackups>,
    of: Subject,
}

impl Watch {
    /// The present state as JSON, and whether nothing more will happen.
    async fn look(&self) -> Result<(String, bool)> {
        match self.of {
            Subject::Run(id) => {
                let detail: RunDetail = read::get_run(&self.caller, &self.scope, id).await?;
                Ok((json(&detail), detail.row.state.is_finished()))
            }
            Subject::Active => {
                let query = RunQuery { active: true, ..RunQuery::default() };
                let runs = self.caller.rows(&self.scope).list_runs(&query).await?.rows;
                Ok((json(&runs.into_iter().map(run_row).collect::<Vec<_>>()), false))
            }
        }
    }
    /// Whether the session is still there. Read from the store, which does not move the idle limit on.
    async fn session_lives(&self) -> bool {
        let Some(id) = self.caller.session.id() else { return false };
        matches!(self.caller.services.catalog.sessions().load(&id).await, Ok(Some(_)))
    }
    fn concerns(&self, changed: RunChanged) -> bool {
        let tenant: TenantId = self.scope.tenant();
        changed.tenant_id == tenant
            && match self.of {
                Subject::Run(id) => changed.run_id == id,
                Subject::Active => true,
            }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

struct Following {
    web: WebState,
    watch: Watch,
    changes: broadcast::Receiver<RunChanged>,
    last: String,
    is_over: bool,
    next_look: Instant,
    _seat: OwnedSemaphorePermit,
}

fn follow(web: WebState, watch: Watch) -> Response {
    let Ok(seat) = std::sync::Arc::clone(&web.listeners).try_acquire_owned() else {
        return answer::fault(&Fault::Unavailable { what: "the live view".into() });
    };
    // Listening begins before the first look, so that nothing falls between the two.
    let changes = web.services.events.subscribe();
    let following = Following {
        web,
        watch,
        changes,
        last: String::new(),
        is_over: false,
        next_look: Instant::now(),
        _seat: seat,
    };
    Sse::new(events(following)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn events(following: Following) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
    stream::unfold(following, |mut following| async move {
        let text = following.next().await?;
        Some((Ok(Event::default().data(text)), following))
    })
}

impl Following {
    /// The next state that differs from the last; none when the stream is over.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.is_over {
                return None;
            }
            tokio::select! {
                () = sleep_until(self.next_look) => {}
                () = self.web.shutdown.cancelled() => return None,
            }
            if !self.watch.session_lives().await {
                return None;
            }
            let (text, is_over) = match self.watch.look().await {
                Ok(looked) => looked,
                Err(error) => {
                    error.into_fault(self.web.services.clock.as_ref(), "look at a followed run");
                    return None;
                }
            };
            self.is_over = is_over;
            if text != self.last {
                self.last.clone_from(&text);
                self.next_look = Instant::now() + AT_MOST_EVERY;
                return Some(text);
            }
            self.wait().await;
        }
    }

    /// Until something changes, or it is time to look without being told.
    async fn wait(&mut self) {
        let deadline = Instant::now() + LOOK_EVERY;
        loop {
            tokio::select! {
                () = sleep_until(deadline) => break,
                () = self.web.shutdown.cancelled() => break,
                changed = self.changes.recv() => match changed {
                    Ok(changed) if self.watch.concerns(changed) => break,
                    // Too slow for the stream of changes: look at once.
                    Err(broadcast::error::RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Closed) => {
                        sleep_until(deadline).await;
                        break;
                    }
                },
            }
        }
        self.next_look = Instant::now();
    }
}
