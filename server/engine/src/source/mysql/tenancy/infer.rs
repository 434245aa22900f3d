//! Proposes a tenant map from the schema alone.
//!
//! It never guesses from data: the same schema gives the same map, on an empty database too. What it cannot know
//! it says in a note, for the person who confirms the map.

use std::collections::BTreeMap;

use domain::tenancy::{Mapping, Path, Route, TenantMap};

use super::keys::Keys;
use super::links;
use super::schema::{self, Schema};
use super::shape::shape;
use super::tenant_lists::tenant_lists;
use super::ways::{self, Way};
use crate::source::inventory::{Inventory, Table};

/// Leads every base table of `inventory` to its tenants, or says why it cannot.
pub fn infer(inventory: &Inventory, keys: &Keys, tenant_column: &str) -> TenantMap {
    let schema = Schema::new(inventory, keys);
    let mut ends: BTreeMap<String, String> = schema
        .tables
        .values()
        .filter_map(|table| Some((table.name.clone(), schema::tenant_column(table, tenant_column)?)))
        .collect();
    let mut notes = BTreeMap::new();
    for list in tenant_lists(&schema, &ends, tenant_column) {
        notes.insert(list.table.clone(), list.note);
        ends.insert(list.table, list.column);
    }
    let ways = ways::ways(&schema, &ends);
    let tables = schema.tables.values().map(|table| {
        let (route, note) = route(&schema, &ends, &ways, table, tenant_column);
        let note = notes.remove(&table.name).or(note);
        (table.name.clone(), Mapping { route, note, shape: shape(table, keys) })
    });
    TenantMap { tenant_column: tenant_column.to_owned(), tables: tables.collect() }
}

fn route(
    schema: &Schema<'_>,
    ends: &BTreeMap<String, String>,
    ways: &BTreeMap<String, Way>,
    table: &Table,
    tenant_column: &str,
) -> (Route, Option<String>) {
    if let Some(column) = ends.get(&table.name) {
        let note =
            schema.nullable(&table.name, column).then(|| format!("Rows whose {column} is NULL are shared."));
        return (Route::Column { column: column.clone() }, note);
    }
    if let Some(paths) = links::paths(schema, ways, table) {
        let tables: Vec<_> = paths.iter().map(first_table).collect();
        let note = format!("Links {}. A row between two tenants is shared.", listed(tables));
        return (Route::Paths { paths }, Some(note));
    }
    match ways.get(&table.name) {
        Some(way) => {
            let note = (way.nullable > 0)
                .then(|| "A key on the way can be NULL. Rows that lead to no tenant are shared.".to_owned());
            (Route::Paths { paths: vec![way.path()] }, note)
        }
        None => (Route::Shared, Some(no_way(schema, ways, table, tenant_column))),
    }
}

fn first_table(path: &Path) -> &str {
    path.steps.first().map_or("", |step| &step.table)
}

fn listed(mut names: Vec<&str>) -> String {
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [one] if count > 1 => format!("rows of {one} with each other"),
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.join(", "),
    }
}

fn no_way(schema: &Schema<'_>, ways: &BTreeMap<String, Way>, table: &Table, tenant_column: &str) -> String {
    let elsewhere: Vec<_> = schema
        .keys
        .foreign
        .iter()
        .filter(|key| key.table == table.name)
        .filter_map(|key| key.references_database.as_deref())
        .collect();
    let mut note = format!("No column {tenant_column} and no foreign key that leads to one.");
    if let Some(database) = elsewhere.first() {
        note.push_str(&format!(" A foreign key into database {database} is not followed."));
    }
    // One row of tenants' data at most for each row here: a profile and its user, for example.
    let profile = schema.keys.foreign.iter().find(|key| {
        key.references_database.is_none()
            && key.references_table == table.name
            && ways.contains_key(&key.table)
            && schema.keys.is_unique(&key.table, &key.columns)
    });
    if let Some(key) = profile {
        note.push_str(&format!(
            " Table {} has a tenant and refers to each row at most once: the rows may belong to tenants all the same.",
            key.table
        ));
    }
    note
}
