//! Runs through the job code, against real servers: the good road, and every way in which it may end early.

use std::sync::Arc;

use catalog::{RunQuery, RunRequest, SystemTask};
use domain::{
    backups::{Evidence, MAX_STARTS, Progress, Proof, RunKind, RunState, Verification},
    definers::Definers,
    policies::retention::KEEP_VERIFIED,
    restores::{Part, RestoreToNew},
    sources::DatabaseName,
};
use engine::{
    Kind,
    format::{Codec, Owner, keys::Place},
    pipeline::{self, BackupRequest, Control, Fence as _},
    source::mysql::{connect::Endpoint, dump::Mysqldump, scratch::Scratch},
};
use server::{
    backups, policies, vaults,
    work::lease::{LeaseFence, Reason, Stopping},
};

use super::worker_world::{Floor, PASSWORD, Server, source, until, verification};

const LEASE: i64 = 1500;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_taken_proven_and_restored() {
    let floor = Floor::new("round_trip").await;
    let run = floor.start_backup().await;
    let done = floor.work(run).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    let id = done.backup_id.unwrap();
    let backup = floor.rows().get_backup(id).await.unwrap();
    assert_eq!((backup.tables, backup.verification), (2, Verification::None));
    assert!(backup.sizes.plain.0 > backup.sizes.stored.0);

    let query = RunQuery { backup: Some(id), kind: Some(RunKind::Verify), ..RunQuery::default() };
    let follow_up = floor.rows().list_runs(&query).await.unwrap().rows.remove(0);
    let verified = floor.work(follow_up.id).await;
    assert_eq!(verified.state, RunState::Completed, "{:?}", verified.error);
    let evidence = floor.rows().list_evidence(id).await.unwrap().remove(0).evidence;
    assert!(evidence.equal, "{evidence:?}");
    assert_eq!(floor.rows().get_backup(id).await.unwrap().verification, Verification::RestoreOk);
    assert!(!verification().sql("SHOW DATABASES").contains("holdfast_scratch_"));

    let connection_id = floor.connect("target", verification().port).await;
    let wish = RestoreToNew {
        backup_id: id,
        connection_id,
        database: DatabaseName::new("came_back").unwrap(),
        only: Part::default(),
        definers: Definers::default(),
    };
    let run = floor.rows().create_run(RunRequest::Restore(wish.clone()), None).await.unwrap();
    let restored = floor.work(run).await;
    assert_eq!(restored.state, RunState::Completed, "{:?}", restored.error);
    assert_eq!(verification().sql("SELECT COUNT(*) FROM came_back.controls").trim(), "2000");
    // A database that is there is never touched.
    let again = floor.rows().create_run(RunRequest::Restore(wish), None).await.unwrap();
    let refused = floor.work(again).await;
    assert_eq!(refused.state, RunState::Failed);
    assert_eq!(verification().sql("SELECT COUNT(*) FROM came_back.controls").trim(), "2000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_what_the_account_can_do() {
    let floor = Floor::new("probed").await;
    let runs = floor
        .rows()
        .list_runs(&RunQuery { kind: Some(RunKind::Probe), ..RunQuery::default() })
        .await
        .unwrap();
    let done = floor.work(runs.rows[0].id).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    let connection = floor.rows().list_connections().await.unwrap().remove(0);
    let found = connection.capabilities.unwrap();
    assert!(found.can_prove_position && found.databases.contains(&"probed".to_owned()), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_again_and_again_is_started_four_times_and_no_more() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let floor = Floor::with("unreachable", closed, verification(), "").await;
    let run = floor.start_backup().await;
    for start in 1..=MAX_STARTS {
        let row = floor.work(run).await;
        assert_eq!(row.starts, start);
        let expected = if start == MAX_STARTS { RunState::Failed } else { RunState::Retrying };
        assert_eq!(row.state, expected, "{:?}", row.error);
        // Nobody starts it before its time.
        assert!(!floor.worker().run_now(run).await.unwrap());
        floor.clock.advance_ms(600_000);
    }
    assert!(!floor.worker().run_now(run).await.unwrap());
    assert!(floor.objects().is_empty(), "{:?}", floor.objects());
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_end_with_their_worker_count_too() {
    let floor = Floor::new("poison").await;
    let run = floor.start_backup().await;
    let system = floor.services.catalog.system(SystemTask::Dispatch);
    for start in 1..=MAX_STARTS {
        let claim = system.claim(run, &format!("worker {start}"), LEASE).await.unwrap().unwrap();
        assert_eq!(claim.run().starts, start);
        floor.clock.advance_ms(LEASE + 1);
        system.reclaim_expired().await.unwrap();
    }
    let row = floor.run(run).await;
    assert_eq!((row.state, row.error.unwrap().kind.as_str()), (RunState::Failed, "worker_lost"));
    assert!(system.claim(run, "one more", LEASE).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_stops_a_run_and_nothing_of_it_remains() {
    let floor = Floor::new("stopped").await;
    let lock = source().lock("stopped.controls");
    let run = floor.start_backup().await;
    let worker = floor.worker();
    let working = tokio::spawn(async move { worker.run_now(run).await });
    until("the run begins", async || floor.run(run).await.state == RunState::Running).await;
    floor.rows().request_cancel(run).await.unwrap();
    assert!(working.await.unwrap().unwrap());
    drop(lock);
    assert_eq!(floor.run(run).await.state, RunState::Cancelled);
    assert!(floor.objects().is_empty(), "{:?}", floor.objects());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_shuts_down_gives_its_run_back() {
    let floor = Floor::new("handed_back").await;
    let lock = source().lock("handed_back.controls");
    let run = floor.start_backup().await;
    let shutdown = tokio_util::sync::CancellationToken::new();
    let worker = server::work::jobs::Worker::new(
        Arc::clone(&floor.services),
        server::work::sweeps::Nudges::default(),
        shutdown.clone(),
    );
    let working = tokio::spawn(async move { worker.run_now(run).await });
    until("the run begins", async || floor.run(run).await.state == RunState::Running).await;
    shutdown.cancel();
    assert!(working.await.unwrap().unwrap());
    drop(lock);
    let row = floor.run(run).await;
    assert_eq!((row.state, row.starts), (RunState::Queued, 0));
    assert_eq!(floor.work(run).await.state, RunState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_renew_gives_up_by_its_own_clock() {
    let floor = Floor::new("cut_off").await;
    let lock = source().lock("cut_off.controls");
    let run = floor.start_backup().await;
    let worker = floor.worker();
    let working = tokio::spawn(async move { worker.run_now(run).await });
    until("the run begins", async || floor.run(run).await.state == RunState::Running).await;
    // The catalog is gone for this worker; a second look through a connection of its own sees what it wrote.
    floor.services.catalog.close().await;
    assert!(working.await.unwrap().is_ok());
    drop(lock);
    assert!(floor.objects().iter().all(|object| !object.ends_with("manifest.json")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_worker_publishes_nothing_and_its_remains_are_swept() {
    let floor = Floor::new("stale").await;
    let run = floor.start_backup().await;
    let system = floor.services.catalog.system(SystemTask::Dispatch);
    let stale = Arc::new(system.claim(run, "stale", LEASE).await.unwrap().unwrap());
    floor.clock.advance_ms(LEASE + 1);
    let ours = system.claim(run, "successor", LEASE).await.unwrap().unwrap();
    assert!(ours.fence() > stale.fence());

    let catalog = floor.services.catalog.clone();
    let fence = LeaseFence::new(catalog.clone(), Arc::clone(&stale), Stopping::default());
    assert_eq!(fence.check().await.unwrap_err().kind(), Kind::Fenced);
    let control = Control {
        clock: floor.clock.clone(),
        cancel: tokio_util::sync::CancellationToken::new(),
        progress: Arc::new(|_: Progress| ()),
        fence: Arc::new(fence),
    };
    let place = Place {
        owner: Owner::System,
        source: floor.source,
        backup: stale.run().backup_id.unwrap(),
        attempt: u32::try_from(stale.fence()).unwrap(),
    };
    let endpoint = Endpoint::new(
        domain::sources::HostName::new("127.0.0.1").unwrap(),
        source().port,
        domain::sources::AccountName::new("holdfast").unwrap(),
        PASSWORD.into(),
        domain::sources::TlsMode::Off,
    );
    let request =
        BackupRequest { place, endpoint, database: DatabaseName::new("stale").unwrap(), codec: Codec::Zstd };
    let engine = Mysqldump::new(Arc::new(floor.services.clients().await.clone()), 1);
    let error = pipeline::backup(&floor.services.vault, &engine, &request, &control).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Fenced);
    assert!(
        !floor.objects().is_empty()
            && floor.objects().iter().all(|object| !object.ends_with("manifest.json"))
    );

    // While the run is at work nothing is swept; once it is over, and a stale worker is surely awake, everything.
    vaults::sweep::orphans(&floor.services).await.unwrap();
    assert!(!floor.objects().is_empty());
    catalog.lease(&ours).cancelled().await.unwrap();
    assert_eq!(Stopping::default().reason(), Reason::None);
    floor.clock.advance_ms(10 * LEASE);
    assert!(vaults::sweep::orphans(&floor.services).await.unwrap().count > 0);
    assert!(floor.objects().is_empty(), "{:?}", floor.objects());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_slept_through_a_week_is_caught_up_once() {
    let floor = Floor::new("slept").await;
    policies::sweep::schedules(&floor.services).await.unwrap();
    floor.clock.advance_ms(7 * 86_400_000);
    let (first, second) = tokio::join!(
        policies::sweep::schedules(&floor.services),
        policies::sweep::schedules(&floor.services)
    );
    assert_eq!(first.unwrap().count + second.unwrap().count, 1);
    let query = RunQuery { kind: Some(RunKind::Backup), ..RunQuery::default() };
    assert_eq!(floor.rows().list_runs(&query).await.unwrap().rows.len(), 1);
    let schedule = floor.rows().get_source(floor.source).await.unwrap().schedules.remove(0);
    assert_eq!(schedule.missed, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_verification_left_is_removed_and_one_at_work_is_spared() {
    // A server of its own: what other tests do at the same time would be swept too.
    let own = Server::start("903");
    let floor = Floor::with("left_behind", source().port, &own, "").await;
    let server = &floor.services.config.verification[0].endpoint;
    let left =
        Scratch::create(server, "utf8mb4", "utf8mb4_bin", &*floor.clock).await.unwrap().database.to_string();
    let is_there = || own.sql("SHOW DATABASES").contains(&left);
    backups::sweep::scratch(&floor.services).await.unwrap();
    assert!(is_there());
    // A verification at work that is as old keeps it.
    let run = floor.start_backup().await;
    let id = floor.work(run).await.backup_id;
    let query = RunQuery { backup: id, kind: Some(RunKind::Verify), ..RunQuery::default() };
    let verify = floor.rows().list_runs(&query).await.unwrap().rows.remove(0).id;
    let claim =
        floor.services.catalog.system(SystemTask::Dispatch).claim(verify, "busy", 10 * 3_600_000).await;
    floor.clock.advance_ms(2 * 3_600_000);
    backups::sweep::scratch(&floor.services).await.unwrap();
    assert!(is_there());
    floor.services.catalog.lease(&claim.unwrap().unwrap()).cancelled().await.unwrap();
    assert!(backups::sweep::scratch(&floor.services).await.unwrap().count >= 2, "the schema and its account");
    assert!(!is_there());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifteenth_proven_backup_pushes_the_first_out_of_the_vault() {
    let floor = Floor::new("kept").await;
    let system = floor.services.catalog.system(SystemTask::Dispatch);
    let mut ids = Vec::new();
    for _ in 0..=KEEP_VERIFIED {
        let run = floor.start_backup().await;
        let id = floor.work(run).await.backup_id.unwrap();
        let query = RunQuery { backup: Some(id), kind: Some(RunKind::Verify), ..RunQuery::default() };
        let verify = floor.rows().list_runs(&query).await.unwrap().rows.remove(0).id;
        // Proving is another test's matter.
        let claim = system.claim(verify, "proves", LEASE).await.unwrap().unwrap();
        let evidence = Evidence {
            proof: Proof::SamePosition,
            equal: true,
            tables: Vec::new(),
            objects: 0,
            differences: Vec::new(),
            server: String::new(),
            phases: Vec::new(),
            remarks: Vec::new(),
        };
        floor.services.catalog.lease(&claim).complete_verify(&evidence).await.unwrap();
        ids.push(id.to_string());
    }
    let has = |id: &str| floor.objects().iter().any(|object| object.contains(id));
    assert!(ids.iter().all(|id| has(id)));
    assert_eq!(policies::sweep::retention(&floor.services).await.unwrap().count, 1);
    assert!(!has(&ids[0]) && ids[1..].iter().all(|id| has(id)));
    assert_eq!(policies::sweep::retention(&floor.services).await.unwrap().count, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_of_a_kept_backup_is_damage_and_the_rest_is_not_swept() {
    let floor = Floor::new("robbed").await;
    let run = floor.start_backup().await;
    let id = floor.work(run).await.backup_id.unwrap();
    let manifest = floor.objects().into_iter().find(|object| object.ends_with("manifest.json")).unwrap();
    std::fs::remove_file(manifest).unwrap();
    let left = floor.objects();
    floor.clock.advance_ms(10 * LEASE);
    assert_eq!(vaults::sweep::orphans(&floor.services).await.unwrap().count, 0);
    assert!(!left.is_empty() && floor.objects() == left, "{:?}", floor.objects());

    let query = RunQuery { backup: Some(id), kind: Some(RunKind::Verify), ..RunQuery::default() };
    let verify = floor.rows().list_runs(&query).await.unwrap().rows.remove(0);
    let verified = floor.work(verify.id).await;
    assert_eq!(verified.state, RunState::Completed, "{:?}", verified.error);
    assert_eq!(floor.rows().get_backup(id).await.unwrap().verification, Verification::Failed);
}
