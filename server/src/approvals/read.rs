//! Requests as pages show them.

use app::approvals::api::{ApprovalDetail, ApprovalFilter, ApprovalRow, Candidate, Drawer, Said};
use catalog::{Approval, ApprovalQuery, ApprovalWhole, Conflict, Scope, Which};
use domain::{
    Page,
    access::{Permission, may},
    approvals::{Runs, State},
    id::ApprovalId,
};

use crate::{caller::Caller, fault::Result};

/// How many wait for the reader.
pub async fn waiting(caller: &Caller, scope: Scope<may::ReadBackups>) -> Result<u64> {
    Ok(caller.rows(&scope).approvals_waiting().await?)
}

/// Requests, newest first.
pub async fn list(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: ApprovalFilter,
) -> Result<Page<ApprovalRow>> {
    let which = match filter.which {
        Drawer::ForMe => Which::ForMe,
        Drawer::ByMe => Which::ByMe,
        Drawer::Open => Which::Open,
        Drawer::Decided => Which::Decided,
    };
    let query = ApprovalQuery { which, class: filter.class, after: filter.after, limit: 0 };
    Ok(caller.rows(&scope).list_approvals(&query).await?.map(|found| row(&found)))
}

fn row(found: &Approval) -> ApprovalRow {
    ApprovalRow {
        id: found.id,
        class: found.class,
        title: found.title.clone(),
        requester: found.requester.clone(),
        is_mine: found.is_mine,
        state: found.state,
        needed: found.needed,
        agreed: found.agreed,
        created_at: found.created_at,
        expires_at: found.expires_at,
        is_emergency: found.is_emergency,
    }
}

/// One request.
pub async fn get(caller: &Caller, scope: Scope<may::ReadBackups>, id: ApprovalId) -> Result<ApprovalDetail> {
    let ApprovalWhole { approval, said, could_agree, refusal, may_act_alone } =
        caller.rows(&scope).approval_whole(id).await?;
    let is_resting = approval.state == State::Approved && approval.class.runs() == Runs::Itself;
    let done_at = approval.approved_at.filter(|_| is_resting).map(|at| at.plus_ms(approval.cool_off_ms));
    Ok(ApprovalDetail {
        row: row(&approval),
        reason: approval.reason,
        path: approval.path,
        preview: approval.preview,
        digest: approval.digest,
        said: said
            .into_iter()
            .map(|one| Said {
                at: one.at,
                by: one.by,
                instead_of: one.instead_of,
                verdict: one.verdict,
                comment: one.comment,
                is_void: one.is_void,
            })
            .collect(),
        could_agree: could_agree
            .into_iter()
            .map(|(name, away_until)| Candidate { name, away_until })
            .collect(),
        why_not: refusal.map(why_not),
        may_comment: may_comment(&scope, approval.is_mine),
        may_withdraw: approval.is_mine,
        may_act_alone: may_act_alone && scope.permits(Permission::ActAlone),
        approved_at: approval.approved_at,
        done_at,
        settled_at: approval.settled_at,
        problem: approval.problem,
    })
}

/// Who asked, and whose role lets them agree to something; whoever only looks does not take part.
pub(super) fn may_comment<P>(scope: &Scope<P>, is_mine: bool) -> bool {
    is_mine
        || [Permission::ApproveRestore, Permission::ApproveChanges].into_iter().any(|one| scope.permits(one))
}

fn why_not(refusal: Conflict) -> String {
    match refusal {
        Conflict::SecondPerson => "You asked for it, or made what it is about; a second person has to agree.",
        Conflict::NotIndependent => {
            "You and the person who asked are not independent: one of you added the other here, gave them their role or \
             set their password, directly or through others. Somebody else has to agree."
        }
        Conflict::MayNotAgree => "Your role does not let you agree to this. Whoever could is named below.",
        _ => "You have said what you had to say; somebody else decides the rest.",
    }
    .to_owned()
}
