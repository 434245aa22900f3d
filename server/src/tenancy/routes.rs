//! Whether a backup leads rows to their tenants as the map does that is confirmed now.
//!
//! A backup keeps the routes that it was taken with. If a table is led another way today, its rows of "tenant 7" in
//! the backup and those in the live database are not the same tenant's: what is computed between them would delete
//! rows of somebody else, and a file of them would hold rows of somebody else. So nothing of one tenant is taken from
//! such a table.

use std::collections::BTreeSet;

use catalog::{Backup, TenantCatalog};
use domain::{
    Refusal,
    restores::Selection,
    tenancy::{Drift, Route, TenantMap},
};
use engine::{
    Error, Kind,
    pipeline::{self, Split, Vault},
};

use crate::{backups::verify_job::place_of, work::job::JobError};

/// Tables that are named at most.
const SHOWN: usize = 5;

/// What is taken out of a backup.
#[derive(Debug, Clone, Copy)]
pub enum Taken<'s> {
    /// Rows that are put back into the live database.
    Restored(&'s Selection),
    /// A file of everything that a tenant has.
    Exported,
}

/// The refusal if a table that is touched is led another way by now.
pub async fn refusal(
    rows: &TenantCatalog<'_>,
    vault: &Vault,
    backup: &Backup,
    taken: Taken<'_>,
) -> Result<Option<Refusal>, JobError> {
    if rows.follows_confirmed_map(backup.id).await? {
        return Ok(None);
    }
    // A map that nobody confirmed says nothing about anybody's routes; who needs one refuses by themselves.
    let Some((_, now)) = rows.confirmed_map(backup.source_id).await? else { return Ok(None) };
    let Some(split) = pipeline::split(vault, &place_of(backup)).await? else { return Ok(None) };
    let tables = rerouted(&split, &now, taken);
    Ok((!tables.is_empty()).then(|| Refusal::Rerouted { tables: named(&tables) }))
}

/// Fails a run for the same reason.
pub async fn check(
    rows: &TenantCatalog<'_>,
    vault: &Vault,
    backup: &Backup,
    taken: Taken<'_>,
) -> Result<(), JobError> {
    match refusal(rows, vault, backup, taken).await? {
        None => Ok(()),
        Some(refusal) => {
            let attempt = "take rows of one tenant from the backup";
            Err(Error::new(Kind::Input, attempt, refusal.to_string()).hint(refusal.hint()).into())
        }
    }
}

/// Tables that are touched and led another way, by name.
fn rerouted<'s>(split: &'s Split, now: &TenantMap, taken: Taken<'_>) -> Vec<&'s str> {
    let mapped = split.map.tables.iter().map(|(table, mapping)| (table.as_str(), &mapping.route));
    // What the backup had no mapping for it has kept as shared.
    let unmapped = split.drift.iter().filter(|drift| matches!(drift, Drift::Unmapped { .. }));
    let unmapped = unmapped.map(|drift| (drift.table(), &Route::Shared));
    let differs = |table: &str, then: &Route| match (now.tables.get(table), taken) {
        (Some(mapping), _) => !then.leads_as(&mapping.route),
        // It may come back by another name's rows; into a live database nothing goes by a route that nobody confirms.
        (None, Taken::Restored(_)) => then.leads_to_tenants(),
        // It was dropped since; how it was led then is all there is to know.
        (None, Taken::Exported) => false,
    };
    let is_touched = |table: &str| match taken {
        Taken::Exported | Taken::Restored(Selection::Everything) => true,
        Taken::Restored(Selection::Tables { tables }) => tables.iter().any(|name| name == table),
        Taken::Restored(Selection::Rows { table: only, .. }) => only == table,
    };
    let found = mapped.chain(unmapped).filter(|(table, then)| is_touched(table) && differs(table, then));
    found.map(|(table, _)| table).collect::<BTreeSet<_>>().into_iter().collect()
}

fn named(tables: &[&str]) -> String {
    let more = tables.len().saturating_sub(SHOWN);
    let names = tables[..tables.len().min(SHOWN)].join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::tenancy::{Mapping, Path, Step};

    use super::*;

    fn column(name: &str) -> Route {
        Route::Column { column: name.into() }
    }

    fn over(tables: &[&str]) -> Route {
        let path = |table: &&str| Path {
            steps: vec![Step {
                columns: vec![format!("{table}_id")],
                table: (*table).into(),
                references: vec!["id".into()],
            }],
            column: "TenantId".into(),
        };
        Route::Paths { paths: tables.iter().map(path).collect() }
    }

    fn map(routes: &[(&str, Route)]) -> TenantMap {
        let mapping = |route: &Route| Mapping { route: route.clone(), note: None, shape: String::new() };
        let tables = routes.iter().map(|(table, route)| ((*table).to_owned(), mapping(route))).collect();
        TenantMap { tenant_column: "TenantId".into(), tables }
    }

    fn split(routes: &[(&str, Route)], unmapped: &[&str]) -> Split {
        Split {
            map: map(routes),
            confirmed: true,
            drift: unmapped.iter().map(|table| Drift::Unmapped { table: (*table).into() }).collect(),
            only: None,
            primary: BTreeMap::new(),
            sequences: Vec::new(),
            agreed: String::new(),
            unled: BTreeMap::new(),
            spelling: None,
        }
    }

    #[test]
    fn only_a_table_that_is_touched_and_led_another_way_is_refused() {
        let then = split(
            &[
                ("same", column("TenantId")),
                ("column", column("TenantId")),
                ("order", over(&["a", "b"])),
                ("path", over(&["a"])),
                ("left", column("TenantId")),
                ("reference", Route::Shared),
                ("gone", column("TenantId")),
                ("went_in", Route::Shared),
            ],
            &["new"],
        );
        let now = map(&[
            ("same", column("TenantId")),
            ("column", column("OwnerId")),
            ("order", over(&["b", "a"])),
            ("path", over(&["b"])),
            ("left", Route::Shared),
            ("reference", Route::Excluded { reason: "a cache".into() }),
            ("went_in", column("TenantId")),
            ("new", column("TenantId")),
        ]);
        let everything = ["column", "gone", "left", "new", "path", "went_in"];
        assert_eq!(rerouted(&then, &now, Taken::Restored(&Selection::Everything)), everything);
        assert_eq!(rerouted(&then, &now, Taken::Exported), ["column", "left", "new", "path", "went_in"]);
        let tables = Selection::Tables { tables: vec!["same".into(), "path".into()] };
        assert_eq!(rerouted(&then, &now, Taken::Restored(&tables)), ["path"]);
        let rows = |table: &str| Selection::Rows { table: table.into(), keys: vec![vec!["1".into()]] };
        assert_eq!(rerouted(&then, &now, Taken::Restored(&rows("column"))), ["column"]);
        assert_eq!(rerouted(&then, &now, Taken::Restored(&rows("order"))), [""; 0]);
        assert_eq!(named(&everything), "column, gone, left, new, path and 1 more");
    }
}
