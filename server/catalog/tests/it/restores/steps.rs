//! The steps of a request, each from its state and once, however many try.

use std::collections::BTreeSet;

use catalog::{Conflict, TrailQuery};
use domain::{
    access::may,
    backups::RunKind,
    restores::{Obstacle, RequestState as S},
};

use super::{applied, approved, as_person, difference, is, plan, state, twenty, wish};
use crate::world::{HOUR, contract, map, raw, split_backup, tenant_key};

contract! {
    from_the_preview_to_the_undo(world) {
        let backup = split_backup(world, world.ours, 3, map(&["control"])).await;
        let restore = plan(world, backup, "2", "d1").await;
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!((found.state, found.attempt, found.tenant.as_str()), (S::Planned, Some(7), "2"));
        let figures = found.figures.unwrap();
        assert_eq!((figures.tables, figures.changed_tables, figures.inserts, figures.updates, figures.unchanged), (4, 2, 4, 2, 36));
        world.our().request_restore(restore, "d1", " please ").await.unwrap();
        as_person(world, "second").await.approve_restore(restore, "d1", "fine").await.unwrap();
        let run = world.our().apply_restore(restore, "d1").await.unwrap();
        applied(world, run).await;
        assert_eq!(state(world, restore).await, S::Applied);
        let undo = world.our().undo_restore(restore, "d1").await.unwrap();
        let claim = world.claim(undo).await;
        assert_eq!(claim.run().kind, RunKind::UndoRestore);
        world.catalog.lease(&claim).complete_undo("6 rows").await.unwrap();
        let events = world.our().restore_events(restore).await.unwrap();
        let states: Vec<_> = events.iter().map(|event| event.state).collect();
        assert_eq!(states, [S::Planning, S::Planned, S::AwaitingApproval, S::Approved, S::Applying, S::Applied, S::Undoing, S::Undone]);
        assert_eq!((events[2].comment.as_deref(), events[2].by.as_str()), (Some("please"), "command line"));
        assert_eq!((events[4].run_id, events[6].run_id), (Some(run), Some(undo)));
        let query = TrailQuery::default();
        let trail: Vec<_> = world.our().search_trail(&query).await.unwrap().rows.into_iter().map(|entry| entry.act).collect();
        for step in ["plan", "planned", "request", "approve", "apply", "applied", "undo", "undone"] {
            assert!(trail.contains(&format!("tenant_restore.{step}")), "{step}");
        }
        let tenant = world.our().get_tenant(world.ours.source, &tenant_key("2")).await.unwrap();
        assert_eq!(tenant.last_restore.map(|last| (last.0, last.1)), Some((restore, S::Undone)));
        assert!(is(&world.our().undo_restore(restore, "d1").await, Conflict::Stale), "once");
        assert!(is(&world.our().apply_restore(restore, "d1").await, Conflict::Stale));
    }

    what_is_agreed_to_is_what_was_looked_at(world) {
        let backup = split_backup(world, world.ours, 2, map(&["control"])).await;
        let restore = plan(world, backup, "1", "seen").await;
        assert!(is(&world.our().request_restore(restore, "other", "").await, Conflict::DifferenceChanged));
        world.our().request_restore(restore, "seen", "").await.unwrap();
        // Somebody edits what is stored.
        raw(&world.url, "update restore_requests set digest = 'edited', version = version + 1").await.unwrap();
        let second = as_person(world, "second").await;
        assert!(is(&second.approve_restore(restore, "seen", "").await, Conflict::DifferenceChanged));
        second.approve_restore(restore, "edited", "").await.unwrap();
        assert!(is(&world.our().apply_restore(restore, "seen").await, Conflict::DifferenceChanged));
        assert_eq!(state(world, restore).await, S::Approved);
        let (obstructed, run) = world.our().plan_restore(&wish(backup, "2")).await.unwrap();
        let claim = world.claim(run).await;
        let mut found = difference(2, "d");
        found.obstacles.push(Obstacle { table: "risk".into(), what: "12 rows refer to it".into(), hint: None });
        world.catalog.lease(&claim).complete_plan(&found, 1).await.unwrap();
        assert!(is(&world.our().request_restore(obstructed, "d", "").await, Conflict::NotApplicable));
    }

    an_approval_is_too_old_after_a_day(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = approved(world, backup, "1", "d").await;
        world.clock.advance_ms(24 * HOUR);
        assert!(is(&world.our().apply_restore(restore, "d").await, Conflict::ApprovalExpired));
        assert_eq!(state(world, restore).await, S::Withdrawn);
        assert!(is(&world.our().apply_restore(restore, "d").await, Conflict::Stale));
    }

    of_twenty_approvals_one_counts(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = plan(world, backup, "1", "d").await;
        world.our().request_restore(restore, "d", "").await.unwrap();
        let tenant = world.ours.id;
        let results = twenty(world, move |catalog, n| async move {
            let person = catalog.command_line(&format!("approver {n}")).await.unwrap();
            let scope = person.allow::<may::ApproveRestore>(tenant).unwrap();
            catalog.tenant(&scope).approve_restore(restore, "d", "").await
        }).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().all(|result| result.is_ok() || is(result, Conflict::Stale)), "{results:?}");
        let approvals = world.our().restore_events(restore).await.unwrap().into_iter().filter(|event| event.state == S::Approved).count();
        assert_eq!(approvals, 1);
    }

    of_twenty_applications_one_is_made(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = approved(world, backup, "1", "d").await;
        let tenant = world.ours.id;
        let results = twenty(world, move |catalog, _| async move {
            let person = catalog.command_line("root").await.unwrap();
            let scope = person.allow::<may::ApplyRestore>(tenant).unwrap();
            catalog.tenant(&scope).apply_restore(restore, "d").await
        }).await;
        let runs: BTreeSet<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(runs.len(), 1);
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let applied = world.our().list_runs(&catalog::RunQuery { kind: Some(RunKind::ApplyRestore), ..catalog::RunQuery::default() }).await.unwrap();
        assert_eq!(applied.rows.len(), 1);
    }

    previews_run_side_by_side_and_applications_one_by_one(world) {
        let backup = split_backup(world, world.ours, 3, map(&["control"])).await;
        let (_, first) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        let (_, second) = world.our().plan_restore(&wish(backup, "2")).await.unwrap();
        assert!(is(&world.our().plan_restore(&wish(backup, "2")).await, Conflict::AlreadyRunning));
        for run in [first, second] {
            world.our().request_cancel(run).await.unwrap();
        }
        let one = approved(world, backup, "1", "d1").await;
        let two = approved(world, backup, "2", "d2").await;
        let run = world.our().apply_restore(one, "d1").await.unwrap();
        assert!(is(&world.our().apply_restore(two, "d2").await, Conflict::AlreadyRunning));
        assert_eq!(state(world, two).await, S::Approved, "it can still be applied");
        applied(world, run).await;
        let undo = world.our().undo_restore(one, "d1").await.unwrap();
        assert!(is(&world.our().apply_restore(two, "d2").await, Conflict::AlreadyRunning), "an undo writes too");
        let claim = world.claim(undo).await;
        world.catalog.lease(&claim).complete_undo("").await.unwrap();
        world.our().apply_restore(two, "d2").await.unwrap();
    }
}
