//! Native dumps and restores that meet what they would rather not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Result, ensure};
use domain::{
    backups::Progress,
    restores::Part,
    sources::ServerFamily,
    tenancy::{Mapping, Route, TenantKey, TenantMap},
};
use engine::{
    Kind, Retry,
    pipeline::{self, Control, Target, list, native, verify},
    source::mysql::{
        new_database::{Maker, NewDatabase},
        wire::Wire,
    },
};
use mysql_async::prelude::Queryable;
use uuid::Uuid;

use crate::{
    mysql_server::{Server, database},
    native::request,
    native_restore::{LARGE, backed_up, large, target},
    pipeline_support::{control, create, feed, local, objects},
};

/// Kills connections that read rows of a table, once, when bytes have begun to come.
fn killing_a_reader(server: &Server) -> (Control, Arc<AtomicBool>) {
    let (endpoint, killed) = (server.admin(), Arc::new(AtomicBool::new(false)));
    let done = Arc::clone(&killed);
    let progress = move |progress: Progress| {
        if progress.phase != "dump" || progress.bytes == 0 || done.load(Ordering::Acquire) {
            return;
        }
        // Told by threads that may block and by some that drive tasks: a connection that is none of the runtime's.
        let kill = || -> engine::Result<bool> {
            let mut wire = Wire::connect(&endpoint)?;
            let reading =
                "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT t0.%' LIMIT 1";
            let Some(id) = wire.first(reading, "look for a reader")?.and_then(|mut row| row.pop().flatten())
            else {
                return Ok(false);
            };
            Ok(wire.run(format!("KILL {}", String::from_utf8_lossy(&id)), "kill a reader").is_ok())
        };
        if kill().unwrap() {
            done.store(true, Ordering::Release);
        }
    };
    (Control { progress: Arc::new(progress), ..control() }, killed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_cut_off_ends_the_dump_and_the_next_one_is_whole() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        large(&server).await?;
        for readers in [1, 2, 3] {
            let (control, killed) = killing_a_reader(&server);
            let request = native::NativeRequest { readers, ..request(&server, LARGE) };
            let error = native::back_up(&vault, &request, &control).await.err();
            ensure!(killed.load(Ordering::Acquire), "nobody was killed");
            let Some(error) = error else { anyhow::bail!("one of {readers} readers was not missed") };
            assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Later), "{error:?}");
            ensure!(error.attempt().contains("read table"), "{error:?}");
            ensure!(error.message().contains("cut") && error.advice().is_some(), "{error:?}");
            ensure!(list(&vault).await?.is_empty());
            let id = request.place.backup.to_string();
            let left = objects(directory.path())?;
            ensure!(left.iter().all(|(path, _)| !path.display().to_string().contains(&id)));
        }
        let place = backed_up(&server, &vault, LARGE).await?;
        let evidence = verify(&vault, &place, &target(&server).await?, &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_larger_than_the_sources_packets_comes_whole_or_its_table_is_named() -> Result<()> {
    for family in families() {
        let server = Server::start(family, &["--max-allowed-packet=32M"]).await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        server
            .run([
                "CREATE DATABASE wide",
                "CREATE TABLE wide.t (id INT PRIMARY KEY, TenantId INT, b LONGBLOB)",
                "INSERT INTO wide.t VALUES (1,1,REPEAT('a',5000000)),(2,1,'small')",
                "SET GLOBAL max_allowed_packet=1048576",
            ])
            .await?;
        let request = request(&server, "wide");
        let result = native::back_up(&vault, &request, &control()).await;
        server.run(["SET GLOBAL max_allowed_packet=33554432"]).await?;
        match result {
            // Most servers send what they hold, whatever they would accept.
            Ok(_) => {
                let evidence = verify(&vault, &request.place, &target(&server).await?, &control()).await?;
                ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
            }
            Err(error) => {
                println!("{family}: {error}");
                ensure!(error.attempt().contains("read table t"), "{error:?}");
                ensure!(error.advice().is_some_and(|hint| hint.contains("max_allowed_packet")), "{error:?}");
                assert_eq!(error.retry(), Retry::Never, "{error:?}");
                ensure!(list(&vault).await?.is_empty());
            }
        }
    }
    Ok(())
}

fn families() -> Vec<ServerFamily> {
    let mut families = vec![ServerFamily::Mariadb];
    families.extend(Server::has_mysql().then_some(ServerFamily::Mysql));
    families
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_too_little_is_refused_with_advice_and_leaves_nothing() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        large(&server).await?;
        let place = backed_up(&server, &vault, LARGE).await?;
        server
            .run([
                "CREATE USER looks@'%' IDENTIFIED BY 'x'",
                "GRANT SELECT ON *.* TO looks@'%'",
                "CREATE USER makes@'%' IDENTIFIED BY 'x'",
                "GRANT ALL PRIVILEGES ON copy.* TO makes@'%'",
            ])
            .await?;
        // One may make no database; the other makes it, but no account that could load into it.
        for user in ["looks", "makes"] {
            let into = Target { endpoint: server.endpoint(user, "x"), ..target(&server).await? };
            let (name, maker) = (database("copy"), Maker::new(Uuid::from_u128(7)));
            let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
            let refused = pipeline::restore(&vault, &place, &into, new, &Part::default(), &control()).await;
            let error = refused.unwrap_err();
            assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Never), "{user}: {error:?}");
            ensure!(error.advice().is_some(), "{user}: {error:?}");
            let mut conn = server.admin().connect().await?;
            let left: Option<u64> = conn
                .query_first(
                    "SELECT (SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME='copy') \
                     + (SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'hf\\_%')",
                )
                .await?;
            assert_eq!(left, Some(0), "{user}");
        }
    }
    Ok(())
}

/// A database with a table that takes part in no snapshot, and a map that has aged.
async fn odd(server: &Server) -> Result<()> {
    let mut statements = vec![
        "CREATE DATABASE odd",
        "CREATE TABLE odd.owned (id INT PRIMARY KEY, TenantId INT, t VARCHAR(20))",
        "INSERT INTO odd.owned VALUES (1,1,'a'),(2,2,'b'),(3,2,'c')",
        "CREATE TABLE odd.isam (id INT PRIMARY KEY, TenantId INT) ENGINE=MyISAM",
        "INSERT INTO odd.isam VALUES (1,1),(2,2)",
    ];
    if server.family == ServerFamily::Mariadb {
        statements.push("CREATE TABLE odd.aria (id INT PRIMARY KEY, TenantId INT) ENGINE=Aria");
        statements.push("INSERT INTO odd.aria VALUES (1,1)");
    }
    server.run(statements).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_part_in_no_snapshot_is_said_in_the_receipt() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        odd(&server).await?;
        let wanted = if server.family == ServerFamily::Mariadb { "aria, isam" } else { "isam" };
        let request = request(&server, "odd");
        let receipt = native::back_up(&vault, &request, &control()).await?;
        let said = format!("Not transactional, so not part of the consistent read: {wanted}.");
        ensure!(receipt.remarks.contains(&said), "{:?}", receipt.remarks);
        let evidence = verify(&vault, &request.place, &target(&server).await?, &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        ensure!(evidence.remarks.iter().any(|remark| remark.contains(wanted)), "{:?}", evidence.remarks);
    }
    Ok(())
}

/// An empty backup would look like a good one, when the key was only spelled in another way.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_a_row_has_no_backup() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        odd(&server).await?;
        for nobody in ["4711", "07"] {
            let nobody = TenantKey::new(nobody)?;
            let own = native::NativeRequest { tenant: Some(nobody.clone()), ..request(&server, "odd") };
            let own = native::NativeRequest {
                place: engine::format::keys::Place {
                    owner: engine::source::mysql::tenancy::tenant_key::owner_of(&nobody),
                    ..own.place
                },
                ..own
            };
            let Err(error) = native::back_up(&vault, &own, &control()).await else {
                anyhow::bail!("tenant {nobody} has no row")
            };
            assert_eq!(error.kind(), Kind::Input, "{error:?}");
            ensure!(error.advice().is_some_and(|hint| hint.contains("tenant list")), "{error:?}");
            ensure!(list(&vault).await?.is_empty());
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_over_a_column_that_is_gone_keeps_every_row_as_shared_and_says_so() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        odd(&server).await?;
        let column = |column: &str| Mapping {
            route: Route::Column { column: column.into() },
            shape: String::new(),
            note: None,
        };
        let map = TenantMap {
            tables: [("owned".to_owned(), column("Customer")), ("isam".to_owned(), column("TenantId"))]
                .into(),
            tenant_column: "TenantId".into(),
        };
        let request = native::NativeRequest { map: Some(map), confirmed: true, ..request(&server, "odd") };
        let receipt = native::back_up(&vault, &request, &control()).await?;
        let gone = "the route of table owned is broken: column Customer is missing";
        ensure!(receipt.remarks.iter().any(|remark| remark.contains(gone)), "{:?}", receipt.remarks);
        ensure!(receipt.drift.iter().any(|drift| drift.to_string() == gone), "{:?}", receipt.drift);
        let kept = if server.family == ServerFamily::Mariadb { 4 } else { 3 };
        assert_eq!(receipt.shared_rows, kept, "three rows of owned, and those of unmapped tables");
        let evidence = verify(&vault, &request.place, &target(&server).await?, &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
    }
    Ok(())
}

/// Two readers that both meet rows of many megabytes of one tenant: what each writes in parts must not be mixed.
#[tokio::test(flavor = "multi_thread")]
async fn giant_rows_of_two_readers_export_as_sql_that_a_stock_client_loads() -> Result<()> {
    const GIANTS: &str = "two_giants";
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let mut lines = vec![format!("CREATE DATABASE {GIANTS}")];
        for (table, letter) in [("left", "a"), ("right", "b")] {
            lines.push(format!(
                "CREATE TABLE {GIANTS}.`{table}` (id INT PRIMARY KEY, TenantId INT NOT NULL, body LONGTEXT)"
            ));
            for id in 0..12 {
                lines.push(format!(
                    "INSERT INTO {GIANTS}.`{table}` VALUES ({id}, 7, CONCAT(REPEAT('{letter}', 3000000), {id}))"
                ));
            }
        }
        server.run(lines).await?;
        let request = request(&server, GIANTS);
        native::back_up(&vault, &request, &control()).await?;
        let mut sql = Vec::new();
        pipeline::export(&vault, &request.place, pipeline::Export::Plain, &mut sql, &control()).await?;
        server.run([format!("CREATE DATABASE {GIANTS}_loaded")]).await?;
        feed(&server, Some(&format!("{GIANTS}_loaded")), sql).await?;
        let mut conn = server.admin().connect().await?;
        for table in ["left", "right"] {
            let same: Option<u64> = conn
                .query_first(format!(
                    "SELECT COUNT(*) FROM {GIANTS}.`{table}` o JOIN {GIANTS}_loaded.`{table}` l \
                     ON l.id=o.id AND l.body=o.body AND l.TenantId=o.TenantId"
                ))
                .await?;
            assert_eq!(same, Some(12), "{table}");
        }
        conn.disconnect().await?;
    }
    Ok(())
}
