//! What belongs to the instant of a backup although no snapshot has it: automatic numbers, and tables of engines without
//! transactions.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Result, ensure};
use domain::{backups::Progress, restores::Part, sources::ServerFamily};
use engine::{
    pipeline::{self, Control, native},
    source::mysql::new_database::{Maker, NewDatabase},
};
use mysql_async::prelude::Queryable;
use uuid::Uuid;

use crate::{
    mysql_server::{PASSWORD, Server, database},
    native::request,
    native_restore::target,
    pipeline_support::{control, create, local},
};

/// A control that runs statements once, when the inventory has been taken and the snapshot has not been opened.
fn before_the_snapshot(server: &Server, statements: &'static [&'static str]) -> Control {
    let (done, port) = (AtomicBool::new(false), server.port);
    let endpoint = server.endpoint("adm", PASSWORD);
    assert_eq!(endpoint.port, port);
    let progress = move |_: Progress| {
        if done.swap(true, Ordering::AcqRel) {
            return;
        }
        let endpoint = endpoint.clone();
        let running = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let mut conn = endpoint.connect().await.unwrap();
                for statement in statements {
                    conn.query_drop(*statement).await.unwrap();
                }
                conn.disconnect().await.unwrap();
            });
        });
        running.join().unwrap();
    };
    Control { progress: Arc::new(progress), ..control() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_handed_out_before_the_snapshot_is_not_handed_out_again() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        server
            .run([
                "CREATE DATABASE numbers",
                "CREATE TABLE numbers.t (id INT AUTO_INCREMENT PRIMARY KEY, n INT)",
                "CREATE TABLE numbers.isam (id INT AUTO_INCREMENT PRIMARY KEY, n INT) ENGINE=MyISAM",
                "INSERT INTO numbers.t (n) VALUES (1),(2),(3)",
                "INSERT INTO numbers.isam (n) VALUES (1),(2),(3)",
            ])
            .await?;
        let request = request(&server, "numbers");
        let control = before_the_snapshot(
            &server,
            &[
                "INSERT INTO numbers.t VALUES (41, 4)",
                "DELETE FROM numbers.t WHERE id=41",
                "INSERT INTO numbers.isam VALUES (41, 4)",
                "DELETE FROM numbers.isam WHERE id=41",
            ],
        );
        native::back_up(&vault, &request, &control).await?;
        let (into, name, maker) = (target(&server).await?, database("copy"), Maker::new(Uuid::from_u128(7)));
        let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
        let evidence =
            pipeline::restore(&vault, &request.place, &into, new, &Part::default(), &self::control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        let mut conn = server.admin().connect().await?;
        for table in ["t", "isam"] {
            conn.query_drop(format!("INSERT INTO copy.{table} (n) VALUES (9)")).await?;
            let id: Option<u64> = conn.query_first(format!("SELECT id FROM copy.{table} WHERE n=9")).await?;
            assert_eq!(id, Some(42), "{} {table}", server.family);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_transactions_is_read_by_one_statement() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let mut tables = vec![("isam", "MyISAM"), ("inno", "InnoDB")];
        if server.family == ServerFamily::Mariadb {
            tables.push(("aria", "Aria"));
        }
        let mut statements = vec!["CREATE DATABASE loose".to_owned(), "USE loose".into()];
        for (table, engine) in &tables {
            statements.push(format!(
                "CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, TenantId INT, t CHAR(100)) ENGINE={engine}"
            ));
            statements.push(format!("INSERT INTO {table} (TenantId, t) VALUES (1,'a'),(2,'b')"));
            for _ in 0..17 {
                statements.push(format!("INSERT INTO {table} (TenantId, t) SELECT TenantId, t FROM {table}"));
            }
            statements.push(format!("ANALYZE TABLE {table}"));
        }
        statements.extend(["SET GLOBAL log_output='TABLE'", "SET GLOBAL general_log=ON"].map(str::to_owned));
        server.run(statements).await?;
        let request = request(&server, "loose");
        let receipt = native::back_up(&vault, &request, &control()).await?;
        server.run(["SET GLOBAL general_log=OFF"]).await?;
        ensure!(
            receipt
                .remarks
                .iter()
                .any(|remark| remark.contains("Not transactional") && remark.contains("isam")),
            "{:?}",
            receipt.remarks
        );
        let mut conn = server.admin().connect().await?;
        for (table, _) in &tables {
            let sql = format!(
                "SELECT COUNT(*) FROM mysql.general_log WHERE command_type='Query' AND argument LIKE 'SELECT %FROM `{table}` t0%'"
            );
            let statements: u64 = conn.query_first(sql).await?.unwrap_or_default();
            if *table == "inno" {
                ensure!(statements > 1, "{}: the others would show nothing", server.family);
            } else {
                assert_eq!(statements, 1, "{} {table}", server.family);
            }
        }
        let evidence = pipeline::verify(&vault, &request.place, &target(&server).await?, &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
    }
    Ok(())
}
