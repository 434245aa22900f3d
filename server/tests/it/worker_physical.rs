//! Copies of a whole server's files as runs, against a real server: taken, proven, continued, and what happens when a
//! link is gone.

#![expect(clippy::disallowed_methods, reason = "tests look for a program themselves")]

use std::{path::Path, process::Command};

use catalog::{Continues, Run, RunQuery, RunRequest};
use domain::{
    BackupId,
    backups::{RunKind, RunState, Verification},
    files::FilesCopy,
    policies::schedule::{DAILY_INCREMENTAL, Schedule, WEEKLY_FULL},
    sources::EngineKind,
};
use engine::{format::Owner, pipeline};
use server::{backups::verify_job::place_of, policies, vaults};

use super::worker_world::{Floor, source, verification};

/// An installation that protects the whole server, with a scratch directory of its own. Nothing if the copying program
/// is not installed here.
async fn floor(name: &str) -> Option<Floor> {
    if Command::new("mariadb-backup").arg("--version").output().is_err() {
        eprintln!("SKIPPED, no physical backups here: mariadb-backup is not installed");
        return None;
    }
    let scratch = tempfile::Builder::new().prefix("hf-files-").tempdir().unwrap().keep();
    let more = format!("[physical]\nscratch = \"{}\"\n", scratch.display());
    let mut floor = Floor::with(name, source().port, verification(), &more).await;
    let at = |cron| Schedule::parse(cron, floor.services.clock.now()).unwrap();
    let connection = floor.rows().list_connections().await.unwrap().remove(0).id;
    let whole = floor.rows().create_server_source(connection, &at(WEEKLY_FULL), &at(DAILY_INCREMENTAL)).await;
    floor.source = whole.unwrap();
    Some(floor)
}

fn scratch(floor: &Floor) -> &Path {
    &floor.services.config.physical.scratch
}

fn left(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path().display().to_string()).collect()
}

async fn take(floor: &Floor, continues: Continues) -> (BackupId, Run) {
    let request = RunRequest::Files { source_id: floor.source, label: None, continues, sums: true };
    let run = floor.rows().create_run(request, None).await.unwrap();
    let done = floor.work(run).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    (done.backup_id.unwrap(), done)
}

async fn prove(floor: &Floor, backup: BackupId) -> Run {
    let query =
        RunQuery { backup: Some(backup), kind: Some(RunKind::Verify), active: true, ..RunQuery::default() };
    let queued = floor.rows().list_runs(&query).await.unwrap().rows.into_iter().next();
    let run = match queued {
        Some(run) => run.id,
        None => floor.rows().create_run(RunRequest::Verify { backup_id: backup }, None).await.unwrap(),
    };
    floor.work(run).await
}

async fn verification_of(floor: &Floor, backup: BackupId) -> Verification {
    floor.rows().get_backup(backup).await.unwrap().verification
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_copied_continued_and_proven_and_a_lost_link_is_said() {
    let Some(floor) = floor("whole").await else { return };
    let (full, run) = take(&floor, Continues::Newest).await;
    let log = floor.rows().run_events(run.id, 0).await.unwrap();
    assert!(log.iter().any(|line| line.message.contains("no backup that could be continued")), "{log:?}");
    let found = floor.rows().get_backup(full).await.unwrap();
    let files = found.files.clone().unwrap();
    assert_eq!((files.parent, found.database.as_str()), (None, "server source"));
    assert_eq!(files.facts.program, "mariadb-backup");
    assert!(files.facts.databases.contains(&"whole".to_owned()), "{:?}", files.facts);
    assert!(
        files.facts.machine.is_some() && files.facts.directory.contains("hf-worker-"),
        "{:?}",
        files.facts
    );
    assert!(found.sizes.plain.0 > found.sizes.stored.0 && found.tables >= 2);
    let proven = prove(&floor, full).await;
    assert_eq!(proven.state, RunState::Completed, "{:?}", proven.error);
    let evidence = floor.rows().list_evidence(full).await.unwrap().remove(0).evidence;
    assert!(evidence.equal, "{evidence:?}");
    assert!(
        evidence.tables.iter().any(|table| table.table == "whole.controls" && table.rows_restored == 2000)
    );
    assert_eq!(verification_of(&floor, full).await, Verification::RestoreOk);

    source().sql("INSERT INTO whole.controls (TenantId, id, title) VALUES (99, 999999, 'later')");
    let (one, _) = take(&floor, Continues::Newest).await;
    let found = floor.rows().get_backup(one).await.unwrap();
    assert_eq!(found.files.unwrap().parent, Some(full));
    let proven = prove(&floor, one).await;
    assert_eq!(proven.state, RunState::Completed, "{:?}", proven.error);
    let evidence = floor.rows().list_evidence(one).await.unwrap().remove(0).evidence;
    assert!(evidence.equal, "{evidence:?}");
    assert!(
        evidence.tables.iter().any(|table| table.table == "whole.controls" && table.rows_restored == 2001)
    );
    assert_eq!(left(scratch(&floor)), Vec::<String>::new(), "nothing in clear stays");

    // The sweep leaves both alone, and retention what is needed.
    let before = floor.objects();
    vaults::sweep::orphans(&floor.services).await.unwrap();
    policies::sweep::retention(&floor.services).await.unwrap();
    assert_eq!(floor.objects(), before);

    // Somebody removes the full copy from the vault behind our back.
    let lost = place_of(&floor.rows().get_backup(full).await.unwrap());
    assert_eq!(lost.owner, Owner::System);
    pipeline::remove(&floor.services.vault, &lost).await.unwrap();
    let checked = prove(&floor, one).await;
    assert_eq!(checked.state, RunState::Completed, "{:?}", checked.error);
    let evidence = floor.rows().list_evidence(one).await.unwrap().remove(0).evidence;
    assert!(!evidence.equal, "{evidence:?}");
    let told = evidence.remarks.join(" ");
    assert!(told.contains(&format!("continues backup {full}, which is not in the vault")), "{told}");
    assert_eq!(verification_of(&floor, one).await, Verification::Failed);
    assert_eq!(left(scratch(&floor)), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_a_connection_says_whether_its_files_can_be_copied() {
    let Some(floor) = floor("reached").await else { return };
    let probes = RunQuery { kind: Some(RunKind::Probe), ..RunQuery::default() };
    let probe = floor.rows().list_runs(&probes).await.unwrap().rows.remove(0);
    let done = floor.work(probe.id).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    let found = floor.rows().list_connections().await.unwrap().remove(0).capabilities.unwrap();
    let Some(FilesCopy::Possible { program, directory, bytes }) = found.files else {
        panic!("{:?}", found.files)
    };
    assert!(program.contains("mariadb-backup") && directory.contains("hf-worker-") && bytes > 0);

    // An account that may not: it is told what to grant, and nothing is promised.
    source().sql("CREATE USER IF NOT EXISTS reader@'127.0.0.1' IDENTIFIED BY 'x'; GRANT SELECT ON *.* TO reader@'127.0.0.1'");
    let port = source().port;
    let endpoint = engine::source::mysql::connect::Endpoint::new(
        domain::sources::HostName::new("127.0.0.1").unwrap(),
        port,
        domain::sources::AccountName::new("reader").unwrap(),
        secrecy::SecretString::from("x"),
        domain::sources::TlsMode::Off,
    );
    let refused = engine::pipeline::physical::preflight(&endpoint, None).await.unwrap_err();
    assert!(refused.message().contains("lacks"), "{refused:?}");
    assert!(refused.advice().is_some_and(|advice| advice.contains("GRANT")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cancelled_leaves_nothing_and_is_not_counted_as_a_parent() {
    let Some(floor) = floor("stopped").await else { return };
    assert_eq!(floor.rows().get_source(floor.source).await.unwrap().engine, EngineKind::Physical);
    let request =
        RunRequest::Files { source_id: floor.source, label: None, continues: Continues::Nothing, sums: true };
    let run = floor.rows().create_run(request, None).await.unwrap();
    // Whoever waits for the table keeps the copy from its end.
    let lock = source().lock("stopped.controls");
    let worker = floor.worker();
    let working = tokio::spawn(async move { worker.run_now(run).await });
    super::worker_world::until("it is at work", async || {
        floor.run(run).await.progress.is_some_and(|progress| progress.phase == "copy")
    })
    .await;
    floor.rows().request_cancel(run).await.unwrap();
    working.await.unwrap().unwrap();
    drop(lock);
    assert_eq!(floor.run(run).await.state, RunState::Cancelled);
    assert_eq!(left(scratch(&floor)), Vec::<String>::new());
    assert!(floor.objects().iter().all(|object| !object.contains("/v1/")), "{:?}", floor.objects());
    let (_, next) = take(&floor, Continues::Newest).await;
    let log = floor.rows().run_events(next.id, 0).await.unwrap();
    assert!(log.iter().any(|line| line.message.contains("no backup that could be continued")), "{log:?}");
}
