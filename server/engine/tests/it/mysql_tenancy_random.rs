//! Random schemas and rows on a real server: every row of every table has exactly one owner, the same that an
//! independent, slow walk along the keys finds in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;
use domain::sources::{ServerFamily, quote_identifier as q};
use domain::tenancy::{Path, Route, TenantKey};
use engine::source::mysql::tenancy::infer::infer;
use engine::source::mysql::tenancy::{drift, select, tenant_key, validate};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::mysql_server::Server;
use crate::mysql_tenancy::{bytes, read};

/// Definition of the tenant column and values: SQL and key. NULL and what is no key is nothing.
type Tenants = (&'static str, &'static [(&'static str, Option<&'static str>)]);

const KINDS: [Tenants; 3] = [
    ("int", &[("0", Some("0")), ("1", Some("1")), ("7", Some("7")), ("-3", Some("-3")), ("NULL", None)]),
    (
        "varchar(30) CHARACTER SET latin1",
        &[
            ("'Acme'", Some("acme")),
            ("'acme '", Some("acme")),
            ("'ü'", Some("ü")),
            ("''", None),
            ("NULL", None),
        ],
    ),
    ("binary(4)", &[("X'00000000'", Some("00000000")), ("X'AB275C60'", Some("ab275c60")), ("NULL", None)]),
];

#[derive(Debug, Clone)]
struct TableSpec {
    /// Nothing, or whether it can be NULL.
    tenant: Option<bool>,
    composite: bool,
    /// Foreign keys: which table, whether nullable.
    keys: Vec<(usize, bool)>,
    /// Columns besides.
    more: usize,
    /// By row: which tenant, and per key which row of the other table (beyond them: NULL or dangling).
    rows: Vec<(usize, Vec<usize>)>,
}

fn table() -> impl Strategy<Value = TableSpec> {
    let keys = prop::collection::vec((0_usize..8, any::<bool>()), 0..4);
    let rows = prop::collection::vec((0_usize..10, prop::collection::vec(0_usize..14, 4)), 0..12);
    (prop::option::weighted(0.35, any::<bool>()), any::<bool>(), keys, 0_usize..4, rows)
        .prop_map(|(tenant, composite, keys, more, rows)| TableSpec { tenant, composite, keys, more, rows })
}

/// A table that does nothing but link two others.
fn link() -> impl Strategy<Value = TableSpec> {
    let keys = prop::collection::vec((0_usize..8, Just(false)), 2..4);
    (table(), keys).prop_map(|(table, keys)| TableSpec { tenant: None, more: 0, keys, ..table })
}

struct Case {
    tables: Vec<TableSpec>,
    kind: Tenants,
}

impl Case {
    fn name(number: usize) -> String {
        match number {
            0 => "t`{} ''\"0".into(),
            1 => format!("{:x<64}", "1"),
            _ => format!("t{number}"),
        }
    }
    fn number(&self, name: &str) -> usize {
        (0..self.tables.len()).find(|number| Self::name(*number) == name).unwrap()
    }
    fn target(&self, key: (usize, bool)) -> usize {
        key.0 % self.tables.len()
    }
    fn key_columns(&self, table: usize) -> &'static [&'static str] {
        if self.tables[table].composite { &["p`", "id"] } else { &["id"] }
    }
    /// Primary keys are row number, or its remainder and it.
    fn key_of(&self, table: usize, row: usize) -> Vec<String> {
        if self.tables[table].composite {
            vec![(row % 2).to_string(), row.to_string()]
        } else {
            vec![row.to_string()]
        }
    }
    fn referring(&self, table: usize, key: usize) -> Vec<String> {
        let target = self.target(self.tables[table].keys[key]);
        self.key_columns(target).iter().map(|column| format!("f{key}_{column}")).collect()
    }
    /// The row that a key refers to: `Err` is NULL.
    fn reference(&self, table: usize, row: usize, key: usize) -> Result<usize, ()> {
        let (_, nullable) = self.tables[table].keys[key];
        let chosen = self.tables[table].rows[row].1[key];
        if nullable && chosen == 13 { Err(()) } else { Ok(chosen) }
    }

    fn sql(&self) -> Vec<String> {
        let mut statements = vec![
            "DROP DATABASE IF EXISTS r".to_owned(),
            "CREATE DATABASE r CHARACTER SET utf8mb4".into(),
            "USE r".into(),
            "SET SESSION foreign_key_checks=0, sql_mode=''".into(),
        ];
        let mut later = Vec::new();
        for (number, spec) in self.tables.iter().enumerate() {
            let name = q(&Self::name(number));
            let mut columns: Vec<_> =
                self.key_columns(number).iter().map(|column| format!("{} int NOT NULL", q(column))).collect();
            for (key, (_, nullable)) in spec.keys.iter().enumerate() {
                let null = if *nullable { "NULL" } else { "NOT NULL" };
                columns.extend(
                    self.referring(number, key).iter().map(|column| format!("{} int {null}", q(column))),
                );
            }
            columns.extend(
                spec.tenant.map(|null| {
                    format!("TenantId {} {}", self.kind.0, if null { "NULL" } else { "NOT NULL" })
                }),
            );
            columns.extend((0..spec.more).map(|n| format!("more{n} text")));
            let primary: Vec<_> = self.key_columns(number).iter().map(|column| q(column)).collect();
            statements.push(format!(
                "CREATE TABLE {name} ({}, PRIMARY KEY ({}))",
                columns.join(","),
                primary.join(",")
            ));
            for (key, to) in spec.keys.iter().enumerate() {
                let target = self.target(*to);
                let list = |names: Vec<String>| names.iter().map(|n| q(n)).collect::<Vec<_>>().join(",");
                statements
                    .push(format!("ALTER TABLE {name} ADD KEY ({})", list(self.referring(number, key))));
                later.push(format!(
                    "ALTER TABLE {name} ADD CONSTRAINT c{number}_{key} FOREIGN KEY ({}) REFERENCES {} ({})",
                    list(self.referring(number, key)),
                    q(&Self::name(target)),
                    list(self.key_columns(target).iter().map(|c| (*c).to_owned()).collect()),
                ));
            }
            for row in 0..spec.rows.len() {
                let mut values = self.key_of(number, row);
                for (key, to) in spec.keys.iter().enumerate() {
                    let target = self.target(*to);
                    values.extend(match self.reference(number, row, key) {
                        Ok(other) => self.key_of(target, other),
                        Err(()) => self.key_columns(target).iter().map(|_| "NULL".to_owned()).collect(),
                    });
                }
                values.extend(spec.tenant.map(|null| self.tenant(number, row, null).0.to_owned()));
                values.extend((0..spec.more).map(|_| "'x'".to_owned()));
                let mut insert = format!("INSERT INTO {name} VALUES (");
                let _infallible = write!(insert, "{})", values.join(","));
                statements.push(insert);
            }
        }
        statements.extend(later);
        statements
    }
    fn tenant(&self, table: usize, row: usize, nullable: bool) -> (&'static str, Option<&'static str>) {
        let values = self.kind.1;
        let values = if nullable { values } else { &values[..values.len() - 1] };
        values[self.tables[table].rows[row].0 % values.len()]
    }

    /// The slow walk: where a path leads from a row.
    fn walk(&self, table: usize, row: usize, path: &Path) -> Option<&'static str> {
        let (mut table, mut row) = (table, row);
        for step in &path.steps {
            let keys = &self.tables[table].keys;
            let key = (0..keys.len()).find(|key| self.referring(table, *key) == step.columns).unwrap();
            let target = self.target(keys[key]);
            assert_eq!(step.table, Self::name(target));
            row = self.reference(table, row, key).ok().filter(|row| *row < self.tables[target].rows.len())?;
            table = target;
        }
        assert_eq!(path.column, "TenantId");
        self.tenant(table, row, self.tables[table].tenant.unwrap()).1
    }
    fn owner(&self, table: usize, row: usize, route: &Route) -> Option<&'static str> {
        match route {
            Route::Column { .. } => self.tenant(table, row, self.tables[table].tenant.unwrap()).1,
            Route::Paths { paths } => {
                let led: BTreeSet<_> = paths.iter().filter_map(|path| self.walk(table, row, path)).collect();
                if led.len() == 1 { led.into_iter().next() } else { None }
            }
            _ => None,
        }
    }
    /// Whether any chain of keys at all leads to a tenant column.
    fn reaches(&self, table: usize, seen: &mut BTreeSet<usize>) -> bool {
        self.tables[table].tenant.is_some()
            || (seen.insert(table)
                && self.tables[table].keys.iter().any(|key| self.reaches(self.target(*key), seen)))
    }
}

/// How many routes of each kind were tried: own column, one path, several paths, shared.
type Tried = [std::cell::Cell<usize>; 4];

async fn check(conn: &mut Conn, family: ServerFamily, case: &Case, tried: &Tried) -> Result<()> {
    for statement in case.sql() {
        conn.query_drop(&statement).await.map_err(|error| anyhow::anyhow!("{statement}: {error}"))?;
    }
    conn.query_drop("SET SESSION character_set_results='utf8mb4'").await?;
    let (inventory, keys) = read(conn, family, "r").await?;
    conn.query_drop("SET SESSION character_set_results=NULL").await?;
    let map = infer(&inventory, &keys, "tenant_id");
    assert_eq!(drift::check(&map, &inventory, &keys), []);
    let spelling = drift::effective(&map, &inventory, &keys).spelling;
    assert!(!validate::validate(&map, &inventory, &keys).iter().any(|remark| remark.refused));
    assert_eq!(map.tables.len(), case.tables.len());
    for (name, mapping) in &map.tables {
        let (route, number) = (&mapping.route, case.number(name));
        assert_eq!(route.leads_to_tenants(), case.reaches(number, &mut BTreeSet::new()), "{name}: {route:?}");
        let kind = match route {
            Route::Column { .. } => 0,
            Route::Paths { paths } if paths.len() == 1 => 1,
            Route::Paths { .. } => 2,
            _ => 3,
        };
        tried[kind].set(tried[kind].get() + 1);
        let owners: BTreeMap<Vec<String>, Option<&str>> = (0..case.tables[number].rows.len())
            .map(|row| (case.key_of(number, row), case.owner(number, row, route)))
            .collect();
        let columns = case.key_columns(number);
        let list = columns.iter().map(|column| format!("t0.{}", q(column))).collect::<Vec<_>>().join(",");
        let identity = |row: &Row| {
            (0..columns.len())
                .map(|column| String::from_utf8(bytes(row, column).unwrap()).unwrap())
                .collect::<Vec<_>>()
        };

        let all = select::all(name, route, &keys, spelling)?;
        let tenant = all.tenant.as_ref().map_or("NULL", |tenant| &tenant.expression);
        let rows: Vec<Row> = conn.query(format!("SELECT {list},{tenant} FROM {}", all.from)).await?;
        assert_eq!(rows.len(), owners.len(), "{name}: {}", all.from);
        for row in &rows {
            let key = tenant_key::key(bytes(row, columns.len()).as_deref());
            let identity = identity(row);
            assert_eq!(
                key.as_ref().map(TenantKey::as_str),
                owners[&identity],
                "{name} {identity:?} {route:?}"
            );
        }
        for key in ["0", "1", "7", "-3", "acme", "ü", "00000000", "ab275c60", "8"] {
            let key = TenantKey::new(key)?;
            let wanted: BTreeSet<_> = owners
                .iter()
                .filter(|(_, owner)| **owner == Some(key.as_str()))
                .map(|(id, _)| id.clone())
                .collect();
            let Some(of) = select::of_tenant(name, route, &keys, &key, spelling)? else {
                assert_eq!(wanted.len(), 0);
                continue;
            };
            let rows: Vec<Row> =
                conn.query(format!("SELECT {list} FROM {} WHERE {}", of.from, of.condition)).await?;
            assert_eq!(rows.len(), wanted.len(), "{name} of {key}: {of:?}");
            assert_eq!(rows.iter().map(identity).collect::<BTreeSet<_>>(), wanted, "{name} of {key}: {of:?}");
        }
    }
    Ok(())
}

#[test]
fn every_row_of_random_schemas_has_exactly_one_owner() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    for server in runtime.block_on(Server::all())? {
        let conn = tokio::sync::Mutex::new(runtime.block_on(server.admin().connect())?);
        let cases = std::env::var("HOLDFAST_TENANCY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
        let tried = Tried::default();
        let mut runner = TestRunner::new(Config {
            cases,
            failure_persistence: None,
            max_shrink_iters: 60,
            ..Config::default()
        });
        let strategy = (prop::collection::vec(table(), 2..8), link(), 0..KINDS.len());
        runner
            .run(&strategy, |(mut tables, link, kind)| {
                tables.push(link);
                let case = Case { tables, kind: KINDS[kind] };
                runtime
                    .block_on(async { check(&mut *conn.lock().await, server.family, &case, &tried).await })
                    .map_err(|error| TestCaseError::fail(format!("{error:?}")))
            })
            .map_err(|error| anyhow::anyhow!("{}: {error}", server.family))?;
        eprintln!("{}: routes by column, path, several paths, shared: {tried:?}", server.family);
        assert!(tried.iter().all(|kind| kind.get() > 0), "{tried:?}");
    }
    Ok(())
}
