//! The tenants that a source has now, for people to choose from.
//!
//! Not a list to rely on: a backup finds every tenant by reading every row, this looks only where an index makes
//! it cheap.

use std::collections::{BTreeMap, BTreeSet};

use domain::sources::quote_identifier;
use domain::tenancy::{Route, TenantKey};
use mysql_async::Value;

use super::keys::{KeyColumn, Keys, same_name};
use super::tenant_key;
use super::tenant_lists::is_named_like_tenants;
use crate::Result;
use crate::source::inventory::Inventory;
use crate::source::mysql::inspect::Session;

/// More are not listed.
pub const MOST: usize = 100_000;
/// Without an index, a table is read only if the server believes that it has no more rows.
const SMALL: u64 = 100_000;
/// More tables are not asked.
const MOST_TABLES: usize = 100;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenants {
    /// In the order of their text.
    pub keys: Vec<TenantKey>,
    /// The tables that were asked.
    pub asked: Vec<String>,
    /// Whether more than [`MOST`] tenants were found and only so many are listed.
    pub cut_off: bool,
}

/// Lists the tenants in the session's default database: from the list of tenants if there is one, else from all
/// tables with a tenant column that an index makes cheap to ask.
pub async fn tenants(
    session: &mut Session<'_>,
    routes: &BTreeMap<String, Route>,
    inventory: &Inventory,
    keys: &Keys,
    tenant_column: &str,
) -> Result<Tenants> {
    let by = routes.iter().map(|(table, route)| (table.as_str(), route));
    let spelling = super::spelling::of(by, keys).spelling;
    let (mut found, mut tenants) = (BTreeSet::new(), Tenants::default());
    for (table, column) in to_ask(routes, inventory, keys, tenant_column) {
        let name = quote_identifier(&column.name);
        let text = tenant_key::expression(column, &format!("d.{name}"), spelling);
        let rows = session
            .rows(
                &format!(
                    "SELECT {text} FROM (SELECT DISTINCT {name} FROM {} LIMIT {}) d",
                    quote_identifier(table),
                    MOST + 1
                ),
                &[],
            )
            .await?;
        tenants.asked.push(table.to_owned());
        found.extend(rows.iter().filter_map(|row| match row.as_ref(0) {
            Some(Value::Bytes(bytes)) => tenant_key::key(Some(bytes)),
            _ => None,
        }));
        if found.len() > MOST {
            tenants.cut_off = true;
            break;
        }
    }
    tenants.keys = found.into_iter().take(MOST).collect();
    Ok(tenants)
}

fn to_ask<'a>(
    routes: &'a BTreeMap<String, Route>,
    inventory: &'a Inventory,
    keys: &'a Keys,
    tenant_column: &str,
) -> Vec<(&'a str, &'a KeyColumn)> {
    let direct = || {
        inventory.tables.iter().filter_map(|table| match routes.get(&table.name) {
            Some(Route::Column { column }) => Some((table, keys.column(&table.name, column)?)),
            _ => None,
        })
    };
    let references = |table: &str, column: &str| {
        let to = |key: &&super::keys::ForeignKey| {
            key.references_database.is_none()
                && key.table != table
                && key.references_table == table
                && key.references_columns.first().is_some_and(|first| same_name(first, column))
        };
        keys.foreign.iter().filter(to).count()
    };
    let list = direct()
        .filter(|(table, column)| keys.is_unique(&table.name, std::slice::from_ref(&column.name)))
        .map(|(table, column)| {
            let named = is_named_like_tenants(&table.name, tenant_column);
            ((named, references(&table.name, &column.name)), table.name.as_str(), column)
        })
        .filter(|((named, references), ..)| *named || *references > 0)
        .max_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(one.1)));
    if let Some((_, table, column)) = list {
        return vec![(table, column)];
    }
    let indexed = |table: &str, column: &KeyColumn| {
        let indexes = keys.indexes.get(table).map_or(&[][..], Vec::as_slice);
        indexes.iter().any(|index| index.columns.first().is_some_and(|first| first.name == column.name))
    };
    direct()
        .filter(|(table, column)| indexed(&table.name, column) || table.rows_estimate <= SMALL)
        .map(|(table, column)| (table.name.as_str(), column))
        .take(MOST_TABLES)
        .collect()
}
