//! The two steps that change rows of a live database: applying what was approved, and undoing it.

use app::restores::request_api::ChangeLive;
use catalog::{Restore, Scope};
use domain::{RunId, access::may};

use crate::{
    caller::Caller,
    fault::{Result, Wrong},
};

/// The request, if the person has typed what it is about.
async fn meant(caller: &Caller, scope: &Scope<may::ApplyRestore>, request: &ChangeLive) -> Result<Restore> {
    let restore = caller.rows(scope).get_restore(request.id).await?;
    let mut wrong = Wrong::default();
    if request.database != restore.database {
        wrong.note("database", "type the name of the database exactly as above");
    }
    if request.tenant != restore.tenant.as_str() {
        wrong.note("tenant", "type the key of the tenant exactly as above");
    }
    wrong.finish()?;
    Ok(restore)
}

/// Queues the run that applies exactly what was approved.
pub async fn apply(caller: &Caller, scope: Scope<may::ApplyRestore>, request: ChangeLive) -> Result<RunId> {
    let restore = meant(caller, &scope, &request).await?;
    let run = caller.rows(&scope).apply_restore(restore.id, &request.digest).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}

/// Queues the run that undoes it.
pub async fn undo(caller: &Caller, scope: Scope<may::ApplyRestore>, request: ChangeLive) -> Result<RunId> {
    let restore = meant(caller, &scope, &request).await?;
    let run = caller.rows(&scope).undo_restore(restore.id, &request.digest).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}
