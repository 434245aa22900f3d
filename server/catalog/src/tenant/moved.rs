//! Restores into live databases whose server is another one by now.
//!
//! A difference was computed against one server, shown of it and agreed to for it. When the connection leads elsewhere,
//! nobody is left to believe that it still means something: every open request of the connection's sources is taken back
//! in the transaction that finds out, with the reason, so that an approval cannot come in between. What is being applied
//! or undone at that moment is left alone: it asks the server itself which one it is, and a request that was applied can
//! still be undone where it was applied.

use domain::{
    Clock, ConnectionId, RestoreId, RunId, TenantId,
    audit::{Act, Chain, Deed, Field, Origin},
    restores::RequestState as S,
};

use super::{approvals::close_about, restore_steps::RestoreStep, run_row::append_event, runs::ask_to_stop};
use crate::{
    audit::Actor,
    db::{Tx, all},
    decode::id,
    error::Result,
    trail,
};

const TABLE: &str = "restore_requests";

const _: () = assert!(
    S::Planning.may_become(S::Withdrawn)
        && S::Planned.may_become(S::Withdrawn)
        && S::AwaitingApproval.may_become(S::Withdrawn)
        && S::Approved.may_become(S::Withdrawn)
);

/// A connection that leads to another server.
pub(crate) struct Moved<'a> {
    pub tenant: TenantId,
    pub connection: ConnectionId,
    /// Who moved it, or found it moved.
    pub actor: &'a Actor,
    /// In words, for whoever asked.
    pub because: String,
}

impl Moved<'_> {
    /// Takes back what is open, and stops what still computes a difference.
    pub(crate) async fn withdraw(&self, tx: &mut Tx, clock: &dyn Clock) -> Result<()> {
        let (tenant, now) = (self.tenant.to_string(), clock.now());
        let withdrawn = all!(
            tx,
            (String, String),
            "update restore_requests set state = 'withdrawn', changed_at = $3, version = version + 1 \
             where tenant_id = $1 and state in ('planning', 'planned', 'awaiting_approval', 'approved') \
             and source_id in (select id from sources where tenant_id = $1 and connection_id = $2) \
             returning id, plan_run_id",
            tenant.as_str(),
            self.connection.to_string(),
            now.0,
        )?;
        for (restore, plan) in withdrawn {
            let (restore, plan): (RestoreId, RunId) = (id(TABLE, &restore)?, id(TABLE, &plan)?);
            let (by, comment) = (self.actor.name(), self.because.as_str());
            let step = RestoreStep { restore, at: now, state: S::Withdrawn, by, comment, run: None };
            step.append(tx, &tenant).await?;
            // Its request is settled already: nothing else hangs on the end of this run.
            if ask_to_stop(tx, self.tenant, plan, now).await?.is_some() {
                append_event(tx, self.tenant, plan, now, &self.because).await?;
            }
            close_about(tx, &tenant, &format!("restore:{restore}"), now.0).await?;
            let deed = Deed::done(Act::TenantRestoreWithdraw, restore)
                .after(Field::State, S::Withdrawn.key())
                .after(Field::Connection, self.connection);
            let (chain, who) = (Chain::Tenant(self.tenant), self.actor.who().clone());
            trail::append(tx, &deed.event(clock.uuid(), chain, now, who, Origin::here())).await?;
        }
        Ok(())
    }
}
