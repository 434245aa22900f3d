//! What must stop a tenant's restore, and that then nothing was changed.

use std::sync::Arc;

use anyhow::{Result, ensure};
use domain::{
    restores::{Obstacle, Selection},
    sources::ServerFamily,
    tenancy::TenantKey,
};
use engine::{
    Kind,
    pipeline::{Control, list, sweep_attempt, tenant_restore},
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::Server,
    pipeline_support::{control, objects},
    tenant_calls::Rows,
    tenant_restore_scene::{NAME, Scene, damage, stopping_at},
};

fn says(obstacles: &[Obstacle], table: &str, part: &str) -> bool {
    obstacles.iter().any(|obstacle| obstacle.table == table && obstacle.what.contains(part))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_since_is_refused() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        // Another tenant's rows are nobody's business here.
        scene.server.run(["UPDATE grc.control SET title='other' WHERE id=8001"]).await?;
        scene.server.run(["UPDATE grc.answer SET words='late' WHERE risk=7020 AND number=0"]).await?;
        let before = scene.state(true).await?;
        let error = scene.apply(&place, &difference.digest).await.unwrap_err();
        ensure!(error.to_string().contains("has changed since the preview: answer"), "{error}");
        assert_eq!(scene.state(true).await?, before);
        scene.server.run(["UPDATE grc.answer SET words='answer 0' WHERE risk=7020 AND number=0"]).await?;
        scene.apply(&place, &difference.digest).await?;
        scene.server.run(["INSERT INTO grc.event VALUES (7,'late',1,b'1',X'00')"]).await?;
        let before = scene.state(true).await?;
        let error = scene.undo(&place, &difference.digest).await.unwrap_err();
        ensure!(error.to_string().contains("has changed since the restore: event"), "{error}");
        assert_eq!(scene.state(true).await?, before);

        let (place, difference) = scene.plan(Selection::Everything).await?;
        scene.server.run(["ALTER TABLE grc.token ADD extra INT"]).await?;
        let error = scene.apply(&place, &difference.digest).await.unwrap_err();
        ensure!(error.to_string().contains("table token has changed"), "{error}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn obstacles_are_found_beforehand() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        scene
            .server
            .run([
                // Another tenant took a primary key, another a unique value.
                "INSERT INTO grc.control (id,TenantId,title,ref) VALUES (7050,8,'taken','T-1'),(8900,8,'taken','R-7051')",
                // A row of another tenant refers to what would be deleted.
                "INSERT INTO grc.risk (id,control,parent) VALUES (8900,8001,7900)",
                // A shared row that a lost row refers to is gone.
                "SET foreign_key_checks=0",
            ])
            .await?;
        let mut conn = scene.server.admin().connect().await?;
        conn.query_drop("SET foreign_key_checks=0").await?;
        conn.query_drop("DELETE FROM grc.country WHERE code='DE'").await?;
        conn.query_drop("ALTER TABLE grc.token ADD extra INT").await?;
        conn.disconnect().await?;
        let before = scene.state(true).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let found = &difference.obstacles;
        assert_eq!(difference.foreign_rows, 1, "{found:#?}");
        ensure!(says(found, "control", "1 rows of others have the primary key"), "{found:#?}");
        ensure!(says(found, "control", "unique key ref"), "{found:#?}");
        ensure!(
            says(found, "control", "would refer to 1 rows of country that do not exist (fk_control_country)"),
            "{found:#?}"
        );
        ensure!(
            says(found, "risk", "1 rows of risk refer to rows that would be deleted (fk_risk_parent)"),
            "{found:#?}"
        );
        ensure!(says(found, "token", "columns were added since the backup: extra int"), "{found:#?}");
        assert_eq!(found.len(), 5, "{found:#?}");
        ensure!(!difference.is_applicable());
        ensure!(scene.apply(&place, &difference.digest).await.is_err());
        assert_eq!(scene.state(true).await?, before);

        // A table alone, whose rows refer to rows that are gone too.
        let (_, difference) = scene.plan(Selection::Tables { tables: vec!["answer".into()] }).await?;
        ensure!(
            says(&difference.obstacles, "answer", "would refer to 5 rows of risk that do not exist"),
            "{difference:#?}"
        );
        let (_, difference) = scene.plan(Selection::Tables { tables: vec!["risk".into()] }).await?;
        ensure!(
            says(&difference.obstacles, "risk", "of answer refer to rows that would be deleted"),
            "{difference:#?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_announced_and_what_they_spoil_is_taken_back() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        scene
            .server
            .run([
                "CREATE TABLE grc.seen (n INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(20))",
                "CREATE TRIGGER grc.watch AFTER UPDATE ON grc.control FOR EACH ROW INSERT INTO grc.seen (what) VALUES ('update')",
            ])
            .await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        ensure!(difference.remarks.iter().any(|remark| remark.contains("watch")), "{difference:#?}");
        // Rows that exchange unique values cannot be updated in place.
        let before = scene.state(true).await?;
        let error = scene.apply(&place, &difference.digest).await.unwrap_err();
        ensure!(error.to_string().contains("1062") || error.to_string().contains("Duplicate"), "{error}");
        assert_eq!(scene.state(true).await?, before);
        assert_eq!(scene.count("SELECT COUNT(*) FROM grc.seen").await?, 0);
        scene
            .server
            .run([
                "UPDATE grc.control SET ref='X-1' WHERE id=7040",
                "UPDATE grc.control SET ref='X-2' WHERE id=7041",
                "DELETE FROM grc.seen",
            ])
            .await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        scene.apply(&place, &difference.digest).await?;
        assert_eq!(scene.count("SELECT COUNT(*) FROM grc.seen").await?, 12, "updates are updates");

        scene
            .server
            .run([
                "UPDATE grc.control SET title='again' WHERE id=7001",
                "CREATE TRIGGER grc.spoil BEFORE UPDATE ON grc.control FOR EACH ROW SET NEW.title='spoiled'",
            ])
            .await?;
        let before = scene.state(true).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let error = scene.apply(&place, &difference.digest).await.unwrap_err();
        ensure!(error.to_string().contains("control (triggers spoil, watch)"), "{error}");
        assert_eq!(scene.state(true).await?, before);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_or_cut_anywhere_it_is_all_or_nothing() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        let before = scene.state(true).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        for phase in ["open", "read", "lock", "remove", "half", "add", "check", "commit"] {
            let error =
                scene.rows().apply(&place, &difference.digest, &stopping_at(phase)).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Cancelled, "{phase}: {error}");
            assert_eq!(scene.state(true).await?, before, "{phase}");
        }
        for phase in ["half", "check", "commit"] {
            let error =
                scene.rows().apply(&place, &difference.digest, &cutting_at(&scene, phase)).await.unwrap_err();
            assert_eq!(error.retry(), engine::Retry::Later, "{phase}: {error:?}");
            // Only from here on it cannot be told by the answer that is missing.
            assert_eq!(error.kind() == Kind::Unsure, phase == "commit", "{phase}: {error:?}");
            assert_eq!(scene.state(true).await?, before, "{phase}");
        }
        // Nobody waits for it any more.
        let dropped = control();
        let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
        let listening = Control {
            progress: Arc::new(move |progress| {
                if progress.phase == "half" {
                    let _ = told.send(());
                }
            }),
            ..dropped
        };
        let rows = scene.rows();
        tokio::select! {
            _ = telling.recv() => {}
            result = rows.apply(&place, &difference.digest, &listening) => ensure!(result.is_ok(), "{result:?}"),
        }
        let after = scene.state(true).await?;
        let applied = scene.apply(&place, &difference.digest).await?;
        ensure!(applied.already || after == before);
    }
    Ok(())
}

/// Cuts every connection of ours at the server when the job comes to a phase.
fn cutting_at(scene: &Scene, phase: &'static str) -> Control {
    let endpoint = scene.server.admin();
    Control {
        progress: Arc::new(move |progress| {
            if progress.phase != phase {
                return;
            }
            let endpoint = endpoint.clone();
            let cut = async move {
                let mut conn = endpoint.connect().await?;
                let own: u64 = conn.query_first("SELECT CONNECTION_ID()").await?.unwrap_or(0);
                let rows: Vec<mysql_async::Row> = conn.query("SHOW PROCESSLIST").await?;
                let ids = rows
                    .iter()
                    .filter(|row| row.get::<Option<String>, _>(3).flatten().as_deref() == Some(NAME))
                    .filter_map(|row| row.get::<u64, _>(0))
                    .filter(|id| *id != own);
                for id in ids {
                    conn.query_drop(format!("KILL {id}")).await?;
                }
                conn.disconnect().await?;
                anyhow::Ok(())
            };
            tokio::runtime::Handle::current().block_on(cut).unwrap();
        }),
        ..control()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_set_another_tenant_or_altered_bytes_are_refused() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        let before = scene.state(true).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let (_, other) = scene.plan(Selection::Tables { tables: vec!["event".into()] }).await?;
        let error = scene.apply(&place, &other.digest).await.unwrap_err();
        ensure!(error.to_string().contains("another change set"), "{error}");
        let again = scene.plan(Selection::Everything).await?.1;
        assert_eq!(again.digest, difference.digest, "the same difference has the same digest");
        let eight = Rows { tenant: TenantKey::new("8")?, ..scene.rows() };
        let error = eight.apply(&place, &difference.digest, &control()).await.unwrap_err();
        ensure!(error.to_string().contains("there is none of this restore and tenant 8"), "{error}");

        let folder = scene.directory.path().join("v1/tenant-7");
        for (path, bytes) in objects(&folder)? {
            if !path.to_string_lossy().contains(&place.restore.to_string()) {
                continue;
            }
            for at in [bytes.len() / 3, bytes.len() / 2] {
                let mut altered = bytes.clone();
                altered[at] ^= 1;
                std::fs::write(&path, &altered)?;
                let error = scene.apply(&place, &difference.digest).await.unwrap_err();
                ensure!(matches!(error.kind(), Kind::Integrity | Kind::Format), "{path:?} {at}: {error:?}");
            }
            std::fs::write(&path, &bytes)?;
        }
        assert_eq!(scene.state(true).await?, before);
        let swept = sweep_attempt(&scene.vault, &place.place(&crate::tenant_restore_scene::seven())).await?;
        assert_eq!(swept, 0, "a change set that may still be needed is nobody's leftover");
        ensure!(list(&scene.vault).await?.iter().all(|backup| backup.backup == scene.backup.backup));
        scene.apply(&place, &difference.digest).await?;
        tenant_restore::forget_tenant_restore(&scene.vault, &place, &crate::tenant_restore_scene::seven())
            .await?;
        let error = scene.undo(&place, &difference.digest).await.unwrap_err();
        ensure!(error.to_string().contains("there is none of this restore"), "{error}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_live_server_is_set_to_makes_no_difference() -> Result<()> {
    let settings = [
        "--sql-mode=STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_BACKSLASH_ESCAPES,ANSI_QUOTES",
        "--default-time-zone=+05:00",
        "--character-set-server=latin1",
        "--autocommit=0",
    ];
    let mut servers = vec![Server::start(ServerFamily::Mariadb, &settings).await?];
    if Server::has_mysql() {
        servers.push(Server::start(ServerFamily::Mysql, &settings).await?);
    }
    for server in servers {
        // Those who fill it write what they mean to keep.
        server.run(["SET GLOBAL autocommit=1"]).await?;
        let scene = Scene::on(server).await?;
        let (sound, others) = (scene.state(true).await?, scene.state(false).await?);
        scene.server.run(damage()).await?;
        let harmed = scene.state(true).await?;
        scene.server.run(["SET GLOBAL autocommit=0"]).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        ensure!(difference.is_applicable(), "{difference:#?}");
        scene.apply(&place, &difference.digest).await?;
        assert_eq!((scene.state(true).await?, scene.state(false).await?), (sound, others.clone()));
        scene.undo(&place, &difference.digest).await?;
        assert_eq!((scene.state(true).await?, scene.state(false).await?), (harmed, others));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_only_read_can_compare_and_changes_nothing() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        scene
            .server
            .run([
                "CREATE USER looks@'%' IDENTIFIED BY 'x'",
                "GRANT SELECT ON grc.* TO looks@'%'",
                "CREATE USER half@'%' IDENTIFIED BY 'x'",
                "GRANT SELECT, UPDATE, DELETE ON grc.* TO half@'%'",
            ])
            .await?;
        let before = (scene.state(true).await?, scene.state(false).await?);
        let (place, difference) = scene.plan(Selection::Everything).await?;
        for user in ["looks", "half"] {
            let rows = Rows { live: scene.server.endpoint(user, "x"), ..scene.rows() };
            let error = rows.apply(&place, &difference.digest, &control()).await.unwrap_err();
            println!("{} {user}: {error}", scene.server.family);
            assert_eq!(
                (error.kind(), error.retry()),
                (Kind::Source, engine::Retry::Never),
                "{user}: {error:?}"
            );
            ensure!(error.advice().is_some(), "{user}: {error:?}");
            assert_eq!((scene.state(true).await?, scene.state(false).await?), before, "{user}");
        }
        scene.apply(&place, &difference.digest).await?;
    }
    Ok(())
}
