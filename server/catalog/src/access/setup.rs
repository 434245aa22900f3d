//! The installation and its first hour.

use domain::{InstallationId, TenantId, Timestamp, UserId};

use crate::{Catalog, Principal, Sealed, error::Result};

/// How far set-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupState {
    /// There is no operator yet.
    Needed,
    /// The first operator exists; the recovery key was shown and waits to be typed back.
    RecoveryKeyUnconfirmed,
    /// Done.
    Done,
}

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Part of every archive's identity.
    pub id: InstallationId,
    /// Name of the organisation that runs it; empty before set-up.
    pub name: String,
    /// When the catalog was made.
    pub created_at: Timestamp,
    /// How far set-up is.
    pub setup: SetupState,
    /// Recovery public key, once there is one.
    pub recovery_public: Option<Vec<u8>>,
    /// The workers' public key, to which credentials are sealed.
    pub worker_public: Option<Vec<u8>>,
    /// The key that checks manifests.
    pub signing_public: Option<Vec<u8>>,
}

/// Who is first.
#[derive(Debug, Clone)]
pub struct FirstOperator {
    /// Name of the organisation that runs the platform.
    pub organisation: String,
    /// The operator's name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// PHC string of Argon2id.
    pub password_hash: String,
    /// Recovery public key.
    pub recovery_public: Vec<u8>,
    /// The recovery key, sealed, kept until it was typed back.
    pub recovery_pending: Sealed,
}

impl Catalog {
    /// This installation; its row is made on the first call.
    pub async fn installation(&self) -> Result<Installation> { todo!() }
    /// Publishes the workers' public keys. The same keys again are fine; different ones are
    /// [`crate::Conflict::Stale`] unless `replace`.
    pub async fn publish_keys(&self, worker_public: &[u8], signing_public: &[u8], replace: bool) -> Result<()> { todo!() }
    /// Creates organisation and first operator, in one transaction and once:
    /// [`crate::Conflict::AlreadySetUp`] for everybody who comes later.
    pub async fn first_run(&self, first: FirstOperator) -> Result<(TenantId, UserId)> { todo!() }
    /// The sealed recovery key while it is unconfirmed, for the operator who created it and nobody else.
    pub async fn unconfirmed_recovery_key(&self, principal: &Principal) -> Result<Sealed> { todo!() }
    /// The recovery key was typed back: forgets it here; set-up is done.
    pub async fn confirm_recovery_key(&self, principal: &Principal) -> Result<()> { todo!() }
}
