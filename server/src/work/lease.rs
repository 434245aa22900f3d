//! Holding a run: renewing its lease, and knowing when it is lost.
//!
//! The catalog decides who holds a run, but a worker that cannot reach the catalog must not wait to be told: on its
//! own monotonic clock it counts from the last renewal that succeeded, and once a whole lease has passed it behaves
//! as if the run were somebody else's, because by then it may be. A clock that jumps changes nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use catalog::{ApprovalVoid, Catalog, Claim, Conflict, Renewed};
use domain::tenancy::Route;
use engine::{Error, Kind, pipeline::Fence};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::tenancy::routes;

/// A person who cancels waits this long at most until the worker knows.
const NOTICE_WITHIN: Duration = Duration::from_secs(3);

/// Why a run is to stop. A later one outweighs an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// It is not.
    None = 0,
    /// This worker shuts down.
    ShuttingDown = 1,
    /// Somebody asked for it.
    Requested = 2,
    /// The lease is lost: nothing may be written any more.
    Lost = 3,
}

/// The wish that a run stops, and why.
#[derive(Debug, Clone, Default)]
pub struct Stopping {
    token: CancellationToken,
    reason: Arc<AtomicU8>,
}

impl Stopping {
    /// Asks the run to stop.
    pub fn because(&self, reason: Reason) {
        self.reason.fetch_max(reason as u8, Ordering::SeqCst);
        self.token.cancel();
    }
    /// Why it is to stop.
    pub fn reason(&self) -> Reason {
        match self.reason.load(Ordering::SeqCst) {
            0 => Reason::None,
            1 => Reason::ShuttingDown,
            2 => Reason::Requested,
            _ => Reason::Lost,
        }
    }
    /// For whoever works on it.
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }
}

/// Keeps a claimed run held until `done`. `claimed` is an instant before the claim was asked for.
pub async fn keep(
    catalog: Catalog,
    claim: Arc<Claim>,
    lease: Duration,
    claimed: Instant,
    stopping: Stopping,
    shutdown: CancellationToken,
    done: CancellationToken,
) {
    let every = (lease / 3).min(NOTICE_WITHIN);
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let mut ours_until = claimed + lease;
    let mut next = Instant::now() + every;
    loop {
        tokio::select! {
            () = done.cancelled() => return,
            () = shutdown.cancelled(), if stopping.reason() == Reason::None => {
                stopping.because(Reason::ShuttingDown);
                continue;
            }
            () = sleep_until(next.min(ours_until)) => {}
        }
        let asked = Instant::now();
        next = asked + every;
        match timeout_at(ours_until, catalog.lease(&claim).renew(lease_ms)).await {
            Ok(Ok(Renewed::Held { cancel_requested })) => {
                ours_until = asked + lease;
                if cancel_requested {
                    stopping.because(Reason::Requested);
                }
                continue;
            }
            Ok(Ok(Renewed::Lost)) => {
                tracing::warn!(run.id = %claim.run().id, "the lease of this run is somebody else's now");
            }
            Ok(Err(error)) if Instant::now() < ours_until => {
                tracing::warn!(run.id = %claim.run().id, error = %error, "a lease could not be renewed; trying again");
                continue;
            }
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(run.id = %claim.run().id, "no lease could be renewed for as long as one lasts; giving the run up");
            }
        }
        stopping.because(Reason::Lost);
        return;
    }
}

/// Asked directly before a manifest is published.
pub struct LeaseFence {
    catalog: Catalog,
    claim: Arc<Claim>,
    stopping: Stopping,
}

impl LeaseFence {
    /// The fence of a held run.
    pub const fn new(catalog: Catalog, claim: Arc<Claim>, stopping: Stopping) -> Self {
        Self { catalog, claim, stopping }
    }
}

#[async_trait]
impl Fence for LeaseFence {
    async fn check(&self) -> engine::Result<()> {
        let attempt = "make sure that this run is still ours";
        let lost =
            || Error::new(Kind::Fenced, attempt, "another worker holds it by now; nothing was published");
        if self.stopping.reason() == Reason::Lost {
            return Err(lost());
        }
        match self.catalog.lease(&self.claim).publish_check().await {
            Ok(()) => Ok(()),
            Err(catalog::Error::Conflict(Conflict::Stale)) => Err(lost()),
            Err(catalog::Error::Conflict(Conflict::StopRequested)) => Err(Error::cancelled(attempt)),
            Err(error) => Err(said(attempt, error)),
        }
    }

    fn may_be_done(&self) -> bool {
        self.claim.may_be_done()
    }

    async fn check_routes(&self, routes: &[(&str, &Route)]) -> engine::Result<()> {
        let attempt = "see whether its tables are led to their tenants as before";
        let Some(source) = self.claim.run().source_id else { return Ok(()) };
        let map = self.catalog.of_run(&self.claim).confirmed_map(source).await;
        // A map that nobody confirmed says nothing about anybody's routes.
        let Some((_, now)) = map.map_err(|error| said(attempt, error))? else { return Ok(()) };
        match routes::refusal_of_change(routes, &now) {
            None => Ok(()),
            Some(refusal) => {
                Err(Error::new(Kind::Input, "change rows of the live database", refusal.to_string())
                    .hint(format!("Nothing was changed. {}", refusal.hint())))
            }
        }
    }

    async fn is_not_done(&self) -> engine::Result<()> {
        let attempt = "write down that nothing was changed yet";
        self.catalog.lease(&self.claim).is_not_done().await.map_err(|error| said(attempt, error))
    }
}

/// What the catalog says, as an error of the engine.
pub fn said(attempt: &str, error: catalog::Error) -> Error {
    match error {
        catalog::Error::Conflict(Conflict::ApprovalVoid(void)) => refused(void),
        catalog::Error::Conflict(Conflict::Stale) => {
            Error::new(Kind::Fenced, attempt, "another worker holds the run by now")
        }
        error => Error::new(Kind::Storage, attempt, "the catalog does not answer").later().caused_by(error),
    }
}

/// What was agreed to is not carried out, because the agreement does not hold any more.
fn refused(void: ApprovalVoid) -> Error {
    let hint = match void {
        ApprovalVoid::Approver => "Nothing was changed. The request waits for somebody else to agree to it.",
        ApprovalVoid::Requester | ApprovalVoid::TooOld | ApprovalVoid::Changed => {
            "Nothing was changed. Compute a new preview and ask for that."
        }
    };
    Error::new(Kind::Refused, "apply the restore", void.to_string()).hint(hint)
}
