//! To whom restored views, triggers, routines and events belong: as chosen, or nothing is made at all.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, ensure};
use domain::{backups::Evidence, definers::Definers, restores::Part, sources::ServerFamily};
use engine::{
    Kind, Retry,
    format::{Codec, keys::Place},
    pipeline::{self, Target, Vault, Wish, native},
    source::mysql::new_database::{Maker, NewDatabase},
};
use mysql_async::prelude::Queryable;
use uuid::Uuid;

use crate::{
    mysql_server::{PASSWORD, Server, database},
    native::request,
    pipeline_support::{self, control, create, local},
};

/// Accounts that own objects, and one that may restore but make nothing for others.
async fn owned(server: &Server) -> Result<()> {
    let quoted = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
    let mut statements = vec![
        format!("CREATE USER 'a`p@p'@'%' IDENTIFIED BY '{quoted}', web@'10.0.%' IDENTIFIED BY '{quoted}'"),
        format!("CREATE USER boss@localhost IDENTIFIED BY '{quoted}', makes@'%' IDENTIFIED BY '{quoted}'"),
        "CREATE DATABASE shop".into(),
        "USE shop".into(),
        "CREATE TABLE t (id INT PRIMARY KEY, n INT)".into(),
        "INSERT INTO t VALUES (1,1),(2,2)".into(),
        "CREATE DEFINER=`a``p@p`@`%` FUNCTION plus(x INT) RETURNS INT DETERMINISTIC RETURN x+1".into(),
        "CREATE DEFINER=web@'10.0.%' PROCEDURE nothing() SQL SECURITY INVOKER BEGIN END".into(),
        "GRANT ALL PRIVILEGES ON shop.* TO 'a`p@p'@'%', web@'10.0.%'".into(),
        // The inner one's owner has no right in the copy, which must not keep the outer one from being made.
        "CREATE ALGORITHM=MERGE DEFINER=`a``p@p`@`%` SQL SECURITY DEFINER VIEW b_inner AS SELECT id, plus(n) AS n FROM t".into(),
        "CREATE DEFINER=web@'10.0.%' VIEW a_outer AS SELECT n FROM b_inner".into(),
        "CREATE DEFINER=adm@'%' VIEW of_adm AS SELECT 1 AS one".into(),
        "CREATE DEFINER=web@'10.0.%' TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n=7".into(),
        "CREATE DEFINER=`a``p@p`@`%` EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2035-01-01 00:00:00' ENABLE DO SET @x=1".into(),
        // As much as a restore needs, and nothing for others.
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, TRIGGER, EVENT, CREATE VIEW, SHOW VIEW, \
         CREATE ROUTINE, ALTER ROUTINE, EXECUTE, LOCK TABLES, CREATE TEMPORARY TABLES, CREATE USER, PROCESS ON *.* TO makes@'%' \
         WITH GRANT OPTION"
            .into(),
    ];
    if server.family == ServerFamily::Mariadb {
        statements.extend(
            [
                "CREATE ROLE keeper",
                "GRANT DELETE HISTORY ON *.* TO makes@'%' WITH GRANT OPTION",
                "CREATE DEFINER=keeper FUNCTION of_role() RETURNS INT DETERMINISTIC RETURN 1",
            ]
            .map(str::to_owned),
        );
    }
    server.run(statements).await
}

/// Who owns what, by `kind name`.
async fn owners(server: &Server, name: &str) -> Result<BTreeMap<String, String>> {
    let mut conn = server.admin().connect().await?;
    let rows: Vec<(String, String)> = conn
        .query(format!(
            "SELECT CONCAT('view ', TABLE_NAME), DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA='{name}' \
             UNION ALL SELECT CONCAT('routine ', ROUTINE_NAME), DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA='{name}' \
             UNION ALL SELECT CONCAT('trigger ', TRIGGER_NAME), DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA='{name}' \
             UNION ALL SELECT CONCAT('event ', EVENT_NAME, ' ', STATUS), DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA='{name}'"
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

async fn restored(
    server: &Server,
    user: &str,
    vault: &Vault,
    place: &Place,
    definers: &Definers,
) -> engine::Result<Evidence> {
    let into = Target {
        endpoint: server.endpoint(user, PASSWORD),
        clients: Arc::new(server.clients().await.unwrap()),
    };
    let (name, maker) = (database("copy"), Maker::new(Uuid::from_u128(7)));
    let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
    let wish = Wish { only: &Part::default(), definers };
    let evidence = pipeline::restore(vault, place, &into, new, wish, &control()).await?;
    new.finish().await?;
    Ok(evidence)
}

fn choice(words: &[&str]) -> Definers {
    Definers::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).unwrap()
}

async fn copies(server: &Server) -> Result<u64> {
    let mut conn = server.admin().connect().await?;
    let sql = "SELECT (SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME='copy') \
               + (SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'hf\\_%')";
    Ok(conn.query_first(sql).await?.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_belong_to_whom_was_chosen() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        owned(&server).await?;
        let before = owners(&server, "shop").await?;
        let native = request(&server, "shop").place;
        let taken = native::NativeRequest { place: native.clone(), ..request(&server, "shop") };
        native::back_up(&vault, &taken, &control()).await?;
        let by_client = pipeline_support::request(&server, "shop", 1, Codec::Zstd);
        let engine = pipeline_support::engine(&server).await?;
        pipeline::backup(&vault, &engine, &by_client, &control()).await?;
        for place in [&native, &by_client.place] {
            // Kept to the letter.
            let evidence = restored(&server, "adm", &vault, place, &Definers::Keep).await?;
            ensure!(evidence.equal, "{}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);
            assert_eq!(owners(&server, "copy").await?, before, "{}", server.family);
            server.run(["DROP DATABASE copy"]).await?;

            // Exchanged: what is not named belongs to whoever restores.
            let map = choice(&["'a`p@p'@% = web@10.0.%", "web@10.0.%=boss@LOCALHOST"]);
            let evidence = restored(&server, "adm", &vault, place, &map).await?;
            ensure!(evidence.equal, "{}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);
            let after = owners(&server, "copy").await?;
            for (what, owner) in &before {
                let expected = match owner.as_str() {
                    "a`p@p@%" => "web@10.0.%",
                    "web@10.0.%" => "boss@localhost",
                    _ => "adm@%",
                };
                let found = after.get(what).map(|owner| owner.to_ascii_lowercase());
                assert_eq!(found.as_deref(), Some(expected), "{what} on {}: {after:?}", server.family);
            }
            server.run(["DROP DATABASE copy"]).await?;

            // Taken off.
            let evidence = restored(&server, "makes", &vault, place, &Definers::Strip).await?;
            ensure!(evidence.equal, "{}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);
            let after = owners(&server, "copy").await?;
            ensure!(
                after.len() == before.len() && after.values().all(|owner| owner == "makes@%"),
                "{after:?}"
            );
            server.run(["DROP DATABASE copy"]).await?;
        }
        // A verification gives nobody anything, whoever owns what at the source.
        server.run(["DROP USER web@'10.0.%', 'a`p@p'@'%'"]).await?;
        let into = Target { endpoint: server.admin(), clients: Arc::new(server.clients().await?) };
        let evidence = pipeline::verify(&vault, &native, &into, &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_would_not_let_happen_is_said_before_anything_is_made() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        owned(&server).await?;
        let taken = request(&server, "shop");
        native::back_up(&vault, &taken, &control()).await?;
        let refused = async |user: &str, definers: Definers| -> Result<String> {
            let error = restored(&server, user, &vault, &taken.place, &definers).await.unwrap_err();
            assert_eq!((error.kind(), error.retry()), (Kind::Input, Retry::Never), "{error:?}");
            assert_eq!(copies(&server).await?, 0, "{error:?}");
            Ok(format!("{} {}", error.message(), error.advice().unwrap_or_default()))
        };
        let right = match server.family {
            ServerFamily::Mariadb => "GRANT SET USER ON *.* TO 'makes'@'%'",
            ServerFamily::Mysql => "GRANT SET_ANY_DEFINER ON *.* TO 'makes'@'%'",
        };
        for definers in [Definers::Keep, choice(&["web@10.0.%=boss@localhost"])] {
            let said = refused("makes", definers).await?;
            ensure!(said.contains("may not make objects that belong to") && said.contains(right), "{said}");
        }
        // Whoever it maps to itself needs nothing for it.
        let own = choice(&["web@10.0.%=makes@%"]);
        let evidence = restored(&server, "makes", &vault, &taken.place, &own).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        server.run(["DROP DATABASE copy"]).await?;

        // With exactly the right that was asked for it may.
        server.run([right]).await?;
        let given = choice(&["web@10.0.%=boss@localhost"]);
        let evidence = restored(&server, "makes", &vault, &taken.place, &given).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        server.run(["DROP DATABASE copy"]).await?;

        let said = refused("adm", choice(&["web@10.0.%=nobody@%"])).await?;
        ensure!(said.contains("the server has no account nobody@%"), "{said}");
        let said = refused("adm", choice(&["wbe@10.0.%=boss@localhost"])).await?;
        ensure!(said.contains("belongs to wbe@10.0.%") && said.contains("web@10.0.%"), "{said}");
        server.run(["DROP USER web@'10.0.%'"]).await?;
        let said = refused("adm", Definers::Keep).await?;
        ensure!(said.contains("the server has no account web@10.0.%"), "{said}");

        if server.family == ServerFamily::Mysql {
            server
                .run(["GRANT SYSTEM_USER ON *.* TO boss@localhost", "GRANT SELECT ON mysql.* TO makes@'%'"])
                .await?;
            let said = refused("makes", choice(&["web@10.0.%=boss@localhost"])).await?;
            ensure!(said.contains("boss@localhost is an account of the system"), "{said}");
        }
    }
    Ok(())
}
