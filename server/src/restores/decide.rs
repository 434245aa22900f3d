//! Asking for the approval of a tenant restore, giving it, refusing it, and taking the request back.

use app::restores::request_api::{DecideRestore, RestoreRef};
use catalog::{Conflict, Error, Scope};
use domain::{Fault, access::may};

use crate::{
    caller::Caller,
    fault::{REASON_MISSING, Result},
};

/// Letters of a comment at most.
const LONGEST: usize = 2_000;

fn comment(request: &DecideRestore) -> Result<&str, Fault> {
    let comment = request.comment.trim();
    if comment.chars().count() > LONGEST {
        return Err(Fault::invalid("comment", "a comment has at most 2000 characters"));
    }
    Ok(comment)
}

/// Asks for approval.
pub async fn request(
    caller: &Caller,
    scope: Scope<may::RequestRestore>,
    request: DecideRestore,
) -> Result<()> {
    let rows = caller.rows(&scope);
    rows.get_restore(request.id).await?;
    let reason = comment(&request)?;
    if reason.is_empty() {
        return Err(Fault::invalid("comment", REASON_MISSING).into());
    }
    Ok(rows.request_restore(request.id, &request.digest, reason).await?)
}

/// Agrees.
pub async fn approve(
    caller: &Caller,
    scope: Scope<may::ApproveRestore>,
    request: DecideRestore,
) -> Result<()> {
    let rows = caller.rows(&scope);
    rows.get_restore(request.id).await?;
    Ok(rows.approve_restore(request.id, &request.digest, comment(&request)?).await?)
}

/// Refuses.
pub async fn reject(
    caller: &Caller,
    scope: Scope<may::ApproveRestore>,
    request: DecideRestore,
) -> Result<()> {
    let rows = caller.rows(&scope);
    rows.get_restore(request.id).await?;
    Ok(rows.reject_restore(request.id, &request.digest, comment(&request)?).await?)
}

/// Takes it back; a run that still computes its difference is stopped.
pub async fn withdraw(caller: &Caller, scope: Scope<may::RequestRestore>, request: RestoreRef) -> Result<()> {
    let rows = caller.rows(&scope);
    if let Some(run) = rows.withdraw_restore(request.id).await? {
        match rows.request_cancel(run).await {
            Ok(_) | Err(Error::Conflict(Conflict::RunFinished)) => {}
            Err(error) => return Err(error.into()),
        }
        caller.services.run_changed(scope.tenant(), run);
    }
    Ok(())
}
