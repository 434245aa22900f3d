//! What is in a row stays out of errors, whatever a server or a client program says about it.

use anyhow::{Result, ensure};
use domain::restores::Selection;
use engine::source::mysql::owners::Owners;
use engine::source::mysql::{
    create::{self, Events},
    faults,
    scratch::Scratch,
    wire::Wire,
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::Server,
    mysql_support::{Loading, clock},
    tenant_restore_scene::{Scene, damage},
};

const SECRET: &str = "ann-7731@example.org";

/// A table that refuses in many ways.
const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, mail VARCHAR(2000) CHARACTER SET utf8mb4 NOT NULL, n INT, d DATE, \
                     short CHAR(3) CHARACTER SET latin1, part VARCHAR(700) CHARACTER SET utf8mb4, UNIQUE KEY by_part (part)) ENGINE=InnoDB";
const TRIGGER: &str = "CREATE TRIGGER guard BEFORE INSERT ON t FOR EACH ROW BEGIN DECLARE why TEXT; \
                       SET why = CONCAT('no: ', NEW.mail); \
                       IF NEW.n = 77 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = why; END IF; \
                       IF NEW.n = 78 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = why, MYSQL_ERRNO = 1146; END IF; END";

/// Statements that fail, with a number and a name that the error still says.
fn refused() -> Vec<(String, &'static str, &'static str)> {
    let long = format!("{SECRET}' for key 'by {SECRET}").repeat(12);
    let long = long.replace('\'', "''");
    [
        (
            format!("INSERT INTO t (id,mail,part) VALUES (1,'x','{SECRET}'),(2,'y','{SECRET}')"),
            "1062",
            "by_part",
        ),
        // Longer than what a message holds.
        (format!("INSERT INTO t (id,mail,part) VALUES (1,'x','{long}'),(2,'y','{long}')"), "1062", ""),
        (format!("INSERT INTO t (id,mail,n) VALUES (1,'x','{SECRET}')"), "1366", "`n`"),
        (format!("INSERT INTO t (id,mail,d) VALUES (1,'x','{SECRET}')"), "1292", "`d`"),
        (format!("INSERT INTO t (id,mail,short) VALUES (1,'x','{SECRET}')"), "1406", "short"),
        (format!("INSERT INTO t (id,mail,n) VALUES (1,'{SECRET}',77)"), "1644", "trigger"),
        (format!("INSERT INTO t (id,mail,n) VALUES (1,'{SECRET}',78)"), "", ""),
        (format!("INSERT INTO t (id,mail) VALUES (1,'{SECRET}') garbage '{SECRET}'"), "1064", "line 1"),
        (format!("INSERT INTO t (id,mail) VALUES (1,CAST('{SECRET}' AS JSON))"), "", ""),
        (format!("INSERT INTO t (id,mail,n) SELECT 1,'x',18446744073709551615+LENGTH('{SECRET}')"), "", ""),
        (format!("INSERT INTO t (id,mail) VALUES (1,CONVERT_TZ('{SECRET}'))"), "", ""),
        (format!("INSERT INTO t (id,mail) SELECT 1,ST_GeomFromText('{SECRET}')"), "", ""),
        (format!("INSERT INTO t (id,mail) SELECT 1,EXTRACTVALUE('<a/>','{SECRET}')"), "", ""),
        (format!("INSERT INTO t (id,mail) SELECT 1,'a' REGEXP '({SECRET}'"), "", ""),
        // Whose words name nothing of a row, but the client repeats the statement.
        (format!("INSERT INTO t (id,nothing) VALUES (1,'error 1146: {SECRET}')"), "1054", "nothing"),
        (
            format!(
                "INSERT INTO t (id,nothing) VALUES (1,'{}')",
                format!("error 1146: {SECRET} ").repeat(8_000)
            ),
            "1054",
            "nothing",
        ),
    ]
    .into_iter()
    .collect()
}

fn check(error: &engine::Error, number: &str, name: &str) -> Result<()> {
    let all = format!("{error:?} {}", error.chain());
    ensure!(!all.contains("7731") && !all.contains("example.org"), "{all}");
    let name = name.trim_matches('`');
    ensure!(all.contains(number) && all.contains(name), "{number} {name}: {all}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_row_is_in_no_error_of_any_connection() -> Result<()> {
    for server in Server::all().await? {
        let loading = Loading::on(&server, server.clients().await?).await?;
        let scratch = &loading.scratch;
        server
            .run([
                format!("USE {}", scratch.database.quoted()),
                TABLE.into(),
                TRIGGER.into(),
                // Somebody else's language must not matter.
                "SET GLOBAL lc_messages='de_DE'".into(),
            ])
            .await?;
        let mut failed = 0;
        for (statement, number, name) in refused() {
            // The stock client, which reports in its own words.
            let text = format!("SET sql_mode='TRADITIONAL', unique_checks=1;\n{statement};\n");
            match loading.load(&mut text.as_bytes()).await {
                Err(error) => check(&error, number, name)?,
                Ok(_) => ensure!(number.is_empty(), "{statement} is not refused"),
            }
            // The two connections that are ours.
            let (endpoint, database) = (server.admin(), scratch.database.clone());
            let again = statement.clone();
            let error = tokio::task::spawn_blocking(move || {
                let mut wire = Wire::connect(&endpoint)?;
                wire.run(format!("USE {}", database.quoted()), "try")?;
                wire.run("SET sql_mode='TRADITIONAL'", "try")?;
                wire.run(again, "try")
            })
            .await?;
            // Ours says what it means for a backup instead of the number.
            let number = if number == "1054" { "" } else { number };
            if let Err(error) = error {
                check(&error, number, name)?;
                failed += 1;
            }
            let mut conn = server.admin().connect().await?;
            conn.query_drop(format!("USE {}", scratch.database.quoted())).await?;
            conn.query_drop("SET sql_mode='TRADITIONAL'").await?;
            if let Err(error) = conn.query_drop(&statement).await {
                check(&faults::from_driver("try", "u@h", error), number, name)?;
            }
            conn.query_drop("DELETE FROM t").await?;
            conn.disconnect().await?;
        }
        ensure!(failed >= 8, "only {failed} were refused");
        loading.end().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_of_a_tenant_that_its_server_refuses_repeats_no_row() -> Result<()> {
    for scene in Scene::all().await? {
        // In a table with triggers rows are changed in place, and two have exchanged unique values.
        let trigger =
            "CREATE TRIGGER grc.watch BEFORE UPDATE ON grc.control FOR EACH ROW SET NEW.ratio=NEW.ratio";
        scene.server.run([trigger]).await?;
        scene.server.run(damage()).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let error = scene.apply(&place, &difference.digest).await.unwrap_err();
        let all = format!("{error:?}");
        ensure!(all.contains("1062") && all.contains("ref"), "{all}");
        ensure!(!all.contains("R-70"), "{all}");

        // A trigger that refuses in words of its own.
        let raising = "CREATE TRIGGER grc.refuse BEFORE INSERT ON grc.risk FOR EACH ROW \
                       SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = NEW.note";
        scene.server.run(["DROP TRIGGER grc.watch", raising]).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let error = scene.apply(&place, &difference.digest).await.unwrap_err();
        let all = format!("{error:?}");
        ensure!(all.contains("trigger") && !all.contains("note "), "{all}");
    }
    Ok(())
}

/// What cannot be created again is listed with a reason, and goes into evidence and reports.
#[tokio::test]
async fn a_definition_that_is_refused_is_named_without_its_text() -> Result<()> {
    for server in Server::all().await? {
        let scratch = Scratch::create(&server.admin(), "utf8mb4", "utf8mb4_general_ci", &clock()).await?;
        let view = engine::source::inventory::StoredObject {
            kind: engine::source::inventory::ObjectKind::View,
            name: "v".into(),
            definer: String::new(),
            sql_mode: String::new(),
            character_set_client: "utf8mb4".into(),
            collation: "utf8mb4_general_ci".into(),
            create_sql: format!("CREATE VIEW v AS SELECT 1 FROM FROM '{SECRET}'"),
            table: None,
            order: None,
            time_zone: None,
            status: None,
        };
        let (owners, view) = (Owners::default(), [view]);
        let made =
            create::create(scratch.endpoint(), &scratch.database, &view, &owners, Events::Disabled).await?;
        let failures = made.failures;
        ensure!(failures.len() == 1 && failures[0].message.contains("1064"), "{failures:?}");
        ensure!(!format!("{failures:?}").contains("7731"), "{failures:?}");
        scratch.remove().await?;
    }
    Ok(())
}
