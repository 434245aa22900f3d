//! How the tenants of a database are spelled, from the columns that its routes end in.
//!
//! One of these columns decides: the one whose values are the tenants themselves, because no two of them are equal
//! there. What it holds apart are two tenants, and what it cannot hold apart is one, however other columns write it.
//! A column that can hold apart what it cannot is brought to its spelling; a column that cannot hold apart what it
//! can (it ignores case and the list does not, it holds numbers and the list has texts) leaves nobody able to tell
//! whose its rows are, and its table is [apart](Drift::Apart).
//!
//! [`Drift::Apart`]: domain::tenancy::Drift::Apart

use std::collections::BTreeMap;

use domain::{
    spelling::{Named, Spelling},
    tenancy::Route,
};

use super::keys::{KeyColumn, Keys, same_name};
use super::tenant_key::{Class, class};

/// The spelling of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spelled {
    /// The one spelling.
    pub spelling: Spelling,
    /// Tables whose columns cannot be brought to it, and why.
    pub apart: BTreeMap<String, String>,
    /// Tables whose columns differ from the one that decides and are brought to its spelling.
    pub brought: BTreeMap<String, String>,
}

/// A column that routes end in.
struct End<'k> {
    /// The table that is led.
    led: &'k str,
    /// The table that has the column.
    table: &'k str,
    column: &'k KeyColumn,
    class: Class,
}

impl End<'_> {
    fn shown(&self) -> String {
        let collation = self.column.collation.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}.{} is {}{collation}", self.table, self.column.name, self.column.definition)
    }
}

/// The spelling of a database whose tables are led by `routes`. What cannot be followed is passed over.
pub fn of<'k>(routes: impl IntoIterator<Item = (&'k str, &'k Route)>, keys: &'k Keys) -> Spelled {
    let ends: Vec<End<'k>> = routes.into_iter().flat_map(|(table, route)| ends(table, route, keys)).collect();
    let Some(first) = deciding(&ends, keys) else { return Spelled::default() };
    let (mut apart, mut brought, mut fits) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for end in &ends {
        let by_definition = matches!(end.class, Class::Other | Class::Binary);
        if end.class == first.class && (!by_definition || is_same_kind(end, first)) {
            fits.push(end);
            continue;
        }
        let both = format!("{}, {}", end.shown(), first.shown());
        if can_be_brought(end, first) {
            fits.push(end);
            let what = match (first.class.named(), end.class) {
                (Named::Number, Class::Text { .. }) => "007 and 7 are one tenant",
                (_, Class::Text { fold, .. }) if !fold && first.class.folds() => {
                    "capitals make no difference"
                }
                _ => continue,
            };
            brought.insert(end.led.to_owned(), format!("{both}: {what}."));
        } else {
            apart.insert(
                end.led.to_owned(),
                format!(
                    "{both}. Give both columns one type and collation, or lead the table over a foreign key"
                ),
            );
        }
    }
    let texts = || {
        fits.iter().filter_map(|end| match end.class {
            Class::Text { fold, pad } => Some((fold, pad)),
            _ => None,
        })
    };
    let fold = match first.class.named() {
        Named::Text => first.class.folds(),
        // Text that is no number names no tenant of such a list; letters of a UUID make no difference.
        Named::Number => texts().any(|(fold, _)| fold),
        named => named == Named::Uuid,
    };
    let trim = first.class.named() == Named::Number || texts().any(|(_, pad)| pad);
    Spelled { spelling: Spelling { named: first.class.named(), fold, trim }, apart, brought }
}

fn ends<'k>(table: &'k str, route: &'k Route, keys: &'k Keys) -> Vec<End<'k>> {
    let end = |at: &'k str, name: &str| {
        let column = keys.column(at, name)?;
        Some(End { led: table, table: at, column, class: class(column) })
    };
    match route {
        Route::Shared | Route::Excluded { .. } => Vec::new(),
        Route::Column { column } => end(table, column).into_iter().collect(),
        Route::Paths { paths } => paths
            .iter()
            .filter_map(|path| end(path.steps.last().map_or(table, |step| &step.table), &path.column))
            .collect(),
    }
}

/// The column that decides: the list of tenants, to which most keys refer; where there is none, a number, because
/// servers compare numbers and text as numbers; else what most columns are.
fn deciding<'e, 'k>(ends: &'e [End<'k>], keys: &Keys) -> Option<&'e End<'k>> {
    let is_list = |end: &End<'_>| keys.is_unique(end.table, std::slice::from_ref(&end.column.name));
    let refer = |end: &End<'_>| {
        let to = |key: &&super::keys::ForeignKey| {
            key.references_database.is_none()
                && key.references_table == end.table
                && key.references_columns.iter().any(|name| same_name(name, &end.column.name))
        };
        keys.foreign.iter().filter(to).count()
    };
    let alike = |end: &End<'_>| ends.iter().filter(|other| other.class == end.class).count();
    // The first of equals, by the names of tables.
    ends.iter().rev().max_by_key(|end| {
        let list = is_list(end);
        (list, if list { refer(end) } else { 0 }, end.class.named() == Named::Number, alike(end))
    })
}

/// Whether every value of `end` has one meaning among the tenants that `list` can hold.
fn can_be_brought(end: &End<'_>, list: &End<'_>) -> bool {
    match (list.class, end.class) {
        (Class::Text { fold: true, .. }, Class::Text { .. } | Class::Uuid) => true,
        (Class::Text { fold, .. }, Class::Text { fold: other, .. }) => fold == other,
        (Class::Uuid, Class::Text { .. }) => holds_uuids(end.column),
        // Servers fill BINARY up to its length.
        (Class::Binary, Class::Binary) => {
            end.column.data_type != "binary" && list.column.data_type != "binary"
        }
        (list, other) if list.named() == Named::Number => {
            other.named() == Named::Number || matches!(other, Class::Text { .. })
        }
        _ => false,
    }
}

fn is_same_kind(one: &End<'_>, other: &End<'_>) -> bool {
    one.column.definition.eq_ignore_ascii_case(&other.column.definition)
}

/// Whether a column of text is wide enough for a UUID with its hyphens.
fn holds_uuids(column: &KeyColumn) -> bool {
    let inside = column.definition.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    inside.and_then(|(length, _)| length.parse::<u32>().ok()).is_none_or(|length| length >= 36)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mysql::tenancy::{infer::infer, testing::schema};

    /// The spelling of a schema, the tables that are apart, the tables that are brought.
    fn spelled(lines: &[&str]) -> (Spelling, Vec<String>, Vec<String>) {
        let (inventory, keys) = schema(lines);
        let map = infer(&inventory, &keys, "TenantId");
        let routes = map.tables.iter().map(|(table, mapping)| (table.as_str(), &mapping.route));
        let found = of(routes, &keys);
        (found.spelling, found.apart.into_keys().collect(), found.brought.into_keys().collect())
    }
    const fn by(named: Named, fold: bool, trim: bool) -> Spelling {
        Spelling { named, fold, trim }
    }

    #[test]
    fn one_kind_is_spelled_as_before() {
        assert_eq!(spelled(&["a: id, TenantId", "b: id, a", "b(a) -> a(id)"]).0.named, Named::Number);
        let (text, apart, _) = spelled(&["a: id, TenantId:varchar(9)"]);
        assert_eq!((text, apart), (by(Named::Text, true, true), vec![]));
        assert_eq!(spelled(&["a: id"]).0, Spelling::default());
    }

    #[test]
    fn a_list_of_numbers_brings_text_to_numbers_and_a_list_of_text_takes_no_numbers() {
        let numbers = spelled(&[
            "tenant: id",
            "a: id, TenantId:varchar(9)",
            "b: id, TenantId",
            "b(TenantId) -> tenant(id)",
        ]);
        assert_eq!(numbers, (by(Named::Number, true, true), vec![], vec!["a".into()]));
        let texts = spelled(&[
            "tenant: id:varchar(9)",
            "a: id, TenantId:varchar(9)",
            "b: id, TenantId",
            "a(TenantId) -> tenant(id)",
        ]);
        assert_eq!((texts.0.named, texts.1), (Named::Text, vec!["b".to_owned()]));
        // Nobody says which values there are: compared as servers compare the two.
        let alone = spelled(&[
            "a: id, TenantId:varchar(9)",
            "b: id, TenantId:varchar(9)",
            "c: id, TenantId:decimal(9;1)",
        ]);
        assert_eq!((alone.0.named, alone.1), (Named::Number, vec![]));
    }

    #[test]
    fn bytes_and_text_are_never_one() {
        let found = spelled(&[
            "a: id, TenantId:varchar(36)",
            "b: id, TenantId:varchar(36)",
            "c: id, TenantId:binary(16)",
        ]);
        assert_eq!((found.0.named, found.1), (Named::Text, vec!["c".to_owned()]));
    }
}
