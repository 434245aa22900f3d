//! Waiting for a run, and carrying it out here if nobody else does.
//!
//! The claim decides who works: if a worker has the run already, this only looks on; else the same job code runs in
//! this process. So a command that waits needs no worker, and never fights with one.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use catalog::{Run, TenantCatalog};
use domain::{RunId, backups::RunState};
use tokio_util::sync::CancellationToken;

use super::screen;
use crate::{
    services::Services,
    work::{jobs::Worker, sweeps::Nudges},
};

/// Between two looks at the run's row.
const LOOK: Duration = Duration::from_millis(250);

/// A run that ended well.
pub async fn to_the_end(services: &Arc<Services>, rows: &TenantCatalog<'_>, run: RunId) -> Result<Run> {
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let listening = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let worker = Worker::new(Arc::clone(services), Nudges::default(), shutdown.clone());
    let ended = follow(services, rows, run, &worker, &shutdown).await;
    listening.abort();
    screen::clear();
    let ended = ended?;
    match ended.state {
        RunState::Completed => Ok(ended),
        RunState::Cancelled => bail!("the run was cancelled"),
        _ => {
            let mut text = format!("{} of {} failed", ended.kind.title(), ended.subject);
            if let Some(error) = &ended.error {
                text.push_str(&format!(": {}", error.message));
                if let Some(hint) = &error.hint {
                    text.push_str(&format!("\n  What to do: {hint}"));
                }
            }
            bail!(text)
        }
    }
}

async fn follow(
    services: &Arc<Services>,
    rows: &TenantCatalog<'_>,
    run: RunId,
    worker: &Worker,
    shutdown: &CancellationToken,
) -> Result<Run> {
    let mut told = String::new();
    loop {
        let row = rows.get_run(run).await?;
        if row.state.is_finished() {
            return Ok(row);
        }
        if shutdown.is_cancelled() {
            bail!("interrupted; run {run} waits, and a worker goes on with it (cancel it in the console)");
        }
        let is_due = row.next_at.is_some_and(|at| at <= services.clock.now());
        if is_due && row.state != RunState::Running {
            watch(rows, run, worker.run_now(run), &mut told).await?;
            continue;
        }
        show(&row, &mut told);
        tokio::time::sleep(LOOK).await;
    }
}

/// Carries the run out, looking at its row meanwhile: progress is shown the same way wherever it runs.
async fn watch(
    rows: &TenantCatalog<'_>,
    run: RunId,
    working: impl Future<Output = catalog::Result<bool>>,
    told: &mut String,
) -> Result<()> {
    let mut working = std::pin::pin!(working);
    loop {
        tokio::select! {
            taken = &mut working => {
                if !taken? {
                    // A worker was faster, or the run is over.
                    tokio::time::sleep(LOOK).await;
                }
                return Ok(());
            }
            () = tokio::time::sleep(LOOK) => show(&rows.get_run(run).await?, told),
        }
    }
}

fn show(run: &Run, told: &mut String) {
    let text = match run.state {
        RunState::Retrying => {
            let why = run.error.as_ref().map_or("", |error| error.message.as_str());
            format!("Start {} failed and is repeated: {why}", run.starts)
        }
        _ => String::new(),
    };
    if !text.is_empty() && *told != text {
        screen::clear();
        screen::warn(&text);
    }
    *told = text;
    if let Some(progress) = &run.progress {
        screen::draw(progress);
    }
}
