//! Whether a row belongs to a tenant, judged by nothing but the rows of an export.
//!
//! The engine led each row by SQL while it was read. Here the same is asked again of what was written, in another
//! way: a tenant column must name the tenant; a row that is led by a foreign key must refer to a row of the tenant
//! that is in the same export, which was judged by its own values. A slip of the engine, a segment under the wrong
//! key, a row that was planted: each shows.
//!
//! Of rows that are referred to, sixteen bytes each are remembered, up to a number: an export that needs more is
//! refused before its first byte, and takes neither memory nor time from others.

use std::collections::BTreeMap;

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

/// Keys that are remembered at most: 128 MiB of them.
const MOST_KEYS: usize = 8 << 20;

/// Keys of rows, sixteen bytes each and little besides: in parts that are sorted when somebody looks.
struct Known {
    parts: Vec<(Vec<u128>, bool)>,
}

impl Default for Known {
    fn default() -> Self {
        Self { parts: vec![(Vec::new(), true); 256] }
    }
}

impl Known {
    fn part(&mut self, hash: u128) -> Option<&mut (Vec<u128>, bool)> {
        self.parts.get_mut(usize::from(hash.to_be_bytes()[0]))
    }
    fn add(&mut self, hash: u128) {
        if let Some((keys, is_sorted)) = self.part(hash) {
            *is_sorted = keys.last().is_none_or(|last| *is_sorted && *last <= hash);
            if keys.len() == keys.capacity() {
                // By a quarter, not by the whole: what is left free is memory, too.
                keys.reserve_exact(keys.len() / 4 + 16);
            }
            keys.push(hash);
        }
    }
    fn has(&mut self, hash: u128) -> bool {
        let Some((keys, is_sorted)) = self.part(hash) else { return false };
        if !*is_sorted {
            keys.sort_unstable();
            *is_sorted = true;
        }
        keys.binary_search(&hash).is_ok()
    }
}

struct Rule {
    /// The column that names the tenant.
    own: Option<usize>,
    /// Where each path begins: columns here, the table referred to, which of the keys that are remembered of it.
    references: Vec<(Places, String, usize)>,
    /// Whether rows of it can belong to a tenant at all.
    led: bool,
}

/// Judges rows. First it must [`Checker::learn`] the rows that others refer to.
pub struct Checker {
    tenant: TenantKey,
    spelling: Option<Spelling>,
    rules: BTreeMap<String, Rule>,
    /// Which columns of a table others refer to, and where their keys are remembered.
    wanted: BTreeMap<String, BTreeMap<Places, usize>>,
    /// Keys of the tenant's rows, and of shared ones.
    known: Vec<[Known; 2]>,
    remembered: usize,
    most: usize,
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
        let (mut rules, mut wanted) = (BTreeMap::new(), BTreeMap::<String, BTreeMap<Places, usize>>::new());
        let mut columns_wanted = 0;
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
                            let at =
                                wanted.entry(parent.clone()).or_default().entry(there).or_insert_with(|| {
                                    columns_wanted += 1;
                                    columns_wanted - 1
                                });
                            rule.references.push((here, parent.clone(), *at));
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
            known: std::iter::repeat_with(<[Known; 2]>::default).take(columns_wanted).collect(),
            remembered: 0,
            most: MOST_KEYS,
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
    pub fn learn_own(&mut self, table: &str, values: &[Option<String>]) -> Result<()> {
        self.learn(table, values, Side::Tenant)
    }
    /// Remembers the keys of a row that others may refer to.
    pub(super) fn learn(&mut self, table: &str, values: &[Option<String>], side: Side) -> Result<()> {
        for (places, at) in self.wanted.get(table).into_iter().flatten() {
            let Some(hash) = hash(values, places) else { continue };
            if self.remembered >= self.most {
                return Err(Error::new(
                    Kind::Input,
                    format!("export tenant {}", self.tenant),
                    format!(
                        "more than {} rows are referred to by others, which is more than can be checked",
                        self.most
                    ),
                )
                .hint("Restore the tenant into a new database instead, and take its rows from there."));
            }
            if let Some(known) = self.known.get_mut(*at) {
                known[usize::from(side == Side::Shared)].add(hash);
                self.remembered += 1;
            }
        }
        Ok(())
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
        for (here, parent, at) in &rule.references {
            // A reference with a NULL in it refers to nothing.
            let Some(hash) = hash(values, here) else { continue };
            let (is_own, is_shared) = match self.known.get_mut(*at) {
                Some([ours, shared]) => (ours.has(hash), shared.has(hash)),
                None => (false, false),
            };
            checked += 1;
            if is_own {
                own += 1;
            } else if !self.trusting && !is_shared {
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
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn values(key: u32) -> [Option<String>; 1] {
        [Some(key.to_string())]
    }

    fn checker(most: usize) -> Checker {
        let wanted = BTreeMap::from([("parent".to_owned(), BTreeMap::from([(vec![0], 0)]))]);
        let references = vec![(vec![0], "parent".to_owned(), 0)];
        Checker {
            tenant: TenantKey::new("7").unwrap(),
            spelling: None,
            rules: BTreeMap::from([("child".to_owned(), Rule { own: None, references, led: true })]),
            wanted,
            known: vec![<[Known; 2]>::default()],
            remembered: 0,
            most,
            keys: 0,
            references: 0,
            trusting: false,
        }
    }

    #[test]
    fn what_is_remembered_is_found_and_has_an_end() {
        let mut checker = checker(5_000);
        for key in 0..4_999 {
            checker.learn_own("parent", &values(key)).unwrap();
        }
        checker.learn("parent", &values(9_000), Side::Shared).unwrap();
        for key in 0..4_999 {
            checker.check("child", &values(key)).unwrap();
        }
        let shared = checker.check("child", &values(9_000)).unwrap_err();
        assert!(shared.message().contains("nothing that it refers to"), "{shared:?}");
        let foreign = checker.check("child", &values(5_001)).unwrap_err();
        assert!(foreign.message().contains("neither the tenant's nor shared"), "{foreign:?}");
        // Rows of tables that nobody refers to need no room.
        checker.learn_own("child", &values(1)).unwrap();
        let full = checker.learn_own("parent", &values(1)).unwrap_err();
        assert!(full.kind() == Kind::Input && full.advice().is_some(), "{full:?}");
    }

    #[test]
    fn sixteen_bytes_are_remembered_of_a_row() {
        let mut known = Known::default();
        for key in 0..200_000u32 {
            known.add(xxh3_128(&key.to_le_bytes()));
        }
        let room: usize = known.parts.iter().map(|(keys, _)| keys.capacity() * size_of::<u128>()).sum();
        assert!(room <= 200_000 * 16 * 5 / 4 + 256 * 17 * 16, "{room}");
        // Learned after somebody has looked.
        assert!(known.has(xxh3_128(&7u32.to_le_bytes())) && !known.has(1));
        known.add(1);
        assert!(known.has(1) && known.has(xxh3_128(&199_999u32.to_le_bytes())));
    }

    #[test]
    fn keys_are_folded_but_never_their_digits() {
        assert_eq!(folded("Acme  "), "acme");
        assert_eq!(folded("0007"), "7");
        assert_eq!(folded("0xAB"), "ab");
        assert_eq!(folded("0"), "0");
        assert_ne!(folded("7"), folded("70"));
    }
}
