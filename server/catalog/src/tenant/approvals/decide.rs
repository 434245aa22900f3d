//! Agreeing, refusing, saying something, and taking a request back.

use domain::{
    RestoreId, Timestamp, UserId,
    approvals::{Change, LONGEST_REASON, Next, Runs, State, VALID_MS, Verdict},
    audit::{Act, Deed, Field, Hash},
    id::ApprovalId,
    powers::Powers,
    restores::RequestState as S,
};

use super::{Held, votes::holds};
use crate::{
    ApprovalVoid, Conflict, TenantCatalog,
    access::powers_of,
    db::{AsConn, Tx, exec, first},
    decode::{id, storable},
    error::{Error, Result},
};

/// Whose voice somebody speaks with.
pub(super) struct Voice {
    pub key: String,
    /// The name of who left it to them; none for their own.
    pub name: Option<String>,
}

impl TenantCatalog<'_> {
    /// Agrees to or refuses what `digest` names; what was agreed to by enough is done at once, if it is such. Returns where
    /// the request stands then. [`Conflict::SecondPerson`], [`Conflict::NotIndependent`] or [`Conflict::MayNotAgree`] if
    /// the actor is not one who may; [`Conflict::DifferenceChanged`] if they looked at something else.
    pub async fn decide_approval(
        &self,
        request: ApprovalId,
        verdict: Verdict,
        digest: &str,
        comment: &str,
    ) -> Result<State> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        let (state, deed) = self.vote(&mut tx, &held, verdict, digest, comment).await?;
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        if state == State::Approved && held.class()?.runs() == Runs::Itself && held.cool_off_ms == 0 {
            return self.carry_out(request).await;
        }
        Ok(state)
    }

    /// Writes a verdict down and draws its consequences. The caller appends the deed and commits.
    pub(in crate::tenant) async fn vote(
        &self,
        tx: &mut Tx,
        held: &Held,
        verdict: Verdict,
        digest: &str,
        comment: &str,
    ) -> Result<(State, Deed)> {
        let request = held.id()?;
        if held.state()? != State::Waiting || self.now() >= held.expires_at {
            return Err(Conflict::Stale.into());
        }
        if held.digest != digest || held.digest_now() != digest {
            return Err(Conflict::DifferenceChanged.into());
        }
        let voice = self.voice(tx, held).await?;
        self.write_down(tx, held, verdict, &voice, comment).await?;
        let now = Timestamp(self.now());
        let state = match held.next(tx, &self.key(), now).await? {
            Next::Approve => State::Approved,
            Next::Reject => State::Rejected,
            _ => State::Waiting,
        };
        if state != State::Waiting {
            self.turn(tx, held, state, comment).await?;
        }
        let act = if verdict == Verdict::Agree { Act::ApprovalAgree } else { Act::ApprovalRefuse };
        let deed = Deed::done(act, request).after(Field::State, state.key()).approved(request.uuid());
        let deed = match digest.parse::<Hash>() {
            Ok(hash) => deed.after(Field::Digest, hash),
            Err(_) => deed,
        };
        Ok((state, deed))
    }

    /// Says something to a request, whatever it stands at.
    pub async fn comment_approval(&self, request: ApprovalId, comment: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        let own = Voice { key: self.actor.key(), name: None };
        self.write_down(&mut tx, &held, Verdict::Comment, &own, comment).await?;
        self.audit(&mut tx, Deed::done(Act::ApprovalComment, request)).await?;
        tx.commit().await
    }

    /// Takes a request back: who asked, or whoever made what it is about. [`Conflict::NotYours`] for others.
    pub async fn withdraw_approval(&self, request: ApprovalId) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        if !held.asked().contains(&self.actor.key().as_str()) {
            return Err(Conflict::NotYours.into());
        }
        if held.state()?.is_settled() {
            return Err(Conflict::Stale.into());
        }
        self.turn(&mut tx, &held, State::Withdrawn, "").await?;
        self.audit(&mut tx, Deed::done(Act::ApprovalWithdraw, request)).await?;
        tx.commit().await
    }

    /// Why the actor may not decide; nothing if they may.
    pub(super) async fn refusal(&self, on: &mut impl AsConn, held: &Held) -> Result<Option<Conflict>> {
        match self.voice(on, held).await {
            Ok(_) => Ok(None),
            Err(Error::Conflict(conflict)) => Ok(Some(conflict)),
            Err(error) => Err(error),
        }
    }

    /// With whose voice the actor decides: their own, if they have the permission; otherwise that of somebody who is away
    /// and left it to them. In both cases it has to be a second person.
    pub(super) async fn voice(&self, on: &mut impl AsConn, held: &Held) -> Result<Voice> {
        let (asked, permission) = (held.asked(), held.class()?.permission());
        self.as_second_person(on, &asked).await?;
        let own = self.actor.key();
        let may = self.powers.is_some_and(|powers| powers.may(permission));
        if may && holds(on, (&self.key(), self.now()), &own, Some(permission)).await? {
            return Ok(Voice { key: own, name: None });
        }
        for (user, name, powers) in self.left_to(on).await? {
            let key = format!("user:{user}");
            if powers.may(permission) && self.is_second_person(on, &key, powers, &asked).await.is_ok() {
                return Ok(Voice { key, name: Some(name) });
            }
        }
        Err(Conflict::MayNotAgree.into())
    }

    /// Who is away now and left their voice to the actor.
    pub(super) async fn left_to(&self, on: &mut impl AsConn) -> Result<Vec<(UserId, String, Powers)>> {
        let actor = self.actor.key();
        let Some(user) = actor.strip_prefix("user:") else { return Ok(Vec::new()) };
        let rows = crate::db::all!(
            on,
            (String, String),
            "select a.user_id, u.name from approval_absences a join users u on u.id = a.user_id \
             join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.user_id where a.tenant_id = $1 \
             and a.to_user_id = $2 and a.ended_at is null and a.from_at <= $3 and a.until_at > $3 and u.enabled = 1 \
             order by a.user_id",
            self.key(),
            user,
            self.now(),
        )?;
        let mut left = Vec::new();
        for (user, name) in rows {
            let powers = powers_of(on, &self.key(), &user, self.now()).await?.unwrap_or(Powers::NONE);
            left.push((id("approval_absences", &user)?, name, powers));
        }
        Ok(left)
    }

    pub(super) async fn write_down(
        &self,
        tx: &mut Tx,
        held: &Held,
        verdict: Verdict,
        voice: &Voice,
        comment: &str,
    ) -> Result<()> {
        let comment: String = comment.trim().chars().take(LONGEST_REASON).collect();
        let written = exec!(
            tx,
            "insert into approval_decisions (tenant_id, request_id, seq, at, by_id, by_name, voice_id, voice_name, verdict, \
             comment, digest) select $1, $2, coalesce(max(seq), 0) + 1, cast($3 as bigint), cast($4 as text), \
             cast($5 as text), cast($6 as text), cast($7 as text), cast($8 as text), cast($9 as text), cast($10 as text) \
             from approval_decisions where tenant_id = $1 and request_id = $2 on conflict do nothing",
            self.key(),
            held.id.as_str(),
            self.now(),
            self.actor.key(),
            storable(self.actor.name()),
            voice.key.as_str(),
            voice.name.as_deref().map(storable),
            verdict.key(),
            (!comment.is_empty()).then(|| storable(&comment)),
            held.digest.as_str(),
        )?;
        // They, or who left them their voice, have said it already.
        if written == 1 { Ok(()) } else { Err(Conflict::Stale.into()) }
    }

    /// Turns a request into another state, and what it is about with it.
    pub(super) async fn turn(&self, tx: &mut Tx, held: &Held, state: State, comment: &str) -> Result<()> {
        let approved_at = match state {
            State::Approved => Some(self.now()),
            State::Waiting => None,
            _ => held.approved_at,
        };
        let turned = exec!(
            tx,
            "update approval_requests set state = $4, approved_at = $5, settled_at = $6, \
             executed_by = case when $4 = 'executed' then cast($7 as text) end, \
             problem = case when $4 = 'failed' then cast($8 as text) end, \
             expires_at = case when $4 = 'waiting' then $9 + (expires_at - created_at) else expires_at end \
             where tenant_id = $1 and id = $2 and state = $3",
            self.key(),
            held.id.as_str(),
            held.state.as_str(),
            state.key(),
            approved_at,
            state.is_settled().then(|| self.now()),
            self.actor.key(),
            storable(comment),
            self.now(),
        )?;
        if turned == 0 {
            return Err(Conflict::Stale.into());
        }
        if state == State::Waiting {
            exec!(
                tx,
                "update approval_decisions set is_void = 1 where tenant_id = $1 and request_id = $2 and verdict <> 'comment'",
                self.key(),
                held.id.as_str(),
            )?;
        }
        if let Change::RestoreLive { restore_id, .. } = held.change()? {
            self.turn_restore(tx, held, restore_id, state, comment).await?;
        }
        Ok(())
    }

    /// The request of a restore goes along with its approval.
    pub(in crate::tenant) async fn turn_restore(
        &self,
        tx: &mut Tx,
        held: &Held,
        restore: RestoreId,
        state: State,
        comment: &str,
    ) -> Result<()> {
        let to = match state {
            State::Approved => S::Approved,
            State::Rejected => S::Rejected,
            State::Withdrawn | State::Expired | State::Failed => S::Withdrawn,
            State::Waiting => S::AwaitingApproval,
            // The step that begins the run does that by itself.
            State::Executed => return Ok(()),
        };
        let by = match (&held.emergency_by, held.needed) {
            (Some(by), _) => format!("emergency:{by}"),
            (None, 0) => "rule:nobody".to_owned(),
            (None, _) => self.actor.key(),
        };
        let is_approved = to == S::Approved;
        let row = first!(
            tx,
            (String,),
            "update restore_requests set state = $3, changed_at = $4, version = version + 1, \
             approved_by_id = case when $5 = 1 then cast($6 as text) when $3 = 'awaiting_approval' then null else approved_by_id end, \
             approved_at = case when $5 = 1 then $4 when $3 = 'awaiting_approval' then null else approved_at end, \
             approved_until = case when $5 = 1 then cast($7 as bigint) when $3 = 'awaiting_approval' then null else approved_until end \
             where tenant_id = $1 and id = $2 and state in ('awaiting_approval', 'approved') returning id",
            self.key(),
            restore.to_string(),
            to.key(),
            self.now(),
            i64::from(is_approved),
            by,
            self.now() + held.cool_off_ms + VALID_MS,
        )?;
        if row.is_some() {
            self.took(tx, restore, to, comment, None).await?;
        }
        Ok(())
    }

    /// Somebody who agreed may not any more: it waits again, for all of them.
    pub(super) async fn reopen(&self, request: ApprovalId) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        let comment = ApprovalVoid::Approver.to_string();
        self.turn(&mut tx, &held, State::Waiting, &comment).await?;
        exec!(
            &mut tx,
            "update approval_requests set told = 0, emergency_by = null where tenant_id = $1 and id = $2",
            self.key(),
            held.id.as_str(),
        )?;
        self.audit(&mut tx, Deed::done(Act::ApprovalReopen, request)).await?;
        tx.commit().await
    }

    /// Ends a request because of its age, or because what it is about cannot be done.
    pub(super) async fn settle_approval(&self, request: ApprovalId, state: State, why: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        if held.state()?.is_settled() {
            return Ok(());
        }
        self.turn(&mut tx, &held, state, why).await?;
        let act = if state == State::Expired { Act::ApprovalExpire } else { Act::ApprovalFail };
        self.audit(&mut tx, Deed::done(act, request).after(Field::State, state.key())).await?;
        tx.commit().await
    }

    /// Ends what is open about something that ended otherwise.
    pub(in crate::tenant) async fn close_about(&self, tx: &mut Tx, subject: &str) -> Result<()> {
        close_about(tx, &self.key(), subject, self.now()).await
    }
}

/// The same without an actor: what a request was about is gone.
pub(crate) async fn close_about(tx: &mut Tx, tenant: &str, subject: &str, now: i64) -> Result<()> {
    exec!(
        tx,
        "update approval_requests set state = 'withdrawn', settled_at = $3 where tenant_id = $1 and subject = $2 \
         and state in ('waiting', 'approved')",
        tenant,
        subject,
        now,
    )
    .map(drop)
}

/// A request that was carried out waits again: who agreed may not any more.
/// Whether there was such a request.
pub(crate) async fn wait_again(tx: &mut Tx, tenant: &str, subject: &str, now: i64) -> Result<bool> {
    let row = first!(
        tx,
        (String,),
        "update approval_requests set state = 'waiting', approved_at = null, settled_at = null, executed_by = null, \
         emergency_by = null, told = 0, expires_at = $3 + (expires_at - created_at) where tenant_id = $1 and subject = $2 \
         and state = 'executed' returning id",
        tenant,
        subject,
        now,
    )?;
    let Some((request,)) = row else { return Ok(false) };
    exec!(
        tx,
        "update approval_decisions set is_void = 1 where tenant_id = $1 and request_id = $2 and verdict <> 'comment'",
        tenant,
        request,
    )?;
    Ok(true)
}
