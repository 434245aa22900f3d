//! Restoring split backups over several connections: every way rows can go, parts, and what can break.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anyhow::{Result, ensure};
use domain::{
    backups::{Evidence, Progress},
    restores::Part,
    sources::ServerFamily,
    tenancy::TenantKey,
};
use engine::{
    Kind,
    format::keys::Place,
    pipeline::{self, Control, Target, Vault, native},
    source::mysql::new_database::{Maker, NewDatabase},
};
use mysql_async::prelude::Queryable;
use uuid::Uuid;

use crate::{
    mysql_round_trip::{NAME, awkward},
    mysql_server::{Server, database},
    native::{exact, request},
    pipeline_support::{control, create, local},
};

pub const LARGE: &str = "large";

/// Tables that are large enough to get their keys after their rows, with keys and references of every kind, and rows
/// of many tenants in each range.
pub async fn large(server: &Server) -> Result<()> {
    let text = "CONCAT(REPEAT('\\t\\n\\'\\\\ x\\0', n % 7), n)";
    let mut statements = vec![
        "CREATE DATABASE large CHARACTER SET utf8mb4".to_owned(),
        "USE large".into(),
        "CREATE TABLE digits (n INT PRIMARY KEY)".into(),
        "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)".into(),
        "CREATE TABLE numbers (n INT PRIMARY KEY)".into(),
        "INSERT INTO numbers SELECT a.n+10*b.n+100*c.n+1000*d.n+10000*e.n FROM digits a, digits b, digits c, digits d, digits e WHERE e.n<4".into(),
        "CREATE TABLE orders (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, TenantId INT, code VARCHAR(100) NOT NULL, body TEXT, \
         amount DECIMAL(12,2), raw VARBINARY(64), g INT GENERATED ALWAYS AS (TenantId*2) VIRTUAL, PRIMARY KEY (id), UNIQUE KEY code (code), \
         KEY by_tenant (TenantId, amount), KEY by_text (body(20)), KEY by_g (g), FULLTEXT KEY ft (body), CONSTRAINT positive CHECK (amount >= 0)) AUTO_INCREMENT=900000".into(),
        format!("INSERT INTO orders (id,TenantId,code,body,amount,raw) SELECT n*3+1, NULLIF(n % 37, 36), CONCAT('c',n), {text}, n/7, UNHEX(LEFT(SHA2(n,256),32)) FROM numbers"),
        "CREATE TABLE lines_of (id BINARY(16) NOT NULL, order_id BIGINT UNSIGNED, note VARCHAR(200) CHARACTER SET latin1, j JSON, b BIT(9), p POINT, \
         PRIMARY KEY (id), KEY fk_order (order_id), KEY z (note), CONSTRAINT fk_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)".into(),
        "INSERT INTO lines_of SELECT UNHEX(LEFT(SHA2(CONCAT('l',n),256),32)), n*3+1, CONCAT('\u{e9}', REPEAT('y', n % 50)), JSON_OBJECT('n', n, 't', 'a\\\\b\\tc'), n % 512, \
         ST_GeomFromText(CONCAT('POINT(', n, ' 9)')) FROM numbers".into(),
        // Its key is referred to, so it must be there from the beginning.
        "CREATE TABLE named (id INT PRIMARY KEY, name VARCHAR(120) NOT NULL, pad CHAR(100), KEY pad (pad), UNIQUE KEY name (name))".into(),
        "INSERT INTO named SELECT n, CONCAT('name ', n), REPEAT('p', 90) FROM numbers".into(),
        "CREATE TABLE by_name (id INT PRIMARY KEY, name VARCHAR(120), CONSTRAINT by_name FOREIGN KEY (name) REFERENCES named (name))".into(),
        "INSERT INTO by_name VALUES (1,'name 1')".into(),
        "CREATE TABLE heap (a INT, t VARCHAR(100), KEY a (a))".into(),
        "INSERT INTO heap SELECT n % 10, REPEAT('h', 80) FROM numbers".into(),
        "CREATE TABLE one_column (t VARCHAR(10))".into(),
        "INSERT INTO one_column VALUES (''),(NULL),('\\\\N'),('\\n'),('')".into(),
    ];
    if server.family == ServerFamily::Mysql {
        statements.push(
            "CREATE TABLE functional (id INT PRIMARY KEY, t VARCHAR(100), KEY low ((LOWER(t))), KEY t (t))"
                .into(),
        );
        statements.push("INSERT INTO functional SELECT n, REPEAT('F', 90) FROM numbers".into());
    }
    server.run(statements).await
}

pub async fn backed_up(server: &Server, vault: &Vault, name: &str) -> Result<Place> {
    let request = request(server, name);
    native::back_up(vault, &request, &control()).await?;
    Ok(request.place)
}

pub async fn target(server: &Server) -> Result<Target> {
    Ok(Target { endpoint: server.admin(), clients: Arc::new(server.clients().await?) })
}

pub async fn restored(
    server: &Server,
    vault: &Vault,
    place: &Place,
    name: &str,
    only: &Part,
) -> Result<Evidence> {
    let (into, name, maker) = (target(server).await?, database(name), Maker::new(Uuid::from_u128(7)));
    let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
    let evidence = pipeline::restore(vault, place, &into, new, only, &control()).await?;
    new.finish().await?;
    Ok(evidence)
}

/// Equal by an oracle that shares nothing with the engine.
async fn same(from: &Server, name: &str, to: &Server, copy: &str) -> Result<()> {
    let (source, copy) = (exact(from, name).await?, exact(to, copy).await?);
    assert_eq!(source.tables.len(), copy.tables.len());
    for (table, sum) in &source.tables {
        assert_eq!(copy.tables.get(table), Some(sum), "{} {name}.{table}", from.family);
    }
    Ok(())
}

async fn exists(server: &Server, name: &str) -> Result<bool> {
    let mut conn = server.admin().connect().await?;
    let found: Option<String> = conn
        .exec_first("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=?", (name,))
        .await?;
    Ok(found.is_some())
}

fn families() -> Vec<ServerFamily> {
    if Server::has_mysql() {
        vec![ServerFamily::Mariadb, ServerFamily::Mysql]
    } else {
        vec![ServerFamily::Mariadb]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_back_as_statements_and_as_files_whatever_the_server_is_set_to() -> Result<()> {
    for family in families() {
        for files in ["--local-infile=1", "--local-infile=0"] {
            let source = Server::start(family, &[files]).await?;
            let strict = [
                files,
                "--sql-mode=STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_BACKSLASH_ESCAPES,ANSI_QUOTES",
                "--default-time-zone=+05:00",
                "--character-set-server=latin1",
            ];
            let other = Server::start(family, &strict).await?;
            let directory = tempfile::tempdir()?;
            let vault = create(local(directory.path()).await?).await?.vault;
            source.run(awkward(family)).await?;
            large(&source).await?;
            for name in [NAME, LARGE] {
                let place = backed_up(&source, &vault, name).await?;
                let evidence = restored(&other, &vault, &place, "copy", &Part::default()).await?;
                ensure!(
                    evidence.equal,
                    "{family} {files} {name}: {:#?} {:?}",
                    evidence.differences,
                    evidence.remarks
                );
                same(&source, name, &other, "copy").await?;
                let evidence = pipeline::verify(&vault, &place, &target(&other).await?, &control()).await?;
                ensure!(
                    evidence.equal,
                    "{family} {files} {name}: {:#?} {:?}",
                    evidence.differences,
                    evidence.remarks
                );
                other.run(["DROP DATABASE copy"]).await?;
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_what_was_asked_for_and_nothing_else() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        large(&server).await?;
        let place = backed_up(&server, &vault, LARGE).await?;
        let count = async |sql: &str| -> Result<u64> {
            let mut conn = server.admin().connect().await?;
            Ok(conn.query_first(sql).await?.unwrap_or_default())
        };

        let only = Part { tables: vec!["orders".into()], ..Part::default() };
        let evidence = restored(&server, &vault, &place, "part", &only).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        assert_eq!(evidence.tables.iter().map(|table| table.table.as_str()).collect::<Vec<_>>(), ["orders"]);
        assert_eq!(count("SELECT COUNT(*) FROM part.orders").await?, 40_000);
        assert_eq!(count("SELECT COUNT(*) FROM part.lines_of").await?, 0);
        server.run(["DROP DATABASE part"]).await?;

        let only = Part { tenants: vec![TenantKey::new("7")?, TenantKey::new("0")?], ..Part::default() };
        let evidence = restored(&server, &vault, &place, "part", &only).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        assert_eq!(
            count("SELECT COUNT(*) FROM part.orders").await?,
            count("SELECT COUNT(*) FROM large.orders WHERE TenantId IN (0,7) OR TenantId IS NULL").await?
        );
        assert_eq!(count("SELECT COUNT(*) FROM part.orders WHERE TenantId NOT IN (0,7)").await?, 0);
        assert_eq!(count("SELECT COUNT(*) FROM part.named").await?, 40_000, "shared rows");
        server.run(["DROP DATABASE part"]).await?;

        let only = Part { schema_only: true, ..Part::default() };
        let evidence = restored(&server, &vault, &place, "part", &only).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        assert_eq!(count("SELECT COUNT(*) FROM part.orders").await?, 0);
        server.run(["DROP DATABASE part"]).await?;

        for only in [
            Part { tables: vec!["nowhere".into()], ..Part::default() },
            Part { tenants: vec![TenantKey::new("4711")?], ..Part::default() },
        ] {
            let refused = restored(&server, &vault, &place, "part", &only).await;
            let error = refused.unwrap_err().downcast::<engine::Error>()?;
            assert_eq!(error.kind(), Kind::Input, "{error:?}");
            ensure!(!exists(&server, "part").await?);
        }
    }
    Ok(())
}

/// A control that does something once, when rows have begun to arrive.
fn when_loading(then: impl Fn() + Send + Sync + 'static) -> Control {
    let done = AtomicBool::new(false);
    let progress = move |progress: Progress| {
        if progress.phase == "load" && progress.bytes > 0 && !done.swap(true, Ordering::AcqRel) {
            then();
        }
    };
    Control { progress: Arc::new(progress), ..control() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_is_replaced_and_nothing_is_lost_or_doubled() -> Result<()> {
    for family in families() {
        for files in ["--local-infile=1", "--local-infile=0"] {
            let server = Server::start(family, &[files]).await?;
            let directory = tempfile::tempdir()?;
            let vault = create(local(directory.path()).await?).await?.vault;
            large(&server).await?;
            let place = backed_up(&server, &vault, LARGE).await?;
            // Whoever loads is killed again and again, but never more often than is worth trying.
            let (stop, kills) = (tokio_util::sync::CancellationToken::new(), Arc::new(AtomicU64::new(0)));
            let (admin, stopped, counted) = (server.admin(), stop.clone(), Arc::clone(&kills));
            let killing = tokio::spawn(async move {
                let mut conn = admin.connect().await?;
                let mut killed = std::collections::BTreeSet::new();
                while !stopped.is_cancelled() && killed.len() < 6 {
                    let ids: Vec<u64> = conn
                        .query(
                            "SELECT ID FROM information_schema.PROCESSLIST WHERE USER LIKE 'hf\\_%' AND (INFO LIKE 'INSERT INTO%' OR INFO LIKE 'LOAD DATA%' OR INFO LIKE 'ALTER TABLE%ADD %')",
                        )
                        .await?;
                    for id in ids {
                        if killed.insert(id) && conn.query_drop(format!("KILL {id}")).await.is_ok() {
                            counted.fetch_add(1, Ordering::AcqRel);
                        }
                    }
                }
                anyhow::Ok(())
            });
            let result = restored(&server, &vault, &place, "copy", &Part::default()).await;
            stop.cancel();
            killing.await??;
            let evidence = result?;
            ensure!(kills.load(Ordering::Acquire) > 0, "nothing was killed");
            ensure!(evidence.equal, "{family} {files}: {:#?} {:?}", evidence.differences, evidence.remarks);
            same(&server, LARGE, &server, "copy").await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_to_stop_is_heard_at_once_and_nothing_stays() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        large(&server).await?;
        let place = backed_up(&server, &vault, LARGE).await?;
        let cancel = tokio_util::sync::CancellationToken::new();
        let asked = Arc::new(std::sync::Mutex::new(None));
        let (token, at) = (cancel.clone(), Arc::clone(&asked));
        let control = when_loading(move || {
            *at.lock().unwrap() = Some(std::time::Instant::now());
            token.cancel();
        });
        let control = Control { cancel, ..control };
        let into = target(&server).await?;
        let (name, maker) = (database("copy"), Maker::new(Uuid::from_u128(7)));
        let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
        let refused = pipeline::restore(&vault, &place, &into, new, &Part::default(), &control).await;
        let took = asked.lock().unwrap().map(|at| at.elapsed());
        assert_eq!(refused.unwrap_err().kind(), Kind::Cancelled);
        ensure!(took.is_some_and(|took| took.as_secs() < 5), "{took:?}");
        println!("{}: stopped and removed after {took:?}", server.family);
        ensure!(!exists(&server, "copy").await?);
        let mut conn = server.admin().connect().await?;
        let users: Option<u64> =
            conn.query_first("SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'hf\\_%'").await?;
        assert_eq!(users, Some(0));

        // A database that is there already is not touched.
        server.run(["CREATE DATABASE there", "CREATE TABLE there.t (id INT)"]).await?;
        let refused = restored(&server, &vault, &place, "there", &Part::default()).await;
        ensure!(refused.is_err());
        server.run(["SELECT * FROM there.t"]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_fit_the_server_and_a_row_that_cannot_is_named() -> Result<()> {
    for family in families() {
        let server = Server::start(
            family,
            &["--max-allowed-packet=64M", "--local-infile=1", "--loose-innodb-log-file-size=256M"],
        )
        .await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        server
            .run([
                "CREATE DATABASE wide",
                "CREATE TABLE wide.t (id INT PRIMARY KEY, TenantId INT, b LONGBLOB, x LONGTEXT)",
                "INSERT INTO wide.t SELECT 1, 7, REPEAT(x'09005c0aff27', 500000), REPEAT('a\\tb\\n', 300000)",
                "INSERT INTO wide.t SELECT 2, 8, REPEAT(x'09005c0aff27', 20000), 'small'",
                "INSERT INTO wide.t VALUES (3, 7, '', NULL),(4, 9, NULL, '')",
            ])
            .await?;
        let place = backed_up(&server, &vault, "wide").await?;
        // Long rows as statements.
        server.run(["SET GLOBAL local_infile=0"]).await?;
        let evidence = restored(&server, &vault, &place, "copy", &Part::default()).await?;
        ensure!(evidence.equal, "{family}: {:#?} {:?}", evidence.differences, evidence.remarks);
        same(&server, "wide", &server, "copy").await?;
        server.run(["DROP DATABASE copy", "SET GLOBAL max_allowed_packet=1048576"]).await?;
        let refused = restored(&server, &vault, &place, "copy", &Part::default()).await;
        let error = refused.unwrap_err().downcast::<engine::Error>()?;
        ensure!(error.attempt().contains(" t") && error.message().contains("key 1 "), "{error:?}");
        ensure!(!exists(&server, "copy").await?);
        // As files they fit.
        server.run(["SET GLOBAL local_infile=1"]).await?;
        restored(&server, &vault, &place, "copy", &Part { schema_only: true, ..Part::default() }).await?;
        server.run(["DROP DATABASE copy"]).await?;
        let evidence = restored(&server, &vault, &place, "copy", &Part::default()).await;
        server.run(["SET GLOBAL max_allowed_packet=67108864"]).await?;
        match evidence {
            Ok(evidence) => {
                ensure!(evidence.tables.iter().all(|table| table.rows_restored == table.rows_source));
                same(&server, "wide", &server, "copy").await?;
            }
            // The rows go in, but this server cannot send them back for the comparison.
            Err(error) => println!("{family}: {error:?}"),
        }
    }
    Ok(())
}
