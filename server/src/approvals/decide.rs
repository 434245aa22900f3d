//! Agreeing, refusing, saying something, withdrawing, and acting alone.
//!
//! Who may decide about a request follows from its class, so a scope alone cannot say it: the scope proves that they may
//! see it, and the class's own permission is asked of it here, and of the rows in the transaction that decides.

use app::approvals::api::{ActAlone, ApprovalRef, CommentApproval, DecideApproval};
use catalog::{Conflict, Scope};
use domain::{
    Fault,
    access::may,
    approvals::{LONGEST_REASON, State, Verdict},
};

use super::read::may_comment;
use crate::{caller::Caller, fault::Result};

fn checked(comment: &str) -> Result<&str, Fault> {
    let comment = comment.trim();
    if comment.chars().count() > LONGEST_REASON {
        return Err(Fault::invalid("comment", "a comment has at most 2000 characters"));
    }
    Ok(comment)
}

/// Agrees or refuses.
pub async fn decide(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    request: DecideApproval,
    verdict: Verdict,
) -> Result<State> {
    let rows = caller.rows(&scope);
    let found = rows.get_approval(request.id).await?;
    // A program does what its token names and nothing that was left to its person.
    if caller.principal()?.is_token() && !found.is_mine && !scope.permits(found.class.permission()) {
        return Err(Conflict::MayNotAgree.into());
    }
    // Agreeing is dangerous in itself; refusing keeps things as they are and waits for nothing.
    if verdict == Verdict::Agree && scope.permits(found.class.permission()) {
        caller.require_standing(found.class.permission()).await?;
    }
    let comment = checked(&request.comment)?;
    if verdict == Verdict::Refuse && comment.is_empty() {
        return Err(Fault::invalid("comment", "say why, for whoever asked").into());
    }
    Ok(rows.decide_approval(request.id, verdict, &request.digest, comment).await?)
}

/// Says something.
pub async fn comment(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    request: CommentApproval,
) -> Result<()> {
    let rows = caller.rows(&scope);
    let found = rows.get_approval(request.id).await?;
    if !may_comment(&scope, found.is_mine) {
        return Err(Conflict::MayNotAgree.into());
    }
    let comment = checked(&request.comment)?;
    if comment.is_empty() {
        return Err(Fault::invalid("comment", "there is nothing to say yet").into());
    }
    Ok(rows.comment_approval(request.id, comment).await?)
}

/// Takes it back.
pub async fn withdraw(caller: &Caller, scope: Scope<may::ReadBackups>, request: ApprovalRef) -> Result<()> {
    Ok(caller.rows(&scope).withdraw_approval(request.id).await?)
}

/// Does it alone, in an emergency.
pub async fn act_alone(caller: &Caller, scope: Scope<may::ActAlone>, request: ActAlone) -> Result<State> {
    let rows = caller.rows(&scope);
    rows.get_approval(request.id).await?;
    Ok(rows.act_alone(request.id, checked(&request.reason)?).await?)
}
