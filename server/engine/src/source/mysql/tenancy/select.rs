//! The SQL that gives every row of one table together with its tenant.
//!
//! The table itself is always `t0`. Every step of a path is a LEFT JOIN to a row that is unique, so no row is lost
//! and none comes twice. Where several paths lead on, the tenant is the one that all of them name that name any:
//! a row between two tenants has none, and a row between a tenant and shared data is the tenant's.

use std::collections::BTreeMap;

use domain::sources::quote_identifier;
use domain::spelling::Spelling;
use domain::tenancy::{Path, Route, TenantKey};

use super::keys::{KeyColumn, Keys, same_name};
use super::tenant_key;
use crate::{Error, Kind, Result};

/// The pieces of a SELECT over one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// What stands after FROM: `` `orders` t0 LEFT JOIN `customers` t1 ON t1.`id`=t0.`customer_id` ``. Names
    /// without their database: the session's default database is read.
    pub from: String,
    /// What leads a row to its tenant; nothing for shared tables.
    pub tenant: Option<Tenant>,
}

/// The column of a SELECT that names the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its value is the text of the key as [`tenant_key::key`] takes it, or NULL if the row is shared.
    pub expression: String,
    /// The column of the table itself that holds exactly this text; then the expression need not be selected.
    pub column: Option<String>,
}

/// The pieces of a SELECT that gives the rows of one tenant, and only those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfTenant {
    /// What stands after FROM.
    pub from: String,
    /// What stands after WHERE.
    pub condition: String,
}

/// How every row of `table` is read and led to its tenant.
pub fn all(table: &str, route: &Route, keys: &Keys, spelling: Spelling) -> Result<Select> {
    let mut joins = Joins::new(table);
    let tenant = match route {
        Route::Shared | Route::Excluded { .. } => None,
        Route::Column { column } => {
            let column = find(keys, table, column)?;
            let expression =
                tenant_key::expression(column, &format!("t0.{}", quote_identifier(&column.name)), spelling);
            let own = tenant_key::is_plain(column).then(|| column.name.clone());
            Some(Tenant { expression, column: own })
        }
        Route::Paths { paths } => {
            let mut named = Vec::new();
            for path in paths {
                let (column, reference) = joins.follow(table, path, keys, "LEFT JOIN")?;
                named.push(tenant_key::expression(column, &reference, spelling));
            }
            Some(Tenant { expression: agreed(&named), column: None })
        }
    };
    Ok(Select { from: joins.from, tenant })
}

/// How the rows of one tenant are read. Nothing if no row of the table can belong to a tenant.
///
/// With one path the joins are INNER, so that the server can begin with the tenant's rows of the last table.
pub fn of_tenant(
    table: &str,
    route: &Route,
    keys: &Keys,
    tenant: &TenantKey,
    spelling: Spelling,
) -> Result<Option<OfTenant>> {
    let mut joins = Joins::new(table);
    let condition = match route {
        Route::Shared | Route::Excluded { .. } => return Ok(None),
        Route::Column { column } => {
            let column = find(keys, table, column)?;
            tenant_key::condition(column, &format!("t0.{}", quote_identifier(&column.name)), tenant, spelling)
        }
        Route::Paths { paths } => {
            let join = if paths.len() == 1 { "JOIN" } else { "LEFT JOIN" };
            let (mut any, mut each) = (Vec::new(), Vec::new());
            for path in paths {
                let (column, reference) = joins.follow(table, path, keys, join)?;
                let is = tenant_key::condition(column, &reference, tenant, spelling);
                each.push(format!(
                    "({is} OR {} IS NULL)",
                    usable(&tenant_key::expression(column, &reference, spelling))
                ));
                any.push(is);
            }
            if let [one] = any.as_slice() {
                one.clone()
            } else {
                let any: Vec<_> = any.iter().map(|is| format!("({is})")).collect();
                format!("({}) AND {}", any.join(" OR "), each.join(" AND "))
            }
        }
    };
    Ok(Some(OfTenant { from: joins.from, condition }))
}

/// One tenant out of several paths: the first that is named, if all that are named are the same.
fn agreed(named: &[String]) -> String {
    if let [one] = named {
        return one.clone();
    }
    let named: Vec<_> = named.iter().map(|text| usable(text)).collect();
    let first = format!("COALESCE({})", named.join(","));
    let same: Vec<_> = named.iter().map(|text| format!("COALESCE({text},{first})={first}")).collect();
    format!("CASE WHEN {} THEN {first} END", same.join(" AND "))
}

/// An empty text names nobody. Compared as bytes, because as a number an empty text is tenant 0.
fn usable(text: &str) -> String {
    format!("NULLIF(CAST({text} AS BINARY),'')")
}

struct Joins {
    from: String,
    /// Aliases by what they join, so that paths with a common beginning share it.
    known: BTreeMap<(String, Vec<(String, String)>), String>,
}

impl Joins {
    fn new(table: &str) -> Self {
        Self { from: format!("{} t0", quote_identifier(table)), known: BTreeMap::new() }
    }

    /// Adds the joins of a path; gives the column at its end and how it is written.
    fn follow<'k>(
        &mut self,
        table: &str,
        path: &Path,
        keys: &'k Keys,
        join: &str,
    ) -> Result<(&'k KeyColumn, String)> {
        let (mut here, mut alias) = (table, "t0".to_owned());
        for step in &path.steps {
            if step.columns.is_empty() || step.columns.len() != step.references.len() {
                return Err(unusable(table, "a step of its path joins no columns"));
            }
            let mut pairs = Vec::new();
            for (column, referenced) in step.columns.iter().zip(&step.references) {
                let column = quote_identifier(&find(keys, here, column)?.name);
                let referenced = quote_identifier(&find(keys, &step.table, referenced)?.name);
                pairs.push((referenced, format!("{alias}.{column}")));
            }
            alias = self.join(join, &step.table, pairs);
            here = &step.table;
        }
        let column = find(keys, here, &path.column)?;
        Ok((column, format!("{alias}.{}", quote_identifier(&column.name))))
    }

    /// The alias of `table` joined by `pairs`, each a column of it and what that equals.
    fn join(&mut self, join: &str, table: &str, pairs: Vec<(String, String)>) -> String {
        if let Some(known) = self.known.get(&(table.to_owned(), pairs.clone())) {
            return known.clone();
        }
        let alias = format!("t{}", self.known.len() + 1);
        let equal: Vec<_> = pairs.iter().map(|(column, value)| format!("{alias}.{column}={value}")).collect();
        let table_quoted = quote_identifier(table);
        self.from.push_str(&format!(" {join} {table_quoted} {alias} ON {}", equal.join(" AND ")));
        self.known.insert((table.to_owned(), pairs), alias.clone());
        alias
    }
}

fn find<'k>(keys: &'k Keys, table: &str, name: &str) -> Result<&'k KeyColumn> {
    let columns = keys.columns.get(table).ok_or_else(|| unusable(table, "it is gone"))?;
    columns
        .iter()
        .find(|column| same_name(&column.name, name))
        .ok_or_else(|| unusable(table, &format!("its column {name} is gone")))
}

fn unusable(table: &str, why: &str) -> Error {
    Error::new(Kind::Input, format!("lead the rows of {table} to their tenants"), why.to_owned())
        .hint("Correct the table's route in the tenant map.")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use crate::source::mysql::tenancy::infer::infer;
    use crate::source::mysql::tenancy::testing::schema;

    #[test]
    fn common_beginnings_are_joined_once_and_names_cannot_break_out() {
        let hostile = "t` {} --";
        let (inventory, keys) = schema(&[
            "a: id, TenantId",
            &format!("{hostile}: id, from, to"),
            &format!("{hostile}(from) -> a(id)"),
            &format!("{hostile}(to) -> a(id)"),
        ]);
        let map = infer(&inventory, &keys, "TenantId");
        let route = &map.tables[hostile].route;
        let all = all(hostile, route, &keys, Spelling::default()).unwrap();
        assert_eq!(
            all.from,
            "`t`` {} --` t0 LEFT JOIN `a` t1 ON t1.`id`=t0.`from` LEFT JOIN `a` t2 ON t2.`id`=t0.`to`"
        );
        let Route::Paths { paths } = route else { panic!("{route:?}") };
        let doubled = Route::Paths { paths: vec![paths[0].clone(), paths[0].clone()] };
        assert_eq!(
            super::all(hostile, &doubled, &keys, Spelling::default()).unwrap().from.matches("JOIN").count(),
            1
        );
    }

    #[test]
    fn one_tenant_is_found_by_index_and_from_the_parents_side() {
        let (inventory, keys) = schema(&["a: id, TenantId", "b: id, a, x, y, z", "s: id", "b(a) -> a(id)"]);
        let map = infer(&inventory, &keys, "TenantId");
        let of = |table: &str, tenant: &str| {
            let tenant = TenantKey::new(tenant).unwrap();
            of_tenant(table, &map.tables[table].route, &keys, &tenant, Spelling::default()).unwrap()
        };
        assert_eq!(of("a", "0").unwrap().condition, "t0.`TenantId`=0");
        assert_eq!(of("a", "07").unwrap().condition, "FALSE");
        let b = of("b", "7").unwrap();
        assert_eq!(b.from, "`b` t0 JOIN `a` t1 ON t1.`id`=t0.`a`");
        assert_eq!(b.condition, "t1.`TenantId`=7");
        assert_eq!(of("s", "7"), None);
        let plain = all("a", &map.tables["a"].route, &keys, Spelling::default()).unwrap().tenant.unwrap();
        assert_eq!((plain.expression.as_str(), plain.column.as_deref()), ("t0.`TenantId`", Some("TenantId")));
    }

    #[test]
    fn a_route_over_what_is_gone_is_an_error_that_names_it() {
        let (_, keys) = schema(&["a: id"]);
        let error =
            all("a", &Route::Column { column: "TenantId".into() }, &keys, Spelling::default()).unwrap_err();
        assert!(error.to_string().contains("its column TenantId is gone"), "{error}");
    }
}
