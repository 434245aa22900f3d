//! What a person sees of their own sessions, and ending them. Never by the session's id, which is the key to it, nor by
//! its hash: each has a name that means nothing else.

use domain::{
    Timestamp,
    audit::{Act, Deed, Field, Object, Origin},
};
use tower_sessions_core::session::Id;

use super::sessions::{SESSION_SIGNED_IN_AT, key};
use crate::{
    Catalog, Principal,
    db::{all, exec},
    error::{Error, Result},
};

/// One session of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// By which it can be ended; nothing if it is older than such names.
    pub handle: Option<String>,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// The address that the person signed in from.
    pub address: Option<String>,
    /// What the browser called itself then.
    pub agent: Option<String>,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

type Row = (Vec<u8>, Option<String>, String, i64, Option<i64>, Option<String>, Option<String>);

impl Catalog {
    /// The sessions of the person who asks that are not over, the last used first.
    pub async fn own_sessions(&self, principal: &Principal, this: Option<&Id>) -> Result<Vec<OwnSession>> {
        let user = principal.user_id().ok_or(Error::NotFound { what: "person" })?;
        let this = this.map(key);
        let mut reader = self.db.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select id, handle, data, created_at, seen_at, address, agent from sessions where user_id = $1 \
             and expires_at > $2 and absolute_expires_at > $2 order by coalesce(seen_at, created_at) desc, id",
            user.to_string(),
            self.clock.now().0,
        )?;
        let read = |(id, handle, data, created_at, seen_at, address, agent): Row| {
            let data: serde_json::Value = serde_json::from_str(&data).unwrap_or_default();
            let signed_in_at = data.get(SESSION_SIGNED_IN_AT).and_then(serde_json::Value::as_i64);
            OwnSession {
                handle,
                signed_in_at: Timestamp(signed_in_at.unwrap_or(created_at)),
                seen_at: Timestamp(seen_at.unwrap_or(created_at)),
                address,
                agent,
                is_this: Some(&id) == this.as_ref(),
            }
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Ends one of them. Somebody else's is not found.
    pub async fn end_own_session(&self, principal: &Principal, handle: &str, origin: &Origin) -> Result<()> {
        let user = principal.user_id().ok_or(Error::NotFound { what: "person" })?;
        let mut tx = self.db.begin().await?;
        let ended = exec!(
            &mut tx,
            "delete from sessions where user_id = $1 and handle = $2",
            user.to_string(),
            handle,
        )?;
        if ended == 0 {
            return Err(Error::NotFound { what: "session" });
        }
        let deed = Deed::done(Act::SessionEnd, Object::session(handle));
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }

    /// Ends all of them but `keep`. Returns how many.
    pub async fn end_other_sessions(&self, principal: &Principal, keep: &Id, origin: &Origin) -> Result<u64> {
        let user = principal.user_id().ok_or(Error::NotFound { what: "person" })?;
        let mut tx = self.db.begin().await?;
        let ended = exec!(
            &mut tx,
            "delete from sessions where user_id = $1 and id <> $2",
            user.to_string(),
            key(keep),
        )?;
        let count = i64::try_from(ended).unwrap_or(i64::MAX);
        let deed = Deed::done(Act::SessionEndOthers, user).after(Field::Count, count);
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await?;
        Ok(ended)
    }
}
