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
    restores::{Part, Selection},
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
    /// Rows of some tenants, with the shared ones, that are loaded into a new database: those of these tables, or of all
    /// if none is named.
    Loaded(&'s [String]),
}

impl<'s> Taken<'s> {
    /// What of a backup goes into a new database; nothing if its rows are not told apart by their tenants.
    pub fn loaded(part: &'s Part) -> Option<Self> {
        (!part.tenants.is_empty() && !part.schema_only).then_some(Self::Loaded(&part.tables))
    }
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

/// The refusal if a table of a change to live rows is led another way by now than the change was computed by.
pub fn refusal_of_change(planned: &[(&str, &Route)], now: &TenantMap) -> Option<Refusal> {
    let is_led_as = |table: &str, then: &Route| {
        now.tables.get(table).map_or(!then.leads_to_tenants(), |mapping| then.leads_as(&mapping.route))
    };
    let tables: BTreeSet<_> =
        planned.iter().filter(|(table, then)| !is_led_as(table, then)).map(|(table, _)| *table).collect();
    let tables: Vec<_> = tables.into_iter().collect();
    (!tables.is_empty()).then(|| Refusal::Rerouted { tables: named(&tables) })
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
        (None, Taken::Exported | Taken::Loaded(_)) => false,
    };
    let is_touched = |table: &str| match taken {
        Taken::Exported | Taken::Restored(Selection::Everything) | Taken::Loaded([]) => true,
        Taken::Loaded(tables) => tables.iter().any(|name| name == table),
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
    #![expect(clippy::unwrap_used, reason = "tests")]

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
            narrowed: BTreeMap::new(),
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
        assert_eq!(rerouted(&then, &now, Taken::Loaded(&[])), ["column", "left", "new", "path", "went_in"]);
        assert_eq!(rerouted(&then, &now, Taken::Loaded(&["same".into(), "went_in".into()])), ["went_in"]);
        let tables = Selection::Tables { tables: vec!["same".into(), "path".into()] };
        assert_eq!(rerouted(&then, &now, Taken::Restored(&tables)), ["path"]);
        let rows = |table: &str| Selection::Rows { table: table.into(), keys: vec![vec!["1".into()]] };
        assert_eq!(rerouted(&then, &now, Taken::Restored(&rows("column"))), ["column"]);
        assert_eq!(rerouted(&then, &now, Taken::Restored(&rows("order"))), [""; 0]);
        assert_eq!(named(&everything), "column, gone, left, new, path and 1 more");
    }

    #[test]
    fn only_chosen_tenants_are_told_apart_in_a_new_database() {
        let tenants = vec![domain::tenancy::TenantKey::new("7").unwrap()];
        let tables = vec!["risk".to_owned()];
        assert!(Taken::loaded(&Part::default()).is_none());
        assert!(Taken::loaded(&Part { tables: tables.clone(), ..Part::default() }).is_none());
        let no_rows = Part { tenants: tenants.clone(), schema_only: true, ..Part::default() };
        assert!(Taken::loaded(&no_rows).is_none());
        let some = Part { tenants, tables, ..Part::default() };
        assert!(matches!(Taken::loaded(&some), Some(Taken::Loaded([table])) if table == "risk"));
    }

    #[test]
    fn a_change_is_made_by_the_routes_that_it_was_computed_by_or_not_at_all() {
        let (own, paths) = (column("TenantId"), over(&["a", "b"]));
        let planned = [("own", &own), ("gone", &own), ("paths", &paths)];
        let of = |routes: &[(&str, Route)]| {
            refusal_of_change(&planned, &map(routes)).map(|refusal| refusal.to_string())
        };
        let gone = ("gone", column("TenantId"));
        let turned = over(&["b", "a"]);
        assert_eq!(of(&[("own", column("TenantId")), gone.clone(), ("paths", turned.clone())]), None);
        let moved =
            of(&[("own", column("OwnerId")), ("paths", turned), ("new", column("TenantId"))]).unwrap();
        assert!(moved.contains("leads gone, own to their tenants by another route"), "{moved}");
        assert!(
            of(&[("own", column("TenantId")), gone, ("paths", Route::Shared)]).unwrap().contains("paths")
        );
    }
}
