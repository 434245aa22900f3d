//! Asking for a restore into a database that does not exist yet.

use app::restores::api::{DefinerChoice, StartRestore};
use catalog::{RunRequest, Scope};
use domain::{
    Fault, Refusal, RunId,
    access::may,
    backups::Retention,
    backups::Verification,
    definers::Definers,
    restores::{Part, RestoreToNew},
    tenancy::TenantKey,
};

use crate::{
    caller::Caller,
    fault::Result,
    sources::protect::check_database,
    tenancy::routes::{self, Taken},
};

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
    let definers = definers(&request)?;
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
    if let Some(taken) = Taken::loaded(&only)
        && let Some(refusal) = routes::refusal(&rows, &caller.services.vault, &backup, taken).await?
    {
        return Err(refusal.into());
    }
    let restore = RestoreToNew {
        backup_id: request.backup_id,
        connection_id: request.connection_id,
        database,
        only,
        definers,
    };
    let id = rows.create_run(RunRequest::Restore(restore), None).await?;
    caller.services.wake(scope.tenant(), id, 0).await;
    Ok(id)
}

/// To whom views, triggers, routines and events are to belong. Whether the server lets them is asked by the worker,
/// before it creates anything.
fn definers(request: &StartRestore) -> Result<Definers, Fault> {
    let names = request.replacements.names();
    if request.definers != DefinerChoice::Map && !names.is_empty() {
        let message = "accounts are replaced only where that is chosen above";
        return Err(Fault::invalid("replacements", message));
    }
    match request.definers {
        DefinerChoice::Strip => Ok(Definers::Strip),
        DefinerChoice::Keep => Ok(Definers::Keep),
        DefinerChoice::Map => {
            Definers::replaced(&names).map_err(|error| Fault::invalid("replacements", error.to_string()))
        }
    }
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
