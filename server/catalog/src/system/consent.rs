//! Whether what a second person agreed to may still be applied: asked when the run starts and again before its end,
//! because between a click and a transaction people lose their roles.

use domain::{
    RunId,
    access::Permission,
    approvals::{Change, State, missing},
    backups::RunKind,
};

use super::lease::Lease;
use crate::{
    ApprovalVoid, Conflict,
    db::{Tx, first},
    error::Result,
    tenant::{Held, holds, votes},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    state: String,
    digest: Option<String>,
    approved_until: Option<i64>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// At a start. With the digest that is to be applied, where that is known.
    Start { digest: Option<&'a str> },
    /// Before the rows are changed for good: an approval that was good at the start may run out meanwhile.
    Commit,
}

impl Asked<'_> {
    /// Why the approval of the request that `run` applies does not hold; nothing if it does.
    pub(super) async fn of(
        self,
        tx: &mut Tx,
        (tenant, now): (&str, i64),
        run: RunId,
    ) -> Result<Option<ApprovalVoid>> {
        let row = first!(
            tx,
            Row,
            "select id, state, digest, approved_until from restore_requests where tenant_id = $1 and apply_run_id = $2",
            tenant,
            run.to_string(),
        )?;
        let Some(Row { id, state, digest, approved_until }) = row else {
            return Ok(Some(ApprovalVoid::Changed));
        };
        let Some(held) = Held::about(tx, tenant, &format!("restore:{id}")).await? else {
            return Ok(Some(ApprovalVoid::Changed));
        };
        let is_this = matches!(held.change()?, Change::RestoreLive { difference, .. } if Some(&difference) == digest.as_ref());
        // Somebody may have edited what was asked for, past everything that asks.
        if state != "applying"
            || !is_this
            || held.state()? != State::Executed
            || held.digest_now() != held.digest
        {
            return Ok(Some(ApprovalVoid::Changed));
        }
        if let Self::Start { digest: expected } = self {
            if expected.is_some_and(|expected| digest.as_deref() != Some(expected)) {
                return Ok(Some(ApprovalVoid::Changed));
            }
            if approved_until.is_none_or(|until| until <= now) {
                return Ok(Some(ApprovalVoid::TooOld));
            }
        }
        let is_agreed = match &held.emergency_by {
            Some(by) => holds(tx, (tenant, now), by, Some(Permission::ActAlone)).await?,
            None => missing(&held.standing()?, &votes(tx, (tenant, now), &held).await?) == 0,
        };
        if !is_agreed {
            return Ok(Some(ApprovalVoid::Approver));
        }
        for requester in held.asked() {
            if !holds(tx, (tenant, now), requester, None).await? {
                return Ok(Some(ApprovalVoid::Requester));
            }
        }
        Ok(None)
    }
}

impl Lease<'_> {
    /// [`Conflict::ApprovalVoid`] unless what this run applies is still agreed to as it stands, by and for people who
    /// may still do so. Other kinds of runs need nobody's consent.
    pub async fn check_approval(&self, digest: Option<&str>) -> Result<()> {
        let mut tx = self.begin().await?;
        self.consent(&mut tx, Asked::Start { digest }).await?;
        tx.commit().await
    }

    pub(super) async fn consent(&self, tx: &mut Tx, asked: Asked<'_>) -> Result<()> {
        if self.run().kind != RunKind::ApplyRestore {
            return Ok(());
        }
        let now = self.catalog().clock.now().0;
        match asked.of(tx, (&self.tenant(), now), self.run().id).await? {
            None => Ok(()),
            Some(void) => Err(Conflict::ApprovalVoid(void).into()),
        }
    }
}
