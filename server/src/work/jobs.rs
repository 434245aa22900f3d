//! From a wake-up to a run with a result.
//!
//! The queue only says that there may be work; the run's row says what, and the claim of it decides who. A job runs
//! in a task of its own, so that a panic is a failure like another; its lease is kept by a second task, so that a
//! busy job cannot lose it. The handler never fails: what went wrong is in the row, and the queue must not try again
//! by rules of its own.

use std::{sync::Arc, time::Duration};

use catalog::{Claim, Conflict, SystemTask};
use domain::{RunId, backups::RunKind};
use engine::pipeline::Control;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    JobSpec,
    job::{Job, JobError},
    lease::{self, LeaseFence, Reason, Stopping},
    outcome::{Ended, Verdict, judge},
    progress::{self, Meter},
    sweeps::Nudges,
};
use crate::services::Services;

/// A job that was told to stop has this long to kill its children and clean up.
const TO_STOP: Duration = Duration::from_secs(60);
/// Between two attempts to write a result that the catalog did not take.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// Takes runs and carries them out.
#[derive(Clone)]
pub struct Worker {
    services: Arc<Services>,
    owner: Arc<str>,
    nudges: Nudges,
    shutdown: CancellationToken,
}

impl Worker {
    /// A worker with a name of its own: two starts of the program must never be taken for one.
    pub fn new(services: Arc<Services>, nudges: Nudges, shutdown: CancellationToken) -> Self {
        let owner = format!("{}@{}", services.clock.uuid(), host_name()).into();
        Self { services, owner, nudges, shutdown }
    }
    /// Its name in the catalog.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// A wake-up: takes the run that is due next, which is not always the one that the wake-up names, because
    /// organisations take turns.
    pub async fn wake_up(&self, woken_for: RunId) {
        if self.shutdown.is_cancelled() {
            return;
        }
        let asked = Instant::now();
        let system = self.services.catalog.system(SystemTask::Dispatch);
        match system.claim_next(&self.owner, self.services.config.worker.lease_ms).await {
            Ok(Some(claim)) => self.carry_out(claim, asked).await,
            Ok(None) => tracing::debug!(run.id = %woken_for, "woken, but nothing is due"),
            Err(error) => {
                tracing::warn!(run.id = %woken_for, %error, "no run could be taken; the dispatch sweep wakes again");
            }
        }
    }

    /// Takes this very run, if it can be taken, and carries it out. Says whether it was taken.
    pub async fn run_now(&self, run: RunId) -> catalog::Result<bool> {
        let asked = Instant::now();
        let system = self.services.catalog.system(SystemTask::Dispatch);
        let claim = system.claim(run, &self.owner, self.services.config.worker.lease_ms).await?;
        let taken = claim.is_some();
        if let Some(claim) = claim {
            self.carry_out(claim, asked).await;
        }
        Ok(taken)
    }

    async fn carry_out(&self, claim: Claim, asked: Instant) {
        let claim = Arc::new(claim);
        let run = claim.run();
        let (id, kind) = (run.id, run.kind);
        tracing::info!(run.id = %id, tenant.id = %run.tenant_id, start = run.starts, "{} of {} begins", kind.title(), run.subject);
        self.services.run_changed(run.tenant_id, id);
        let (stopping, done) = (Stopping::default(), CancellationToken::new());
        let lease = Duration::from_millis(self.services.config.worker.lease_ms.unsigned_abs());
        let keeping = tokio::spawn(lease::keep(
            self.services.catalog.clone(),
            Arc::clone(&claim),
            lease,
            asked,
            stopping.clone(),
            self.shutdown.clone(),
            done.clone(),
        ));
        let (report, latest) = progress::channel();
        let writing = tokio::spawn(write_progress(
            Arc::clone(&self.services),
            Arc::clone(&claim),
            latest,
            done.clone(),
        ));
        let job = Job {
            services: Arc::clone(&self.services),
            claim: Arc::clone(&claim),
            control: Control {
                clock: Arc::clone(&self.services.clock),
                cancel: stopping.token().clone(),
                progress: report,
                fence: Arc::new(LeaseFence::new(
                    self.services.catalog.clone(),
                    Arc::clone(&claim),
                    stopping.clone(),
                )),
            },
        };
        let spec = super::job_of(kind);
        let ended = run_job(job, spec, &stopping).await;
        self.record(&claim, spec, ended, &stopping).await;
        done.cancel();
        // Both only read `done`; a panic in them changes nothing for the run.
        let _ = tokio::join!(keeping, writing);
        self.services.run_changed(claim.run().tenant_id, id);
        self.nudges.after(kind);
    }

    /// Writes what became of the run. The lease is still being kept meanwhile.
    async fn record(&self, claim: &Claim, spec: &JobSpec, ended: Ended, stopping: &Stopping) {
        let run = claim.run();
        log_end(claim, &ended, stopping.reason());
        let now = self.services.clock.now();
        let verdict = match judge(ended, stopping.reason(), run.starts, now, jitter()) {
            Verdict::Retry(error, _) if !spec.is_retried => Verdict::Fail(error),
            verdict => verdict,
        };
        let lease = self.services.catalog.lease(claim);
        loop {
            let written = match &verdict {
                Verdict::Nothing => Ok(()),
                Verdict::Cancelled => lease.cancelled().await,
                Verdict::Release => lease.release().await,
                Verdict::Fail(error) => lease.fail(error).await,
                Verdict::Retry(error, at) => match lease.retry(error, *at).await {
                    Ok(true) => {
                        if let Err(error) = self.services.queue.push(run.id, run.starts, *at).await {
                            tracing::warn!(run.id = %run.id, %error, "no wake-up for the next start; the dispatch sweep makes one");
                        }
                        Ok(())
                    }
                    Ok(false) => Ok(()),
                    Err(error) => Err(error),
                },
            };
            match written {
                Ok(()) => return,
                Err(catalog::Error::Conflict(Conflict::Stale)) => {
                    tracing::warn!(run.id = %run.id, "the run is somebody else's by now; its result here is dropped");
                    return;
                }
                Err(error) if error.retry_may_help() && stopping.reason() != Reason::Lost => {
                    tracing::warn!(run.id = %run.id, %error, "the result could not be written; trying again");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                Err(error) => {
                    tracing::error!(run.id = %run.id, %error, "the result could not be written; the lease sweep takes the run back");
                    return;
                }
            }
        }
    }
}

/// Runs the job in a task of its own and waits until it has really ended, children included.
async fn run_job(job: Job, spec: &'static JobSpec, stopping: &Stopping) -> Ended {
    let mut task = tokio::spawn(async move {
        let mut working = (spec.run)(&job);
        if let Ok(result) = tokio::time::timeout(spec.timeout, &mut working).await {
            return result;
        }
        job.control.cancel.cancel();
        // What it says now is that it was stopped, which the reader of the run should not take for a person's wish.
        let _ = tokio::time::timeout(TO_STOP / 2, working).await;
        let message = "it took longer than any such run should, and was stopped";
        Err(JobError::Engine(engine::Error::new(engine::Kind::Source, spec.name, message).later()))
    });
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = out_of_patience(stopping.token()) => {
            task.abort();
            task.await
        }
    };
    match ended {
        Ok(Ok(())) => Ended::Done,
        Ok(Err(error)) => Ended::Failed(error),
        Err(error) if error.is_cancelled() => Ended::Failed(engine::Error::cancelled(spec.name).into()),
        Err(error) => {
            let panic = error.into_panic();
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Ended::BrokeDown(text.unwrap_or_else(|| "panic".into()))
        }
    }
}

async fn out_of_patience(token: &CancellationToken) {
    token.cancelled().await;
    tokio::time::sleep(TO_STOP).await;
}

/// Writes the newest report twice a second at most, completed by speed and time left.
async fn write_progress(
    services: Arc<Services>,
    claim: Arc<Claim>,
    mut latest: watch::Receiver<domain::backups::Progress>,
    done: CancellationToken,
) {
    let mut meter = Meter::default();
    loop {
        tokio::select! {
            changed = latest.changed() => if changed.is_err() { return },
            () = done.cancelled() => return,
        }
        let progress = latest.borrow_and_update().clone();
        let progress = meter.complete(progress, Instant::now());
        match services.catalog.lease(&claim).progress(&progress).await {
            Ok(()) => services.run_changed(claim.run().tenant_id, claim.run().id),
            Err(error) => tracing::debug!(run.id = %claim.run().id, %error, "progress was not written"),
        }
        tokio::select! {
            () = tokio::time::sleep(progress::BETWEEN) => {}
            () = done.cancelled() => return,
        }
    }
}

fn log_end(claim: &Claim, ended: &Ended, reason: Reason) {
    let run = claim.run();
    let (id, kind) = (run.id, run.kind.key());
    match ended {
        Ended::Done => {
            tracing::info!(run.id = %id, run.kind = kind, "{} of {} is done", run.kind.title(), run.subject);
        }
        Ended::Failed(JobError::Engine(error)) => {
            tracing::warn!(run.id = %id, run.kind = kind, ?reason, "a run ended without result: {}", error.chain());
        }
        Ended::Failed(JobError::Catalog(error)) => {
            tracing::warn!(run.id = %id, run.kind = kind, ?reason, "a run ended without result: {error:?}");
        }
        Ended::BrokeDown(text) => tracing::error!(run.id = %id, run.kind = kind, "a run broke down: {text}"),
    }
}

/// Between 0 and 1, so that runs that failed together do not come back together.
fn jitter() -> f64 {
    let mut byte = [0u8; 1];
    // Without chance every delay is the shortest one, which is allowed.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

/// The name of this machine.
pub fn host_name() -> String {
    // Only for people who look for the worker; it need not be right.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "here".into() } else { name.trim().into() }
}

/// Which runs the sweeps may have something to do after.
impl Nudges {
    fn after(&self, kind: RunKind) {
        match kind {
            RunKind::Backup => self.nudge(&["notices", "orphans", "owed verifications"]),
            RunKind::Verify => self.nudge(&["notices", "retention"]),
            RunKind::Restore => self.nudge(&["notices", "unfinished restores"]),
            RunKind::ApplyRestore | RunKind::UndoRestore => self.nudge(&["notices"]),
            RunKind::PlanRestore | RunKind::Export | RunKind::InferMap | RunKind::Probe => {}
        }
        self.nudge(&["dispatch"]);
    }
}
