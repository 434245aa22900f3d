//! Who holds a run, how often it starts, and what a worker that lost it can still do: nothing.

use catalog::{Claim, Conflict, Error, NewChannels, Renewed, Whole};
use domain::{
    Clock,
    backups::{MAX_STARTS, Progress, RunError, RunState},
    sources::DatabaseName,
};

use crate::world::{LEASE, World, contract, evidence, failure};

fn is_stale<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    let stale = matches!(result, Err(Error::Conflict(Conflict::Stale)));
    assert!(stale, "{result:?}");
    stale
}

/// Every fenced write, refused.
async fn is_fenced_off(world: &World, claim: &Claim) {
    let lease = world.catalog.lease(claim);
    assert_eq!(lease.renew(LEASE).await.unwrap(), Renewed::Lost);
    let capabilities = serde_json::from_value(serde_json::json!({
        "family": "mariadb", "version": "x", "tested": "yes", "server_uuid": "", "databases": [], "findings": [],
        "can_prove_position": false,
    }))
    .unwrap();
    let now = world.clock.now();
    let refused = [
        is_stale(lease.progress(&Progress::default()).await),
        is_stale(lease.log("I am still here").await),
        is_stale(lease.publish_check().await),
        is_stale(lease.complete_backup(world.stored()).await),
        is_stale(lease.complete_verify(&evidence(true)).await),
        is_stale(lease.complete_probe(&capabilities, 1).await),
        is_stale(lease.begin_database(world.ours.connection, &DatabaseName::new("new").unwrap()).await),
        is_stale(lease.database_is_whole(&Whole { equal: true, summary: String::new() }).await),
        is_stale(lease.complete_restore("done").await),
        is_stale(lease.fail(&failure()).await),
        is_stale(lease.retry(&failure(), now).await),
        is_stale(lease.release().await),
        is_stale(lease.cancelled().await),
    ];
    assert!(refused.iter().all(|refused| *refused));
}

contract! {
    a_worker_that_lost_its_run_writes_nothing(world) {
        let run = world.start_backup(world.ours).await;
        let dead = world.system().claim(run, "dead", 0).await.unwrap().unwrap();
        let alive = world.claim(run).await;
        assert!(alive.fence() > dead.fence());
        is_fenced_off(world, &dead).await;
        // The same name does not help: the fence counts.
        let (first, second) = (world.claim(world.theirs.probe).await, world.theirs.probe);
        world.catalog.lease(&first).release().await.unwrap();
        let again = world.claim(second).await;
        assert_eq!(first.owner(), again.owner());
        let capabilities = world.catalog.lease(&first).progress(&Progress::default()).await;
        assert!(is_stale(capabilities));
        let lease = world.catalog.lease(&alive);
        lease.publish_check().await.unwrap();
        lease.complete_backup(world.stored()).await.unwrap();
        is_fenced_off(world, &dead).await;
        is_fenced_off(world, &alive).await;
        let log = world.our().run_events(run, 0).await.unwrap();
        assert!(log.iter().all(|event| event.message != "I am still here"), "{log:?}");
        assert_eq!(world.our().list_backups(&catalog::BackupQuery::default()).await.unwrap().rows.len(), 1);
    }

    an_expired_lease_may_not_publish_even_if_nobody_took_over(world) {
        let run = world.start_backup(world.ours).await;
        let claim = world.system().claim(run, "slow", 0).await.unwrap().unwrap();
        let lease = world.catalog.lease(&claim);
        assert!(is_stale(lease.publish_check().await));
        assert_eq!(lease.renew(LEASE).await.unwrap(), Renewed::Held { cancel_requested: false });
        lease.publish_check().await.unwrap();
    }

    a_held_run_cannot_be_taken(world) {
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        assert_eq!((claim.run().starts, claim.run().state), (1, RunState::Running));
        assert!(world.system().claim(run, "other", LEASE).await.unwrap().is_none());
        assert_eq!(world.system().reclaim_expired().await.unwrap(), catalog::Reclaimed::default());
    }

    a_retry_waits_for_its_time_and_the_starts_are_counted(world) {
        let run = world.start_backup(world.ours).await;
        for start in 1..=MAX_STARTS {
            let claim = world.claim(run).await;
            assert_eq!(claim.run().starts, start);
            let next = world.clock.now().plus_ms(5_000);
            let again = world.catalog.lease(&claim).retry(&failure(), next).await.unwrap();
            assert_eq!(again, start < MAX_STARTS);
            assert!(world.system().claim(run, "early", LEASE).await.unwrap().is_none());
            world.clock.advance_ms(5_000);
        }
        let found = world.our().get_run(run).await.unwrap();
        assert_eq!((found.state, found.error), (RunState::Failed, Some(failure())));
    }

    a_crash_loop_stops_and_says_so(world) {
        let channels = NewChannels { email_to: Some("ops@example.org".into()), ..NewChannels::default() };
        world.our().set_channels(channels).await.unwrap();
        let run = world.start_backup(world.ours).await;
        for start in 1..=MAX_STARTS {
            let claim = world.system().claim(run, "doomed", 0).await.unwrap().unwrap();
            assert_eq!(claim.run().starts, start);
            let reclaimed = world.system().reclaim_expired().await.unwrap();
            let (queued, failed) = if start < MAX_STARTS { (vec![run], vec![]) } else { (vec![], vec![run]) };
            assert_eq!((reclaimed.queued, reclaimed.failed), (queued, failed));
            is_fenced_off(world, &claim).await;
        }
        let RunError { kind, .. } = world.our().get_run(run).await.unwrap().error.unwrap();
        assert_eq!(kind, "worker_lost");
        assert_eq!(world.system().take_notices(10).await.unwrap().len(), 1);
        assert!(world.system().claim(run, "w", LEASE).await.unwrap().is_none());
    }

    deaths_count_even_when_the_next_worker_takes_over_directly(world) {
        let run = world.start_backup(world.ours).await;
        for _ in 0..MAX_STARTS {
            assert!(world.system().claim(run, "doomed", 0).await.unwrap().is_some());
        }
        assert!(world.system().claim(run, "fifth", LEASE).await.unwrap().is_none());
        assert_eq!(world.system().reclaim_expired().await.unwrap().failed, [run]);
    }

    a_lost_run_that_was_to_stop_is_cancelled(world) {
        let run = world.start_backup(world.ours).await;
        world.system().claim(run, "dead", 0).await.unwrap().unwrap();
        world.our().request_cancel(run).await.unwrap();
        assert!(world.system().claim(run, "w", LEASE).await.unwrap().is_none());
        assert_eq!(world.system().reclaim_expired().await.unwrap().cancelled, [run]);
        assert_eq!(world.our().get_run(run).await.unwrap().state, RunState::Cancelled);
    }

    a_failure_that_was_to_stop_is_not_tried_again(world) {
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        world.our().request_cancel(run).await.unwrap();
        assert!(!world.catalog.lease(&claim).retry(&failure(), world.clock.now()).await.unwrap());
        assert_eq!(world.our().get_run(run).await.unwrap().state, RunState::Cancelled);
    }

    a_run_given_back_has_not_started(world) {
        let run = world.start_backup(world.ours).await;
        for _ in 0..=MAX_STARTS {
            let claim = world.claim(run).await;
            assert_eq!(claim.run().starts, 1);
            world.catalog.lease(&claim).release().await.unwrap();
        }
    }

    a_run_given_back_that_was_to_stop_is_cancelled(world) {
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        world.our().request_cancel(run).await.unwrap();
        world.catalog.lease(&claim).release().await.unwrap();
        assert_eq!(world.our().get_run(run).await.unwrap().state, RunState::Cancelled);
        world.start_backup(world.ours).await;
    }

    progress_and_log_are_there_after_a_reload(world) {
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        let lease = world.catalog.lease(&claim);
        let progress = Progress { phase: "dump".into(), bytes: 42, ..Progress::default() };
        lease.progress(&progress).await.unwrap();
        lease.log("line with a NUL: \u{0}").await.unwrap();
        assert_eq!(world.our().get_run(run).await.unwrap().progress, Some(progress));
        let log = world.our().run_events(run, 0).await.unwrap();
        assert_eq!(log.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    }
}
