//! Applies a change set, or undoes it: one transaction on one connection.

use std::sync::Arc;

use domain::{
    backups::Progress, restores::Selection, sources::DatabaseName, spelling::Spelling, tenancy::TenantKey,
};
use tokio::runtime::Handle;

use super::{
    super::{Control, Vault},
    RestorePlace,
    changes::Changes,
    choose::{self, Compared, shape},
    look::{Live, look},
    order::order,
    sides,
    stopping::{Stopping, blocking},
    transaction::Work,
    way::{Way, refused},
};
use crate::{
    Error, Result,
    source::mysql::{connect::Endpoint, tenancy::spelling},
};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were changed.
    pub rows: u64,
    /// Tables in which some were.
    pub tables: u32,
    /// It was done before, by an attempt whose answer was lost; this one changed nothing.
    pub already: bool,
}

/// Makes the tenant's live rows what they are in the backup: exactly the changes of the set with this digest.
///
/// Either all of them are made or none. Fails without a change if the live rows are not those of the preview any
/// more. Repeating it is harmless.
pub async fn apply_tenant_restore(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    digest: &str,
    live: &Endpoint,
    database: &DatabaseName,
    control: &Control,
) -> Result<Applied> {
    run(vault, at, tenant, digest, (live, database), Way::Forwards, control).await
}

/// Makes the tenant's live rows what they were before [`apply_tenant_restore`]. Fails without a change if somebody
/// has changed them since. Repeating it is harmless.
pub async fn undo_tenant_restore(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    digest: &str,
    live: &Endpoint,
    database: &DatabaseName,
    control: &Control,
) -> Result<Applied> {
    run(vault, at, tenant, digest, (live, database), Way::Backwards, control).await
}

async fn run(
    vault: &Vault,
    at: &RestorePlace,
    tenant: &TenantKey,
    digest: &str,
    (endpoint, database): (&Endpoint, &DatabaseName),
    way: Way,
    control: &Control,
) -> Result<Applied> {
    let phase = |phase: &str| (control.progress)(Progress { phase: phase.into(), ..Progress::default() });
    phase("open");
    let changes = Changes::open(vault, at, tenant).await?;
    let content = Arc::clone(&changes.content);
    if content.difference.digest != digest {
        return Err(refused(way, "what was agreed to is another change set")
            .hint("Look at the preview again and ask for exactly that."));
    }
    if content.difference.foreign_rows > 0 || !content.difference.obstacles.is_empty() {
        return Err(refused(way, "the preview says what stands in the way")
            .hint("Remove the obstacles and plan the restore anew."));
    }
    if content.database != *database {
        return Err(refused(way, format!("the change set is for database {}", content.database)));
    }
    let looking = look(endpoint, database);
    let found = tokio::select! {
        found = looking => found?,
        () = control.cancel.cancelled() => return Err(Error::cancelled(way.attempt())),
    };
    if !content.is_of(&found) {
        return Err(refused(way, "the connection leads to another server than the preview").hint(
            match way {
                Way::Forwards => "Nothing was changed. Plan the restore anew for this server.",
                Way::Backwards => {
                    "Nothing was changed. Let the connection lead to the server that was restored."
                }
            },
        ));
    }
    let spelling = content.spelling.unwrap_or_else(|| {
        let routes = content.tables.iter().map(|table| (table.name.as_str(), &table.route));
        spelling::of(routes, &found.keys).spelling
    });
    let tenant = spelling.key(tenant.as_str()).unwrap_or_else(|| tenant.clone());
    let tables = tables(&changes, &found, (&tenant, spelling), way)?;
    let stopping = Stopping::new(control);
    let opened = blocking("connect", {
        let (endpoint, database) = (endpoint.clone(), database.clone());
        move || sides::connect(&endpoint, &database)
    })
    .await?;
    stopping.end(opened.stopper());
    let work = Work {
        wire: opened,
        order: order(&tables, &found),
        tables,
        live: found,
        changes,
        tenant,
        way,
        token: stopping.token.clone(),
        control: control.clone(),
        handle: Handle::current(),
    };
    blocking(way.attempt(), move || work.run()).await
}

/// The tables of the set as they are in the live database now. Another definition than the preview's is refused.
fn tables(changes: &Changes, live: &Live, tenant: (&TenantKey, Spelling), way: Way) -> Result<Vec<Compared>> {
    let mut tables = Vec::new();
    for (number, change) in (0u32..).zip(&changes.content.tables) {
        let changed = || {
            refused(way, format!("table {} has changed since the preview", change.name))
                .hint("Plan the restore anew.")
        };
        let table =
            live.inventory.tables.iter().find(|table| table.name == change.name).ok_or_else(changed)?;
        if shape(table) != change.shape || !table.transactional {
            return Err(changed());
        }
        let mut compared =
            choose::compared(number, table, &change.route, live, tenant)?.ok_or_else(changed)?;
        // Sets of older versions do not say.
        if change.count() > 0 && change.triggers.as_ref().is_some_and(|agreed| *agreed != compared.triggers) {
            return Err(refused(
                way,
                format!("the triggers of {} have changed since the preview", change.name),
            )
            .hint("Nothing was changed. Plan the restore anew and look at what will fire."));
        }
        let key = compared.plan.key.iter().filter_map(|place| compared.plan.columns.get(*place));
        if !key.eq(&change.key) {
            return Err(changed());
        }
        if let Selection::Rows { keys, .. } = &changes.content.wish.selection {
            compared.only = Some(choose::rows(&compared, keys)?);
        }
        tables.push(compared);
    }
    Ok(tables)
}
