//! Asking for what needs a second person, or doing it at once where nobody has to agree.

use app::approvals::api::{DeleteBackup, Outcome};
use catalog::{Asked, Scope};
use domain::{
    BackupId, Fault,
    access::may::{self, May},
    approvals::{Change, Preview},
};

use crate::{caller::Caller, fault::Result};

/// Does it, if the rules let one person do it, and wakes what it began; otherwise asks for approval. The one way for
/// every use case whose act is in a class.
pub async fn ask_or_do<P: May>(
    caller: &Caller,
    scope: &Scope<P>,
    change: &Change,
    reason: &str,
) -> Result<Outcome> {
    match caller.rows(scope).ask_or_do(change, reason).await? {
        Asked::Waiting(request) => Ok(Outcome { asked: Some(request) }),
        Asked::Done(run) => {
            if let Some(run) = run {
                caller.services.wake(scope.tenant(), run, 0).await;
            }
            Ok(Outcome::DONE)
        }
    }
}

/// Asks that a backup be deleted, once the name of its database was typed.
pub async fn delete_backup(
    caller: &Caller,
    scope: Scope<may::ManagePolicies>,
    request: DeleteBackup,
) -> Result<Outcome> {
    let backup = caller.rows(&scope).get_backup(request.id).await?;
    if request.confirm != backup.database {
        return Err(Fault::invalid("confirm", "type the name of the database exactly as above").into());
    }
    ask_or_do(caller, &scope, &Change::DeleteBackup { backup_id: request.id }, &request.reason).await
}

/// What would be lost with a backup.
pub async fn preview_deletion(
    caller: &Caller,
    scope: Scope<may::ManagePolicies>,
    id: BackupId,
) -> Result<Preview> {
    Ok(caller.rows(&scope).preview_change(&Change::DeleteBackup { backup_id: id }).await?)
}
