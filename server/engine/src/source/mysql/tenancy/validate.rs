//! Judges a map that a person has edited, before it is confirmed.

use std::collections::BTreeMap;

use domain::tenancy::{Mapping, Path, Remark, Route, TenantMap};

use super::drift::{by_name, missing};
use super::keys::{KeyColumn, Keys};
use super::links::MAX_JOINS;
use super::spelling;
use crate::source::inventory::{Inventory, Table};

/// What is wrong with `map` or worth knowing, by table. It can be confirmed if nothing is
/// [refused](Remark::refused).
pub fn validate(map: &TenantMap, inventory: &Inventory, keys: &Keys) -> Vec<Remark> {
    let tables = by_name(inventory);
    let led = map.tables.iter().filter(|(name, mapping)| {
        tables.get(name.as_str()).is_some_and(|table| missing(&tables, keys, table, &mapping.route).is_none())
    });
    let spelled = spelling::of(led.map(|(name, mapping)| (name.as_str(), &mapping.route)), keys);
    let mut remarks = Vec::new();
    let mut say = |table: &str, refused: bool, text: String| {
        remarks.push(Remark { table: table.to_owned(), text, refused });
    };
    for name in tables.keys().filter(|name| !map.tables.contains_key(**name)) {
        say(
            name,
            true,
            "It has no route. Choose one: its rows would be in nobody's backup for certain.".into(),
        );
    }
    for (name, mapping) in &map.tables {
        match tables.get(name.as_str()) {
            None => say(name, false, "There is no such table any more. Its entry has no effect.".into()),
            Some(table) => {
                if let Some(why) = refusal(&tables, keys, table, &mapping.route) {
                    say(name, true, why);
                }
                if let Some(why) = spelled.apart.get(name) {
                    say(name, true, format!("It names tenants in another way than the others: {why}."));
                }
                if let Some(what) = spelled.brought.get(name) {
                    say(name, false, format!("It names tenants in another way than the others: {what}"));
                }
                if matches!(mapping.route, Route::Excluded { .. }) {
                    for child in kept_children(map, keys, name) {
                        let text = format!(
                            "Table {child} refers to it and is kept: after a restore its rows refer to nothing."
                        );
                        say(name, false, text);
                    }
                }
            }
        }
    }
    remarks
}

fn refusal(tables: &BTreeMap<&str, &Table>, keys: &Keys, table: &Table, route: &Route) -> Option<String> {
    match route {
        Route::Excluded { reason } if reason.trim().is_empty() => {
            return Some("Say why it is left out of every backup.".into());
        }
        Route::Shared | Route::Column { .. } | Route::Excluded { .. } => {}
        Route::Paths { paths } => {
            if paths.is_empty() || paths.iter().any(|path| path.steps.is_empty()) {
                return Some("A route over foreign keys needs at least one step.".into());
            }
            if paths.iter().map(|path| path.steps.len()).sum::<usize>() > MAX_JOINS {
                return Some(format!(
                    "Its paths have more than {MAX_JOINS} steps together, which no server joins."
                ));
            }
        }
    }
    if let Some(missing) = missing(tables, keys, table, route) {
        let why = if missing.starts_with("a unique key") {
            ": without one, rows that match several times would be backed up several times"
        } else {
            ""
        };
        return Some(format!(
            "Its route cannot be followed: there is no {}{why}.",
            missing.trim_start_matches("a ")
        ));
    }
    let Route::Paths { paths } = route else { return None };
    paths.iter().find_map(|path| different_kinds(keys, &table.name, path))
}

/// Columns of different kinds are compared by converting them, and then a unique key is none any more: the texts
/// `7` and `07` are both the number 7.
fn different_kinds(keys: &Keys, table: &str, path: &Path) -> Option<String> {
    let mut here = table;
    for step in &path.steps {
        for (column, referenced) in step.columns.iter().zip(&step.references) {
            let (one, other) = (keys.column(here, column)?, keys.column(&step.table, referenced)?);
            if kind(one) != kind(other) {
                return Some(format!(
                    "Its route cannot be followed: {here}.{column} and {}.{referenced} are of different types or \
                     collations.",
                    step.table
                ));
            }
        }
        here = &step.table;
    }
    None
}

fn kind(column: &KeyColumn) -> (&str, Option<&str>) {
    (super::tenant_lists::kind(&column.data_type), column.collation.as_deref())
}

fn kept_children<'a>(map: &TenantMap, keys: &'a Keys, parent: &str) -> Vec<&'a str> {
    let kept = |mapping: Option<&Mapping>| {
        !mapping.is_some_and(|mapping| matches!(mapping.route, Route::Excluded { .. }))
    };
    let mut children: Vec<&str> = keys
        .foreign
        .iter()
        .filter(|key| {
            key.references_database.is_none() && key.references_table == parent && key.table != parent
        })
        .filter(|key| kept(map.tables.get(&key.table)))
        .map(|key| key.table.as_str())
        .collect();
    children.sort_unstable();
    children.dedup();
    children
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use domain::tenancy::Step;

    use super::*;
    use crate::source::mysql::tenancy::infer::infer;
    use crate::source::mysql::tenancy::testing::schema;

    /// What is said when `b` has `route`.
    fn judged(route: Route) -> Vec<(String, bool, String)> {
        let (inventory, keys) = schema(&[
            "a: id, code:varchar(9), n, TenantId",
            "b: id, a, code:varchar(9)",
            "c: id, b",
            "c(b) -> b(id)",
        ]);
        let mut map = infer(&inventory, &keys, "TenantId");
        map.tables.get_mut("b").unwrap().route = route;
        let remarks = validate(&map, &inventory, &keys).into_iter();
        remarks.map(|remark| (remark.table, remark.refused, remark.text)).collect()
    }
    fn by(column: &str, referenced: &str, end: &str) -> Route {
        let step =
            Step { columns: vec![column.into()], table: "a".into(), references: vec![referenced.into()] };
        Route::Paths { paths: vec![Path { steps: vec![step], column: end.into() }] }
    }

    #[test]
    fn a_route_over_columns_without_a_key_is_accepted_if_it_leads_to_one_row() {
        assert_eq!(judged(by("a", "id", "TenantId")), []);
    }

    #[test]
    fn routes_that_lead_nowhere_or_twice_are_refused() {
        for (route, part) in [
            (by("a", "n", "TenantId"), "no unique key on n of table a: without one"),
            (by("a", "nix", "TenantId"), "no column nix of table a"),
            (by("nix", "id", "TenantId"), "no column nix of table b"),
            (by("a", "id", "nix"), "no column nix of table a"),
            (by("code", "id", "TenantId"), "different types"),
            (Route::Column { column: "nix".into() }, "no column nix"),
            (Route::Paths { paths: Vec::new() }, "at least one step"),
            (Route::Excluded { reason: " ".into() }, "Say why"),
        ] {
            let said = judged(route.clone());
            assert!(
                said.iter().any(|(table, refused, text)| table == "b" && *refused && text.contains(part)),
                "{said:?}"
            );
        }
    }

    #[test]
    fn leaving_out_what_kept_tables_refer_to_is_pointed_out() {
        let said = judged(Route::Excluded { reason: "a cache".into() });
        assert_eq!(said.len(), 1);
        assert!(!said[0].1 && said[0].2.starts_with("Table c refers to it"));
    }
}
