//! Readers that see one instant while others write, for accounts that may much and accounts that may little.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use domain::sources::ServerFamily;
use engine::source::inventory::ServerFacts;
use engine::source::mysql::agree::{Agreed, Way, agree};
use engine::source::mysql::connect::Endpoint;
use engine::source::mysql::inspect;
use engine::source::mysql::wire::Wire;
use engine::{Error, Kind};
use tokio_util::sync::CancellationToken;

use crate::mysql_server::{PASSWORD, Server, database};

const NAME: &str = "led`ger";
const OPENINGS: usize = 50;

/// Two tables whose values add up to nothing after every transaction.
async fn prepare(server: &Server) -> Result<()> {
    let position = match server.family {
        ServerFamily::Mariadb => "BINLOG MONITOR",
        ServerFamily::Mysql => "REPLICATION CLIENT",
    };
    let mut statements = vec!["CREATE DATABASE `led``ger`".to_owned()];
    for table in ["fr'om", "to"] {
        statements
            .push(format!("CREATE TABLE `led``ger`.`{table}` (id INT PRIMARY KEY, v BIGINT) ENGINE=InnoDB"));
        statements.push(format!("INSERT INTO `led``ger`.`{table}` VALUES (1,0),(2,0),(3,0),(4,0)"));
    }
    for user in ["sees", "locks", "bare"] {
        statements.push(format!("CREATE USER {user}@'%' IDENTIFIED BY 'x'"));
        statements.push(format!("GRANT SELECT ON `led``ger`.* TO {user}@'%'"));
    }
    statements.push(format!("GRANT {position} ON *.* TO sees@'%'"));
    statements.push("GRANT LOCK TABLES ON `led``ger`.* TO locks@'%'".into());
    server.run(statements).await
}

/// Threads that move amounts from one table to the other.
struct Writers {
    stop: Arc<AtomicBool>,
    moved: Arc<AtomicU64>,
    threads: Vec<JoinHandle<engine::Result<()>>>,
}

impl Writers {
    fn start(endpoint: &Endpoint, count: u64, pause: Duration) -> Self {
        let (stop, moved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..count)
            .map(|number| {
                let (endpoint, stop, moved) = (endpoint.clone(), Arc::clone(&stop), Arc::clone(&moved));
                std::thread::spawn(move || {
                    let mut wire = Wire::connect(&endpoint)?;
                    while !stop.load(Ordering::Relaxed) {
                        let id = number % 4 + 1;
                        for sql in [
                            "START TRANSACTION".to_owned(),
                            format!("UPDATE `led``ger`.`fr'om` SET v=v-1 WHERE id={id}"),
                            format!("UPDATE `led``ger`.`to` SET v=v+1 WHERE id={id}"),
                            "COMMIT".to_owned(),
                        ] {
                            wire.run(sql, "write")?;
                        }
                        moved.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(pause);
                    }
                    Ok(())
                })
            })
            .collect();
        Self { stop, moved, threads }
    }
    /// Waits until they have written more: nothing holds them up.
    fn go_on(&self) {
        let (before, until) = (self.moved.load(Ordering::Relaxed), Instant::now() + Duration::from_secs(5));
        while self.moved.load(Ordering::Relaxed) < before + 2 {
            assert!(Instant::now() < until, "writers are held up");
            std::thread::yield_now();
        }
    }
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap().unwrap();
        }
    }
}

async fn facts(server: &Server) -> Result<ServerFacts> {
    let mut conn = server.admin().connect().await?;
    Ok(inspect::server_facts(&mut conn, "test", "").await?)
}

fn sum(reader: &mut Wire, table: &str) -> i64 {
    let row = reader.first(format!("SELECT CAST(SUM(v) AS CHAR) FROM `led``ger`.`{table}`"), "sum").unwrap();
    String::from_utf8(row.unwrap()[0].clone().unwrap()).unwrap().parse().unwrap()
}

/// The tables add up, whichever reader reads which and whenever.
fn is_one_instant(agreed: &mut Agreed, writers: &Writers) {
    let from = sum(&mut agreed.readers[0], "fr'om");
    writers.go_on();
    for reader in &mut agreed.readers {
        assert_eq!(sum(reader, "to"), -from, "{}", agreed.said);
        assert_eq!(sum(reader, "fr'om"), from, "{}", agreed.said);
        assert!(reader.run("UPDATE `led``ger`.`to` SET v=0", "write").is_err());
    }
}

fn one(endpoint: &Endpoint, facts: &ServerFacts, readers: usize) -> Agreed {
    agree(endpoint, facts, &database(NAME), readers, &CancellationToken::new()).unwrap()
}

/// Opens often while writers write, and counts the ways.
async fn openings(server: &Server, user: &'static str, pause: Duration) -> Result<BTreeMap<String, usize>> {
    let endpoint = match user {
        "adm" => server.endpoint("adm", PASSWORD),
        other => server.endpoint(other, "x"),
    };
    let (facts, admin) = (facts(server).await?, server.admin());
    Ok(tokio::task::spawn_blocking(move || {
        let mut ways = BTreeMap::new();
        let writers = Writers::start(&admin, 2, pause);
        writers.go_on();
        for _ in 0..OPENINGS {
            let started = Instant::now();
            let mut agreed = one(&endpoint, &facts, 3);
            assert!(started.elapsed() < Duration::from_secs(20), "{}", agreed.said);
            is_one_instant(&mut agreed, &writers);
            assert_eq!(agreed.readers.len() == 1, agreed.way == Way::OneReader, "{}", agreed.said);
            if *ways.entry(format!("{:?}", agreed.way)).or_insert(0) == 0 {
                println!("{:?} {user}: {}", facts.family, agreed.said);
            }
            *ways.entry(format!("{:?}", agreed.way)).or_insert(0) += 1;
        }
        writers.end();
        ways
    })
    .await?)
}

fn only(ways: &BTreeMap<String, usize>, allowed: &[&str]) {
    assert_eq!(ways.values().sum::<usize>(), OPENINGS);
    assert!(ways.keys().all(|way| allowed.contains(&way.as_str())), "{ways:?} instead of {allowed:?}");
}

#[tokio::test]
async fn readers_agree_while_others_write() -> Result<()> {
    let pause = Duration::from_millis(2);
    for server in Server::all().await? {
        prepare(&server).await?;
        for (user, allowed) in [
            ("adm", &["NoLock", "GlobalLock"][..]),
            ("sees", &["NoLock", "OneReader"]),
            ("locks", &["NoLock", "TableLocks", "OneReader"]),
            ("bare", &["NoLock", "OneReader"]),
        ] {
            let ways = openings(&server, user, pause).await?;
            println!("{:?} {user}: {ways:?}", server.family);
            only(&ways, allowed);
            if server.family == ServerFamily::Mysql && matches!(user, "locks" | "bare") {
                assert!(!ways.contains_key("NoLock"), "{ways:?}: without a position there is no proof");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn without_a_log_a_short_lock_does() -> Result<()> {
    let mut servers = vec![Server::start(ServerFamily::Mariadb, &["--skip-log-bin"]).await?];
    let extra = ["--skip-log-bin", "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"];
    servers.extend(Server::start(ServerFamily::Mysql, &extra).await.ok());
    for server in servers {
        prepare(&server).await?;
        for (user, allowed) in [("adm", "GlobalLock"), ("locks", "TableLocks"), ("bare", "OneReader")] {
            let ways = openings(&server, user, Duration::ZERO).await?;
            println!("{:?} {user}: {ways:?}", server.family);
            // Writers that never rest may make a lock wait too long; then one reader is the right answer.
            only(&ways, &[allowed, "OneReader"]);
            assert!(ways.contains_key(allowed), "{ways:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_lock_waits_for_nobody_and_a_position_is_that_of_the_snapshot() -> Result<()> {
    for server in Server::all().await? {
        prepare(&server).await?;
        server.run(["FLUSH PRIVILEGES"]).await?;
        let (facts, admin, locks) = (facts(&server).await?, server.admin(), server.endpoint("locks", "x"));
        tokio::task::spawn_blocking(move || {
            // In a log that stands still the position is the server's own, and so is the GTID.
            let agreed = one(&admin, &facts, 4);
            assert_eq!((agreed.way, agreed.readers.len()), (Way::NoLock, 4), "{}", agreed.said);
            let mut control = Wire::connect(&admin).unwrap();
            let sql = if facts.family == ServerFamily::Mysql {
                "SHOW BINARY LOG STATUS"
            } else {
                "SHOW MASTER STATUS"
            };
            let row = control.first(sql, "ask").unwrap().unwrap();
            let expected = format!("{}:{}", agreed.coordinate.file, agreed.coordinate.position);
            let [file, position] = [0, 1].map(|at| String::from_utf8(row[at].clone().unwrap()).unwrap());
            assert_eq!(format!("{file}:{position}"), expected);
            assert!(!agreed.coordinate.gtid.is_empty() && agreed.coordinate.at.0 > 0);
            assert!(agreed.said.contains(&expected), "{}", agreed.said);
            drop(agreed);
            // One reader needs no lock.
            assert_eq!(one(&admin, &facts, 1).way, Way::NoLock);

            // Somebody has written and not said yes: table locks would wait for him, so they are given up, and who
            // comes after him is not held up for longer.
            control.run("START TRANSACTION", "write").unwrap();
            control.run("UPDATE `led``ger`.`to` SET v=v+1 WHERE id=1", "write").unwrap();
            if facts.family == ServerFamily::Mysql {
                let started = Instant::now();
                let agreed = one(&locks, &facts, 2);
                assert_eq!(agreed.way, Way::OneReader, "{}", agreed.said);
                assert!(agreed.said.contains("a transaction ran too long"), "{}", agreed.said);
                assert!(started.elapsed() < Duration::from_secs(20));
            }
            control.run("ROLLBACK", "write").unwrap();

            let cancel = CancellationToken::new();
            cancel.cancel();
            let error = agree(&admin, &facts, &database(NAME), 2, &cancel).err().unwrap();
            assert_eq!(error.kind(), Kind::Cancelled);
            let missing: Error =
                agree(&server_without(&admin), &facts, &database(NAME), 2, &CancellationToken::new())
                    .err()
                    .unwrap();
            assert_eq!(missing.kind(), Kind::Source);
        })
        .await?;
    }
    Ok(())
}

/// Where nobody listens.
fn server_without(endpoint: &Endpoint) -> Endpoint {
    Endpoint { port: crate::mysql_server::free_port(), ..endpoint.clone() }
}

#[tokio::test]
async fn table_locks_wait_for_those_who_have_written() -> Result<()> {
    let mut servers = vec![Server::start(ServerFamily::Mariadb, &["--skip-log-bin"]).await?];
    servers.extend(Server::start(ServerFamily::Mysql, &["--skip-log-bin"]).await.ok());
    for server in servers {
        prepare(&server).await?;
        let (facts, admin, locks) = (facts(&server).await?, server.admin(), server.endpoint("locks", "x"));
        tokio::task::spawn_blocking(move || {
            let mut writer = Wire::connect(&admin).unwrap();
            writer.run("START TRANSACTION", "write").unwrap();
            writer.run("UPDATE `led``ger`.`to` SET v=v+1 WHERE id=1", "write").unwrap();
            let agreed = one(&locks, &facts, 2);
            assert_eq!(agreed.way, Way::OneReader, "{:?}: {}", facts.family, agreed.said);
            writer.run("COMMIT", "write").unwrap();
            let agreed = one(&locks, &facts, 2);
            assert_eq!(agreed.way, Way::TableLocks, "{:?}: {}", facts.family, agreed.said);
            // Released: the next write need not wait.
            writer.run("SET SESSION lock_wait_timeout=1, innodb_lock_wait_timeout=1", "write").unwrap();
            writer.run("UPDATE `led``ger`.`to` SET v=v+1 WHERE id=1", "write").unwrap();
        })
        .await?;
    }
    Ok(())
}
