//! A dump is code of whoever wrote it. None of this may have any effect outside the scratch schema.

use anyhow::Result;
use domain::sources::ServerFamily;
use engine::Kind;
use engine::source::inventory::{ObjectKind, StoredObject};
use engine::source::mysql::create::{self, Events};
use engine::source::mysql::owners::Owners;
use engine::source::mysql::scratch::Scratch;
use mysql_async::prelude::Queryable;

use crate::mysql_server::Server;
use crate::mysql_support::{Loading, clock};

#[tokio::test]
async fn a_hostile_dump_has_no_effect() -> Result<()> {
    for server in Server::all().await? {
        let clients = server.clients().await?;
        let mark = server.directory().join("mark");
        let sourced = server.directory().join("sourced.sql");
        std::fs::write(&sourced, "CREATE TABLE sourced (id INT);\n")?;
        server
            .run([
                "CREATE DATABASE victim",
                "CREATE TABLE victim.t (id INT)",
                "INSERT INTO victim.t VALUES (1)",
            ])
            .await?;
        let (mark_text, sourced_text) = (mark.display().to_string(), sourced.display().to_string());
        let lines = [
            format!("\\! touch {mark_text}\n"),
            format!("system touch {mark_text}\n"),
            format!("SELECT 1;\n\\! touch {mark_text}\n"),
            format!("/*!40101 SET @a=1 */;\nsystem touch {mark_text};\n"),
            format!("source {sourced_text}\n"),
            format!("\\. {sourced_text}\n"),
            format!("tee {mark_text}\nSELECT 1;\n"),
            format!("\\T {mark_text}\nSELECT 1;\n"),
            format!("pager touch {mark_text}\nSELECT 1;\n"),
            "edit\n\\e\nSELECT 1;\n".to_owned(),
            "CREATE TABLE stolen (l TEXT); LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE stolen;\n"
                .to_owned(),
            "delimiter //\nCREATE TABLE victim.evil (id INT)//\n".to_owned(),
            "USE victim;\nDROP TABLE t;\n".to_owned(),
            "INSERT INTO victim.t VALUES (2);\n".to_owned(),
            "CREATE DATABASE evil;\n".to_owned(),
            "CREATE USER evil@'%' IDENTIFIED BY 'x';\n".to_owned(),
            "GRANT ALL ON *.* TO CURRENT_USER;\n".to_owned(),
            "CREATE DEFINER=adm@'%' PROCEDURE p() SQL SECURITY DEFINER DELETE FROM victim.t;\nCALL p();\n"
                .to_owned(),
            "CREATE DEFINER=adm@'%' EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM victim.t;\n".to_owned(),
            format!("SELECT 1 INTO OUTFILE '{mark_text}';\n"),
            "SET GLOBAL max_connections=3;\n".to_owned(),
            "SET sql_log_bin=0;\nDELETE FROM victim.t;\n".to_owned(),
            "INSTALL PLUGIN x SONAME 'x.so';\n".to_owned(),
            "connect victim\nDROP TABLE t;\n".to_owned(),
            "\\u victim\nDROP TABLE t;\n".to_owned(),
        ];
        for sandboxed in [true, false] {
            for text in &lines {
                let outer = clients.clone();
                let clients = if sandboxed { outer } else { outer.without_sandbox("for this test") };
                let loading = Loading::on(&server, clients).await?;
                let into = &loading.scratch.database;
                let outcome = loading.load(&mut text.as_bytes()).await;
                let mut conn = server.admin().connect().await?;
                assert!(!mark.exists(), "{text} {outcome:?}");
                let stolen: Option<u64> =
                    conn.query_first(format!("SELECT COUNT(*) FROM {into}.stolen")).await.unwrap_or(None);
                assert_eq!(stolen.unwrap_or(0), 0, "{text}");
                let sourced: Vec<String> =
                    conn.query(format!("SHOW TABLES FROM {into} LIKE 'sourced'")).await?;
                assert!(sourced.is_empty(), "{text}");
                let kept: Vec<u32> = conn.query("SELECT id FROM victim.t").await?;
                assert_eq!(kept, [1], "{text}");
                let tables: Vec<String> = conn.query("SHOW TABLES FROM victim").await?;
                assert_eq!(tables, ["t"], "{text}");
                let evil: Vec<String> = conn.query("SHOW DATABASES LIKE 'evil'").await?;
                assert!(evil.is_empty(), "{text}");
                let evil: Option<u64> =
                    conn.query_first("SELECT COUNT(*) FROM mysql.user WHERE User='evil'").await?;
                assert_eq!(evil, Some(0), "{text}");
                let limit: Option<u64> = conn.query_first("SELECT @@max_connections").await?;
                assert!(limit > Some(3), "{text}");
                conn.disconnect().await?;
                loading.end().await?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_truncated_dump_or_a_stop_does_not_load() -> Result<()> {
    let server = Server::start(ServerFamily::Mariadb, &[]).await?;
    let loading = Loading::on(&server, server.clients().await?).await?;
    // The sealed stream breaks: what was read so far must not be taken for the whole.
    let broken = tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(bytes::Bytes::from_static(b"CREATE TABLE t (id INT);\n")),
        Err(std::io::Error::other("a frame does not open")),
    ]));
    let mut broken = broken;
    let error = loading.load(&mut broken).await.err().unwrap();
    assert_eq!(error.kind(), engine::Kind::Integrity, "{error:?}");
    let error = loading.load(&mut b"SYNTAX ERROR HERE;\n".as_slice()).await.err().unwrap();
    assert!(error.message().contains("1064") && error.message().contains("line 1"), "{error:?}");
    loading.cancel.cancel();
    let error = loading.load(&mut tokio::io::empty()).await.err().unwrap();
    assert_eq!(error.kind(), engine::Kind::Cancelled, "{error:?}");
    loading.end().await?;
    Ok(())
}

/// Between servers of different series texts are not compared, so this must be noticed without comparing.
#[tokio::test]
async fn an_object_whose_text_holds_two_statements_is_refused() -> Result<()> {
    for server in Server::all().await? {
        let scratch = Scratch::create(&server.admin(), "utf8mb4", "utf8mb4_general_ci", &clock()).await?;
        let one = [StoredObject {
            kind: ObjectKind::View,
            name: "one".into(),
            definer: String::new(),
            sql_mode: String::new(),
            character_set_client: "utf8mb4".into(),
            collation: "utf8mb4_general_ci".into(),
            create_sql: "CREATE VIEW one AS SELECT 1".into(),
            table: None,
            order: None,
            time_zone: None,
            status: None,
        }];
        let two = [StoredObject {
            name: "two".into(),
            create_sql: "CREATE VIEW two AS SELECT 1; SET @done=1".into(),
            ..one[0].clone()
        }];
        let (endpoint, database, owners) = (scratch.endpoint(), &scratch.database, Owners::default());
        let made = create::create(endpoint, database, &one, &owners, Events::Disabled).await?;
        assert_eq!(made.failures, []);
        let refused = create::create(endpoint, database, &two, &owners, Events::Disabled).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Integrity);
        scratch.remove().await?;
    }
    Ok(())
}
