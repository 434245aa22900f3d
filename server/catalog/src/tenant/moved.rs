//! Restores into live databases whose server is another one by now.
//!
//! A difference was computed against one server, shown of it and agreed to for it. When the connection leads elsewhere,
//! nobody is left to believe that it still means something: every open request of the connection's sources is taken back
//! in the transaction that finds out, with the reason, so that an approval cannot come in between. What is being applied
//! or undone at that moment is left alone: it asks the server itself which one it is, and a request that was applied can
//! still be undone where it was applied.

use domain::{Clock, ConnectionId, RestoreId, RunId, TenantId, restores::RequestState as S};

use super::{restore_steps::RestoreStep, run_row::append_event, runs::ask_to_stop};
use crate::{
    audit::{self, Actor, Note, Outcome},
    db::{Tx, all},
    decode::id,
    error::Result,
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
            let note = Note {
                tenant: Some(self.tenant),
                actor: self.actor,
                action: "tenant_restore.withdraw",
                subject: format!("restore {restore}"),
                outcome: Outcome::Done,
                detail: self.because.clone(),
            };
            audit::record(tx, clock, note).await?;
        }
        Ok(())
    }
}
