//! Tables that do nothing but link two others, and the ways over each of their keys.
//!
//! A row of such a table can lie between two tenants, which one way alone would hide.

use domain::tenancy::Path;
use std::collections::{BTreeMap, BTreeSet};

use super::keys::ForeignKey;
use super::schema::{Schema, step};
use super::ways::{MAX_STEPS, Way};
use crate::source::inventory::Table;

/// Servers join at most 61 tables.
pub(super) const MAX_JOINS: usize = 60;

/// All paths of a table that links owned tables; nothing if it is none.
pub(super) fn paths(schema: &Schema<'_>, ways: &BTreeMap<String, Way>, table: &Table) -> Option<Vec<Path>> {
    let led: Vec<_> = schema
        .follow(&table.name)
        .iter()
        .copied()
        .filter(|key| !key.nullable)
        .filter(|key| ways.get(&key.references_table).is_some_and(|way| !way.passes(&table.name)))
        .collect();
    let linking = linking(schema, table, led)?;
    let mut paths: Vec<Path> = linking
        .iter()
        .filter_map(|key| {
            let way = ways.get(&key.references_table)?;
            let mut path = way.path();
            path.steps.insert(0, step(key));
            (path.steps.len() <= MAX_STEPS).then_some(path)
        })
        .collect();
    paths.sort();
    paths.dedup();
    let joins: usize = paths.iter().map(|path| path.steps.len()).sum();
    (paths.len() >= 2 && joins <= MAX_JOINS).then_some(paths)
}

/// The keys that make `table` a link: two or more, together unique or almost all that there is.
fn linking<'a>(schema: &Schema<'_>, table: &Table, led: Vec<&'a ForeignKey>) -> Option<Vec<&'a ForeignKey>> {
    let primary = schema.keys.primary.get(&table.name).map_or(&[][..], Vec::as_slice);
    let unique = schema.keys.unique.get(&table.name).map_or(&[][..], Vec::as_slice);
    let referring: BTreeSet<&str> = schema
        .keys
        .foreign
        .iter()
        .filter(|key| key.table == table.name)
        .flat_map(|key| key.columns.iter().map(String::as_str))
        .collect();
    let others = table.columns.iter().filter(|column| {
        let surrogate = primary.len() == 1 && primary[0].name == column.name;
        let kind = column.definition.to_ascii_lowercase();
        let time = ["date", "time"].iter().any(|word| kind.starts_with(word));
        !referring.contains(column.name.as_str()) && !surrogate && !time && !column.generated
    });
    let others = others.count();

    let unique_keys = std::iter::once(primary).chain(unique.iter().map(|index| index.columns.as_slice()));
    for key in unique_keys {
        let names = |key: &ForeignKey| key.columns.clone();
        let inside: Vec<_> = led
            .iter()
            .copied()
            .filter(|foreign| names(foreign).iter().all(|name| key.iter().any(|part| part.name == *name)))
            .collect();
        if distinct(&inside) >= 2 && others <= 3 {
            return Some(inside);
        }
    }
    (distinct(&led) >= 2 && others <= 1).then_some(led)
}

/// How many different sets of columns refer.
fn distinct(keys: &[&ForeignKey]) -> usize {
    keys.iter().map(|key| &key.columns).collect::<BTreeSet<_>>().len()
}
