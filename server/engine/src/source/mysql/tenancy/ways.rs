//! The best way over foreign keys from every table to a column that names the tenant.
//!
//! A way whose every column is NOT NULL leads every row to a tenant and is better than any that does not, even a
//! shorter one: a row whose key is NULL would be shared though it belongs to somebody. Among equals the shorter
//! one wins, then the one with fewer columns that can be NULL, then names decide, so that the same schema always
//! gives the same map.

use std::collections::BTreeMap;

use domain::tenancy::{Path, Step};

use super::schema::{Schema, step};

/// Longer ways are not looked for: every step is a join.
pub(super) const MAX_STEPS: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// Joins and final columns that can be NULL. First, because ways of one length are compared by it.
    pub nullable: usize,
    pub steps: Vec<Step>,
    pub column: String,
}

impl Way {
    pub fn path(&self) -> Path {
        Path { steps: self.steps.clone(), column: self.column.clone() }
    }
    /// Whether it comes through `table` on its way.
    pub fn passes(&self, table: &str) -> bool {
        self.steps.iter().any(|step| step.table == table)
    }
}

/// The best way of every table that has one; tables with a column of their own have a way without steps.
pub(super) fn ways(schema: &Schema<'_>, ends: &BTreeMap<String, String>) -> BTreeMap<String, Way> {
    let certain = shortest(schema, ends, true);
    let mut all = shortest(schema, ends, false);
    all.extend(certain);
    all
}

/// Shortest ways, layer by layer, so that cycles and self references end by themselves.
fn shortest(schema: &Schema<'_>, ends: &BTreeMap<String, String>, certain: bool) -> BTreeMap<String, Way> {
    let mut found = BTreeMap::new();
    for (table, column) in ends {
        let nullable = usize::from(schema.nullable(table, column));
        if !certain || nullable == 0 {
            found.insert(table.clone(), Way { nullable, steps: Vec::new(), column: column.clone() });
        }
    }
    for _ in 0..MAX_STEPS {
        let mut layer = BTreeMap::new();
        for table in schema.tables.keys().filter(|table| !found.contains_key(**table)) {
            // A column of the table itself decides, even if it can be NULL.
            if ends.contains_key(*table) {
                continue;
            }
            let candidates = schema.follow(table).iter().filter(|key| !(certain && key.nullable));
            let best = candidates
                .filter_map(|key| {
                    let rest: &Way = found.get(&key.references_table)?;
                    let steps = std::iter::once(step(key)).chain(rest.steps.iter().cloned()).collect();
                    let nullable = rest.nullable + usize::from(key.nullable);
                    Some(Way { nullable, steps, column: rest.column.clone() })
                })
                .min();
            layer.extend(best.map(|way| ((*table).to_owned(), way)));
        }
        if layer.is_empty() {
            break;
        }
        found.extend(layer);
    }
    found
}
