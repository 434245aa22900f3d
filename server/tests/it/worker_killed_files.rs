//! Workers that are killed with -9 while they copy a server's files, or prove such a copy.
#![cfg(feature = "failpoints")]
#![expect(clippy::disallowed_methods, reason = "tests start the program itself")]

use std::{io::Write as _, os::unix::process::ExitStatusExt as _, process::Command};

use catalog::{Catalog, TenantCatalog};
use domain::{
    Clock,
    access::may,
    backups::{RunKind, RunState, Verification},
    policies::schedule::{DAILY_INCREMENTAL, Schedule, WEEKLY_FULL},
};
use futures::StreamExt as _;
use server::clock::SystemClock;

use super::{
    worker_killed::{Installed, files, newest, rows},
    worker_world::until,
};

const DURING_COPY: &[&str] =
    &["slots.stored", "source.opened", "pack.stored", "dump.read", "index.stored", "manifest.stored"];
const DURING_PROOF: &[&str] = &["physical.unpacked", "physical.started"];

/// A worker's lease that nobody renews is over after ten seconds, which can be waited for several at once.
const AT_ONCE: usize = 2;

async fn managed(catalog: &Catalog) -> TenantCatalog<'_> {
    let principal = catalog.command_line("test").await.unwrap();
    let tenant = principal.memberships()[0].tenant_id;
    catalog.tenant(&principal.allow::<may::ManageSources>(tenant).unwrap())
}

async fn dies_at(point: &str) {
    let name = format!("files_{}", point.replace('.', "_"));
    let installed = Installed::new(&name);
    let scratch = installed.path("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let mut settings = std::fs::File::options().append(true).open(installed.path("holdfast.toml")).unwrap();
    writeln!(settings, "[physical]\nscratch = \"{}\"", scratch.display()).unwrap();
    let catalog = installed.catalog().await;
    let at = |cron| Schedule::parse(cron, SystemClock.now()).unwrap();
    let connection = managed(&catalog).await.list_connections().await.unwrap().remove(0).id;
    let (full, incremental) = (at(WEEKLY_FULL), at(DAILY_INCREMENTAL));
    managed(&catalog).await.create_server_source(connection, &full, &incremental).await.unwrap();

    let mut doomed = installed.worker(Some(point));
    installed.run(&["backup", "start", "--source", &format!("server {name}")]);
    until(&format!("death at {point}"), async || doomed.0.try_wait().unwrap().is_some()).await;
    assert_eq!(doomed.0.wait().unwrap().signal(), Some(9), "{point}");

    let successor = installed.worker(None);
    until(&format!("the end after {point}"), async || {
        newest(&catalog, RunKind::Verify).await.is_some_and(|run| run.state.is_finished())
    })
    .await;
    let backup = newest(&catalog, RunKind::Backup).await.unwrap();
    assert_eq!(backup.state, RunState::Completed, "{point}: {:?}", backup.error);
    let verify = newest(&catalog, RunKind::Verify).await.unwrap();
    assert_eq!(verify.state, RunState::Completed, "{point}: {:?}", verify.error);
    let row = rows(&catalog).await.get_backup(backup.backup_id.unwrap()).await.unwrap();
    assert_eq!(row.verification, Verification::RestoreOk, "{point}");
    assert!(row.files.is_some(), "{point}");

    let attempt = format!("/{}/", row.attempt);
    until(&format!("no orphans after {point}"), async || {
        let mut objects = Vec::new();
        files(&installed.path("state/vault/v1"), &mut objects);
        files(&installed.path("state/vault/keys"), &mut objects);
        objects.iter().all(|object| object.display().to_string().contains(&attempt))
    })
    .await;
    drop(successor);
    // The copy in clear that the dead one had unpacked is gone too, and nobody serves it any more.
    let mut left = Vec::new();
    files(&scratch, &mut left);
    assert!(left.is_empty(), "{point}: {left:?}");
    catalog.close().await;
}

fn is_possible() -> bool {
    let found = Command::new("mariadb-backup").arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED, no physical backups here: mariadb-backup is not installed");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_copies_a_server_leaves_the_truth() {
    if is_possible() {
        futures::stream::iter(DURING_COPY)
            .for_each_concurrent(AT_ONCE, async |point| dies_at(point).await)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_proves_a_copy_leaves_no_server_and_no_files() {
    if is_possible() {
        futures::stream::iter(DURING_PROOF)
            .for_each_concurrent(AT_ONCE, async |point| dies_at(point).await)
            .await;
    }
}
