//! Starts that follow one of which nobody knows how it ended, and servers that look alike.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use domain::{restores::Selection, sources::ServerFamily, tenancy::Route};
use engine::{
    Kind, Retry,
    pipeline::{
        Control, Fence,
        tenant_restore::{Applied, RestorePlace},
    },
};

use crate::{
    mysql_server::Server,
    pipeline_support::control,
    tenant_calls::Rows,
    tenant_restore_scene::{Scene, damage},
};

/// An earlier start may have done it.
#[derive(Default)]
struct Doubt {
    is_not_done: AtomicBool,
}

#[async_trait]
impl Fence for Doubt {
    async fn check(&self) -> engine::Result<()> {
        Ok(())
    }
    fn may_be_done(&self) -> bool {
        true
    }
    async fn is_not_done(&self) -> engine::Result<()> {
        self.is_not_done.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Applies or undoes in doubt; says too whether it was found that nothing had been done.
async fn in_doubt(
    scene: &Scene,
    place: &RestorePlace,
    digest: &str,
    undo: bool,
) -> (engine::Result<Applied>, bool) {
    let doubt = Arc::new(Doubt::default());
    let control = Control { fence: doubt.clone(), ..control() };
    let rows = scene.rows();
    let result = if undo {
        rows.undo(place, digest, &control).await
    } else {
        rows.apply(place, digest, &control).await
    };
    (result, doubt.is_not_done.load(Ordering::SeqCst))
}

/// Somebody works with a row of the tenant that the restore does not change, or stops doing so.
async fn other_row(scene: &Scene, words: &str) -> Result<()> {
    scene.server.run([format!("UPDATE grc.answer SET words='{words}' WHERE risk=7020 AND number=0")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_start_did_is_found_out_although_other_rows_have_moved_on() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let digest = &difference.digest;

        // It had done nothing, and the rows have moved on: refused, and said that nothing was done.
        other_row(&scene, "later").await?;
        let before = scene.state(true).await?;
        let (result, is_not_done) = in_doubt(&scene, &place, digest, false).await;
        ensure!(result.as_ref().is_err_and(|error| error.kind() == Kind::Input) && is_not_done, "{result:?}");
        assert_eq!(scene.state(true).await?, before);
        other_row(&scene, "answer 0").await?;
        // It had done nothing: it is done now.
        let (result, is_not_done) = in_doubt(&scene, &place, digest, false).await;
        ensure!(!result?.already && is_not_done);
        // It had done it.
        let after = scene.state(true).await?;
        let (result, is_not_done) = in_doubt(&scene, &place, digest, false).await;
        ensure!(result?.already && !is_not_done);
        // It had done it, and the rows have moved on.
        other_row(&scene, "later").await?;
        let moved = scene.state(true).await?;
        let (result, is_not_done) = in_doubt(&scene, &place, digest, false).await;
        ensure!(result?.already && !is_not_done);
        // The same of an undo: first nothing was done, in the end it was.
        let (result, is_not_done) = in_doubt(&scene, &place, digest, true).await;
        ensure!(result.as_ref().is_err_and(|error| error.kind() == Kind::Input) && is_not_done, "{result:?}");
        assert_eq!(scene.state(true).await?, moved);
        other_row(&scene, "answer 0").await?;
        assert_eq!(scene.state(true).await?, after);
        ensure!(!scene.undo(&place, digest).await?.already);
        other_row(&scene, "later").await?;
        let (result, is_not_done) = in_doubt(&scene, &place, digest, true).await;
        ensure!(result?.already && !is_not_done);
        assert_eq!(scene.state(true).await?, before);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_tell_are_not_made_to() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        let row = Selection::Rows { table: "control".into(), keys: vec![vec!["7030".into()]] };
        let (place, difference) = scene.plan(row).await?;
        scene.apply(&place, &difference.digest).await?;
        scene.server.run(["UPDATE grc.control SET title='by hand' WHERE id=7030"]).await?;
        let before = scene.state(true).await?;
        for undo in [false, true] {
            let (result, is_not_done) = in_doubt(&scene, &place, &difference.digest, undo).await;
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.retry(), is_not_done), (Kind::Unsure, Retry::Never, false));
        }
        assert_eq!(scene.state(true).await?, before);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_looks_alike_is_not_the_one_that_was_previewed() -> Result<()> {
    let scene = Scene::on(Server::start(ServerFamily::Mariadb, &[]).await?).await?;
    // The same server id, the same rows, the same damage.
    let twin = Scene::on(Server::start(ServerFamily::Mariadb, &[]).await?).await?;
    for server in [&scene.server, &twin.server] {
        server.run(damage()).await?;
    }
    let (before, here) = (twin.state(true).await?, scene.state(true).await?);
    let (place, difference) = scene.plan(Selection::Everything).await?;
    let (there, digest) = (Rows { live: twin.server.admin(), ..scene.rows() }, &difference.digest);
    let error = there.apply(&place, digest, &control()).await.unwrap_err();
    ensure!(error.to_string().contains("another server"), "{error}");
    assert_eq!(twin.state(true).await?, before);
    scene.apply(&place, digest).await?;
    let error = there.undo(&place, digest, &control()).await.unwrap_err();
    ensure!(error.to_string().contains("another server"), "{error}");
    assert_eq!(twin.state(true).await?, before);
    scene.undo(&place, digest).await?;
    assert_eq!(scene.state(true).await?, here);
    Ok(())
}

/// Somebody has confirmed another route of a table since the preview.
#[derive(Default)]
struct Rerouted {
    asked: Mutex<Vec<(String, Route)>>,
    is_passed: AtomicBool,
}

#[async_trait]
impl Fence for Rerouted {
    async fn check(&self) -> engine::Result<()> {
        self.is_passed.store(true, Ordering::SeqCst);
        Ok(())
    }
    async fn check_routes(&self, routes: &[(&str, &Route)]) -> engine::Result<()> {
        let routes = routes.iter().map(|(table, route)| ((*table).to_owned(), (*route).clone()));
        self.asked.lock().unwrap().extend(routes);
        Err(engine::Error::new(Kind::Input, "change rows", "a table is led another way"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_changed_since_the_preview_takes_everything_back_at_the_last_moment() -> Result<()> {
    for scene in Scene::all().await? {
        scene.server.run(damage()).await?;
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let digest = &difference.digest;
        let rows = scene.rows();
        for undo in [false, true] {
            let (own, others) = (scene.state(true).await?, scene.state(false).await?);
            let fence = Arc::new(Rerouted::default());
            let control = Control { fence: fence.clone(), ..control() };
            let result = if undo {
                rows.undo(&place, digest, &control).await
            } else {
                rows.apply(&place, digest, &control).await
            };
            let error = result.unwrap_err();
            ensure!(error.kind() == Kind::Input && error.message().contains("led another way"), "{error}");
            ensure!(!fence.is_passed.load(Ordering::SeqCst), "nobody may take it for possibly done");
            let asked = fence.asked.lock().unwrap().clone();
            let mut tables: Vec<_> = asked.iter().map(|(table, _)| table.as_str()).collect();
            tables.sort_unstable();
            assert_eq!(tables, ["answer", "control", "event", "risk", "token"], "every table of the set");
            ensure!(asked.iter().all(|(_, route)| route.leads_to_tenants()), "{asked:?}");
            assert_eq!((scene.state(true).await?, scene.state(false).await?), (own, others));
            // Once the routes are what they were, the same set is good.
            if !undo {
                scene.apply(&place, digest).await?;
            }
        }
    }
    Ok(())
}
