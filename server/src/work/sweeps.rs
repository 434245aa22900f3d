//! What is put right again and again, whoever forgot it.
//!
//! A sweep looks at the state and does what is missing; nothing has to be remembered between two of them, so that a
//! lost event delays a consequence by one period and never loses it. Each runs in a loop of its own: never two of the
//! same at once here, and each is written so that another server may do the same at the same time.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{SWEEPS, job::JobError};
use crate::services::Services;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many things it put right.
    pub count: u64,
    /// When there will be something to do again, if that is before its period.
    pub again: Option<Duration>,
}

impl Swept {
    /// Put right this many.
    pub const fn done(count: u64) -> Self {
        Self { count, again: None }
    }
}

/// What a sweep returns.
pub type Sweeping<'a> = Pin<Box<dyn Future<Output = Result<Swept, JobError>> + Send + 'a>>;

/// A sweep.
pub struct SweepSpec {
    /// Its name, in logs.
    pub name: &'static str,
    /// How often at least.
    pub period: Duration,
    /// Why so often.
    pub reason: &'static str,
    /// Does it.
    pub run: for<'a> fn(&'a Arc<Services>) -> Sweeping<'a>,
}

/// Lets a sweep begin at once because something has just happened.
#[derive(Clone)]
pub struct Nudges(Arc<HashMap<&'static str, Notify>>);

impl Default for Nudges {
    fn default() -> Self {
        Self(Arc::new(SWEEPS.iter().map(|sweep| (sweep.name, Notify::new())).collect()))
    }
}

impl Nudges {
    /// Nudges the sweeps of these names.
    pub fn nudge(&self, names: &[&str]) {
        names.iter().filter_map(|name| self.0.get(name)).for_each(Notify::notify_one);
    }
    async fn wait(&self, name: &str) {
        match self.0.get(name) {
            Some(notify) => notify.notified().await,
            None => std::future::pending().await,
        }
    }
}

/// Runs every sweep until `shutdown`.
pub async fn drive(services: Arc<Services>, nudges: Nudges, shutdown: CancellationToken) {
    let loops = SWEEPS.iter().map(|sweep| {
        let (services, nudges, shutdown) = (Arc::clone(&services), nudges.clone(), shutdown.clone());
        tokio::spawn(repeat(sweep, services, nudges, shutdown))
    });
    for ended in futures::future::join_all(loops).await {
        if let Err(error) = ended {
            tracing::error!(%error, "a sweep broke down; it begins again with the next start of the program");
        }
    }
}

async fn repeat(
    sweep: &'static SweepSpec,
    services: Arc<Services>,
    nudges: Nudges,
    shutdown: CancellationToken,
) {
    loop {
        let again = once(sweep, &services).await.unwrap_or(sweep.period);
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(again) => {}
            () = nudges.wait(sweep.name) => {}
        }
    }
}

/// One round, in a task of its own so that a panic does not end the loop. Gives the time until the next.
async fn once(sweep: &'static SweepSpec, services: &Arc<Services>) -> Option<Duration> {
    let services = Arc::clone(services);
    match tokio::spawn(async move { (sweep.run)(&services).await }).await {
        Ok(Ok(swept)) => {
            if swept.count > 0 {
                tracing::info!(sweep = sweep.name, count = swept.count, "put right");
            }
            swept.again.map(|again| again.min(sweep.period))
        }
        Ok(Err(error)) => {
            tracing::warn!(sweep = sweep.name, %error, "could not be done; it is tried again");
            None
        }
        Err(error) => {
            tracing::error!(sweep = sweep.name, %error, "broke down; it is tried again");
            None
        }
    }
}
