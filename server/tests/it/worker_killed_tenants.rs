//! Workers that are killed with -9 while they put a tenant's rows back into a live database.
#![cfg(feature = "failpoints")]

use std::{
    os::unix::process::ExitStatusExt as _,
    sync::atomic::{AtomicU32, Ordering},
};

use catalog::{Catalog, Conflict, Error, Run, TenantCatalog};
use domain::{
    RestoreId, RunId,
    access::may,
    backups::{RunKind, RunState},
    restores::{RequestState, Selection, TenantRestore},
    tenancy::TenantKey,
};
use futures::StreamExt as _;

use super::{
    worker_killed::{AT_ONCE, Installed, files, newest, rows},
    worker_world::{source, until},
};

/// While the difference is computed, and while it is applied: with whether the rows were changed already.
const DURING_PLAN: &[&str] = &["tenant.compared", "tenant.planned"];
const DURING_APPLY: &[(&str, bool)] = &[
    ("tenant.locked", false),
    ("tenant.half", false),
    ("tenant.before_commit", false),
    ("tenant.committing", false),
    ("tenant.committed", true),
];

/// An installation with a proven backup, whose tenant 3 somebody has harmed since.
struct Harmed {
    installed: Installed,
    catalog: Catalog,
    database: String,
    restore: RestoreId,
    sound: String,
    spoilt: String,
    others: String,
}

fn sum(database: &str, tenant: &str) -> String {
    source().sql(&format!(
        "SELECT COUNT(*), SUM(CRC32(CONCAT_WS(',', id, title, weight, HEX(body)))) FROM {database}.controls WHERE TenantId {tenant}"
    ))
}

async fn as_person<'c>(catalog: &'c Catalog, name: &str) -> TenantCatalog<'c> {
    let person = catalog.command_line(name).await.unwrap();
    let tenant = person.memberships()[0].tenant_id;
    catalog.tenant(&person.allow::<may::ApproveRestore>(tenant).unwrap())
}

impl Harmed {
    async fn new(point: &str) -> Self {
        // Several tests kill at one point.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("harmed_{number}_{}", point.replace('.', "_"));
        let installed = Installed::new(&database);
        let catalog = installed.catalog().await;
        installed.run(&["backup", "start", "--source", &database, "--wait", "--verify"]);
        let (sound, others) = (sum(&database, "= 3"), sum(&database, "<> 3"));
        source().sql(&format!(
            "USE {database}; DELETE FROM controls WHERE TenantId = 3 AND id < 500; \
             UPDATE controls SET title = 'spoilt' WHERE TenantId = 3 AND id BETWEEN 500 AND 999; \
             INSERT INTO controls VALUES (3, 9999, 'new', 0.5, 'x')"
        ));
        let spoilt = sum(&database, "= 3");
        assert_ne!(spoilt, sound);
        let rows = rows(&catalog).await;
        let backup = newest(&catalog, RunKind::Backup).await.unwrap().backup_id.unwrap();
        let source_id = rows.get_backup(backup).await.unwrap().source_id;
        rows.confirm_map(source_id, 1).await.unwrap();
        let wish = TenantRestore {
            backup_id: backup,
            tenant: TenantKey::new("3").unwrap(),
            selection: Selection::Everything,
        };
        let (restore, _) = rows.plan_restore(&wish).await.unwrap();
        Self { installed, catalog, database, restore, sound, spoilt, others }
    }

    fn is(&self, tenant: &str, point: &str) {
        assert_eq!(sum(&self.database, "= 3"), tenant, "{point}");
        assert_eq!(sum(&self.database, "<> 3"), self.others, "{point}: others");
    }

    /// A worker dies at `point`. Its connection is waited for, because only then is it known what is open and what is
    /// not.
    async fn killed_at(&self, point: &str) {
        let mut doomed = self.installed.worker(Some(point));
        until(&format!("death at {point}"), async || doomed.0.try_wait().unwrap().is_some()).await;
        assert_eq!(doomed.0.wait().unwrap().signal(), Some(9), "{point}");
        let open =
            format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB='{}'", self.database);
        until("the server lets go", async || source().sql(&open).trim() == "0").await;
    }

    async fn ended(&self, run: RunId, point: &str) -> Run {
        until(&format!("the end after {point}"), async || {
            rows(&self.catalog).await.get_run(run).await.unwrap().state.is_finished()
        })
        .await;
        rows(&self.catalog).await.get_run(run).await.unwrap()
    }

    async fn state(&self) -> RequestState {
        rows(&self.catalog).await.get_restore(self.restore).await.unwrap().state
    }

    /// Two people agree to what was planned.
    async fn approve(&self) -> String {
        let restore = rows(&self.catalog).await.get_restore(self.restore).await.unwrap();
        let digest = restore.figures.unwrap().digest;
        as_person(&self.catalog, "ann").await.request_restore(self.restore, &digest, "").await.unwrap();
        as_person(&self.catalog, "bob").await.approve_restore(self.restore, &digest, "").await.unwrap();
        digest
    }

    async fn planning(&self) -> RunId {
        newest(&self.catalog, RunKind::PlanRestore).await.unwrap().id
    }
}

async fn plan_dies_at(point: &str) {
    let scene = Harmed::new(point).await;
    let run = scene.planning().await;
    scene.killed_at(point).await;
    scene.is(&scene.spoilt, point);
    let successor = scene.installed.worker(None);
    let planned = scene.ended(run, point).await;
    assert_eq!((planned.state, planned.starts), (RunState::Completed, 2), "{point}: {:?}", planned.error);
    scene.is(&scene.spoilt, point);
    // What the first start stored of other people's rows is removed; what the second one stored is still good.
    let attempt = rows(&scene.catalog).await.get_restore(scene.restore).await.unwrap().attempt.unwrap();
    let id = scene.restore.to_string();
    let kept = format!("/{attempt}/");
    until(&format!("no leftovers after {point}"), async || {
        let mut objects = Vec::new();
        files(&scene.installed.path("state/vault/v1"), &mut objects);
        let names: Vec<_> = objects.iter().map(|object| object.display().to_string()).collect();
        let own: Vec<_> = names.iter().filter(|name| name.contains(&id)).collect();
        !own.is_empty() && own.iter().all(|name| name.contains(&kept))
    })
    .await;
    let digest = scene.approve().await;
    let run = rows(&scene.catalog).await.apply_restore(scene.restore, &digest).await.unwrap();
    let applied = scene.ended(run, point).await;
    assert_eq!(applied.state, RunState::Completed, "{point}: {:?}", applied.error);
    scene.is(&scene.sound, point);
    drop(successor);
    scene.catalog.close().await;
}

impl Harmed {
    /// Planned, approved, and a worker that died while it applied it.
    async fn apply_died_at(point: &str) -> (Self, RunId, String) {
        let scene = Self::new(point).await;
        let run = scene.planning().await;
        let planner = scene.installed.worker(None);
        let planned = scene.ended(run, point).await;
        assert_eq!(planned.state, RunState::Completed, "{:?}", planned.error);
        drop(planner);
        let digest = scene.approve().await;
        let run = rows(&scene.catalog).await.apply_restore(scene.restore, &digest).await.unwrap();
        scene.killed_at(point).await;
        (scene, run, digest)
    }

    /// Somebody asks a run to stop whose worker has died. Says whether they are told that it is too late.
    async fn is_too_late(&self, run: RunId) -> bool {
        let asked = rows(&self.catalog).await.request_cancel(run).await;
        matches!(asked, Err(Error::Conflict(Conflict::TooLate)))
    }

    /// The application goes on working with the tenant's rows: one that the restore does not touch.
    fn moves_on(&self) {
        source().sql(&format!(
            "UPDATE {}.controls SET title = 'later' WHERE TenantId = 3 AND id = 1004",
            self.database
        ));
    }
}

async fn apply_dies_at(point: &str, done: bool) {
    let (scene, run, digest) = Harmed::apply_died_at(point).await;
    scene.is(if done { &scene.sound } else { &scene.spoilt }, point);

    // Whoever asks it to stop is heard only while it is known that nothing was changed.
    if ["tenant.committing", "tenant.committed"].contains(&point) {
        assert!(scene.is_too_late(run).await, "{point}");
    }

    // The next start tells the truth about what the first one did, and what it did can still be undone.
    let successor = scene.installed.worker(None);
    let applied = scene.ended(run, point).await;
    assert_eq!((applied.state, applied.starts), (RunState::Completed, 2), "{point}: {:?}", applied.error);
    assert_eq!(scene.state().await, RequestState::Applied, "{point}");
    let log = rows(&scene.catalog).await.run_events(run, 0).await.unwrap();
    let said = log.iter().any(|event| event.message.contains("An earlier start had done it"));
    assert_eq!(said, done, "{point}: {log:?}");
    scene.is(&scene.sound, point);
    let run = rows(&scene.catalog).await.undo_restore(scene.restore, &digest).await.unwrap();
    let undone = scene.ended(run, point).await;
    assert_eq!(undone.state, RunState::Completed, "{point}: {:?}", undone.error);
    scene.is(&scene.spoilt, point);
    drop(successor);
    scene.catalog.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_compares_a_tenant_leaves_a_plan_that_can_be_applied() {
    futures::stream::iter(DURING_PLAN)
        .for_each_concurrent(AT_ONCE, async |point| plan_dies_at(point).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_changes_a_tenant_leaves_all_of_it_or_nothing() {
    futures::stream::iter(DURING_APPLY)
        .for_each_concurrent(AT_ONCE, async |(point, done)| apply_dies_at(point, *done).await)
        .await;
}

async fn moved_on_after(point: &'static str, done: bool) {
    let (scene, run, digest) = Harmed::apply_died_at(point).await;
    scene.moves_on();
    let now = sum(&scene.database, "= 3");
    assert!(scene.is_too_late(run).await, "{point}");
    let successor = scene.installed.worker(None);
    let ended = scene.ended(run, point).await;
    // It changed nothing, whatever it found; what it found is what is said.
    scene.is(&now, point);
    let restore = rows(&scene.catalog).await.get_restore(scene.restore).await.unwrap();
    if done {
        assert_eq!(ended.state, RunState::Completed, "{:?}", ended.error);
        assert_eq!((restore.state, restore.is_unsure), (RequestState::Applied, false), "{point}");
        // What is needed to undo it is still there: once the row is as it was, it can be.
        let undo = rows(&scene.catalog).await.undo_restore(scene.restore, &digest).await.unwrap();
        let refused = scene.ended(undo, point).await;
        assert_eq!(refused.state, RunState::Failed);
        assert_eq!(scene.state().await, RequestState::Applied, "{point}");
        source().sql(&format!(
            "UPDATE {}.controls SET title = CONCAT('Control 1004 ', _utf8mb4 X'F09F9492') WHERE TenantId = 3 AND id = 1004",
            scene.database
        ));
        scene.is(&scene.sound, point);
        let undo = rows(&scene.catalog).await.undo_restore(scene.restore, &digest).await.unwrap();
        let undone = scene.ended(undo, point).await;
        assert_eq!(undone.state, RunState::Completed, "{:?}", undone.error);
        scene.is(&scene.spoilt, point);
    } else {
        assert_eq!(
            (ended.state, restore.state),
            (RunState::Failed, RequestState::Failed),
            "{:?}",
            ended.error
        );
        assert!(ended.error.unwrap().message.contains("has changed since the preview: controls"), "{point}");
    }
    drop(successor);
    scene.catalog.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_did_is_found_out_although_the_tenant_goes_on_working() {
    tokio::join!(moved_on_after("tenant.committed", true), moved_on_after("tenant.committing", false));
}

/// One that was asked to stop before it changed anything has changed nothing, and is over at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_that_was_asked_to_stop_in_time_is_not_started_again() {
    let point = "tenant.half";
    let (scene, run, _) = Harmed::apply_died_at(point).await;
    rows(&scene.catalog).await.request_cancel(run).await.unwrap();
    let successor = scene.installed.worker(None);
    let ended = scene.ended(run, point).await;
    assert_eq!((ended.state, ended.starts), (RunState::Cancelled, 1));
    assert_eq!(scene.state().await, RequestState::Failed);
    scene.is(&scene.spoilt, point);
    drop(successor);
    scene.catalog.close().await;
}

/// An undo whose worker dies after its end is undone, and nobody is told otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_was_made_by_a_killed_worker_is_undone() {
    let point = "tenant.committed";
    let (scene, run, digest) = Harmed::apply_died_at(point).await;
    let successor = scene.installed.worker(None);
    assert_eq!(scene.ended(run, point).await.state, RunState::Completed);
    drop(successor);
    let undo = rows(&scene.catalog).await.undo_restore(scene.restore, &digest).await.unwrap();
    scene.killed_at(point).await;
    scene.is(&scene.spoilt, point);
    assert!(scene.is_too_late(undo).await);
    let successor = scene.installed.worker(None);
    let undone = scene.ended(undo, point).await;
    assert_eq!((undone.state, undone.starts), (RunState::Completed, 2), "{:?}", undone.error);
    assert_eq!(scene.state().await, RequestState::Undone);
    scene.is(&scene.spoilt, point);
    drop(successor);
    scene.catalog.close().await;
}
