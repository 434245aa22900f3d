//! What happens in the background, in two tables: jobs, which somebody asked for and which have a run, and sweeps,
//! which nobody asks for. The tables are the operator's documentation too.
//!
//! Reading order: `job` (what a job gets), `jobs` (from a wake-up to a result), `lease`, `outcome`, `progress`,
//! `sweeps`.

pub mod job;
pub mod jobs;
pub mod lease;
pub mod outcome;
pub mod progress;
pub mod sweep;
pub mod sweeps;

use std::{pin::Pin, sync::Arc, time::Duration};

use domain::backups::RunKind;
use tokio_util::sync::CancellationToken;

use crate::{
    access, alerts, approvals, audit, backups, policies, restores, services::Services, sources, tenancy,
    vaults,
};
use job::{Job, JobError};
use jobs::Worker;
use sweeps::{Nudges, SweepSpec};

/// What a job returns.
pub type Working<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send + 'a>>;

/// A kind of job. All are exclusive per source and kind (a probe per connection) and started four times at most.
pub struct JobSpec {
    /// What it does, for logs and messages.
    pub name: &'static str,
    /// Longer than this no run takes; then it is stopped and tried again.
    pub timeout: Duration,
    /// Why so long.
    pub reason: &'static str,
    /// Whether a failure that may pass is tried again by itself.
    pub is_retried: bool,
    /// Does it.
    pub run: for<'a> fn(&'a Job) -> Working<'a>,
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}
const fn hours(hours: u64) -> Duration {
    minutes(60 * hours)
}

/// Takes a backup.
pub static BACKUP: JobSpec = JobSpec {
    name: "back up",
    timeout: hours(24),
    reason: "5 TB at 60 MB/s; a dump that is still open a day later holds back the source's purge of old rows",
    is_retried: true,
    run: |job| Box::pin(backups::job::run(job)),
};
/// Proves a backup.
pub static VERIFY: JobSpec = JobSpec {
    name: "verify",
    timeout: hours(72),
    reason: "loading takes about three times as long as dumping",
    is_retried: true,
    run: |job| Box::pin(backups::verify_job::run(job)),
};
/// Restores a backup.
pub static RESTORE: JobSpec = JobSpec {
    name: "restore",
    timeout: hours(72),
    reason: "as a verification; nobody wants a restore cut off",
    is_retried: true,
    run: |job| Box::pin(restores::job::run(job)),
};
/// Tests a connection.
pub static PROBE: JobSpec = JobSpec {
    name: "test the connection",
    timeout: minutes(2),
    reason: "somebody waits for it; a server that needs longer does not work",
    is_retried: false,
    run: |job| Box::pin(sources::job::run(job)),
};

/// Reads a schema for the draft of a tenant map.
pub static INFER_MAP: JobSpec = JobSpec {
    name: "read the schema",
    timeout: minutes(30),
    reason: "thousands of tables on an old server are a few minutes",
    is_retried: true,
    run: |job| Box::pin(tenancy::infer_job::run(job)),
};

/// Computes what a tenant restore would change.
pub static PLAN_RESTORE: JobSpec = JobSpec {
    name: "compute the difference",
    timeout: hours(12),
    reason: "reads one tenant's rows twice; who waits longer than a night has forgotten why",
    is_retried: true,
    run: |job| Box::pin(restores::request_jobs::plan(job)),
};
/// Applies a tenant restore.
pub static APPLY_RESTORE: JobSpec = JobSpec {
    name: "apply the restore",
    timeout: hours(12),
    reason: "one transaction over one tenant's rows; a longer one would hurt the live database",
    is_retried: true,
    run: |job| Box::pin(restores::request_jobs::apply(job)),
};
/// Undoes a tenant restore.
pub static UNDO_RESTORE: JobSpec = JobSpec {
    name: "undo the restore",
    timeout: hours(12),
    reason: "as applying it",
    is_retried: true,
    run: |job| Box::pin(restores::request_jobs::undo(job)),
};
/// Writes a tenant's rows as a file and checks it.
pub static EXPORT: JobSpec = JobSpec {
    name: "export a tenant",
    timeout: hours(12),
    reason: "reads one tenant's rows once",
    is_retried: true,
    run: |job| Box::pin(tenancy::export_job::run(job)),
};

/// The job of a kind of run.
pub fn job_of(kind: RunKind) -> &'static JobSpec {
    match kind {
        RunKind::Backup => &BACKUP,
        RunKind::Verify => &VERIFY,
        RunKind::Restore => &RESTORE,
        RunKind::PlanRestore => &PLAN_RESTORE,
        RunKind::ApplyRestore => &APPLY_RESTORE,
        RunKind::UndoRestore => &UNDO_RESTORE,
        RunKind::Export => &EXPORT,
        RunKind::InferMap => &INFER_MAP,
        RunKind::Probe => &PROBE,
    }
}

/// Every sweep.
pub static SWEEPS: &[SweepSpec] = &[
    SweepSpec {
        name: "dispatch",
        period: Duration::from_secs(5),
        reason: "a lost wake-up costs five seconds, not a night",
        run: |services| Box::pin(sweep::dispatch(services)),
    },
    SweepSpec {
        name: "leases",
        period: Duration::from_secs(10),
        reason: "a worker that died is noticed within a lease and this",
        run: |services| Box::pin(sweep::leases(services)),
    },
    SweepSpec {
        name: "schedules",
        period: Duration::from_secs(15),
        reason: "slots are full minutes",
        run: |services| Box::pin(policies::sweep::schedules(services)),
    },
    SweepSpec {
        name: "owed verifications",
        period: minutes(1),
        reason: "the follow-up of a backup is queued with it; this catches those that found another one active",
        run: |services| Box::pin(backups::sweep::owed_verifications(services)),
    },
    SweepSpec {
        name: "retention",
        period: minutes(10),
        reason: "begins after each verification anyhow; this finishes what a store refused",
        run: |services| Box::pin(policies::sweep::retention(services)),
    },
    SweepSpec {
        name: "orphans",
        period: hours(6),
        reason: "lists the whole vault, and begins after each backup anyhow",
        run: |services| Box::pin(vaults::sweep::orphans(services)),
    },
    SweepSpec {
        name: "scratch",
        period: hours(1),
        reason: "what a killed verification left takes room on the verification server",
        run: |services| Box::pin(backups::sweep::scratch(services)),
    },
    SweepSpec {
        name: "unfinished restores",
        period: hours(1),
        reason: "begins after each restore anyhow; this finishes what a server refused",
        run: |services| Box::pin(restores::sweep::unfinished(services)),
    },
    SweepSpec {
        name: "overdue",
        period: minutes(5),
        reason: "a source is overdue after two hours; five minutes more do not matter",
        run: |services| Box::pin(alerts::sweep::overdue(services)),
    },
    SweepSpec {
        name: "notices",
        period: Duration::from_secs(10),
        reason: "somebody who presses Test waits for it",
        run: |services| Box::pin(alerts::deliver::due(services)),
    },
    SweepSpec {
        name: "webhooks",
        period: Duration::from_secs(5),
        reason: "programs are told what happened soon enough to act on it",
        run: |services| Box::pin(alerts::webhooks::tell(services)),
    },
    SweepSpec {
        name: "approvals",
        period: Duration::from_secs(15),
        reason: "whoever has to agree is told within this; what rested is done within this",
        run: |services| Box::pin(approvals::sweep::due(services)),
    },
    SweepSpec {
        name: "sessions",
        period: minutes(10),
        reason: "ended sessions are refused anyhow; this keeps the table small",
        run: |services| Box::pin(access::sweep::sessions(services)),
    },
    SweepSpec {
        name: "audit anchor",
        period: Duration::from_secs(10),
        reason: "an act of high risk is anchored within ten seconds; anything else with the hour",
        run: |services| Box::pin(audit::sweep::anchor(services)),
    },
    SweepSpec {
        name: "audit retention",
        period: hours(1),
        reason: "a day's heads go at a time, so that a trail of seven years loses as much as it gains",
        run: |services| Box::pin(audit::sweep::expire(services)),
    },
    SweepSpec {
        name: "queue",
        period: hours(1),
        reason: "wake-ups that were seen are of no use; a day of them is kept to look at",
        run: |services| Box::pin(sweep::old_wake_ups(services)),
    },
];

/// Works until `shutdown`: takes runs and sweeps. Runs at work are then told to stop and given back.
pub async fn work(services: Arc<Services>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let nudges = Nudges::default();
    let worker = Worker::new(Arc::clone(&services), nudges.clone(), shutdown.clone());
    tracing::info!(
        worker = worker.owner(),
        concurrency = services.config.worker.concurrency,
        "this worker takes runs"
    );
    let sweeping = tokio::spawn(sweeps::drive(Arc::clone(&services), nudges, shutdown.clone()));
    let name = worker.owner().to_owned();
    let handler = move |run| {
        let worker = worker.clone();
        async move { worker.wake_up(run).await }
    };
    let concurrency = services.config.worker.concurrency;
    let result = services.queue.run(&name, concurrency, shutdown.clone().cancelled_owned(), handler).await;
    // A queue that broke ends the sweeps too: the process shall end and be started again as a whole.
    shutdown.cancel();
    let _ = sweeping.await;
    Ok(result?)
}
