//! How a request ends with its run, and what is known of it then.

use catalog::{Conflict, Error};
use domain::{
    RestoreId,
    backups::{MAX_STARTS, RunState},
    restores::RequestState as S,
};

use super::{applied, approved, difference, is, lost, state, wish};
use crate::world::{contract, failure, map, split_backup};

contract! {
    change_sets_are_kept_as_long_as_they_are_of_use(world) {
        let backup = split_backup(world, world.ours, 3, map(&["control"])).await;
        let found = async |restore: &RestoreId| {
            let since = world.catalog.clock().now().plus_ms(-1);
            let sets = world.system().change_sets(since).await.unwrap();
            (sets[restore].is_planned_now, sets[restore].kept)
        };
        let (restore, run) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        assert_eq!(found(&restore).await, (true, None));
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).complete_plan(&difference(1, "d"), 7).await.unwrap();
        assert_eq!(found(&restore).await, (false, Some(7)));
        world.our().withdraw_restore(restore).await.unwrap();
        assert_eq!(found(&restore).await, (false, None));
        let restore = approved(world, backup, "2", "d").await;
        applied(world, world.our().apply_restore(restore, "d").await.unwrap()).await;
        world.clock.advance_ms(catalog::UNDO_MS);
        assert_eq!(found(&restore).await, (false, Some(7)));
        world.clock.advance_ms(1);
        assert_eq!(found(&restore).await, (false, None));
        assert!(is(&world.our().undo_restore(restore, "d").await, Conflict::Expired));
    }

    a_request_ends_with_its_run(world) {
        let backup = split_backup(world, world.ours, 3, map(&["control"])).await;
        let (restore, run) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        assert_eq!(state(world, restore).await, S::Failed);
        assert_eq!(world.our().restore_events(restore).await.unwrap()[1].comment.as_deref(), Some("The server went away."));
        let (restore, run) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        world.our().request_cancel(run).await.unwrap();
        assert_eq!(state(world, restore).await, S::Withdrawn);
        let (restore, run) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        let claim = world.claim(run).await;
        assert_eq!(world.our().withdraw_restore(restore).await.unwrap(), Some(run));
        assert!(!world.catalog.lease(&claim).complete_plan(&difference(1, "d"), 1).await.unwrap());
        assert_eq!((state(world, restore).await, world.our().get_run(run).await.unwrap().state), (S::Withdrawn, RunState::Completed));
        let restore = approved(world, backup, "2", "d").await;
        let run = world.our().apply_restore(restore, "d").await.unwrap();
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        assert_eq!(state(world, restore).await, S::Failed);
        let restore = approved(world, backup, "2", "d").await;
        let run = world.our().apply_restore(restore, "d").await.unwrap();
        applied(world, run).await;
        let undo = world.our().undo_restore(restore, "d").await.unwrap();
        let claim = world.claim(undo).await;
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        assert_eq!(state(world, restore).await, S::Applied, "an undo that was refused leaves what was applied");
        world.our().undo_restore(restore, "d").await.unwrap();
        assert!(matches!(world.our().withdraw_restore(restore).await, Err(Error::Conflict(Conflict::Stale))));
    }

    whether_live_rows_changed_is_looked_at_before_a_lost_application_is_given_up(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = approved(world, backup, "1", "d").await;
        let run = world.our().apply_restore(restore, "d").await.unwrap();
        for start in 1..=MAX_STARTS {
            let claim = world.claim(run).await;
            assert_eq!(claim.may_be_done(), start > 1, "start {start}");
            if start == 1 {
                world.catalog.lease(&claim).publish_check().await.unwrap();
            }
            assert!(is(&world.our().request_cancel(run).await, Conflict::TooLate), "start {start}");
            lost(world).await;
            if start < MAX_STARTS {
                // Nor while nobody works on it.
                assert!(is(&world.our().request_cancel(run).await, Conflict::TooLate), "start {start}");
                assert_eq!(state(world, restore).await, S::Applying, "start {start}");
            }
        }
        let given_up = world.our().get_run(run).await.unwrap();
        assert_eq!((given_up.state, given_up.error.unwrap().kind.as_str()), (RunState::Failed, "unsure"));
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!((found.state, found.is_unsure), (S::Applied, true), "it may have been, so it can be undone");
        let since = world.catalog.clock().now().plus_ms(-1);
        assert_eq!(world.system().change_sets(since).await.unwrap()[&restore].kept, Some(7));
        let undo = world.our().undo_restore(restore, "d").await.unwrap();
        let claim = world.claim(undo).await;
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!((found.state, found.is_unsure), (S::Applied, true), "an undo that was refused tells nothing new");
        let undo = world.our().undo_restore(restore, "d").await.unwrap();
        let claim = world.claim(undo).await;
        world.catalog.lease(&claim).complete_undo("found to be as before").await.unwrap();
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!((found.state, found.is_unsure), (S::Undone, false));
    }

    who_stops_an_application_is_heard_before_rows_change_and_told_afterwards(world) {
        let backup = split_backup(world, world.ours, 2, map(&["control"])).await;
        // Before: nothing is changed any more.
        let restore = approved(world, backup, "1", "d").await;
        let run = world.our().apply_restore(restore, "d").await.unwrap();
        let claim = world.claim(run).await;
        world.our().request_cancel(run).await.unwrap();
        assert!(is(&world.catalog.lease(&claim).publish_check().await, Conflict::StopRequested));
        world.catalog.lease(&claim).cancelled().await.unwrap();
        assert_eq!((state(world, restore).await, world.our().get_run(run).await.unwrap().state), (S::Failed, RunState::Cancelled));
        // Before, and the worker dies: it cannot have changed anything, so there is nothing to look at.
        let restore = approved(world, backup, "1", "d").await;
        let run = world.our().apply_restore(restore, "d").await.unwrap();
        world.claim(run).await;
        world.our().request_cancel(run).await.unwrap();
        lost(world).await;
        assert_eq!((state(world, restore).await, world.our().get_run(run).await.unwrap().state), (S::Failed, RunState::Cancelled));
        // Afterwards, until somebody has seen that nothing was done.
        let restore = approved(world, backup, "1", "d").await;
        let run = world.our().apply_restore(restore, "d").await.unwrap();
        let claim = world.claim(run).await;
        let lease = world.catalog.lease(&claim);
        lease.publish_check().await.unwrap();
        assert!(is(&world.our().request_cancel(run).await, Conflict::TooLate));
        lease.is_not_done().await.unwrap();
        world.our().request_cancel(run).await.unwrap();
        assert!(is(&lease.publish_check().await, Conflict::StopRequested));
        lease.cancelled().await.unwrap();
        // An undo of which nobody knows leaves what can be undone.
        let restore = approved(world, backup, "2", "d").await;
        applied(world, world.our().apply_restore(restore, "d").await.unwrap()).await;
        let undo = world.our().undo_restore(restore, "d").await.unwrap();
        let claim = world.claim(undo).await;
        world.catalog.lease(&claim).publish_check().await.unwrap();
        assert!(is(&world.our().request_cancel(undo).await, Conflict::TooLate));
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!((found.state, found.is_unsure), (S::Applied, true));
        world.our().undo_restore(restore, "d").await.unwrap();
        // Other kinds of runs publish what nobody is harmed by.
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).publish_check().await.unwrap();
        world.our().request_cancel(run).await.unwrap();
        assert!(!claim.may_be_done());
    }
}
