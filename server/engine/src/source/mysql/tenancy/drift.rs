//! What no longer fits between a confirmed map and the schema that a run found, and the routes it uses.
//!
//! A run never stops over a map that has aged and never leaves a table out because of it: what cannot be led to
//! tenants is kept as shared, and said.

use std::collections::BTreeMap;

use domain::{
    spelling::Spelling,
    tenancy::{Drift, Path, Route, TenantMap},
};

use super::keys::{Keys, same_name};
use super::shape::shape;
use super::spelling;
use crate::source::inventory::{Inventory, Table};

/// The routes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// One for every base table of the inventory, and for no other.
    pub routes: BTreeMap<String, Route>,
    /// What differs from the map, by table.
    pub drift: Vec<Drift>,
    /// How the tenants that the routes lead to are spelled.
    pub spelling: Spelling,
}

/// The routes that a run uses: those of the map, but for unmapped and broken tables, which are shared.
pub fn effective(map: &TenantMap, inventory: &Inventory, keys: &Keys) -> Effective {
    let (drift, spelling) = judge(map, inventory, keys);
    let lost: Vec<_> = drift.iter().filter(|drift| drift.breaks_coverage()).map(Drift::table).collect();
    let route = |table: &Table| {
        let mapped = map.tables.get(&table.name).filter(|_| !lost.contains(&table.name.as_str()));
        (table.name.clone(), mapped.map_or(Route::Shared, |mapping| mapping.route.clone()))
    };
    Effective { routes: inventory.tables.iter().map(route).collect(), drift, spelling }
}

/// What no longer fits, by table.
pub fn check(map: &TenantMap, inventory: &Inventory, keys: &Keys) -> Vec<Drift> {
    judge(map, inventory, keys).0
}

fn judge(map: &TenantMap, inventory: &Inventory, keys: &Keys) -> (Vec<Drift>, Spelling) {
    let mut drift: BTreeMap<&str, Drift> = BTreeMap::new();
    let tables = by_name(inventory);
    for table in inventory.tables.iter().filter(|table| !map.tables.contains_key(&table.name)) {
        drift.insert(&table.name, Drift::Unmapped { table: table.name.clone() });
    }
    let mut led = Vec::new();
    for (name, mapping) in &map.tables {
        let Some(table) = tables.get(name.as_str()) else {
            drift.insert(name, Drift::Gone { table: name.clone() });
            continue;
        };
        if let Some(missing) = missing(&tables, keys, table, &mapping.route) {
            drift.insert(name, Drift::Broken { table: name.clone(), missing });
            continue;
        }
        led.push((name.as_str(), &mapping.route));
        if shape(table, keys) != mapping.shape {
            drift.insert(name, Drift::Changed { table: name.clone() });
        }
    }
    let spelled = spelling::of(led, keys);
    for (table, why) in spelled.apart {
        if let Some((name, _)) = map.tables.get_key_value(&table) {
            drift.insert(name, Drift::Apart { table, why });
        }
    }
    (drift.into_values().collect(), spelled.spelling)
}

pub(super) fn by_name(inventory: &Inventory) -> BTreeMap<&str, &Table> {
    inventory.tables.iter().map(|table| (table.name.as_str(), table)).collect()
}

/// What a route needs and does not find. A foreign key need not be there, only what the joins stand on: the
/// columns, and a unique key on the side referred to.
pub(super) fn missing(
    tables: &BTreeMap<&str, &Table>,
    keys: &Keys,
    table: &Table,
    route: &Route,
) -> Option<String> {
    match route {
        Route::Shared | Route::Excluded { .. } => None,
        Route::Column { column } => (!has(table, column)).then(|| format!("column {column}")),
        Route::Paths { paths } if paths.is_empty() => Some("a path".into()),
        Route::Paths { paths } => paths.iter().find_map(|path| missing_in(tables, keys, table, path)),
    }
}

fn missing_in(tables: &BTreeMap<&str, &Table>, keys: &Keys, table: &Table, path: &Path) -> Option<String> {
    let mut here = table;
    for step in &path.steps {
        if step.columns.is_empty() || step.columns.len() != step.references.len() {
            return Some(format!("a pair of columns between {} and {}", here.name, step.table));
        }
        if let Some(column) = step.columns.iter().find(|column| !has(here, column)) {
            return Some(format!("column {column} of table {}", here.name));
        }
        let Some(next) = tables.get(step.table.as_str()) else {
            return Some(format!("table {}", step.table));
        };
        if let Some(column) = step.references.iter().find(|column| !has(next, column)) {
            return Some(format!("column {column} of table {}", next.name));
        }
        if !keys.is_unique(&next.name, &step.references) {
            return Some(format!("a unique key on {} of table {}", step.references.join(", "), next.name));
        }
        here = next;
    }
    (!has(here, &path.column)).then(|| format!("column {} of table {}", path.column, here.name))
}

fn has(table: &Table, name: &str) -> bool {
    table.columns.iter().any(|column| same_name(&column.name, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mysql::tenancy::infer::infer;
    use crate::source::mysql::tenancy::testing::{schema, written};

    const BEFORE: [&str; 5] =
        ["a: id, TenantId", "b: id, a, x, y, z", "c: id, name", "b(a) -> a(id)", "b(x) -> c(id)"];

    /// What a map of [`BEFORE`] meets in another schema, and the routes then.
    fn after(lines: &[&str]) -> (Vec<String>, Vec<String>) {
        let (inventory, keys) = schema(&BEFORE);
        let map = infer(&inventory, &keys, "TenantId");
        let (inventory, keys) = schema(lines);
        let Effective { routes, drift, .. } = effective(&map, &inventory, &keys);
        (
            drift.iter().map(ToString::to_string).collect(),
            routes.iter().map(|(table, route)| format!("{table}: {}", written(route))).collect(),
        )
    }

    #[test]
    fn what_has_not_changed_is_not_mentioned() {
        let (drift, routes) = after(&BEFORE);
        assert_eq!(drift, [""; 0]);
        assert_eq!(routes, ["a: TenantId", "b: a>a.TenantId", "c: shared"]);
    }

    #[test]
    fn new_tables_are_kept_as_shared_and_gone_ones_are_said() {
        let (drift, routes) =
            after(&["a: id, TenantId", "b: id, a, x, y, z", "n: id, TenantId", "b(a) -> a(id)"]);
        assert_eq!(
            drift,
            [
                "table b has changed since the tenant map was confirmed",
                "table c of the tenant map is gone",
                "table n is not in the tenant map"
            ]
        );
        assert_eq!(routes, ["a: TenantId", "b: a>a.TenantId", "n: shared"]);
    }

    #[test]
    fn a_dropped_key_is_a_change_and_a_dropped_column_breaks_every_route_over_it() {
        let (drift, routes) = after(&["a: id, tenantid", "b: id, a, x, y, z", "c: id, name"]);
        assert_eq!(
            drift,
            [
                "table a has changed since the tenant map was confirmed",
                "table b has changed since the tenant map was confirmed"
            ]
        );
        assert_eq!(routes[1], "b: a>a.TenantId");
        let (drift, routes) = after(&["a: id, Tenant", "b: id, a, x, y, z", "c: id, name", "b(a) -> a(id)"]);
        assert_eq!(
            drift,
            [
                "the route of table a is broken: column TenantId is missing",
                "the route of table b is broken: column TenantId of table a is missing"
            ]
        );
        assert_eq!(routes, ["a: shared", "b: shared", "c: shared"]);
    }

    #[test]
    fn a_key_that_is_not_unique_any_more_breaks_the_route() {
        let (drift, _) = after(&["a: id+n, TenantId", "b: id, a, x, y, z", "c: id, name"]);
        assert!(
            drift
                .contains(&"the route of table b is broken: a unique key on id of table a is missing".into())
        );
    }
}
