//! Backups that were published by runs that the catalog then recorded as something else.

use std::sync::Arc;

use catalog::{Claim, Lease, RunQuery, SystemTask};
use domain::{
    backups::{Progress, RunError, RunKind, RunState, Verification},
    sources::{AccountName, DatabaseName, HostName, TlsMode},
};
use engine::{
    format::{Codec, Owner, keys::Place},
    pipeline::{self, BackupRequest, Control, NoFence},
    source::mysql::{connect::Endpoint, dump::Mysqldump},
};
use server::vaults::sweep::orphans;

use super::worker_world::{Floor, PASSWORD, source};

const LEASE: i64 = 1500;

/// A start that publishes its backup, and whose worker is not heard of again.
async fn publish(floor: &Floor, database: &str, claim: &Claim) {
    let control = Control {
        clock: floor.clock.clone(),
        cancel: tokio_util::sync::CancellationToken::new(),
        progress: Arc::new(|_: Progress| ()),
        fence: Arc::new(NoFence),
    };
    let place = Place {
        owner: Owner::System,
        source: floor.source,
        backup: claim.run().backup_id.unwrap(),
        attempt: u32::try_from(claim.fence()).unwrap(),
    };
    let endpoint = Endpoint::new(
        HostName::new("127.0.0.1").unwrap(),
        source().port,
        AccountName::new("holdfast").unwrap(),
        PASSWORD.into(),
        TlsMode::Off,
    );
    let request =
        BackupRequest { place, endpoint, database: DatabaseName::new(database).unwrap(), codec: Codec::Zstd };
    let engine = Mysqldump::new(Arc::new(floor.services.clients().await.clone()), 1);
    pipeline::backup(&floor.services.vault, &engine, &request, &control).await.unwrap();
}

/// A run with two starts that both published; the second is still held.
async fn published_twice(floor: &Floor, database: &str) -> Claim {
    let run = floor.start_backup().await;
    let system = floor.services.catalog.system(SystemTask::Dispatch);
    let first = system.claim(run, "first", LEASE).await.unwrap().unwrap();
    publish(floor, database, &first).await;
    floor.clock.advance_ms(LEASE + 1);
    let second = system.claim(run, "second", LEASE).await.unwrap().unwrap();
    publish(floor, database, &second).await;
    assert_eq!(manifests(floor), 2);
    second
}

fn manifests(floor: &Floor) -> usize {
    floor.objects().iter().filter(|object| object.ends_with("manifest.json")).count()
}

fn lease<'f>(floor: &'f Floor, claim: &'f Claim) -> Lease<'f> {
    floor.services.catalog.lease(claim)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_run_had_published_is_adopted_once_and_proven() {
    let floor = Floor::new("published_failed").await;
    let claim = published_twice(&floor, "published_failed").await;
    let error = RunError {
        kind: "catalog".into(),
        message: "the catalog did not answer".into(),
        hint: None,
        retry_may_help: false,
    };
    lease(&floor, &claim).fail(&error).await.unwrap();
    // Its worker may be awake for one lease more.
    assert_eq!(orphans(&floor.services).await.unwrap().count, 0);
    floor.clock.advance_ms(10 * LEASE);
    assert_eq!(orphans(&floor.services).await.unwrap().count, 2, "one adopted, the other removed");
    assert_eq!(manifests(&floor), 1);
    assert_eq!(orphans(&floor.services).await.unwrap().count, 0);

    let id = claim.run().backup_id.unwrap();
    let run = floor.run(claim.run().id).await;
    assert_eq!((run.state, run.error), (RunState::Completed, None));
    let query = RunQuery { backup: Some(id), kind: Some(RunKind::Verify), ..RunQuery::default() };
    let verify = floor.rows().list_runs(&query).await.unwrap().rows.remove(0);
    let verified = floor.work(verify.id).await;
    assert_eq!(verified.state, RunState::Completed, "{:?}", verified.error);
    assert_eq!(floor.rows().get_backup(id).await.unwrap().verification, Verification::RestoreOk);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cancelled_run_had_published_is_removed_with_all_its_attempts() {
    let floor = Floor::new("published_cancelled").await;
    let claim = published_twice(&floor, "published_cancelled").await;
    lease(&floor, &claim).cancelled().await.unwrap();
    floor.clock.advance_ms(10 * LEASE);
    assert_eq!(orphans(&floor.services).await.unwrap().count, 2);
    assert!(floor.objects().is_empty(), "{:?}", floor.objects());
    assert_eq!(floor.run(claim.run().id).await.state, RunState::Cancelled);
    let log = floor.rows().run_events(claim.run().id, 0).await.unwrap();
    assert!(log.last().unwrap().message.contains("had been published when it was cancelled"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_one_is_not_adopted_and_stays_to_be_looked_at() {
    let floor = Floor::new("published_damaged").await;
    let claim = published_twice(&floor, "published_damaged").await;
    let error = RunError { kind: "x".into(), message: "x".into(), hint: None, retry_may_help: false };
    lease(&floor, &claim).fail(&error).await.unwrap();
    floor.clock.advance_ms(10 * LEASE);
    for manifest in floor.objects().into_iter().filter(|object| object.ends_with("manifest.json")) {
        std::fs::write(manifest, "{}").unwrap();
    }
    let before = floor.objects();
    assert_eq!(orphans(&floor.services).await.unwrap().count, 0);
    assert_eq!(floor.objects(), before);
    assert_eq!(floor.run(claim.run().id).await.state, RunState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_the_catalog_has_never_heard_of_is_left_alone() {
    let floor = Floor::new("published_elsewhere").await;
    // As after the catalog was put back from an older copy.
    let unknown = Place {
        owner: Owner::System,
        source: floor.source,
        backup: domain::BackupId::new(uuid::Uuid::from_u128(7)),
        attempt: 1,
    };
    let file = floor.directory.path().join("state/vault").join(unknown.manifest().unwrap().as_str());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "{}").unwrap();
    floor.clock.advance_ms(10 * LEASE);
    assert_eq!(orphans(&floor.services).await.unwrap().count, 0);
    assert!(file.exists());
}
