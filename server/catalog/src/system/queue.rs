//! apalis as the wake-up: it carries run ids to workers and nothing else.

use std::future::Future;

use domain::{RunId, Timestamp};

use crate::error::Result;

/// The queue of wake-ups.
#[derive(Clone)]
pub struct Queue {}

impl Queue {
    /// Opens (and creates) the queue: `sqlite:///path/queue.db`, a file of its own, or `postgres://…`, a schema
    /// of its own.
    pub async fn open(url: &str) -> Result<Self> { todo!() }
    /// Wakes a worker for a run at `at`. The same run, start and quarter of a minute is pushed once only.
    pub async fn push(&self, run: RunId, starts: i64, at: Timestamp) -> Result<()> { todo!() }
    /// Calls `handler` with the run ids that come, `concurrency` at once at most, until `shutdown` is ready and
    /// the handlers at work have returned. `worker` must be unique per start of the program.
    pub async fn run<S, H, F>(&self, worker: &str, concurrency: usize, shutdown: S, handler: H) -> Result<()>
    where
        S: Future<Output = ()> + Send + 'static,
        H: Fn(RunId) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    { todo!() }
}
