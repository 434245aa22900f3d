//! Answers to requests that carry a key of their own, so that a program that did not hear the answer may ask again.
//!
//! The key is taken before anything is done: of two equal requests at once, one waits outside. What was refused is not
//! kept, because it changed nothing; the same key may try again.

use domain::{TenantId, UserId};

use super::principal::Principal;
use crate::{
    Catalog,
    db::{Tx, exec, first},
    decode::{number, storable},
    error::{Error, Result},
};

/// A request that has not answered for this long is not at work any more: its server died. In milliseconds, and longer
/// than any request is let run.
const AT_WORK_MS: i64 = 120_000;

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Its status.
    pub status: u16,
    /// What it said.
    pub body: String,
}

/// What a key is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerSlot {
    /// Nobody used it: the request may go on, and whoever took the key settles or frees it.
    Taken,
    /// The same request was answered.
    Answered(StoredAnswer),
    /// The same request is at work.
    AtWork,
    /// Another request used it.
    Other,
}

fn owner(principal: &Principal, tenant: TenantId) -> Result<UserId> {
    principal.powers(tenant).and(principal.user_id()).ok_or(Error::NotFound { what: "person" })
}

impl Catalog {
    /// Takes a key for a request of a person or a program of theirs.
    pub async fn take_answer(
        &self,
        principal: &Principal,
        tenant: TenantId,
        key: &str,
        request_hash: &[u8],
    ) -> Result<AnswerSlot> {
        let user = owner(principal, tenant)?.to_string();
        let (tenant, key, now) = (tenant.to_string(), storable(key), self.clock.now().0);
        let mut tx = self.db.begin().await?;
        exec!(
            &mut tx,
            "delete from api_answers where tenant_id = $1 and user_id = $2 and key = $3 and status is null \
             and begun_at < $4",
            tenant.clone(),
            user.clone(),
            key.clone(),
            now - AT_WORK_MS,
        )?;
        let made = exec!(
            &mut tx,
            "insert into api_answers (tenant_id, user_id, key, request_hash, begun_at) values ($1, $2, $3, $4, $5) \
             on conflict do nothing",
            tenant.clone(),
            user.clone(),
            key.clone(),
            request_hash.to_vec(),
            now,
        )?;
        let slot = if made == 1 {
            AnswerSlot::Taken
        } else {
            found(&mut tx, (tenant, user, key), request_hash).await?
        };
        tx.commit().await?;
        Ok(slot)
    }

    /// Keeps the answer for a key that was taken; without an answer, frees the key.
    pub async fn settle_answer(
        &self,
        principal: &Principal,
        tenant: TenantId,
        key: &str,
        answer: Option<&StoredAnswer>,
    ) -> Result<()> {
        let user = owner(principal, tenant)?.to_string();
        let (tenant, key) = (tenant.to_string(), storable(key));
        let mut tx = self.db.begin().await?;
        match answer {
            Some(answer) => exec!(
                &mut tx,
                "update api_answers set status = $4, body = $5 where tenant_id = $1 and user_id = $2 and key = $3",
                tenant,
                user,
                key,
                i64::from(answer.status),
                storable(&answer.body),
            )?,
            None => exec!(
                &mut tx,
                "delete from api_answers where tenant_id = $1 and user_id = $2 and key = $3 and status is null",
                tenant,
                user,
                key,
            )?,
        };
        tx.commit().await
    }
}

async fn found(
    tx: &mut Tx,
    (tenant, user, key): (String, String, String),
    request_hash: &[u8],
) -> Result<AnswerSlot> {
    let row = first!(
        tx,
        (Vec<u8>, Option<i64>, Option<String>),
        "select request_hash, status, body from api_answers where tenant_id = $1 and user_id = $2 and key = $3",
        tenant,
        user,
        key,
    )?;
    Ok(match row {
        Some((hash, ..)) if hash != request_hash => AnswerSlot::Other,
        Some((_, Some(status), Some(body))) => {
            AnswerSlot::Answered(StoredAnswer { status: number("api_answers", status)?, body })
        }
        // It was freed in between, or has no answer yet.
        _ => AnswerSlot::AtWork,
    })
}
