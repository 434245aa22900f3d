//! The tables whose rows are the tenants themselves.

use std::collections::BTreeMap;

use super::schema::Schema;

/// A table whose rows are the tenants themselves.
pub(super) struct TenantList {
    pub table: String,
    pub column: String,
    pub note: String,
}

/// Tables that tenant columns refer to belong to the tenant by the column referred to. Where no foreign key says
/// so, a table that is named after the tenant column is taken.
pub(super) fn tenant_lists(
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
            let [key] = schema.keys.primary.get(*name)?.as_slice() else { return None };
            let referred = schema.keys.foreign.iter().any(|foreign| foreign.references_table == **name);
            let fits = is_named_like_tenants(name, tenant_column)
                && (kinds.contains(&kind(&key.data_type)) || (kinds.is_empty() && referred));
            let column = schema.spelled(name, &key.name)?;
            fits.then_some((words(name).len(), *name, column))
        })
        .collect();
    candidates.sort_unstable();
    candidates.first().map(|(_, table, column)| (*table, *column))
}

/// Whether a table's name ends in the word that the tenant column begins with, in the singular or the plural.
pub(super) fn is_named_like_tenants(table: &str, tenant_column: &str) -> bool {
    let mut stem = words(tenant_column);
    if stem.len() > 1
        && stem.last().is_some_and(|word| matches!(word.as_str(), "id" | "uuid" | "key" | "code"))
    {
        stem.pop();
    }
    let mut words = words(table);
    let (Some(last), Some(wanted)) = (words.last_mut(), stem.last()) else { return false };
    if last.strip_suffix('s') == Some(wanted) {
        last.clone_from(wanted);
    }
    words.ends_with(&stem)
}

/// Integers of all widths are one kind, text and binary another each.
pub(super) fn kind(data_type: &str) -> &str {
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
