//! What the holder of a run may write. Every statement repeats owner and fence, so that a worker that was
//! believed dead can neither overwrite nor publish.

use domain::{
    ConnectionId, EvidenceId, RunId, Timestamp, VaultId,
    backups::{Evidence, Phase, Progress, RunError, Sizes},
    sources::{AccountName, Capabilities, Coordinate, HostName, TlsMode},
};

use crate::{Catalog, Claim, Sealed, error::Result};

/// A held run.
#[derive(Debug)]
pub struct Lease<'c> {
    catalog: &'c Catalog,
    claim: &'c Claim,
}

/// What renewing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// Still ours.
    Held {
        /// Whether somebody asked the run to stop.
        cancel_requested: bool,
    },
    /// Somebody else's by now: stop, write nothing more.
    Lost,
}

/// A stored password with what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The sealed password.
    pub sealed: Sealed,
    /// The host it was entered for.
    pub host: HostName,
    /// The port it was entered for.
    pub port: u16,
    /// The account it was entered for.
    pub user: AccountName,
    /// Protection of the connection, as it is now.
    pub tls: TlsMode,
}

/// A backup that was published: its manifest is in the vault.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBackup {
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// Sizes.
    pub sizes: Sizes,
    /// The start that made it (differs from the present one if its manifest was adopted).
    pub attempt: i64,
    /// Phases of the run.
    pub phases: Vec<Phase>,
    /// Where replay would continue.
    pub coordinate: Coordinate,
    /// Version of the server.
    pub server_version: String,
    /// Client and version.
    pub client_version: String,
    /// Compression.
    pub codec: String,
    /// Tables in it.
    pub tables: u32,
    /// SHA-256 of the manifest, in hex.
    pub manifest_sha256: String,
    /// The vault of its first copy.
    pub vault_id: VaultId,
    /// The manifest's key there.
    pub manifest_key: String,
    /// Number of objects there.
    pub objects: u32,
}

/// Every method but [`Lease::renew`] and [`Lease::credential`] fails with [`crate::Conflict::Stale`] and changes
/// nothing if the lease was lost.
impl<'c> Lease<'c> {
    pub(crate) const fn new(catalog: &'c Catalog, claim: &'c Claim) -> Self {
        Self { catalog, claim }
    }
    /// Holds the run for `lease_ms` more, from now.
    pub async fn renew(&self, lease_ms: i64) -> Result<Renewed> { todo!() }
    /// Says where the run stands.
    pub async fn progress(&self, progress: &Progress) -> Result<()> { todo!() }
    /// Appends a line to the run's log.
    pub async fn log(&self, message: &str) -> Result<()> { todo!() }
    /// To be asked directly before a manifest is published.
    pub async fn publish_check(&self) -> Result<()> { todo!() }
    /// The stored password of a connection of the same organisation, if one is stored that is bound to the
    /// connection's present host, port and user.
    pub async fn credential(&self, connection: ConnectionId) -> Result<Option<Credential>> { todo!() }
    /// The backup is there: its row, its first copy, the run's end and the follow-up verification, at once.
    /// Returns the verification's run, unless another verification of the source is active.
    pub async fn complete_backup(&self, backup: NewBackup) -> Result<Option<RunId>> { todo!() }
    /// A verification has an answer: the evidence, the backup's verification state and the run's end, at once;
    /// a notice too if it is bad. (A verification that could not be carried out is [`Lease::fail`].)
    pub async fn complete_verify(&self, evidence: &Evidence) -> Result<EvidenceId> { todo!() }
    /// A probe has an answer.
    pub async fn complete_probe(&self, capabilities: &Capabilities) -> Result<()> { todo!() }
    /// A restore is done; `summary` becomes the last line of its log.
    pub async fn complete_restore(&self, summary: &str) -> Result<()> { todo!() }
    /// Gives up. Puts a notice into the outbox for a backup or verification.
    pub async fn fail(&self, error: &RunError) -> Result<()> { todo!() }
    /// To be tried again at `next_at`; gives up instead if the starts are used up. Returns whether it will be.
    pub async fn retry(&self, error: &RunError, next_at: Timestamp) -> Result<bool> { todo!() }
    /// Gives the run back untouched because this worker shuts down; the start does not count.
    pub async fn release(&self) -> Result<()> { todo!() }
    /// Stopped as asked.
    pub async fn cancelled(&self) -> Result<()> { todo!() }
}
