//! Signing in and passwords: what happens before anybody is known.

use domain::UserId;

use crate::{Catalog, Denied, Principal, error::Result};

/// What signing in needs to check a password.
#[derive(Debug, Clone)]
pub struct SignInRecord {
    /// Whom.
    pub user_id: UserId,
    /// PHC string of Argon2id; nothing if no password was set yet.
    pub password_hash: Option<String>,
    /// Whether they may sign in.
    pub enabled: bool,
}

impl Catalog {
    /// The person at this machine's own command line: has the power of a platform operator in every
    /// organisation, and is audited as `command line` with the account's name.
    pub async fn command_line(&self, account: &str) -> Result<Principal> { todo!() }
    /// What signing in as `email` needs; upper and lower case do not matter.
    pub async fn find_sign_in(&self, email: &str) -> Result<Option<SignInRecord>> { todo!() }
    /// Records that a person signed in.
    pub async fn record_sign_in(&self, user: UserId) -> Result<()> { todo!() }
    /// Records a failed attempt; `email` as it was typed.
    pub async fn record_sign_in_failure(&self, email: &str) -> Result<()> { todo!() }
    /// Writes a refusal to the audit trail.
    pub async fn record_refusal(&self, denied: &Denied) -> Result<()> { todo!() }
    /// Stores a person's new password hash (after they proved the old one).
    pub async fn set_own_password(&self, principal: &Principal, password_hash: &str) -> Result<()> { todo!() }
    /// Uses a password link: sets the hash, ends every session of the person. `token_sha256` is the SHA-256 of
    /// the token. [`crate::Conflict::LinkSpent`] if it is unknown, used or too old.
    pub async fn use_password_link(&self, token_sha256: &[u8], password_hash: &str) -> Result<UserId> { todo!() }
    /// Sets a password from the command line; ends every session of the person.
    pub async fn set_password_of(&self, operator: &Principal, email: &str, password_hash: &str) -> Result<()> { todo!() }
    /// Adds an organisation. Only for the command line and for platform operators.
    pub async fn create_tenant(&self, operator: &Principal, name: &str) -> Result<domain::TenantId> { todo!() }
}
