//! Asking for proof.

use catalog::{RunRequest, Scope};
use domain::{BackupId, Refusal, RunId, access::may, sources::ServerFamily};

use crate::{caller::Caller, fault::Result};

/// Queues a verification. Refused at once if there is no server to prove it on.
pub async fn start(caller: &Caller, scope: Scope<may::VerifyBackup>, id: BackupId) -> Result<RunId> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(id).await?;
    // Files are proven on this very machine, by a private server.
    let needs_server = backup.files.is_none();
    let family =
        if backup.server_version.contains("MariaDB") { ServerFamily::Mariadb } else { ServerFamily::Mysql };
    if needs_server && caller.services.config.verification(family).is_none() {
        return Err(Refusal::NoVerificationServer { family: family.key().into() }.into());
    }
    let run = rows.create_run(RunRequest::Verify { backup_id: id }, None).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}
