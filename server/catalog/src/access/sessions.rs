//! Sessions of tower-sessions, in the catalog.
//!
//! The key is the SHA-256 of the session's id: whoever reads the table cannot use what is in it as a cookie.
//! Two limits hold at once: idle (moved on by use) and absolute (from the moment of signing in).

use std::sync::Arc;

use domain::{Clock, UserId};
use tower_sessions_core::{SessionStore, session::{Id, Record}, session_store};

use crate::{Catalog, Principal, db::Db, error::Result};

/// Key of the session's data under which the server puts the signed-in person's id (a `UserId`).
pub const SESSION_USER: &str = "user_id";
/// Key of the session's data for the moment of signing in (unix milliseconds, a number); the absolute limit
/// counts from it, also after the id was changed.
pub const SESSION_SIGNED_IN_AT: &str = "signed_in_at";
/// A session that is not used for this long is over, in milliseconds: 30 minutes.
pub const SESSION_IDLE_MS: i64 = 30 * 60_000;
/// No session lives longer than this, in milliseconds: 12 hours.
pub const SESSION_ABSOLUTE_MS: i64 = 12 * 3_600_000;

/// The session store.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

impl Sessions {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> { todo!() }
    async fn save(&self, record: &Record) -> session_store::Result<()> { todo!() }
    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> { todo!() }
    async fn delete(&self, id: &Id) -> session_store::Result<()> { todo!() }
}

impl Catalog {
    /// Who this session belongs to: nobody if it is unknown, over, not signed in, or the person was disabled.
    /// Using it moves the idle limit on.
    pub async fn authenticate_session(&self, id: &Id) -> Result<Option<Principal>> { todo!() }
    /// Ends every session of a person, except `keep`. Returns how many.
    pub async fn end_sessions(&self, user: UserId, keep: Option<&Id>) -> Result<u64> { todo!() }
}
