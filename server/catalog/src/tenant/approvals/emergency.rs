//! Acting alone in an emergency: at once, by who has the permission for it, with a reason, told to all who administer,
//! and looked at afterwards by somebody else.

use domain::{
    access::Permission,
    alerts::NoticeKind,
    approvals::{Change, LONGEST_REASON, Runs, State, Verdict},
    audit::{Act, Deed},
    id::ApprovalId,
};

use super::{Held, ask::NewRequest, decide::Voice, votes::holds};
use crate::{
    Conflict, Denied, Refused, TenantCatalog,
    db::exec,
    error::{Error, Result},
    tenant::Notice,
};

impl TenantCatalog<'_> {
    /// Takes it upon oneself: the request is approved without anybody, and a review is opened. What is carried out by itself
    /// is carried out now. Returns where the request stands.
    pub async fn act_alone(&self, request: ApprovalId, reason: &str) -> Result<State> {
        let reason: String = reason.trim().chars().take(LONGEST_REASON).collect();
        if reason.is_empty() {
            return Err(Conflict::ReasonMissing.into());
        }
        let mut tx = self.begin().await?;
        let actor = self.actor.key();
        let may = self.powers.is_some_and(|powers| powers.may(Permission::ActAlone))
            && holds(&mut tx, (&self.key(), self.now()), &actor, Some(Permission::ActAlone)).await?;
        if !may {
            return Err(Error::Denied(Denied {
                reason: Refused::Forbidden,
                actor: self.actor.clone(),
                tenant: Some(self.tenant),
                permission: Permission::ActAlone,
            }));
        }
        let held = Held::find(&mut tx, &self.key(), request).await?;
        // A review that closes itself would be none.
        if held.state()? != State::Waiting || matches!(held.change()?, Change::ReviewEmergency { .. }) {
            return Err(Conflict::Stale.into());
        }
        let own = Voice { key: actor.clone(), name: None };
        self.write_down(&mut tx, &held, Verdict::Comment, &own, &reason).await?;
        exec!(
            &mut tx,
            "update approval_requests set emergency_by = $3, cool_off_ms = 0, told = 3 where tenant_id = $1 and id = $2",
            self.key(),
            held.id.as_str(),
            actor.as_str(),
        )?;
        let mut held = Held::find(&mut tx, &self.key(), request).await?;
        self.turn(&mut tx, &held, State::Approved, &reason).await?;
        State::Approved.key().clone_into(&mut held.state);
        let review = Change::ReviewEmergency { approval_id: request };
        let shown = self.show(&mut tx, &review).await?;
        let rule = review.class().default_rule();
        let new = NewRequest {
            change: &review,
            shown: &shown,
            rule,
            maker: Some(&held.requester_id),
            reason: &reason,
        };
        let (review, asked) = self.insert_request(&mut tx, new).await?;
        self.tell_emergency(&mut tx, &held, review, &reason).await?;
        self.audit(&mut tx, Deed::done(Act::ApprovalAlone, request).approved(review.uuid())).await?;
        self.audit(&mut tx, asked).await?;
        tx.commit().await?;
        if held.class()?.runs() == Runs::Itself {
            return self.carry_out(request).await;
        }
        Ok(State::Approved)
    }

    async fn tell_emergency(
        &self,
        tx: &mut crate::db::Tx,
        held: &Held,
        review: ApprovalId,
        reason: &str,
    ) -> Result<()> {
        let body = format!(
            "{} did this alone, as an emergency, although somebody else should have agreed to it: {}\nTheir reason: {reason}\n\
             Somebody else has to look at it and close the review.",
            self.actor.name(),
            held.title
        );
        let notice = Notice {
            tenant: self.tenant,
            kind: NoticeKind::Emergency,
            dedupe_key: format!("emergency:{}", held.id),
            subject: format!("Emergency: {} was done alone", held.title),
            body: &body,
            path: format!("/approvals/{review}"),
        };
        notice.queue(tx, &*self.catalog.clock).await?;
        let clock = &*self.catalog.clock;
        for member in self.could_agree(tx, Permission::ManageUsers, &[]).await? {
            notice.queue_to(tx, clock, &member).await?;
        }
        Ok(())
    }
}
