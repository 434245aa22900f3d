//! Slots become runs, each at most once; what nobody ran is counted.

use catalog::RunQuery;
use domain::{
    Timestamp,
    backups::{RunKind, RunState},
    policies::schedule::Schedule,
};

use crate::world::{DAY, HOUR, NOON, World, contract};

/// 02:00 of the day after the tests' noon.
const TOMORROW_AT_TWO: Timestamp = NOON.plus_ms(14 * HOUR);

async fn fire_ours(world: &World) -> Vec<catalog::Fired> {
    let mut fired = world.system().fire_due_schedules().await.unwrap();
    fired.retain(|fired| fired.tenant_id == world.ours.id);
    fired
}

contract! {
    a_slot_fires_when_it_comes_and_once(world) {
        assert_eq!(fire_ours(world).await, []);
        world.clock.advance_ms(14 * HOUR - 1);
        assert_eq!(fire_ours(world).await, []);
        world.clock.advance_ms(1);
        let fired = fire_ours(world).await;
        assert_eq!((fired.len(), fired[0].slot, fired[0].missed), (1, TOMORROW_AT_TWO, 0));
        assert_eq!(fire_ours(world).await, []);
        let run = world.our().get_run(fired[0].run_id.unwrap()).await.unwrap();
        assert_eq!((run.kind, run.slot, run.requested_by.as_str()), (RunKind::Backup, Some(TOMORROW_AT_TWO), "schedule"));
        assert!(run.backup_id.is_some());
    }

    a_week_of_sleep_owes_one_run_and_six_are_missed(world) {
        world.clock.advance_ms(7 * DAY);
        let fired = fire_ours(world).await;
        assert_eq!((fired.len(), fired[0].missed), (1, 6));
        assert_eq!(fired[0].slot, TOMORROW_AT_TWO.plus_ms(6 * DAY));
        assert_eq!(world.our().get_source(world.ours.source).await.unwrap().schedules[0].missed, 6);
        let claim = world.claim(fired[0].run_id.unwrap()).await;
        world.catalog.lease(&claim).complete_backup(world.stored()).await.unwrap();
        assert_eq!(world.our().expected_and_completed(NOON).await.unwrap(), (7, 1));
        let days = world.our().days(NOON).await.unwrap();
        assert_eq!(days.len(), 7);
        assert_eq!(days.iter().map(|day| (day.missing, day.stored)).collect::<Vec<_>>(),
            [(1, 0), (1, 0), (1, 0), (1, 0), (1, 0), (1, 0), (0, 1)]);
    }

    a_slot_that_finds_a_backup_at_work_is_missed(world) {
        let run = world.start_backup(world.ours).await;
        world.clock.advance_ms(DAY);
        let fired = fire_ours(world).await;
        assert_eq!((fired.len(), fired[0].run_id, fired[0].missed), (1, None, 1));
        world.our().request_cancel(run).await.unwrap();
        assert_eq!(fire_ours(world).await, [], "dealt with");
    }

    changing_and_switching_on_owe_nothing_for_the_past(world) {
        let hourly = Schedule::parse("0 * * * *", NOON).unwrap();
        world.our().set_schedule(world.ours.source, &hourly, false).await.unwrap();
        world.clock.advance_ms(10 * DAY);
        assert_eq!(fire_ours(world).await, []);
        assert_eq!(world.our().get_source(world.ours.source).await.unwrap().owed_since, None);
        world.our().set_schedule(world.ours.source, &hourly, true).await.unwrap();
        assert_eq!(fire_ours(world).await, []);
        world.clock.advance_ms(HOUR);
        let fired = fire_ours(world).await;
        assert_eq!((fired.len(), fired[0].missed), (1, 0));
        let rows = world.our().get_source(world.ours.source).await.unwrap().schedules;
        assert_eq!((rows.len(), rows[0].cron.as_str()), (1, "0 * * * *"));
    }

    a_source_is_owed_its_next_slot_until_a_backup_comes(world) {
        let owed = async || world.our().get_source(world.ours.source).await.unwrap().owed_since;
        assert_eq!(owed().await, Some(TOMORROW_AT_TWO));
        world.clock.advance_ms(15 * HOUR);
        let late = world.system().owed(world.catalog.clock().now()).await.unwrap();
        assert_eq!(late.len(), 2);
        assert!(late.iter().all(|owed| owed.since == TOMORROW_AT_TWO));
        world.backup(world.ours).await;
        assert_eq!(owed().await, Some(TOMORROW_AT_TWO.plus_ms(DAY)));
        assert_eq!(world.system().owed(world.catalog.clock().now()).await.unwrap().len(), 1);
    }

    a_server_whose_clock_is_wrong_neither_raises_an_alarm_nor_silences_one(world) {
        let owed = async || world.our().get_source(world.ours.source).await.unwrap().owed_since;
        for wrong in [-DAY, 365 * DAY] {
            let claim = world.claim(world.start_backup(world.ours).await).await;
            let mut stored = world.stored();
            stored.snapshot_at = stored.snapshot_at.plus_ms(wrong);
            world.catalog.lease(&claim).complete_backup(stored).await.unwrap();
            assert_eq!(owed().await, Some(TOMORROW_AT_TWO));
        }
        world.clock.advance_ms(15 * HOUR);
        assert_eq!(world.system().owed(world.catalog.clock().now()).await.unwrap().len(), 2);
    }

    organisations_take_turns(world) {
        // Ours has many runs waiting, theirs one; with one worker theirs is second at the latest.
        for n in 0..6 {
            let name = domain::sources::DatabaseName::new(format!("db{n}")).unwrap();
            let daily = Schedule::parse("0 2 * * *", NOON).unwrap();
            let source_id = world.our().create_source(world.ours.connection, &name, &daily).await.unwrap();
            world.our().create_run(catalog::RunRequest::Backup { source_id, label: None }, None).await.unwrap();
        }
        world.our().request_cancel(world.ours.probe).await.unwrap();
        world.clock.advance_ms(1);
        let due: Vec<_> = world.system().due_runs(3).await.unwrap().into_iter().map(|due| due.tenant_id).collect();
        assert!(due.contains(&world.theirs.id), "{due:?}");
        let first = world.system().claim_next("w", 60_000).await.unwrap().unwrap();
        let second = world.system().claim_next("w", 60_000).await.unwrap().unwrap();
        assert_ne!(first.run().tenant_id, second.run().tenant_id);
        world.catalog.lease(&first).cancelled().await.unwrap();
        world.catalog.lease(&second).cancelled().await.unwrap();
        let query = RunQuery { state: Some(RunState::Queued), ..RunQuery::default() };
        assert!(world.our().list_runs(&query).await.unwrap().rows.len() >= 5);
    }
}
