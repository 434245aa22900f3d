//! Ends what threads of ours are doing on the live server when nobody waits for it any more.

use tokio_util::sync::CancellationToken;

use super::super::{Control, task_failed};
use crate::{Error, Result, source::mysql::wire::Stopper};

/// Stops a connection when the token is cancelled, or when this value is dropped.
pub struct Stopping {
    /// Cancelled with the job, and when nobody waits for it any more.
    pub token: CancellationToken,
}

impl Stopping {
    /// Follows a job's token.
    pub fn new(control: &Control) -> Self {
        Self { token: control.cancel.child_token() }
    }
    /// Ends the connection too. A transaction that is open on it is rolled back by the server.
    pub fn end(&self, stopper: Stopper) {
        let token = self.token.clone();
        tokio::spawn(async move {
            token.cancelled().await;
            stopper.stop();
        });
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

/// Fails if the token is cancelled.
pub fn check(token: &CancellationToken, attempt: &str) -> Result<()> {
    if token.is_cancelled() { Err(Error::cancelled(attempt)) } else { Ok(()) }
}

/// Runs what blocks on a thread where it may.
pub async fn blocking<T: Send + 'static>(
    attempt: &'static str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| task_failed(attempt, error))?
}
