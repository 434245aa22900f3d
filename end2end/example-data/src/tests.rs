//! What every user of the example databases relies on, checked on the very text that is written.

use std::collections::{HashMap, HashSet};

use crate::family::Family;
use crate::schema::{Database, Schema};
use crate::spec::{Gen, Table};
use crate::tenancy::tenants;
use crate::words;

const BOTH: [Database; 2] = [Database::Grc2, Database::TprmIntegration];
const FAMILIES: [Family; 2] = [Family::Mariadb, Family::Mysql];

fn written(database: Database, family: Family, scale: f64) -> String {
    let mut out = Vec::new();
    assert!(crate::write(&mut out, database, family, scale).is_ok());
    String::from_utf8_lossy(&out).into_owned()
}

fn names_tenant(table: &Table) -> bool {
    table.columns.iter().any(|column| column.name == "TenantId")
}

/// Splits `(a,'b,c'),(d,e)` after VALUES into rows of literals.
fn rows_of(values: &str) -> Vec<Vec<String>> {
    let (mut rows, mut depth, mut in_text, mut escaped) = (Vec::new(), 0, false, false);
    let (mut row, mut cell) = (Vec::new(), String::new());
    for c in values.chars() {
        if in_text {
            cell.push(c);
            in_text = escaped || c != '\'';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '(' if depth == 0 => depth = 1,
            ')' if depth == 1 => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                depth = 0;
            }
            ',' if depth == 1 => row.push(std::mem::take(&mut cell)),
            _ if depth == 0 => {}
            c => {
                depth += i32::from(c == '(') - i32::from(c == ')');
                in_text = c == '\'';
                cell.push(c);
            }
        }
    }
    rows
}

/// Table name to column name to the values of that column.
fn contents(schema: &Schema, sql: &str) -> HashMap<&'static str, HashMap<&'static str, Vec<String>>> {
    let mut all = HashMap::new();
    for table in &schema.tables {
        let names: Vec<_> = table.columns.iter().filter(|c| c.values.is_some()).map(|c| c.name).collect();
        let mut columns: HashMap<&'static str, Vec<String>> = HashMap::new();
        let head = format!("INSERT INTO {} (", crate::family::quoted(table.name));
        for (at, _) in sql.match_indices(&head) {
            let statement = &sql[at..];
            let values = statement.split_once(" VALUES\n").map_or("", |(_, rest)| rest);
            let values = values.split_once(";\n").map_or(values, |(values, _)| values);
            for row in rows_of(values) {
                assert_eq!(row.len(), names.len(), "{}: {row:?}", table.name);
                for (name, value) in names.iter().zip(row) {
                    columns.entry(name).or_default().push(value);
                }
            }
        }
        all.insert(table.name, columns);
    }
    all
}

#[test]
fn the_same_scale_gives_the_same_bytes() {
    for database in BOTH {
        for family in FAMILIES {
            assert_eq!(written(database, family, 0.03), written(database, family, 0.03));
        }
    }
}

#[test]
fn there_are_more_than_forty_tables_and_most_name_their_tenant() {
    for database in BOTH {
        let schema = Schema::of(database, Family::Mariadb);
        let names: HashSet<_> = schema.tables.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), schema.tables.len(), "a name is used twice");
        assert!(schema.tables.len() >= 40);
        let named = schema.tables.iter().filter(|table| names_tenant(table)).count();
        assert!(named * 2 > schema.tables.len(), "{named} of {}", schema.tables.len());
        assert!(schema.tables.len() - named >= 15);
        for table in &schema.tables {
            let names = table.columns.iter().map(|column| column.name).chain([table.name]);
            assert!(names.into_iter().all(|name| name.chars().count() <= 64));
        }
    }
}

/// Column, parent and parent's key of a foreign key clause.
fn foreign(clause: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = clause.split('`').collect();
    let [_, _, kind, column, _, parent, _, key, _] = parts[..] else { return None };
    (kind.trim() == "FOREIGN KEY (").then_some((column, parent, key))
}

#[test]
fn some_rows_are_three_foreign_keys_away_from_their_tenant() {
    fn distance(schema: &Schema, name: &str, left: usize) -> Option<usize> {
        let table = schema.table(name).filter(|table| !table.shared)?;
        if names_tenant(table) || left == 0 {
            return names_tenant(table).then_some(0);
        }
        let parents = table.clauses.iter().filter_map(|clause| foreign(clause));
        parents.filter_map(|(_, parent, _)| distance(schema, parent, left - 1)).min().map(|steps| steps + 1)
    }
    for database in BOTH {
        let schema = Schema::of(database, Family::Mysql);
        let far = schema.tables.iter().filter(|table| distance(&schema, table.name, 6) == Some(3)).count();
        assert!(far >= 1, "{database:?}");
    }
}

#[test]
fn every_foreign_key_finds_its_row() {
    for database in BOTH {
        for scale in [0.001, 0.05] {
            let schema = Schema::of(database, Family::Mysql);
            let contents = contents(&schema, &written(database, Family::Mysql, scale));
            let mut checked = 0;
            for table in &schema.tables {
                for clause in &table.clauses {
                    let Some((column, parent, key)) = foreign(clause) else { continue };
                    let known: HashSet<&String> = contents[parent][key].iter().collect();
                    for value in contents[table.name].get(column).into_iter().flatten() {
                        assert!(
                            value == "NULL" || known.contains(value),
                            "{}.{column} = {value}",
                            table.name
                        );
                        checked += 1;
                    }
                }
            }
            assert!(checked > 1_000, "{checked} references");
        }
    }
}

/// A child belongs to the tenant of its parent, in every pair of tables that both name it.
#[test]
fn references_stay_within_a_tenant() {
    for database in BOTH {
        let schema = Schema::of(database, Family::Mariadb);
        let contents = contents(&schema, &written(database, Family::Mariadb, 0.05));
        let mut checked = 0;
        for table in schema.tables.iter().filter(|table| table.fixed.is_none() && names_tenant(table)) {
            for column in &table.columns {
                let Some(Gen::Ref(to)) = column.values else { continue };
                let Some(parents) = contents[to].get("TenantId") else { continue };
                let owner: HashMap<_, _> = contents[to]["id"].iter().zip(parents).collect();
                let own = &contents[table.name];
                for (key, tenant) in own[column.name].iter().zip(&own["TenantId"]) {
                    assert_eq!(owner[key], tenant, "{}.{}", table.name, column.name);
                    checked += 1;
                }
            }
        }
        assert!(checked > 500);
    }
}

#[test]
fn tenants_are_skewed_and_none_is_missing() {
    for database in BOTH {
        let schema = Schema::of(database, Family::Mariadb);
        let mut rows = vec![0_u64; tenants()];
        for table in schema.tables.iter().filter(|table| table.fixed.is_none() && names_tenant(table)) {
            let ownership = table.ownership(1.0);
            for (tenant, count) in rows.iter_mut().enumerate() {
                assert!(ownership.count(tenant) > 0, "{} has no row of tenant {tenant}", table.name);
                *count += ownership.count(tenant);
            }
        }
        rows.sort_unstable();
        assert!(rows[tenants() - 1] >= 10 * rows[tenants() / 2], "{rows:?}");
    }
}

#[test]
fn every_slot_of_every_template_is_known() {
    let mut rng = crate::rng::Rng::for_label("slots");
    let mut check = |templates: &[&str]| {
        for template in templates {
            let filled = words::fill(template, &mut rng);
            assert!(!filled.contains('{') && !filled.contains('}'), "{template} → {filled}");
        }
    };
    for database in BOTH {
        for column in Schema::of(database, Family::Mysql).tables.iter().flat_map(|table| &table.columns) {
            let mut values = column.values.as_ref();
            while let Some(Gen::Maybe(_, inner)) = values {
                values = Some(inner.as_ref());
            }
            if let Some(Gen::Phrase(templates) | Gen::Text(templates, ..)) = values {
                check(templates);
            }
        }
    }
}

#[test]
fn statements_stay_near_a_megabyte() {
    for database in BOTH {
        let sql = written(database, Family::Mariadb, 0.3);
        let largest = sql.split(";\n").map(str::len).max().unwrap_or(0);
        assert!(largest < 1_100_000, "{largest}");
    }
}
