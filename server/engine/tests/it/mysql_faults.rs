//! What goes wrong says so: no green result, a hint, and whether trying again may help.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::sources::{DatabaseName, ServerFamily};
use engine::source::mysql::clients::Clients;
use engine::{Error, Kind, Retry};
use mysql_async::prelude::Queryable;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use crate::mysql_server::{PASSWORD, Server, database};
use crate::mysql_support::{back_up, open};

const NAME: &str = "faults";

/// A database much larger than what a pipe holds, so that the dump program is still at work when the test acts.
async fn large(server: &Server) -> Result<()> {
    let mut statements = vec![format!("CREATE DATABASE {NAME}"), format!("USE {NAME}")];
    for table in ["a_first", "b_second", "c_third"] {
        statements.push(format!("CREATE TABLE {table} (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT)"));
        statements.push(format!("INSERT INTO {table} (t) VALUES (REPEAT('x',4000))"));
        for _ in 0..11 {
            statements.push(format!("INSERT INTO {table} (t) SELECT t FROM {table}"));
        }
    }
    server.run(statements).await
}

/// Process ids of dump programs that read [`NAME`].
fn dumps() -> Vec<u32> {
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(id) = process.file_name().to_string_lossy().parse() else { continue };
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words: Vec<_> = words.split(|byte| *byte == 0).collect();
        if words.contains(&b"--single-transaction".as_slice()) && words.contains(&NAME.as_bytes()) {
            found.push(id);
        }
    }
    found
}

async fn until(what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        anyhow::ensure!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Opens, lets `act` do something while the dump is under way, reads to the end, and returns how it ended.
async fn disturbed(
    clients: &Arc<Clients>,
    server: &Server,
    act: impl AsyncFnOnce(&CancellationToken) -> Result<()>,
) -> Result<Error> {
    let cancel = CancellationToken::new();
    let mut source = open(clients, &server.admin(), &database(NAME), &cancel).await?;
    act(&cancel).await?;
    let _read = tokio::io::copy(&mut source.dump, &mut tokio::io::sink()).await;
    source.end.finish().await.err().context("a disturbed dump passed for a good one")
}

#[tokio::test]
async fn a_server_that_refuses_says_why() -> Result<()> {
    assert!(DatabaseName::new("--help").is_err() && DatabaseName::new("a\nb").is_err());
    for server in Server::all().await? {
        let clients = Arc::new(server.clients().await?);
        server
            .run(["CREATE DATABASE d", "CREATE TABLE d.t (id INT)", "CREATE USER dim@'%' IDENTIFIED BY 'x'"])
            .await?;

        let error = back_up(&clients, &server.endpoint("adm", "wrong"), &database("d")).await.err().unwrap();
        assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Never), "{error:?}");
        assert!(error.message().contains("password") && error.advice().is_some(), "{error:?}");
        assert!(!error.chain().contains("wrong"), "{error:?}");

        let mut nowhere = server.admin();
        nowhere.port = 1;
        let error = back_up(&clients, &nowhere, &database("d")).await.err().unwrap();
        assert_eq!(error.retry(), Retry::Later, "{error:?}");
        assert!(error.message().contains("does not answer") && error.advice().is_some(), "{error:?}");

        let error = back_up(&clients, &server.admin(), &database("nothing here")).await.err().unwrap();
        assert!(error.retry() == Retry::Never && error.message().contains("no such database"), "{error:?}");

        // Without TRIGGER the server would hide triggers; that must not look like a database without any.
        server.run(["GRANT SELECT, SHOW VIEW, EVENT ON d.* TO dim@'%'"]).await?;
        let error = back_up(&clients, &server.endpoint("dim", "x"), &database("d")).await.err().unwrap();
        assert_eq!(error.retry(), Retry::Never);
        assert!(error.advice().unwrap().contains("GRANT TRIGGER ON `d`.* TO 'dim'@'%';"), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_dump_that_is_disturbed_is_never_taken_for_whole() -> Result<()> {
    for server in Server::all().await? {
        let family = server.family;
        large(&server).await?;
        let clients = Arc::new(server.clients().await?);

        let error = disturbed(&clients, &server, async |_| {
            let ids = dumps();
            anyhow::ensure!(!ids.is_empty(), "no dump program is running");
            for id in ids {
                std::process::Command::new("kill").args(["-9", &id.to_string()]).status()?;
            }
            Ok(())
        })
        .await?;
        assert_eq!(error.retry(), Retry::Later, "{family} {error:?}");
        assert!(error.message().contains("signal"), "{error:?}");

        let error = disturbed(&clients, &server, async |_| {
            let mut conn = server.admin().connect().await?;
            let ids: Vec<u64> = conn
                .query("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT /*!40001 SQL_NO_CACHE */%'")
                .await?;
            anyhow::ensure!(ids.len() == 1, "{ids:?}");
            conn.query_drop(format!("KILL {}", ids[0])).await?;
            conn.disconnect().await?;
            Ok(())
        })
        .await?;
        assert_eq!(error.retry(), Retry::Later, "{family} {error:?}");

        for statement in [
            "TRUNCATE TABLE c_third",
            "ALTER TABLE c_third ADD COLUMN fresh INT DEFAULT 1",
            "CREATE TABLE d_fourth (id INT)",
            "DROP TABLE c_third",
        ] {
            let error = disturbed(&clients, &server, async |_| {
                // The readers of sums may be at the table; they hold its definition until they are done.
                server
                    .run([format!("USE {NAME}"), "SET SESSION lock_wait_timeout=15".into(), statement.into()])
                    .await
            })
            .await?;
            assert_eq!(error.retry(), Retry::Later, "{family} {statement} {error:?}");
            assert!(error.advice().is_some(), "{family} {statement} {error:?}");
        }

        let error = disturbed(&clients, &server, async |cancel| {
            cancel.cancel();
            Ok(())
        })
        .await?;
        assert_eq!(error.kind(), Kind::Cancelled, "{family} {error:?}");

        // Not read to the end, and dropped: nothing stays behind.
        let cancel = CancellationToken::new();
        let mut source = open(&clients, &server.admin(), &database(NAME), &cancel).await?;
        let mut little = [0u8; 100];
        source.dump.read_exact(&mut little).await?;
        drop(source.dump);
        assert!(source.end.finish().await.is_err());
        until("dump programs are still there", || dumps().is_empty()).await?;
        let left = std::fs::read_dir("/dev/shm")?.flatten().filter(|entry| {
            let own = std::fs::read_to_string(entry.path().join("client.cnf")).unwrap_or_default();
            own.contains(&format!("port=\"{}\"", server.port))
        });
        assert_eq!(left.count(), 0, "an option file was left");
    }
    Ok(())
}

#[tokio::test]
async fn writes_go_on_while_a_backup_is_taken() -> Result<()> {
    for server in Server::all().await? {
        large(&server).await?;
        let clients = Arc::new(server.clients().await?);
        let stop = CancellationToken::new();
        let admin = server.admin();
        let writer = {
            let stop = stop.clone();
            tokio::spawn(async move {
                let mut conn = admin.connect().await.unwrap();
                let mut written = 0u32;
                while !stop.is_cancelled() {
                    conn.query_drop(format!("INSERT INTO {NAME}.a_first (t) VALUES ('y')")).await.unwrap();
                    conn.query_drop(format!("DELETE FROM {NAME}.c_third ORDER BY id LIMIT 1")).await.unwrap();
                    written += 1;
                }
                written
            })
        };
        let copy = back_up(&clients, &server.admin(), &database(NAME)).await;
        stop.cancel();
        let written = writer.await?;
        let copy = copy?;
        assert!(written > 0);
        assert_eq!(copy.proof, engine::source::Proof::SamePosition);
        let (compared, _) = crate::mysql_support::verify(&clients, &server.admin(), &copy).await?;
        assert_eq!(compared.differences(), [""; 0], "{}", server.family);
    }
    Ok(())
}

#[tokio::test]
async fn leftovers_of_killed_workers_are_swept() -> Result<()> {
    use engine::source::mysql::scratch::{Scratch, sweep};
    let server = Server::start(ServerFamily::Mariadb, &[]).await?;
    let clock = crate::mysql_support::clock();
    let old = Scratch::create(&server.admin(), "utf8mb4", "utf8mb4_general_ci", &clock).await?;
    server.run(["CREATE DATABASE holdfast_scratch_mine"]).await?;
    let made = domain::Clock::now(&clock);
    assert_eq!(sweep(&server.admin(), made).await?, [""; 0]);
    let removed = sweep(&server.admin(), made.plus_ms(1)).await?;
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert!(removed.contains(&old.database.to_string()));
    let mut conn = server.endpoint("adm", PASSWORD).connect().await?;
    let left: Vec<String> = conn.query("SHOW DATABASES LIKE 'holdfast%'").await?;
    assert_eq!(left, ["holdfast_scratch_mine"]);
    conn.disconnect().await?;
    Ok(())
}
