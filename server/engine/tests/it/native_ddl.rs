//! Definitions that change while a native dump reads: it is noticed, or it makes no difference.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Result, ensure};
use domain::backups::Progress;
use engine::{
    Error, Retry,
    pipeline::{Control, Vault, native, verify},
    source::mysql::{connect::Endpoint, wire::Wire},
};
use mysql_async::prelude::Queryable;
use tokio::sync::watch;

use crate::{
    mysql_server::Server,
    native::request,
    native_restore::target,
    pipeline_support::{control, create, local},
};

const NAME: &str = "storm";

/// One large table, which is read first, and small ones, which nobody has touched by then.
async fn prepare(server: &Server) -> Result<()> {
    let mut statements = vec!["CREATE DATABASE storm".to_owned(), "USE storm".into()];
    statements.push("CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT, TenantId INT, t TEXT)".into());
    statements.push("INSERT INTO big (TenantId, t) VALUES (1, REPEAT('x',2000))".into());
    for _ in 0..11 {
        statements.push("INSERT INTO big (TenantId, t) SELECT TenantId % 5 + 1, t FROM big".into());
    }
    for table in SMALL {
        statements.push(make(table));
        statements.push(fill(table));
    }
    statements.push("CREATE VIEW seen AS SELECT id FROM altered".into());
    statements.push("ANALYZE TABLE big".into());
    server.run(statements).await
}

const SMALL: [&str; 5] = ["altered", "dropped", "one", "other", "truncated"];

fn make(table: &str) -> String {
    format!("CREATE TABLE {table} (id INT PRIMARY KEY, TenantId INT, t VARCHAR(100))")
}

fn fill(table: &str) -> String {
    format!("INSERT INTO {table} VALUES (1,1,'{table} 1'),(2,2,'{table} 2'),(3,NULL,'{table} 3')")
}

/// Does something once, in the middle of the large table, while its reader waits.
fn in_the_middle(endpoint: &Endpoint, statements: &[&str]) -> (Control, Arc<AtomicBool>) {
    let (endpoint, statements) =
        (endpoint.clone(), statements.iter().map(|sql| (*sql).to_owned()).collect::<Vec<_>>());
    let done = Arc::new(AtomicBool::new(false));
    let begun = Arc::clone(&done);
    let progress = move |progress: Progress| {
        if progress.table.as_deref() != Some("big") || begun.swap(true, Ordering::AcqRel) {
            return;
        }
        // Told by threads that may block and by some that drive tasks: a connection that is none of the runtime's.
        let mut wire = Wire::connect(&endpoint).unwrap();
        wire.run("SET SESSION lock_wait_timeout=10", "change a definition").unwrap();
        wire.run("USE storm", "change a definition").unwrap();
        for statement in &statements {
            wire.run(statement, "change a definition").unwrap();
        }
    };
    (Control { progress: Arc::new(progress), ..control() }, done)
}

/// Retriable, with advice, and it names what changed.
fn is_clear(error: &Error, names: &[&str]) -> Result<()> {
    let text = format!("{} {}", error.attempt(), error.message());
    ensure!(error.retry() == Retry::Later, "{error:?}");
    ensure!(error.advice().is_some(), "{error:?}");
    ensure!(
        text.split(|letter: char| !letter.is_alphanumeric()).any(|word| names.contains(&word)),
        "none of {names:?} is named: {error:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_changes_in_the_middle_is_noticed_and_named() -> Result<()> {
    for server in Server::all().await? {
        prepare(&server).await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let (make, fill) = (make("dropped"), fill("dropped"));
        let exchange = "RENAME TABLE one TO third, other TO one, third TO other";
        for (statements, names) in [
            (vec!["DROP TABLE dropped"], vec!["dropped"]),
            // It comes back, the same word for word, but its rows are not those of the snapshot.
            (vec!["DROP TABLE dropped", &make, &fill], vec!["dropped"]),
            (vec!["ALTER TABLE altered ADD extra INT DEFAULT 7"], vec!["altered"]),
            (vec!["ALTER TABLE altered DROP extra"], vec!["altered"]),
            (vec!["ALTER TABLE altered DROP PRIMARY KEY"], vec!["altered"]),
            (vec!["ALTER TABLE altered ADD PRIMARY KEY (id)"], vec!["altered"]),
            (
                vec!["TRUNCATE TABLE truncated", "INSERT INTO truncated VALUES (9,9,'late')"],
                vec!["truncated"],
            ),
            (vec!["CREATE TABLE fresh (id INT PRIMARY KEY)"], vec!["fresh"]),
            (vec!["DROP TABLE fresh"], vec!["fresh"]),
            (vec!["RENAME TABLE one TO elsewhere"], vec!["one", "elsewhere"]),
            (vec!["RENAME TABLE elsewhere TO one"], vec!["one", "elsewhere"]),
            // Definitions are the same before and after, only which rows are whose is not.
            (vec![exchange], vec!["one", "other"]),
            (vec!["CREATE OR REPLACE VIEW seen AS SELECT id, t FROM altered"], vec!["seen"]),
            (vec!["CREATE TRIGGER bell BEFORE INSERT ON one FOR EACH ROW SET NEW.t='rung'"], vec!["bell"]),
        ] {
            if statements.first() == Some(&"DROP TABLE dropped") && statements.len() == 3 {
                server.run(["USE storm", &make, &fill]).await?;
            }
            let (control, done) = in_the_middle(&server.admin(), &statements);
            let request = native::NativeRequest { readers: 1, ..request(&server, NAME) };
            let result = native::back_up(&vault, &request, &control).await;
            ensure!(done.load(Ordering::Acquire), "{statements:?} was not done");
            let Err(error) = result else {
                anyhow::bail!("{} did not notice {statements:?}", server.family);
            };
            println!("{} {statements:?}: {error}", server.family);
            is_clear(&error, &names)?;
            ensure!(engine::pipeline::list(&vault).await?.is_empty(), "nothing of it is to be seen");
        }
        // Trying again is good advice.
        let whole = request(&server, NAME);
        native::back_up(&vault, &whole, &control()).await?;
        let evidence = verify(&vault, &whole.place, &target(&server).await?, &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
    }
    Ok(())
}

/// What ends a storm.
const OVER: u64 = u64::MAX;

/// Changes definitions in gusts: each comes when the dumps have made so much progress since the last one, now much,
/// now little, so that some dumps meet several and some none.
async fn storm(endpoint: Endpoint, mut progress: watch::Receiver<u64>) -> Result<()> {
    let mut conn = endpoint.connect().await?;
    conn.query_drop("USE storm").await?;
    // Readers are waited for, but not for ever.
    conn.query_drop("SET SESSION lock_wait_timeout=2").await?;
    let drop = format!("DROP TABLE dropped; {}; {}", make("dropped"), fill("dropped"));
    let all = [
        drop.as_str(),
        "ALTER TABLE altered ADD extra INT DEFAULT 7; ALTER TABLE altered DROP extra",
        "TRUNCATE TABLE truncated; INSERT INTO truncated VALUES (1,1,'again'),(2,2,'again')",
        "RENAME TABLE one TO third, other TO one, third TO other",
        "CREATE TABLE fresh (id INT PRIMARY KEY); DROP TABLE fresh",
        "CREATE OR REPLACE VIEW seen AS SELECT id, t FROM altered; CREATE OR REPLACE VIEW seen AS SELECT id FROM altered",
    ];
    for (number, statements) in (0_u64..).zip(all.iter().cycle()) {
        for statement in statements.split("; ") {
            // A part of a pair that waited too long is made good by one of the next gusts.
            let _ = conn.query_drop(statement).await;
        }
        let next = (*progress.borrow()).saturating_add(1 + number * 37 % 90);
        if *progress.wait_for(|now| *now >= next).await? == OVER {
            break;
        }
    }
    conn.disconnect().await?;
    Ok(())
}

const DUMPS: usize = 24;

async fn weathered(server: &Server, vault: &Vault) -> Result<BTreeMap<&'static str, usize>> {
    let (moving, progress) = watch::channel(0);
    let raging = tokio::spawn(storm(server.admin(), progress));
    let moved = moving.clone();
    let control = Control { progress: Arc::new(move |_| moved.send_modify(|now| *now += 1)), ..control() };
    let mut seen = BTreeMap::new();
    let mut whole = Vec::new();
    for _ in 0..DUMPS {
        let request = request(server, NAME);
        match native::back_up(vault, &request, &control).await {
            Ok(_) => {
                whole.push(request.place);
                *seen.entry("whole").or_insert(0) += 1;
            }
            Err(error) => {
                let all = [&SMALL[..], &["big", "fresh", "third", "seen"]].concat();
                is_clear(&error, &all)?;
                *seen.entry("noticed").or_insert(0) += 1;
            }
        }
    }
    moving.send_replace(OVER);
    raging.await??;
    let into = target(server).await?;
    for place in &whole {
        let evidence = verify(vault, place, &into, &crate::pipeline_support::control()).await?;
        ensure!(evidence.equal, "{}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);
    }
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_through_a_storm_of_definitions_is_whole() -> Result<()> {
    for server in Server::all().await? {
        prepare(&server).await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let seen = weathered(&server, &vault).await?;
        println!("{}: {seen:?}", server.family);
        ensure!(seen.contains_key("noticed"), "{seen:?}: no storm");
        ensure!(seen.contains_key("whole"), "{seen:?}: nothing came through");
    }
    Ok(())
}
