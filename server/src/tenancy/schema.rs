//! A look at a source's schema: the map that it suggests, what can be chosen for each table, and what no longer fits
//! the map that backups follow.

use std::collections::{BTreeMap, VecDeque};

use catalog::{Inferred, TableChoices, TableColumn};
use domain::{
    sources::DatabaseName,
    tenancy::{Path, Route, Step, TenantMap},
};
use engine::source::{
    inventory::Inventory,
    mysql::{
        connect::Endpoint,
        inspect::{self, Session},
        probe,
        tenancy::{
            drift, infer,
            keys::{self, ForeignKey, Keys},
        },
    },
};

/// Paths that are offered for one table.
const OFFERED: usize = 20;
/// Foreign keys on one path that is offered; the map may have longer ones.
const STEPS: usize = 6;
/// Ways that are followed for one table: in a schema where everything refers to everything there is no end of them.
const FOLLOWED: usize = 2_000;

/// What there is, and its keys.
pub async fn read(endpoint: &Endpoint, database: &DatabaseName) -> engine::Result<(Inventory, Keys)> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let server = inspect::server_facts(&mut conn, &who, "").await?;
    probe::refuse_if_blind(&mut conn, &who, &server, database).await?;
    let inventory = inspect::inventory(&mut conn, &who, server.family, database).await?;
    let mut session = Session { conn: &mut conn, who: &who, attempt: format!("read the keys of {database}") };
    let keys = keys::read(&mut session, database).await?;
    // Nothing more is asked of it; how the goodbye goes does not matter.
    let _closed = conn.disconnect().await;
    Ok((inventory, keys))
}

/// Looks at the schema.
pub async fn look(
    endpoint: &Endpoint,
    database: &DatabaseName,
    tenant_column: &str,
    confirmed: Option<&TenantMap>,
) -> engine::Result<Inferred> {
    let (inventory, keys) = read(endpoint, database).await?;
    let map = infer::infer(&inventory, &keys, tenant_column);
    let choices = choices(&map, &keys);
    let drift = confirmed.map(|map| drift::check(map, &inventory, &keys)).unwrap_or_default();
    let used = drift::effective(confirmed.unwrap_or(&map), &inventory, &keys);
    Ok(Inferred { spelling: Some(used.spelling), map, choices, drift })
}

/// Columns and paths that can be chosen for each table of `map`.
fn choices(map: &TenantMap, keys: &Keys) -> BTreeMap<String, TableChoices> {
    let mut from: BTreeMap<&str, Vec<&ForeignKey>> = BTreeMap::new();
    for key in keys.foreign.iter().filter(|key| can_be_followed(key, map, keys)) {
        from.entry(key.table.as_str()).or_default().push(key);
    }
    let columns = |table: &str| {
        let columns = keys.columns.get(table).into_iter().flatten();
        let read = columns.map(|column| TableColumn {
            column: column.name.clone(),
            data_type: column.definition.clone(),
            is_nullable: column.nullable,
        });
        read.collect()
    };
    map.tables
        .iter()
        .map(|(table, mapping)| {
            let mut paths = match &mapping.route {
                Route::Paths { paths } => paths.clone(),
                _ => Vec::new(),
            };
            for path in ways(table, map, &from) {
                if paths.len() < OFFERED && !paths.contains(&path) {
                    paths.push(path);
                }
            }
            paths.sort_by_key(|path| path.steps.len());
            (table.clone(), TableChoices { columns: columns(table), paths })
        })
        .collect()
}

/// A key that leads from every row to one row at most, in a table that is backed up too.
fn can_be_followed(key: &ForeignKey, map: &TenantMap, keys: &Keys) -> bool {
    key.references_database.is_none()
        && map.tables.contains_key(&key.references_table)
        && keys.is_unique(&key.references_table, &key.references_columns)
}

/// Ways from `table` to tables that name the tenant themselves, shortest first, through no table twice.
fn ways(table: &str, map: &TenantMap, from: &BTreeMap<&str, Vec<&ForeignKey>>) -> Vec<Path> {
    let (mut found, mut followed) = (Vec::new(), 0);
    let mut open: VecDeque<Vec<&ForeignKey>> = VecDeque::from([Vec::new()]);
    while let Some(way) = open.pop_front() {
        let here = way.last().map_or(table, |key| key.references_table.as_str());
        for &key in from.get(here).into_iter().flatten() {
            followed += 1;
            if found.len() >= OFFERED || followed > FOLLOWED {
                return found;
            }
            let next = key.references_table.as_str();
            if next == table || way.iter().any(|passed| passed.references_table == next) {
                continue;
            }
            let mut longer = way.clone();
            longer.push(key);
            if let Some(Route::Column { column }) = map.tables.get(next).map(|mapping| &mapping.route) {
                let steps = longer.iter().map(|key| step(key)).collect();
                found.push(Path { steps, column: column.clone() });
            } else if longer.len() < STEPS {
                open.push_back(longer);
            }
        }
    }
    found
}

fn step(key: &ForeignKey) -> Step {
    Step {
        columns: key.columns.clone(),
        table: key.references_table.clone(),
        references: key.references_columns.clone(),
    }
}

#[cfg(test)]
mod tests {
    use domain::tenancy::Mapping;

    use super::*;

    fn key(table: &str, column: &str, to: &str) -> ForeignKey {
        ForeignKey {
            table: table.into(),
            name: format!("fk_{table}_{column}"),
            columns: vec![column.into()],
            references_database: None,
            references_table: to.into(),
            references_columns: vec!["id".into()],
            on_delete: "RESTRICT".into(),
            on_update: "RESTRICT".into(),
            nullable: false,
        }
    }

    fn map(own: &[&str], other: &[&str]) -> TenantMap {
        let column = || Route::Column { column: "TenantId".into() };
        let mapping = |route| Mapping { route, note: None, shape: String::new() };
        let own = own.iter().map(|table| ((*table).to_owned(), mapping(column())));
        let other = other.iter().map(|table| ((*table).to_owned(), mapping(Route::Shared)));
        TenantMap { tenant_column: "TenantId".into(), tables: own.chain(other).collect() }
    }

    fn found(table: &str, map: &TenantMap, all: &[ForeignKey]) -> Vec<String> {
        let mut from: BTreeMap<&str, Vec<&ForeignKey>> = BTreeMap::new();
        for key in all {
            from.entry(key.table.as_str()).or_default().push(key);
        }
        let steps =
            |path: Path| path.steps.iter().map(|step| step.table.as_str()).collect::<Vec<_>>().join(" > ");
        ways(table, map, &from).into_iter().map(steps).collect()
    }

    #[test]
    fn every_way_is_offered_shortest_first_and_none_goes_in_circles() {
        let map = map(&["risk", "control"], &["link", "note", "comment"]);
        let keys = [
            key("comment", "note_id", "note"),
            key("comment", "parent_id", "comment"),
            key("comment", "risk_id", "risk"),
            key("note", "link_id", "link"),
            key("note", "comment_id", "comment"),
            key("link", "risk_id", "risk"),
            key("link", "control_id", "control"),
        ];
        assert_eq!(found("comment", &map, &keys), ["risk", "note > link > risk", "note > link > control"]);
        assert_eq!(found("link", &map, &keys), ["risk", "control"]);
        assert_eq!(found("control", &map, &keys), Vec::<String>::new());
    }

    #[test]
    fn a_schema_where_everything_refers_to_everything_is_looked_at_in_bounded_time() {
        let names: Vec<String> = (0..60).map(|n| format!("t{n}")).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let map = map(&[], &all);
        let keys: Vec<_> =
            all.iter().flat_map(|one| all.iter().map(|other| key(one, other, other))).collect();
        assert_eq!(found("t0", &map, &keys), Vec::<String>::new());
    }
}
