//! Whether what a second person agreed to may still be applied: asked when the run starts and again before its end,
//! because between a click and a transaction people lose their roles.

use domain::{RunId, access::Permission, backups::RunKind};

use super::lease::Lease;
use crate::{
    ApprovalVoid, Conflict,
    access::powers_of,
    db::{Tx, first},
    error::Result,
};

#[derive(sqlx::FromRow)]
struct Row {
    state: String,
    digest: Option<String>,
    made_by_id: String,
    asked_by_id: Option<String>,
    approved_by_id: Option<String>,
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
            "select state, digest, made_by_id, asked_by_id, approved_by_id, approved_until from restore_requests \
             where tenant_id = $1 and apply_run_id = $2",
            tenant,
            run.to_string(),
        )?;
        let Some(Row {
            state,
            digest,
            made_by_id,
            asked_by_id,
            approved_by_id: Some(approver),
            approved_until,
        }) = row
        else {
            return Ok(Some(ApprovalVoid::Changed));
        };
        if state != "applying" {
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
        if !holds(tx, (tenant, now), &approver, Some(Permission::ApproveRestore)).await? {
            return Ok(Some(ApprovalVoid::Approver));
        }
        for requester in [Some(made_by_id), asked_by_id].into_iter().flatten() {
            if !holds(tx, (tenant, now), &requester, None).await? {
                return Ok(Some(ApprovalVoid::Requester));
            }
        }
        Ok(None)
    }
}

/// Whether an actor may sign in, is of the organisation, and may do `permission` there. Whoever sits at the machine's
/// own command line may.
async fn holds(
    tx: &mut Tx,
    (tenant, now): (&str, i64),
    actor: &str,
    permission: Option<Permission>,
) -> Result<bool> {
    let Some(user) = actor.strip_prefix("user:") else { return Ok(true) };
    let row = first!(
        tx,
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
    Ok(powers_of(tx, tenant, user, now).await?.is_some_and(|powers| powers.may(permission)))
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
