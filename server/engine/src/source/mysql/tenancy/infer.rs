//! Proposes a tenant map from the schema alone.
//!
//! It never guesses from data: the same schema gives the same map, on an empty database too. What it cannot know
//! it says in a note, for the person who confirms the map.

use std::collections::BTreeMap;

use domain::tenancy::{Mapping, Path, Route, TenantMap};

use super::keys::Keys;
use super::links;
use super::schema::Schema;
use super::shape::shape;
use super::ways::{self, Way};
use crate::source::inventory::{Inventory, Table};

/// Leads every base table of `inventory` to its tenants, or says why it cannot.
pub fn infer(inventory: &Inventory, keys: &Keys, tenant_column: &str) -> TenantMap {
    let schema = Schema::new(inventory, keys);
    let mut ends: BTreeMap<String, String> = schema
        .tables
        .values()
        .filter_map(|table| Some((table.name.clone(), schema.tenant_column(table, tenant_column)?)))
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
        let tables: Vec<_> = paths.iter().map(|path| first_table(path)).collect();
        let note = format!("Links {}. A row between two tenants is shared.", listed(&tables));
        return (Route::Paths { paths }, Some(note));
    }
    match ways.get(&table.name) {
        Some(way) => {
            let note = (way.nullable > 0)
                .then(|| "A key on the way can be NULL. Rows that lead to no tenant are shared.".to_owned());
            (Route::Paths { paths: vec![way.path()] }, note)
        }
        None => (Route::Shared, Some(no_way(schema, table, tenant_column))),
    }
}

fn first_table(path: &Path) -> &str {
    path.steps.first().map_or("", |step| &step.table)
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn no_way(schema: &Schema<'_>, table: &Table, tenant_column: &str) -> String {
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
    note
}

/// A table whose rows are the tenants themselves.
struct TenantList {
    table: String,
    column: String,
    note: String,
}

/// Tables that tenant columns refer to belong to the tenant by the column referred to. Where no foreign key says
/// so, a table that is named after the tenant column is taken.
fn tenant_lists(
    schema: &Schema<'_>,
    ends: &BTreeMap<String, String>,
    tenant_column: &str,
) -> Vec<TenantList> {
    let mut lists: BTreeMap<&str, &str> = BTreeMap::new();
    for (table, column) in ends {
        for key in
            schema.keys.foreign.iter().filter(|key| key.table == *table && key.columns == [column.as_str()])
        {
            let (parent, [referenced]) = (key.references_table.as_str(), key.references_columns.as_slice())
            else {
                continue;
            };
            let here = key.references_database.is_none()
                && schema.tables.contains_key(parent)
                && schema.keys.is_unique(parent, &key.references_columns);
            // A list of tenants with a tenant column of its own is a hierarchy if that column refers to the list.
            if here && (parent == table || !ends.contains_key(parent)) && !lists.contains_key(parent) {
                lists.insert(parent, referenced);
            }
        }
    }
    if lists.is_empty() {
        lists.extend(named_like_tenants(schema, ends, tenant_column));
        return lists
            .into_iter()
            .map(|(table, column)| {
                let note =
                    format!("Taken for the list of tenants because of its name: {column} is the tenant.");
                TenantList { table: table.to_owned(), column: column.to_owned(), note }
            })
            .collect();
    }
    let list = |(table, column): (&str, &str)| TenantList {
        table: table.to_owned(),
        column: column.to_owned(),
        note: format!("The list of tenants: {column} is the tenant."),
    };
    lists.into_iter().map(list).collect()
}

/// `tenant`, `tenants`, `core_tenant` for a column `TenantId`, if it has a primary key of one column of the kind
/// of the tenant columns.
fn named_like_tenants<'a>(
    schema: &Schema<'a>,
    ends: &BTreeMap<String, String>,
    tenant_column: &str,
) -> Option<(&'a str, &'a str)> {
    let mut stem = words(tenant_column);
    if stem.len() > 1
        && stem.last().is_some_and(|word| matches!(word.as_str(), "id" | "uuid" | "key" | "code"))
    {
        stem.pop();
    }
    let kinds: Vec<_> = ends
        .iter()
        .filter_map(|(table, column)| schema.keys.column(table, column))
        .map(|column| kind(&column.data_type))
        .collect();
    let mut candidates: Vec<_> = schema
        .tables
        .iter()
        .filter(|(name, _)| !ends.contains_key(**name))
        .filter_map(|(name, _)| {
            let mut words = words(name);
            if let Some(last) = words.last_mut() {
                let one = last.strip_suffix('s').map(str::to_owned);
                let plural = stem.last().is_some_and(|word| one.as_ref() == Some(word));
                *last = one.filter(|_| plural).unwrap_or_else(|| last.clone());
            }
            let [key] = schema.keys.primary.get(*name)?.as_slice() else { return None };
            let referred = schema.keys.foreign.iter().any(|foreign| foreign.references_table == **name);
            let fits = words.ends_with(&stem)
                && (kinds.contains(&kind(&key.data_type)) || (kinds.is_empty() && referred));
            let column = schema.spelled(name, &key.name)?;
            fits.then_some((words.len(), *name, column))
        })
        .collect();
    candidates.sort_unstable();
    candidates.first().map(|(_, table, column)| (*table, *column))
}

/// Integers of all widths are one kind, text and binary another each.
fn kind(data_type: &str) -> &str {
    match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => "integer",
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => "text",
        "binary" | "varbinary" => "binary",
        other => other,
    }
}

/// The words of a name in snake or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && small) {
            words.push(String::new());
        }
        small = c.is_lowercase() || c.is_numeric();
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
