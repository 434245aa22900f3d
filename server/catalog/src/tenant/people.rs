//! People of an organisation.

use domain::{Cursor, Page, Timestamp, UserId, access::Role};

use crate::{TenantCatalog, error::Result};

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Which.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role here.
    pub role: Role,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they have set a password yet.
    pub has_password: bool,
    /// When they last signed in.
    pub last_sign_in: Option<Timestamp>,
}

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role here.
    pub role: Role,
    /// PHC string of Argon2id, if a password is set at once (command line).
    pub password_hash: Option<String>,
}

impl TenantCatalog<'_> {
    /// People, by name, 50 at a time.
    pub async fn list_users(&self, after: Option<&Cursor>) -> Result<Page<UserRow>> { todo!() }
    /// One person.
    pub async fn get_user(&self, id: UserId) -> Result<UserRow> { todo!() }
    /// Adds a person. [`crate::Conflict::Duplicate`] if the address is taken.
    pub async fn create_user(&self, new: NewUser) -> Result<UserId> { todo!() }
    /// Changes role or ability to sign in; ends the person's sessions.
    /// [`crate::Conflict::LastAdministrator`] if nobody with the person's present administering role would remain.
    pub async fn change_user(&self, id: UserId, role: Role, enabled: bool) -> Result<()> { todo!() }
    /// Stores a password link (SHA-256 of its token), good once until `expires_at`; older links of the person
    /// end. Returns the person's address.
    pub async fn create_password_link(&self, id: UserId, token_sha256: &[u8], expires_at: Timestamp) -> Result<String> { todo!() }
}
