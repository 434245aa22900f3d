//! Asking for a restore into a database that does not exist yet.

use app::restores::api::StartRestore;
use catalog::{RunRequest, Scope};
use domain::{
    Fault, Refusal, RunId,
    access::may,
    backups::Retention,
    backups::Verification,
    restores::{Part, RestoreToNew},
    tenancy::TenantKey,
};

use crate::{caller::Caller, fault::Result, sources::protect::check_database};

/// Queues a restore of a proven backup.
pub async fn start(
    caller: &Caller,
    scope: Scope<may::RequestRestore>,
    request: StartRestore,
) -> Result<RunId> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(request.backup_id).await?;
    let target = rows.get_connection(request.connection_id).await?;
    let database = check_database("database", &request.database)?;
    let only = part(&request)?;
    if !only.is_everything() && backup.split.is_none() {
        return Err(Refusal::NotSplit.into());
    }
    if request.confirm != database.as_str() {
        return Err(Fault::invalid("confirm", "type the name of the new database exactly as above").into());
    }
    if backup.retention != Retention::Active {
        return Err(Refusal::Expired.into());
    }
    if backup.verification != Verification::RestoreOk {
        return Err(Refusal::NotProven.into());
    }
    if !target.has_credentials {
        return Err(Refusal::CredentialsVoid.into());
    }
    // As of the last look at that server; the worker asks the server itself before it creates anything.
    let seen = target.capabilities.iter().flat_map(|found| &found.databases);
    if seen.into_iter().any(|name| name == database.as_str()) {
        return Err(Refusal::TargetExists { name: database.into() }.into());
    }
    let restore =
        RestoreToNew { backup_id: request.backup_id, connection_id: request.connection_id, database, only };
    let id = rows.create_run(RunRequest::Restore(restore), None).await?;
    caller.services.wake(scope.tenant(), id, 0).await;
    Ok(id)
}

/// What of the backup was asked for.
fn part(request: &StartRestore) -> Result<Part, Fault> {
    let tenants = request.tenants.names().into_iter().map(TenantKey::new).collect::<Result<_, _>>();
    Ok(Part {
        tables: request.tables.names(),
        tenants: tenants.map_err(|error| Fault::invalid("tenants", error.to_string()))?,
        schema_only: request.schema_only,
    })
}
