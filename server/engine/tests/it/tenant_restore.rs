//! A tenant's rows put back into the live database: what is shown is what is done, and undone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Result, ensure};
use domain::restores::{Cell, Selection, TenantRestore};
use engine::pipeline::{
    native,
    tenant_restore::{self, Applied, ChangeKind, RestorePlace, changed_rows},
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::{Server, database},
    native::{exact, request},
    pipeline_support::{control, create, examples, local},
    tenant_calls::{Rows, anew},
    tenant_restore_scene::{Scene, damage, seven, shown},
};

fn row(table: &str, inserts: u64, updates: u64, deletes: u64) -> (String, u64, u64, u64) {
    (table.into(), inserts, updates, deletes)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_is_done_while_others_write_and_undone_exactly() -> Result<()> {
    for scene in Scene::all().await? {
        let (good, others) = (scene.state(true).await?, scene.state(false).await?);
        scene.server.run(damage()).await?;
        let bad = scene.state(true).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn(write(scene.server.admin(), Arc::clone(&stop)));

        let (place, difference) = scene.plan(Selection::Everything).await?;
        assert_eq!(
            shown(&difference),
            [
                row("answer", 20, 0, 1),
                row("control", 10, 12, 1),
                row("event", 2, 0, 3),
                row("risk", 5, 10, 1),
                row("token", 11, 0, 0),
            ],
            "{}",
            scene.server.family
        );
        ensure!(difference.obstacles.is_empty() && difference.is_applicable(), "{difference:#?}");
        ensure!(
            difference.remarks.iter().any(|remark| remark.starts_with("1 shared tables")),
            "{difference:#?}"
        );

        let page = changed_rows(&scene.vault, &place, &seven(), "control", None, 5).await?;
        assert_eq!((page.key.as_slice(), page.rows.len(), page.next), (&["id".to_owned()][..], 5, Some(5)));
        let mut all = page.rows;
        let mut next = page.next;
        while let Some(after) = next {
            let page = changed_rows(&scene.vault, &place, &seven(), "control", Some(after), 5).await?;
            all.extend(page.rows);
            next = page.next;
        }
        assert_eq!(all.len(), 23);
        let of = |kind| all.iter().filter(|row| row.kind == kind).count();
        assert_eq!((of(ChangeKind::Insert), of(ChangeKind::Update), of(ChangeKind::Delete)), (10, 12, 1));
        ensure!(all.iter().all(|row| row.old.is_some() != (row.kind == ChangeKind::Insert)));
        ensure!(all.iter().all(|row| row.new.is_some() != (row.kind == ChangeKind::Delete)));
        let changed = all.iter().find(|row| row.old.as_ref().is_some_and(|old| old[0] == text("7031")));
        let changed = changed.and_then(|row| Some((row.old.clone()?, row.new.clone()?))).unwrap();
        assert_eq!(changed.0[7], Cell::Null);
        assert_eq!(changed.1[8], Cell::Binary { hex: "E4F6".into(), length: 2 });
        ensure!(
            matches!(&changed.1[2], Cell::Text { text, .. } if text.starts_with("it's \\ 😀 \n(31)")),
            "{changed:?}"
        );

        let applied = scene.apply(&place, &difference.digest).await?;
        assert_eq!(applied, Applied { rows: difference.changes(), tables: 5, already: false });
        assert_eq!(scene.state(true).await?, good, "{}", scene.server.family);
        // A second time: the answer of the first may have been lost.
        ensure!(scene.apply(&place, &difference.digest).await?.already);
        let undone = scene.undo(&place, &difference.digest).await?;
        ensure!(!undone.already && undone.rows == applied.rows);
        assert_eq!(scene.state(true).await?, bad);
        ensure!(scene.undo(&place, &difference.digest).await?.already);

        stop.store(true, Ordering::Release);
        let written = writer.await??;
        ensure!(written > 0);
        scene
            .server
            .run([
                "DELETE FROM grc.event WHERE what='written'",
                "UPDATE grc.control SET paid=0.0625 WHERE id=8000",
            ])
            .await?;
        scene.server.run(["UPDATE grc.control SET changed='2024-01-02 03:04:05' WHERE id=8000"]).await?;
        assert_eq!(normal(scene.state(false).await?), normal(others));
    }
    Ok(())
}

fn text(value: &str) -> Cell {
    Cell::Text { text: value.into(), length: value.len() as u64 }
}

/// `paid` of one row is the writer's.
fn normal(mut state: crate::tenant_restore_scene::State) -> crate::tenant_restore_scene::State {
    if let Some(rows) = state.get_mut("control") {
        rows.retain(|row| !row.contains("R-8000"));
    }
    state
}

/// Writes rows of tenant 8 until it is told to stop.
async fn write(endpoint: engine::source::mysql::connect::Endpoint, stop: Arc<AtomicBool>) -> Result<u64> {
    let mut conn = endpoint.connect().await?;
    let mut written = 0;
    while !stop.load(Ordering::Acquire) || written == 0 {
        conn.query_drop("INSERT INTO grc.event VALUES (8,'written',1,b'1',X'00')").await?;
        conn.query_drop(format!("UPDATE grc.control SET paid={written} WHERE id=8000")).await?;
        written += 1;
    }
    conn.disconnect().await?;
    Ok(written)
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_rows_can_be_chosen() -> Result<()> {
    for scene in Scene::all().await? {
        let good = scene.state(true).await?;
        scene.server.run(damage()).await?;
        let bad = scene.state(true).await?;
        let tables = Selection::Tables { tables: vec!["token".into(), "event".into()] };
        let (place, difference) = scene.plan(tables).await?;
        assert_eq!(shown(&difference), [row("event", 2, 0, 3), row("token", 11, 0, 0)]);
        scene.apply(&place, &difference.digest).await?;
        let now = scene.state(true).await?;
        assert_eq!((&now["token"], &now["event"]), (&good["token"], &good["event"]));
        assert_eq!((&now["control"], &now["risk"]), (&bad["control"], &bad["risk"]));

        let keys = ["7031", "7032", "7033"].map(|key| vec![key.to_owned()]).to_vec();
        let (place, difference) = scene.plan(Selection::Rows { table: "control".into(), keys }).await?;
        assert_eq!(shown(&difference), [row("control", 0, 3, 0)]);
        scene.apply(&place, &difference.digest).await?;
        assert_eq!(
            scene.count("SELECT COUNT(*) FROM grc.control WHERE body IS NULL AND TenantId=7").await?,
            8
        );
        scene.undo(&place, &difference.digest).await?;
        assert_eq!(scene.state(true).await?["control"], bad["control"]);

        let keys = vec![vec!["7010".into(), "1".into()]];
        let (place, difference) = scene.plan(Selection::Rows { table: "answer".into(), keys }).await?;
        assert_eq!(shown(&difference), [row("answer", 1, 0, 0)]);
        scene.apply(&place, &difference.digest).await?;

        for (selection, part) in [
            (Selection::Tables { tables: vec!["country".into()] }, "no rows of tenants"),
            (Selection::Tables { tables: vec!["nix".into()] }, "no table nix"),
            (Selection::Rows { table: "answer".into(), keys: vec![vec!["1".into()]] }, "has 2 columns"),
            (Selection::Rows { table: "event".into(), keys: vec![vec!["1".into()]] }, "no primary key"),
        ] {
            let error = scene.plan(selection).await.unwrap_err();
            ensure!(error.to_string().contains(part), "{error}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_databases_get_a_tenant_back() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        for name in examples(&server, 0.02).await? {
            let request = request(&server, name);
            native::back_up(&vault, &request, &control()).await?;
            let good = exact(&server, name).await?;
            let changed = harm(&server, name).await?;
            ensure!(changed > 3, "{changed} statements changed something in {name}");
            let bad = exact(&server, name).await?;
            ensure!(bad != good);
            let (at, control) = (anew(&request.place), control());
            let rows = Rows { vault: &vault, live: server.admin(), name, tenant: seven() };
            let difference = rows.plan(&request.place, Selection::Everything, &at, &control).await?;
            ensure!(difference.is_applicable(), "{} {name}: {difference:#?}", server.family);
            println!(
                "{} {name}: {} changes, {} of {} bytes read, {:?}",
                server.family,
                difference.changes(),
                difference.bytes_read,
                difference.bytes_whole,
                difference.remarks
            );
            let digest = &difference.digest;
            let applied = rows.apply(&at, digest, &control).await?;
            assert_eq!(applied.rows, difference.changes());
            let now = exact(&server, name).await?;
            for (table, sum) in &good.tables {
                assert_eq!(now.tables.get(table), Some(sum), "{} {name}.{table}", server.family);
            }
            rows.undo(&at, digest, &control).await?;
            assert_eq!(exact(&server, name).await?.tables, bad.tables);
        }
    }
    Ok(())
}

/// Deletes some of tenant 7's rows in every table that has its column and lets them go, and none of another's.
async fn harm(server: &Server, name: &str) -> Result<u64> {
    let mut conn = server.admin().connect().await?;
    let tables: Vec<(String, String)> = conn
        .exec(
            "SELECT c.TABLE_NAME, MAX(k.COLUMN_NAME) FROM information_schema.COLUMNS c \
             JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA=c.TABLE_SCHEMA AND k.TABLE_NAME=c.TABLE_NAME \
             AND k.CONSTRAINT_NAME='PRIMARY' \
             JOIN information_schema.TABLES t ON t.TABLE_SCHEMA=c.TABLE_SCHEMA AND t.TABLE_NAME=c.TABLE_NAME \
             AND t.TABLE_TYPE='BASE TABLE' \
             WHERE c.TABLE_SCHEMA=? AND c.COLUMN_NAME='TenantId' AND c.TABLE_NAME NOT IN \
             (SELECT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA=?) \
             AND c.TABLE_NAME NOT IN (SELECT REFERENCED_TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS \
             WHERE CONSTRAINT_SCHEMA=?) GROUP BY c.TABLE_NAME ORDER BY c.TABLE_NAME",
            (name, name, name),
        )
        .await?;
    let mut changed = 0;
    for (table, key) in tables {
        let sql = format!("DELETE FROM `{name}`.`{table}` WHERE TenantId=7 ORDER BY `{key}` LIMIT 3");
        if conn.query_drop(sql).await.is_ok() && conn.affected_rows() > 0 {
            changed += 1;
        }
    }
    conn.disconnect().await?;
    Ok(changed)
}

/// What a job of the control plane runs must be able to move between threads.
#[expect(dead_code, reason = "checked when it is compiled")]
fn futures_can_be_tasks(scene: &'static Scene, wish: &'static TenantRestore, at: &'static RestorePlace) {
    fn task<T: Send + 'static>(_future: impl Future<Output = T> + Send + 'static) {}
    task(async move {
        let (live, name) = (scene.server.admin(), database("grc"));
        let (vault, control) = (&scene.vault, control());
        tenant_restore::plan_tenant_restore(vault, &scene.backup, wish, &live, &name, at, &control).await?;
        changed_rows(vault, at, &wish.tenant, "t", None, 1).await?;
        tenant_restore::apply_tenant_restore(vault, at, &wish.tenant, "", &live, &name, &control).await?;
        tenant_restore::undo_tenant_restore(vault, at, &wish.tenant, "", &live, &name, &control).await?;
        tenant_restore::forget_tenant_restore(vault, at, &wish.tenant).await
    });
}
