//! Tenant maps on real servers: keys are read whole, every row is led to exactly one owner, and the example
//! databases are mapped as a person would do it.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::Result;
use domain::sources::ServerFamily;
use domain::tenancy::{Route, TenantKey, TenantMap};
use engine::source::inventory::Inventory;
use engine::source::mysql::inspect::{self, Session};
use engine::source::mysql::tenancy::infer::infer;
use engine::source::mysql::tenancy::keys::{self, KeyColumn, Keys};
use engine::source::mysql::tenancy::{drift, list, spelling, tenant_key, validate};
use example_data::{Database, Family};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use crate::mysql_server::{Server, database};

/// The inventory and keys of a database, which stays the connection's default.
pub async fn read(conn: &mut Conn, family: ServerFamily, name: &str) -> Result<(Inventory, Keys)> {
    let inventory = inspect::inventory(conn, "test", family, &database(name)).await?;
    let mut session = Session { conn, who: "test", attempt: "read keys".into() };
    let keys = keys::read(&mut session, &database(name)).await?;
    Ok((inventory, keys))
}

/// Bytes of a cell, or nothing for NULL.
pub fn bytes(row: &Row, column: usize) -> Option<Vec<u8>> {
    match row.as_ref(column)? {
        Value::Bytes(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn keys_are_read_whole_by_an_account_that_may_only_read() -> Result<()> {
    for server in Server::all().await? {
        server
            .run([
                "CREATE DATABASE other",
                "CREATE TABLE other.o (id int PRIMARY KEY)",
                "CREATE DATABASE d",
                "CREATE TABLE d.a (x int, y varchar(9) CHARACTER SET latin1, TenantId int, code int, t text NOT NULL, \
                 PRIMARY KEY (x,y), UNIQUE u (code,TenantId), KEY p (t(7)))",
                "CREATE TABLE d.b (id int PRIMARY KEY, ax int, ay varchar(9) CHARACTER SET latin1 NOT NULL, parent int, \
                 far int NOT NULL, CONSTRAINT self FOREIGN KEY (PARENT) REFERENCES b (ID) ON DELETE SET NULL, \
                 CONSTRAINT two FOREIGN KEY (ax,ay) REFERENCES a (x,y) ON DELETE CASCADE ON UPDATE CASCADE, \
                 CONSTRAINT out_of_here FOREIGN KEY (far) REFERENCES other.o (id))",
                "CREATE USER reader@'%' IDENTIFIED BY 'r'",
                "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON d.* TO reader@'%'",
            ])
            .await?;
        if server.family == ServerFamily::Mariadb {
            server.run(["CREATE TABLE d.v (id int PRIMARY KEY, s timestamp(6) GENERATED ALWAYS AS ROW START, \
                e timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME(s,e)) WITH SYSTEM VERSIONING"]).await?;
        }
        let mut conn = server.endpoint("reader", "r").connect().await?;
        let (inventory, keys) = read(&mut conn, server.family, "d").await?;
        let names = |columns: &[KeyColumn]| columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&keys.primary["a"]), ["x", "y"]);
        assert_eq!(keys.primary["a"][1].charset.as_deref(), Some("latin1"));
        assert_eq!(names(&keys.unique["a"][0].columns), ["code", "TenantId"]);
        let prefixed = keys.indexes["a"].iter().find(|index| index.name == "p").unwrap();
        assert_eq!((prefixed.unique, prefixed.columns[0].prefix), (false, Some(7)));
        assert!(keys.is_unique("a", &["Y".into(), "x".into(), "code".into()]));
        assert!(!keys.is_unique("a", &["x".into()]));
        if server.family == ServerFamily::Mariadb {
            assert_eq!(names(&keys.primary["v"]), ["id"]);
        }

        let found: Vec<_> = keys
            .foreign
            .iter()
            .map(|key| {
                let place = (key.references_database.as_deref(), key.references_table.as_str());
                (
                    key.name.as_str(),
                    key.columns.join(","),
                    place,
                    key.references_columns.join(","),
                    key.nullable,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("out_of_here", "far".into(), (Some("other"), "o"), "id".into(), false),
                ("self", "parent".into(), (None, "b"), "id".into(), true),
                ("two", "ax,ay".into(), (None, "a"), "x,y".into(), true),
            ],
            "{}",
            server.family
        );
        assert_eq!(
            (keys.foreign[1].on_delete.as_str(), keys.foreign[2].on_update.as_str()),
            ("SET NULL", "CASCADE")
        );

        let map = infer(&inventory, &keys, "TenantId");
        assert_eq!(drift::check(&map, &inventory, &keys), []);
        assert!(!validate::validate(&map, &inventory, &keys).iter().any(|remark| remark.refused));
    }
    Ok(())
}

/// A map as text, one table a line, so that a person can read it.
fn listing(map: &TenantMap) -> String {
    let line = |(table, mapping): (&String, &domain::tenancy::Mapping)| {
        let route = match &mapping.route {
            Route::Column { column } => format!("column {column}"),
            Route::Shared => "shared".into(),
            Route::Excluded { reason } => format!("excluded: {reason}"),
            Route::Paths { paths } => {
                let paths = paths.iter().map(|path| {
                    let steps = path.steps.iter();
                    steps
                        .map(|step| format!("{} > {}.", step.columns.join("+"), step.table))
                        .collect::<String>()
                        + &path.column
                });
                format!("by {}", paths.collect::<Vec<_>>().join(" & "))
            }
        };
        let note = mapping.note.as_ref().map(|note| format!("  [{note}]")).unwrap_or_default();
        format!("{table}: {route}{note}\n")
    };
    map.tables.iter().map(line).collect()
}

#[tokio::test]
async fn both_example_databases_are_mapped_as_a_person_would() -> Result<()> {
    for server in Server::all().await? {
        let clients = server.clients().await?;
        let family = match server.family {
            ServerFamily::Mariadb => Family::Mariadb,
            ServerFamily::Mysql => Family::Mysql,
        };
        for (which, name) in [(Database::Grc2, "grc2"), (Database::TprmIntegration, "tprm_integration")] {
            let path = server.directory().join("example.sql");
            example_data::write(
                &mut std::io::BufWriter::new(std::fs::File::create(&path)?),
                which,
                family,
                0.001,
            )?;
            let options = server.admin().options(server.family).write()?;
            let loaded = std::process::Command::new(&clients.pair(server.family)?.client)
                .arg(options.argument())
                .args(["--binary-mode", "--default-character-set=utf8mb4"])
                .stdin(Stdio::from(std::fs::File::open(&path)?))
                .output()?;
            assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));

            let mut conn = server.admin().connect().await?;
            let (inventory, keys) = read(&mut conn, server.family, name).await?;
            let map = infer(&inventory, &keys, "TenantId");
            assert_eq!(map.tables.len(), inventory.tables.len());
            let by_path = map.tables.values().filter(|mapping| matches!(mapping.route, Route::Paths { .. }));
            assert!(by_path.count() >= 10);
            let expected = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join(format!("fixtures/tenant-map-{name}.txt"));
            let listing = listing(&map);
            if std::env::var_os("HOLDFAST_WRITE_FIXTURES").is_some() {
                std::fs::write(&expected, &listing)?;
            }
            assert_eq!(listing, std::fs::read_to_string(&expected)?, "{}", expected.display());

            let effective = drift::effective(&map, &inventory, &keys);
            assert_eq!(effective.drift, []);
            let mut session = Session { conn: &mut conn, who: "test", attempt: "list tenants".into() };
            let tenants =
                list::tenants(&mut session, &effective.routes, &inventory, &keys, "TenantId").await?;
            let wanted: BTreeSet<_> = (0..26).map(|n| TenantKey::new(n.to_string()).unwrap()).collect();
            assert_eq!(tenants.keys, wanted.into_iter().collect::<Vec<_>>(), "{:?}", tenants.asked);
            assert!(!tenants.cut_off);
        }
    }
    Ok(())
}

#[tokio::test]
async fn tenants_are_listed_without_a_list_of_tenants_and_up_to_a_limit() -> Result<()> {
    for server in Server::all().await? {
        server
            .run([
                "CREATE DATABASE l",
                "CREATE TABLE l.one (id int PRIMARY KEY, TenantId varchar(20) COLLATE utf8mb4_general_ci, KEY (TenantId))",
                "INSERT INTO l.one VALUES (1,'Acme'),(2,'ACME'),(3,NULL),(4,''),(5,'zeta')",
                "CREATE TABLE l.two (id int PRIMARY KEY, TenantId varchar(20) COLLATE utf8mb4_general_ci)",
                "INSERT INTO l.two VALUES (1,'beta'),(2,'acme')",
                "CREATE DATABASE many",
                "CREATE TABLE many.digits (d int PRIMARY KEY)",
                "INSERT INTO many.digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)",
                "CREATE TABLE many.t (TenantId int PRIMARY KEY)",
                "INSERT INTO many.t SELECT a.d+10*b.d+100*c.d+1000*d.d+10000*e.d+100000*f.d FROM many.digits a, \
                 many.digits b, many.digits c, many.digits d, many.digits e, many.digits f WHERE f.d<2",
            ])
            .await?;
        let mut conn = server.admin().connect().await?;
        let mut found = Vec::new();
        for name in ["l", "many"] {
            let (inventory, keys) = read(&mut conn, server.family, name).await?;
            let map = infer(&inventory, &keys, "TenantId");
            let routes = drift::effective(&map, &inventory, &keys).routes;
            let mut session = Session { conn: &mut conn, who: "test", attempt: "list tenants".into() };
            found.push(list::tenants(&mut session, &routes, &inventory, &keys, "TenantId").await?);
        }
        let names: Vec<_> = found[0].keys.iter().map(TenantKey::as_str).collect();
        assert_eq!((names, found[0].cut_off), (vec!["acme", "beta", "zeta"], false));
        assert_eq!(found[0].asked, ["one", "two"]);
        assert_eq!((found[1].keys.len(), found[1].cut_off), (list::MOST, true));
    }
    Ok(())
}

/// A column's definition, and values as SQL, as a person types them, and as keys.
type Kind = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const KINDS: &[Kind] = &[
    ("int", &[("0", "0", "0"), ("-7", " -7 ", "-7"), ("7", "7", "7")]),
    ("int(6) unsigned zerofill", &[("0", "000", "0"), ("42", "42", "42")]),
    ("bigint unsigned", &[("18446744073709551615", "18446744073709551615", "18446744073709551615")]),
    (
        "decimal(9,2)",
        &[("7", "7.0", "7"), ("7.50", "07.5", "7.5"), ("-70", "-70.00", "-70"), ("0", "-0", "0")],
    ),
    ("decimal(20,0)", &[("70", "70.0", "70")]),
    ("year", &[("2024", "2024", "2024")]),
    ("bit(12)", &[("0", "0", "0"), ("300", "300", "300")]),
    (
        "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        &[
            ("'Acme'", "ACME", "acme"),
            ("'ACME  '", "acme", "acme"),
            ("'Ünal''s `1` \\\\'", "ünal's `1` \\", "ünal's `1` \\"),
        ],
    ),
    (
        "char(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        &[("'Ünal'", "Ünal", "ünal"), ("'x-1'", "X-1", "x-1")],
    ),
    ("varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", &[("'a'", "a", "a"), ("'A'", "A", "A")]),
    ("varchar(9) CHARACTER SET ucs2 COLLATE ucs2_bin", &[("'a1'", "a1", "a1")]),
    ("enum('north','South')", &[("'north'", "North", "north"), ("'South'", "south", "south")]),
    (
        "binary(16)",
        &[(
            "X'0C9E1F2A3B4C5D6E7F8091A2B3C4D5E6'",
            "0C9E1F2A-3B4C-5D6E-7F80-91A2B3C4D5E6",
            "0c9e1f2a3b4c5d6e7f8091a2b3c4d5e6",
        )],
    ),
    ("varbinary(9)", &[("'AB'", "4142", "4142"), ("X'00'", "00", "00")]),
    ("date", &[("'2024-02-29'", "2024-02-29", "2024-02-29")]),
];

#[tokio::test]
async fn a_key_is_the_same_text_read_typed_and_searched_for() -> Result<()> {
    for server in Server::all().await? {
        let mut kinds = KINDS.to_vec();
        kinds.push(match server.family {
            ServerFamily::Mariadb => (
                "uuid",
                &[(
                    "'0C9E1F2A-3B4C-1D6E-8F80-91A2B3C4D5E6'",
                    "{0C9E1F2A3B4C1D6E8F8091A2B3C4D5E6}",
                    "0c9e1f2a-3b4c-1d6e-8f80-91a2b3c4d5e6",
                )],
            ),
            ServerFamily::Mysql => (
                "varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
                &[("'a'", "a", "a"), ("'a '", "A", "a ")],
            ),
        });
        server.run(["CREATE DATABASE k"]).await?;
        let mut conn = server.admin().connect().await?;
        for (number, (definition, values)) in kinds.iter().enumerate() {
            let table = format!("k.t{number}");
            conn.query_drop(format!(
                "CREATE TABLE {table} (id int AUTO_INCREMENT PRIMARY KEY, c {definition} NULL, KEY (c))"
            ))
            .await?;
            let mut all: Vec<_> = values.iter().map(|(sql, ..)| format!("({sql})")).collect();
            all.push("(NULL)".into());
            conn.query_drop(format!("INSERT INTO {table} (c) VALUES {}", all.join(","))).await?;
            // Enough others that an index is worth it.
            conn.query_drop(format!(
                "INSERT INTO {table} (c) SELECT NULL FROM information_schema.COLUMNS LIMIT 300"
            ))
            .await?;
        }
        let (_, keys) = read(&mut conn, server.family, "k").await?;
        conn.query_drop("SET SESSION character_set_results=NULL").await?;
        for (number, (definition, values)) in kinds.iter().enumerate() {
            let (table, context) = (format!("t{number}"), format!("{definition} on {}", server.family));
            let column = keys.column(&table, "c").unwrap();
            let route = Route::Column { column: "c".into() };
            let spelling = spelling::of([(table.as_str(), &route)], &keys).spelling;
            let expression = tenant_key::expression(column, "t0.`c`", spelling);
            let rows: Vec<Row> = conn
                .query(format!("SELECT {expression}, c FROM {table} t0 WHERE c IS NOT NULL ORDER BY id"))
                .await?;
            assert_eq!(rows.len(), values.len(), "{context}");
            for (row, (_, typed, expected)) in rows.iter().zip(*values) {
                let read = tenant_key::key(bytes(row, 0).as_deref()).unwrap();
                assert_eq!(read.as_str(), *expected, "{context}");
                let raw = bytes(row, 1).unwrap();
                assert_eq!(spelling.key(read.as_str()).as_ref(), Some(&read), "{context}");
                if tenant_key::is_plain(column) {
                    assert_eq!(raw, expected.as_bytes(), "{context}");
                }
                if !typed.ends_with('A') {
                    assert_eq!(spelling.typed(typed).as_ref(), Some(&read), "{context}");
                }
                let condition = tenant_key::condition(column, "t0.`c`", &read, spelling);
                let found: Vec<Row> =
                    conn.query(format!("SELECT {expression} FROM {table} t0 WHERE {condition}")).await?;
                let wanted = values.iter().filter(|(_, _, other)| other == expected).count();
                assert_eq!(found.len(), wanted, "{context}: {condition}");
                assert!(
                    found.iter().all(|row| bytes(row, 0).as_deref() == Some(expected.as_bytes())),
                    "{context}"
                );
                let plan: Row = conn
                    .query_first(format!(
                        "EXPLAIN FORMAT=TRADITIONAL SELECT * FROM {table} t0 WHERE {condition}"
                    ))
                    .await?
                    .unwrap();
                if !definition.starts_with("enum") && *definition != "date" {
                    assert_eq!(
                        plan.get::<Option<String>, _>("key"),
                        Some(Some("c".into())),
                        "{context}: {condition}"
                    );
                }
            }
            let stranger = TenantKey::new("no' OR 1=1 -- ").unwrap();
            let condition = tenant_key::condition(column, "t0.`c`", &stranger, spelling);
            let found: Vec<Row> = conn.query(format!("SELECT 1 FROM {table} t0 WHERE {condition}")).await?;
            assert_eq!(found.len(), 0, "{context}");
        }
    }
    Ok(())
}
