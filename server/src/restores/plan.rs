//! Asking what a tenant restore would change.

use app::restores::request_api::{PlanRestore, What};
use catalog::{Backup, Scope};
use domain::{
    Fault, Refusal, RestoreId,
    access::may,
    backups::{Retention, Verification},
    restores::{Selection, TenantRestore},
    tenancy::TenantKey,
};

use crate::{
    caller::Caller,
    fault::Result,
    tenancy::routes::{self, Taken},
};

/// Tables and rows that can be chosen one by one; whoever needs more wants everything.
const MOST: usize = 10_000;

/// What must be so before anything of one tenant is taken from a backup.
pub fn of_tenant(backup: &Backup) -> Result<(), Refusal> {
    if backup.retention != Retention::Active {
        return Err(Refusal::Expired);
    }
    if backup.split.is_none() {
        return Err(Refusal::NotSplit);
    }
    Ok(())
}

/// Makes a request and queues the run that computes its difference.
pub async fn plan(
    caller: &Caller,
    scope: Scope<may::RequestRestore>,
    request: PlanRestore,
) -> Result<RestoreId> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(request.backup_id).await?;
    of_tenant(&backup)?;
    if backup.verification != Verification::RestoreOk {
        return Err(Refusal::NotProven.into());
    }
    if rows.confirmed_map(backup.source_id).await?.is_none() {
        return Err(Refusal::MapUnconfirmed.into());
    }
    let Some(tenant) = rows.tenant_in(backup.id, backup.source_id, &request.tenant).await? else {
        return Err(Refusal::TenantNotInBackup { tenant: TenantKey::into(request.tenant) }.into());
    };
    let wish = TenantRestore { backup_id: backup.id, selection: bounded(selection(&request)?)?, tenant };
    let taken = Taken::Restored(&wish.selection);
    if let Some(refusal) = routes::refusal(&rows, &caller.services.vault, &backup, taken).await? {
        return Err(refusal.into());
    }
    let (restore, run) = rows.plan_restore(&wish).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(restore)
}

/// Refuses what is too long to be stored with a request and looked at by whoever approves it.
fn bounded(selection: Selection) -> Result<Selection, Fault> {
    let field = match &selection {
        Selection::Everything => return Ok(selection),
        Selection::Tables { .. } => "tables",
        Selection::Rows { .. } => "keys",
    };
    let length = serde_json::to_vec(&selection).map_or(usize::MAX, |text| text.len());
    if length <= Selection::LONGEST {
        return Ok(selection);
    }
    let most = Selection::LONGEST >> 10;
    Err(Fault::invalid(
        field,
        format!(
            "this is too long: a choice has at most {most} KiB; choose whole tables, or restore in parts"
        ),
    ))
}

fn selection(request: &PlanRestore) -> Result<Selection, Fault> {
    match request.what {
        What::Everything => Ok(Selection::Everything),
        What::Tables => {
            let mut tables: Vec<String> = request.tables.names();
            tables.sort();
            tables.dedup();
            if tables.is_empty() || tables.len() > MOST {
                return Err(Fault::invalid("tables", "name at least one table, one per line"));
            }
            Ok(Selection::Tables { tables })
        }
        What::Rows => {
            let table = request.table.trim();
            if table.is_empty() {
                return Err(Fault::invalid("table", "name the table of the rows"));
            }
            let keys = request.keys.rows().map_err(|line| {
                Fault::invalid("keys", format!("line {line} is not a list of values separated by commas"))
            })?;
            if keys.is_empty() || keys.len() > MOST {
                return Err(Fault::invalid("keys", "enter at least one primary key, one per line"));
            }
            if keys.iter().any(|key| key.len() != keys[0].len()) {
                return Err(Fault::invalid("keys", "every line needs the same number of values"));
            }
            Ok(Selection::Rows { table: table.to_owned(), keys })
        }
    }
}
