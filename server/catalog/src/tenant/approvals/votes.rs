//! What was said to a request, as it counts now.

use domain::{
    Timestamp,
    access::Permission,
    approvals::{Change, Class, Next, Standing, State, Verdict, Vote, digest, next},
    id::ApprovalId,
};

use super::TABLE;
use crate::{
    access::powers_of,
    db::{AsConn, Tx, all, dialect, first},
    decode::{id, json, number, word},
    error::{Error, Result},
};

/// A request whose row is held until the transaction ends.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Held {
    pub id: String,
    pub class: String,
    pub title: String,
    pub payload: String,
    pub preview: String,
    pub digest: String,
    pub maker_id: String,
    pub requester_id: String,
    pub requester: String,
    pub reason: String,
    pub state: String,
    pub needed: i64,
    pub cool_off_ms: i64,
    pub created_at: i64,
    pub expires_at: i64,
    pub approved_at: Option<i64>,
    pub emergency_by: Option<String>,
    pub told: i64,
}

macro_rules! held {
    ($where:literal) => {
        concat!(
            "select id, class, title, payload, preview, digest, maker_id, requester_id, requester, reason, \
             state, needed, cool_off_ms, created_at, expires_at, approved_at, emergency_by, told from approval_requests \
             where tenant_id = $1 and ",
            $where
        )
    };
}

impl Held {
    /// The request of this id.
    pub async fn find(tx: &mut Tx, tenant: &str, request: ApprovalId) -> Result<Self> {
        let row = first!(
            tx,
            Self,
            dialect!(
                tx,
                sqlite: held!("id = $2"),
                postgres: held!("id = $2 for update")
            ),
            tenant,
            request.to_string(),
        )?;
        row.ok_or(Error::NotFound { what: "request" })
    }

    /// The newest request about this, e.g. `restore:019ab3…`.
    pub async fn about(tx: &mut Tx, tenant: &str, subject: &str) -> Result<Option<Self>> {
        first!(
            tx,
            Self,
            dialect!(
                tx,
                sqlite: held!("subject = $2 order by created_at desc, id desc limit 1"),
                postgres: held!("subject = $2 order by created_at desc, id desc limit 1 for update")
            ),
            tenant,
            subject,
        )
    }

    pub fn id(&self) -> Result<ApprovalId> {
        id(TABLE, &self.id)
    }
    pub fn state(&self) -> Result<State> {
        word(TABLE, &self.state, State::find)
    }
    pub fn class(&self) -> Result<Class> {
        word(TABLE, &self.class, Class::find)
    }
    pub fn change(&self) -> Result<Change> {
        json(TABLE, &self.payload)
    }
    /// Who made it and who asked: none of them is a second person.
    pub fn asked(&self) -> [&str; 2] {
        [&self.maker_id, &self.requester_id]
    }
    /// The digest over what is stored. Another one than the one that was agreed to, if somebody has changed a row.
    pub fn digest_now(&self) -> String {
        digest(&self.payload, &self.preview)
    }
    pub fn standing(&self) -> Result<Standing> {
        Ok(Standing {
            state: self.state()?,
            needed: number(TABLE, self.needed)?,
            expires_at: Timestamp(self.expires_at),
            approved_at: self.approved_at.map(Timestamp),
            cool_off_ms: self.cool_off_ms,
            is_emergency: self.emergency_by.is_some(),
        })
    }
    /// What follows from what was said so far.
    pub async fn next(&self, tx: &mut Tx, tenant: &str, now: Timestamp) -> Result<Next> {
        if let Some(by) = &self.emergency_by
            && self.state()? == State::Approved
            && !holds(tx, (tenant, now.0), by, Some(Permission::ActAlone)).await?
        {
            return Ok(Next::Reopen);
        }
        let votes = votes(tx, (tenant, now.0), self).await?;
        Ok(next(&self.standing()?, &votes, now))
    }
}

/// What was said to a request, with whether it still counts.
pub(crate) async fn votes(
    on: &mut impl AsConn,
    (tenant, now): (&str, i64),
    held: &Held,
) -> Result<Vec<Vote>> {
    let rows = all!(
        on,
        (String, String, String, String),
        "select by_id, voice_id, verdict, digest from approval_decisions where tenant_id = $1 and request_id = $2 \
         and is_void = 0 and verdict <> 'comment' order by seq",
        tenant,
        held.id.as_str(),
    )?;
    let (permission, digest) = (held.class()?.permission(), held.digest_now());
    let mut votes = Vec::new();
    for (by, voice, verdict, seen) in rows {
        let is_asker = held.asked().contains(&by.as_str()) || held.asked().contains(&voice.as_str());
        let holds = !is_asker
            && holds(on, (tenant, now), &voice, Some(permission)).await?
            && holds(on, (tenant, now), &by, None).await?;
        let saw_this = seen == digest && seen == held.digest;
        let verdict = word("approval_decisions", &verdict, Verdict::find)?;
        votes.push(Vote { verdict, holds, saw_this });
    }
    Ok(votes)
}

/// Whether an actor may sign in, is of the organisation, and may do `permission` there. Whoever sits at the machine's
/// own command line may.
pub(crate) async fn holds(
    on: &mut impl AsConn,
    (tenant, now): (&str, i64),
    actor: &str,
    permission: Option<Permission>,
) -> Result<bool> {
    let Some(user) = actor.strip_prefix("user:") else { return Ok(true) };
    let row = first!(
        on,
        (i64,),
        "select u.enabled from memberships m join users u on u.id = m.user_id \
         where m.tenant_id = $1 and m.user_id = $2 and u.enabled = 1",
        tenant,
        user,
    )?;
    if row.is_none() {
        return Ok(false);
    }
    let Some(permission) = permission else { return Ok(true) };
    Ok(powers_of(on, tenant, user, now).await?.is_some_and(|powers| powers.may(permission)))
}
