//! Whether a row belongs to a tenant, judged by nothing but the rows of an export.
//!
//! The engine led each row by SQL while it was read. Here the same is asked again of what was written, in another
//! way: a tenant column must name the tenant; a row that is led by a foreign key must refer to a row of the tenant
//! that is in the same export, which was judged by its own values. A slip of the engine, a segment under the wrong
//! key, a row that was planted: each shows.
//!
//! Of rows that are referred to, sixteen bytes each are remembered.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    spelling::Spelling,
    tenancy::{Route, Step, TenantKey},
};
use xxhash_rust::xxh3::xxh3_128;

use super::rows::Side;
use crate::{
    Error, Kind, Result,
    pipeline::Split,
    source::{inventory::Inventory, mysql::native::columns},
};

/// Columns of a table, by place among its values.
type Places = Vec<usize>;

struct Rule {
    /// The column that names the tenant.
    own: Option<usize>,
    /// Where each path begins: columns here, the table referred to, columns there.
    references: Vec<(Places, String, Places)>,
    /// Whether rows of it can belong to a tenant at all.
    led: bool,
}

/// Judges rows. First it must [`Checker::learn`] the rows that others refer to.
pub struct Checker {
    tenant: TenantKey,
    spelling: Option<Spelling>,
    rules: BTreeMap<String, Rule>,
    /// Which columns of a table others refer to.
    wanted: BTreeMap<String, BTreeSet<Places>>,
    known: BTreeMap<(String, Places, bool), HashSet<u128>>,
    keys: u64,
    references: u64,
    /// Whether parents that were never seen may be shared ones.
    trusting: bool,
}

impl Checker {
    /// For the rows of `tenant`.
    pub fn new(tenant: &TenantKey, split: &Split, inventory: &Inventory) -> Self {
        let names: BTreeMap<&str, Vec<String>> = inventory
            .tables
            .iter()
            .map(|table| {
                (table.name.as_str(), columns::written(table).into_iter().map(|column| column.name).collect())
            })
            .collect();
        let place = |table: &str, column: &str| {
            names.get(table)?.iter().position(|name| name.to_lowercase() == column.to_lowercase())
        };
        let places = |table: &str, columns: &[String]| {
            columns.iter().map(|column| place(table, column)).collect::<Option<Places>>()
        };
        let (mut rules, mut wanted) = (BTreeMap::new(), BTreeMap::<String, BTreeSet<Places>>::new());
        for (table, mapping) in &split.map.tables {
            let mut rule = Rule { own: None, references: Vec::new(), led: mapping.route.leads_to_tenants() };
            match &mapping.route {
                Route::Column { column } => rule.own = place(table, column),
                Route::Paths { paths } => {
                    for Step { columns, table: parent, references } in
                        paths.iter().filter_map(|path| path.steps.first())
                    {
                        if let (Some(here), Some(there)) =
                            (places(table, columns), places(parent, references))
                        {
                            wanted.entry(parent.clone()).or_default().insert(there.clone());
                            rule.references.push((here, parent.clone(), there));
                        }
                    }
                }
                Route::Shared | Route::Excluded { .. } => {}
            }
            rules.insert(table.clone(), rule);
        }
        Self {
            tenant: tenant.clone(),
            spelling: split.spelling,
            rules,
            wanted,
            known: BTreeMap::new(),
            keys: 0,
            references: 0,
            trusting: false,
        }
    }

    /// Takes parents that are not in the export for shared ones: for whoever has the file and not the backup.
    pub const fn trust_unknown_parents(&mut self) {
        self.trusting = true;
    }
    /// Whether rows of other tables are led over rows of this one.
    pub fn is_referred_to(&self, table: &str) -> bool {
        self.wanted.contains_key(table)
    }
    /// Tenant columns and references that were checked.
    pub const fn checked(&self) -> (u64, u64) {
        (self.keys, self.references)
    }

    /// Remembers the keys of a row of the export.
    pub fn learn_own(&mut self, table: &str, values: &[Option<String>]) {
        self.learn(table, values, Side::Tenant);
    }
    /// Remembers the keys of a row that others may refer to.
    pub(super) fn learn(&mut self, table: &str, values: &[Option<String>], side: Side) {
        for places in self.wanted.get(table).into_iter().flatten() {
            if let Some(hash) = hash(values, places) {
                let entry = (table.to_owned(), places.clone(), side == Side::Tenant);
                self.known.entry(entry).or_default().insert(hash);
            }
        }
    }

    /// Judges a row.
    pub fn check(&mut self, table: &str, values: &[Option<String>]) -> Result<()> {
        let foreign = |what: &str| {
            Error::new(
                Kind::Integrity,
                format!("export tenant {}", self.tenant),
                format!("a row of {table} is not the tenant's: {what}"),
            )
            .hint(
                "Nothing of this file may be used. Confirm the tenant map; if it stays so, please report it.",
            )
        };
        let Some(rule) = self.rules.get(table).filter(|rule| rule.led) else {
            return Err(foreign("the table is shared"));
        };
        if let Some(own) = rule.own {
            let named = values.get(own).and_then(Option::as_deref);
            let is_own = |named: &str| {
                folded(named) == folded(self.tenant.as_str())
                    || self.spelling.and_then(|spelling| spelling.key(named)).as_ref() == Some(&self.tenant)
            };
            if !named.is_some_and(is_own) {
                return Err(foreign("its own column names another"));
            }
            self.keys += 1;
            return Ok(());
        }
        let (mut own, mut checked) = (0, 0);
        for (here, parent, there) in &rule.references {
            // A reference with a NULL in it refers to nothing.
            let Some(hash) = hash(values, here) else { continue };
            let knows = |ours: bool| {
                self.known
                    .get(&(parent.clone(), there.clone(), ours))
                    .is_some_and(|known| known.contains(&hash))
            };
            checked += 1;
            if knows(true) {
                own += 1;
            } else if !self.trusting && !knows(false) {
                return Err(foreign(&format!(
                    "it refers to a row of {parent} that is neither the tenant's nor shared"
                )));
            }
        }
        if own == 0 {
            return Err(foreign("nothing that it refers to is the tenant's"));
        }
        self.references += checked;
        Ok(())
    }
}

/// A key as keys are compared: without case and trailing spaces, which collations ignore, and without leading zeros.
fn folded(text: &str) -> String {
    let text = text.trim_end_matches(' ').to_lowercase();
    let text = text.strip_prefix("0x").map(str::to_owned).unwrap_or(text);
    if text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = text.trim_start_matches('0');
        return if digits.is_empty() { "0".into() } else { digits.to_owned() };
    }
    text
}

fn hash(values: &[Option<String>], places: &[usize]) -> Option<u128> {
    let mut bytes = Vec::new();
    for place in places {
        let value = folded(values.get(*place)?.as_deref()?);
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    Some(xxh3_128(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_folded_but_never_their_digits() {
        assert_eq!(folded("Acme  "), "acme");
        assert_eq!(folded("0007"), "7");
        assert_eq!(folded("0xAB"), "ab");
        assert_eq!(folded("0"), "0");
        assert_ne!(folded("7"), folded("70"));
    }
}
