//! Sessions of tower-sessions, in the catalog.
//!
//! The key is the SHA-256 of the session's id: whoever reads the table cannot use what is in it as a cookie.
//! Two limits hold at once: idle (moved on by use) and absolute (from the moment of signing in). A limit that was changed
//! holds for what begins or is used from then on.

use std::sync::Arc;

use domain::{Clock, UserId};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store,
};

use super::{held::memberships, sign_in_policy::due_of};
use crate::{
    Catalog, Principal,
    audit::Actor,
    db::{Db, exec, first},
    decode::storable,
    error::Result,
};

/// Key of the session's data under which the server puts the signed-in person's id (a `UserId`).
pub const SESSION_USER: &str = "user_id";
/// Key of the session's data for the moment of signing in (unix milliseconds, a number); the absolute limit
/// counts from it, also after the id was changed.
pub const SESSION_SIGNED_IN_AT: &str = "signed_in_at";
/// Key of the session's data for the address that the person signed in from.
pub const SESSION_ADDRESS: &str = "address";
/// Key of the session's data for what the browser calls itself.
pub const SESSION_AGENT: &str = "agent";

/// Key of the session's data for the moment at which the person last proved who they are (unix milliseconds).
pub const SESSION_PROVED_AT: &str = "proved_at";

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// A session that is not used for this long is over, in milliseconds.
    pub idle_ms: i64,
    /// No session lives longer than this, in milliseconds.
    pub absolute_ms: i64,
}

impl Default for SessionLimits {
    /// Half an hour without use, and twelve hours at all.
    fn default() -> Self {
        Self { idle_ms: 30 * 60_000, absolute_ms: 12 * 3_600_000 }
    }
}

/// The session store.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    clock: Arc<dyn Clock>,
    limits: SessionLimits,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

impl Sessions {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, limits: SessionLimits) -> Self {
        Self { db, clock, limits }
    }
}

pub(super) fn key(id: &Id) -> Vec<u8> {
    Sha256::digest(id.0.to_le_bytes()).to_vec()
}

/// What the store's trait can say.
fn refused(error: impl std::fmt::Display) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

/// The columns of a record.
struct Columns {
    user: Option<String>,
    data: String,
    expires_at: i64,
    absolute_expires_at: i64,
    address: Option<String>,
    agent: Option<String>,
}

impl Sessions {
    fn columns(&self, record: &Record) -> session_store::Result<Columns> {
        let now = self.clock.now().0;
        let text = |name| record.data.get(name).and_then(|value| value.as_str());
        let user = text(SESSION_USER).map(str::to_owned);
        let (address, agent) = (text(SESSION_ADDRESS).map(storable), text(SESSION_AGENT).map(storable));
        let signed_in_at = record.data.get(SESSION_SIGNED_IN_AT).and_then(serde_json::Value::as_i64);
        let absolute_expires_at =
            signed_in_at.unwrap_or(now).min(now).saturating_add(self.limits.absolute_ms);
        let data = serde_json::to_string(&record.data)
            .map_err(|error| session_store::Error::Encode(error.to_string()))?;
        let expires_at =
            now.saturating_add(self.limits.idle_ms).min(absolute_expires_at).min(millis(record.expiry_date));
        Ok(Columns { user, data, expires_at, absolute_expires_at, address, agent })
    }

    async fn insert(&self, id: &Id, columns: &Columns) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let made = exec!(
            &mut tx,
            "insert into sessions (id, user_id, data, created_at, expires_at, absolute_expires_at, handle, seen_at, \
             address, agent) values ($1, $2, $3, $4, $5, $6, $7, $4, $8, $9) on conflict do nothing",
            key(id),
            columns.user.clone(),
            columns.data.clone(),
            self.clock.now().0,
            columns.expires_at,
            columns.absolute_expires_at,
            self.clock.uuid().to_string(),
            columns.address.as_deref(),
            columns.agent.as_deref(),
        )?;
        tx.commit().await?;
        Ok(made == 1)
    }

    async fn update(&self, id: &Id, columns: Columns) -> Result<()> {
        let mut tx = self.db.begin().await?;
        exec!(
            &mut tx,
            "update sessions set user_id = $2, data = $3, address = $6, agent = $7, absolute_expires_at = \
             case when absolute_expires_at < $5 then absolute_expires_at else $5 end, expires_at = \
             case when absolute_expires_at < $4 then absolute_expires_at else $4 end where id = $1",
            key(id),
            columns.user,
            columns.data,
            columns.expires_at,
            columns.absolute_expires_at,
            columns.address.as_deref(),
            columns.agent.as_deref(),
        )?;
        tx.commit().await
    }

    async fn find(&self, id: &Id) -> Result<Option<(String, i64)>> {
        let mut reader = self.db.read().await?;
        first!(
            &mut reader,
            (String, i64),
            "select data, expires_at from sessions where id = $1 and expires_at > $2 and absolute_expires_at > $2",
            key(id),
            self.clock.now().0,
        )
    }

    async fn remove(&self, id: &Id) -> Result<()> {
        let mut tx = self.db.begin().await?;
        exec!(&mut tx, "delete from sessions where id = $1", key(id))?;
        tx.commit().await
    }
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let columns = self.columns(record)?;
        while !self.insert(&record.id, &columns).await.map_err(refused)? {
            record.id = Id::default();
        }
        Ok(())
    }
    /// A session that was ended meanwhile stays ended: saving does not bring it back.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let columns = self.columns(record)?;
        self.update(&record.id, columns).await.map_err(refused)
    }
    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let Some((data, expires_at)) = self.find(id).await.map_err(refused)? else { return Ok(None) };
        let decode = |error: String| session_store::Error::Decode(error);
        Ok(Some(Record {
            id: *id,
            data: serde_json::from_str(&data).map_err(|error| decode(error.to_string()))?,
            expiry_date: OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires_at) * 1_000_000)
                .map_err(|error| decode(error.to_string()))?,
        }))
    }
    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.remove(id).await.map_err(refused)
    }
}

/// Use moves the idle limit on at most once a minute: not every request has to write.
const TOUCH_MS: i64 = 60_000;

impl Catalog {
    /// Who this session belongs to: nobody if it is unknown, over, not signed in, or the person was disabled.
    /// Using it moves the idle limit on.
    pub async fn authenticate_session(&self, id: &Id) -> Result<Option<Principal>> {
        let now = self.clock.now().0;
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (String, String, String, i64, Option<i64>),
            "select u.id, u.name, u.email, s.absolute_expires_at, s.seen_at from sessions s \
             join users u on u.id = s.user_id \
             where s.id = $1 and s.expires_at > $2 and s.absolute_expires_at > $2 and u.enabled = 1",
            key(id),
            now,
        )?;
        let Some((user, name, email, absolute, seen_at)) = row else { return Ok(None) };
        let user: UserId = crate::decode::id("users", &user)?;
        let memberships = memberships(&mut reader, user, now).await?;
        let due = due_of(&mut reader, user, now).await?;
        drop(reader);
        if seen_at.is_none_or(|seen| now - seen > TOUCH_MS) {
            let mut tx = self.db.begin().await?;
            exec!(
                &mut tx,
                "update sessions set expires_at = case when expires_at < $2 then $2 else expires_at end, \
                 seen_at = $3 where id = $1",
                key(id),
                now.saturating_add(self.session_limits.idle_ms).min(absolute),
                now,
            )?;
            tx.commit().await?;
        }
        let person = Principal::new(Actor::user(user, &name), Some((user, email)), memberships);
        Ok(Some(person.with_second_factor_due(due)))
    }

    /// Ends every session of a person, except `keep`. Returns how many.
    pub async fn end_sessions(&self, user: UserId, keep: Option<&Id>) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let kept = keep.map(key).unwrap_or_default();
        let ended =
            exec!(&mut tx, "delete from sessions where user_id = $1 and id <> $2", user.to_string(), kept)?;
        tx.commit().await?;
        Ok(ended)
    }
}
