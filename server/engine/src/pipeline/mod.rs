//! Moves a database into a vault and back.
//!
//! One stream, constant memory, nothing in plaintext on a disk: read → compress → seal → store. The way back
//! is the same road. Each verb is a file: [`backup()`], [`verify()`], [`restore()`], [`export()`], [`check()`],
//! [`list`], [`remove()`].
//!
//! Everything here needs the vault and its keys only. The control plane passes a [`Control`]: the clock, a way to
//! stop, a listener for progress, and a [`Fence`] that is asked once more before a backup is published.

mod anchor;
mod archive;
mod backup;
mod check;
mod content;
mod describe;
mod export;
mod list;
mod loading;
mod meter;
pub mod native;
mod parts;
mod phases;
pub mod physical;
mod pour;
mod publish;
mod reader;
mod remove;
mod restore;
pub mod tenant_export;
pub mod tenant_restore;
mod vault;
mod verify;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Clock, backups::Progress, tenancy::Route};
use tokio_util::sync::CancellationToken;

pub use anchor::{find_head, is_signed, lay_head, sign_head};
pub use archive::open_manifest;
pub use backup::{BackupRequest, backup};
pub use check::{CheckReport, check};
pub use content::{DatabaseContent, OwnedTable, OwnerContent, Split};
pub use describe::{Description, content, describe};
pub use export::{Export, export};
pub use list::list;
pub use loading::Target;
pub use parts::{Parts, parts, split, tenant_tables};
pub use publish::{Receipt, TenantReceipt, find};
pub use remove::{remove, sweep_attempt};
pub use restore::{Wish, restore};
pub use vault::{Created, Vault};
pub use verify::verify;

use crate::{Error, Kind, Result};

/// Asked before anything becomes visible to others.
#[async_trait]
pub trait Fence: Send + Sync {
    /// Fails with [`Kind::Fenced`] when another worker may own the run by now.
    async fn check(&self) -> Result<()>;
    /// Whether an earlier start of the same work may have got past [`Fence::check`]: then nothing is said about what
    /// it did before it was looked at.
    fn may_be_done(&self) -> bool {
        false
    }
    /// Whether each of these tables is still led to its tenants by this route: asked right before rows of a live database
    /// are changed for good, because the change was computed by them. Fails with [`Kind::Input`] if one is not. Where
    /// nobody keeps a map of tenants, none has changed.
    async fn check_routes(&self, _routes: &[(&str, &Route)]) -> Result<()> {
        Ok(())
    }
    /// It was seen that no earlier start has done it, and that none of them can any more. May refuse to go on.
    async fn is_not_done(&self) -> Result<()> {
        Ok(())
    }
}

/// For work that nobody else can be doing: a person at a command line.
pub struct NoFence;

#[async_trait]
impl Fence for NoFence {
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// What a verb is given by whoever runs it.
#[derive(Clone)]
pub struct Control {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Stops the work; child programs are killed and waited for.
    pub cancel: CancellationToken,
    /// Is told how far it is: often, so it must be quick. Rate and time left are the listener's to compute.
    pub progress: Arc<dyn Fn(Progress) + Send + Sync>,
    /// Is asked before a backup is published.
    pub fence: Arc<dyn Fence>,
}

impl Control {
    fn stop_if_cancelled(&self, attempt: &str) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::cancelled(attempt)) } else { Ok(()) }
    }
}

/// How many, for counters of 32 bits; four billion tables are as good as more.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// An error of a task that panicked or was aborted: a fault of ours, worth another try.
fn task_failed(attempt: &str, error: tokio::task::JoinError) -> Error {
    Error::new(Kind::Integrity, attempt, "an internal task died").caused_by(error).later()
}

/// Kills this process with SIGKILL when the environment names this point: `HOLDFAST_FAILPOINT=dump.middle`.
/// Only in builds with the feature `failpoints`, which the tests of sudden death use.
#[cfg_attr(
    feature = "failpoints",
    expect(clippy::disallowed_methods, reason = "a test's switch must not need a way through every layer")
)]
pub fn failpoint(name: &str) {
    #[cfg(feature = "failpoints")]
    if std::env::var("HOLDFAST_FAILPOINT").is_ok_and(|wanted| wanted == name) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}
