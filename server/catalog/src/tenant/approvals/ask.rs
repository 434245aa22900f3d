//! Asking for approval, or doing it at once where nobody has to agree.

use domain::{
    RunId, Timestamp,
    approvals::{Change, LONGEST_REASON, Preview, Rule, State, digest},
    audit::{Act, Deed, Field},
    id::ApprovalId,
};

use super::{TABLE, show::Shown};
use crate::{
    Conflict, TenantCatalog,
    db::{Tx, exec},
    decode::{storable, to_json},
    error::Result,
};

/// What became of a change that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is done: nobody has to agree to it here. With the run that it has begun, if any.
    Done(Option<RunId>),
    /// Somebody has to agree first.
    Waiting(ApprovalId),
}

/// A request to be written.
pub(in crate::tenant) struct NewRequest<'a> {
    pub change: &'a Change,
    pub shown: &'a Shown,
    pub rule: Rule,
    /// Who made what it is about, if it was somebody else.
    pub maker: Option<&'a str>,
    pub reason: &'a str,
}

impl TenantCatalog<'_> {
    /// Does it, if the rules of the organisation let one person do it; otherwise asks for approval.
    /// [`Conflict::AskedAlready`] if the same was asked for already, [`Conflict::ReasonMissing`] if somebody has to agree and
    /// nothing says why.
    pub async fn ask_or_do(&self, change: &Change, reason: &str) -> Result<Asked> {
        let mut tx = self.begin().await?;
        let shown = self.show(&mut tx, change).await?;
        let actor = self.actor.key();
        let rule = self.rule_now(&mut tx, change.class(), &[&actor]).await?;
        if rule.approvals == 0 {
            self.told_alone(&mut tx, change, &shown).await?;
            let run = self.perform(&mut tx, change, None).await?;
            tx.commit().await?;
            return Ok(Asked::Done(run));
        }
        if reason.trim().is_empty() {
            return Err(Conflict::ReasonMissing.into());
        }
        let new = NewRequest { change, shown: &shown, rule, maker: None, reason };
        let (request, deed) = self.insert_request(&mut tx, new).await?;
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(Asked::Waiting(request))
    }

    /// What a change would do, computed from the rows as they are.
    pub async fn preview_change(&self, change: &Change) -> Result<Preview> {
        let mut tx = self.begin().await?;
        Ok(self.show(&mut tx, change).await?.preview)
    }

    /// Writes a request down. The caller appends the deed, at the end of its transaction.
    pub(in crate::tenant) async fn insert_request(
        &self,
        tx: &mut Tx,
        new: NewRequest<'_>,
    ) -> Result<(ApprovalId, Deed)> {
        let NewRequest { change, shown, rule, maker, reason } = new;
        let request = ApprovalId::new(self.catalog.clock.uuid());
        let (payload, preview) = (to_json(TABLE, change)?, to_json(TABLE, &shown.preview)?);
        let digest = digest(&payload, &preview);
        let actor = self.actor.key();
        let is_free = rule.approvals == 0;
        let (state, approved_at) =
            if is_free { (State::Approved, Some(self.now())) } else { (State::Waiting, None) };
        let reason: String = reason.trim().chars().take(LONGEST_REASON).collect();
        let made = exec!(
            tx,
            "insert into approval_requests (tenant_id, id, class, subject, title, path, payload, preview, digest, maker_id, \
             requester_id, requester, reason, state, needed, cool_off_ms, created_at, expires_at, approved_at, told) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
             on conflict do nothing",
            self.key(),
            request.to_string(),
            change.class().key(),
            shown.subject.as_str(),
            storable(&shown.title),
            shown.path.as_str(),
            payload,
            preview,
            digest.as_str(),
            maker.unwrap_or(&actor),
            actor.as_str(),
            storable(self.actor.name()),
            storable(&reason),
            state.key(),
            i64::from(rule.approvals),
            rule.cool_off_ms,
            self.now(),
            self.now() + rule.within_ms,
            approved_at,
            // Nobody is told to agree to what is agreed to.
            i64::from(is_free) * 3,
        )?;
        if made == 0 {
            return Err(Conflict::AskedAlready.into());
        }
        let deed = Deed::done(Act::ApprovalAsk, request)
            .after(Field::State, state.key())
            .after(Field::Count, i64::from(rule.approvals))
            .after(Field::Until, Timestamp(self.now() + rule.within_ms));
        let deed = match digest.parse::<domain::audit::Hash>() {
            Ok(hash) => deed.after(Field::Digest, hash),
            Err(_) => deed,
        };
        Ok((request, deed))
    }
}
