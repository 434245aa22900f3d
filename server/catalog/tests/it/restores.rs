//! Tenant restores: nothing is applied that a second person did not agree to as it stands, and nothing twice.

use std::collections::BTreeSet;

use catalog::{
    ApprovalVoid, Catalog, Claim, Conflict, Error, NewUser, RestoreQuery, RunRequest, TenantCatalog,
};
use domain::{
    BackupId, RestoreId, RunId, UserId,
    access::{Role, may},
    backups::{MAX_STARTS, RunError, RunKind, RunState},
    restores::{
        Difference, Obstacle, RequestState as S, Selection, SelectionSummary, TableDifference, TenantRestore,
    },
    tenancy::TenantKey,
};

use crate::access::session_of;
use crate::world::{HOUR, LEASE, NOON, World, contract, failure, map, raw, split_backup, tenant_key};

const SQLITE_FIGURES: &str =
    include_str!("../../../../migrations/sqlite/20261127000004_selection_summary.sql");
const POSTGRES_FIGURES: &str =
    include_str!("../../../../migrations/postgres/20261127000004_selection_summary.sql");

fn difference(tables: u64, digest: &str) -> Difference {
    let table = |n| TableDifference {
        table: format!("table_{n:04}"),
        inserts: 2 * u64::from(n % 2 == 1),
        updates: u64::from(n % 2 == 1),
        deletes: 0,
        unchanged: 9,
    };
    Difference {
        tables: (0..tables).map(table).collect(),
        foreign_rows: 0,
        obstacles: Vec::new(),
        remarks: vec!["a trigger will fire".into()],
        digest: digest.into(),
        bytes_read: 100,
        bytes_whole: 5000,
    }
}

fn wish(backup_id: BackupId, tenant: &str) -> TenantRestore {
    TenantRestore { backup_id, tenant: tenant_key(tenant), selection: Selection::Everything }
}

async fn as_person<'c>(world: &'c World, name: &str) -> TenantCatalog<'c> {
    let person = world.catalog.command_line(name).await.unwrap();
    world.catalog.tenant(&person.allow::<may::ApproveRestore>(world.ours.id).unwrap())
}

/// Somebody added by the account `by` of the command line.
async fn add(world: &World, by: &str, name: &str, role: Role) -> UserId {
    let new = NewUser { name: name.into(), email: format!("{name}@example.org"), role, password_hash: None };
    as_person(world, by).await.create_user(new).await.unwrap()
}

/// The rows as a person has them who signs in now.
async fn of_user(world: &World, user: UserId) -> TenantCatalog<'_> {
    let session = session_of(world, user).await;
    let person = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
    world.catalog.tenant(&person.allow::<may::ReadContents>(world.ours.id).unwrap())
}

/// The worker is not heard of again.
async fn lost(world: &World) {
    world.clock.advance_ms(LEASE + 1);
    // A server's own clock decides where there are several: let its lease be over.
    raw(&world.url, "update runs set lease_until = 0 where state = 'running'").await.unwrap();
    world.system().reclaim_expired().await.unwrap();
}

async fn plan(world: &World, backup: BackupId, tenant: &str, digest: &str) -> RestoreId {
    let (restore, run) = world.our().plan_restore(&wish(backup, tenant)).await.unwrap();
    let claim = world.claim(run).await;
    assert_eq!(
        (claim.run().restore_id(), claim.run().tenant.as_ref().map(TenantKey::as_str)),
        (Some(restore), Some(tenant))
    );
    assert!(world.catalog.lease(&claim).complete_plan(&difference(4, digest), 7).await.unwrap());
    restore
}

async fn approved(world: &World, backup: BackupId, tenant: &str, digest: &str) -> RestoreId {
    let restore = plan(world, backup, tenant, digest).await;
    world.our().request_restore(restore, digest, "please").await.unwrap();
    as_person(world, "second").await.approve_restore(restore, digest, "fine").await.unwrap();
    restore
}

async fn state(world: &World, restore: RestoreId) -> S {
    world.our().get_restore(restore).await.unwrap().state
}

fn is<T: std::fmt::Debug>(result: &Result<T, Error>, expected: Conflict) -> bool {
    matches!(result, Err(Error::Conflict(conflict)) if *conflict == expected)
}

async fn applied(world: &World, run: RunId) -> Claim {
    let claim = world.claim(run).await;
    world.catalog.lease(&claim).complete_apply("6 rows of 2 tables").await.unwrap();
    claim
}

/// Twenty catalogs, each with connections of its own.
async fn twenty<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    world: &World,
    act: impl Fn(Catalog, usize) -> F,
) -> Vec<T> {
    let mut tasks = Vec::new();
    for n in 0..20 {
        let catalog = Catalog::open(&world.url, world.clock.clone()).await.unwrap();
        tasks.push(tokio::spawn(act(catalog, n)));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

contract! {
    a_list_of_requests_has_figures_and_no_keys(world) {
        let backup = split_backup(world, world.ours, 3, map(&["control"])).await;
        let selections = [
            ("1", Selection::Everything),
            ("2", Selection::Tables { tables: vec!["a".into(), "b".into()] }),
            ("3", Selection::Rows { table: "control".into(), keys: vec![vec!["ann@example.org".into()], vec!["2".into()]] }),
        ];
        let mut restores = Vec::new();
        for (tenant, selection) in &selections {
            let wish = TenantRestore { selection: selection.clone(), ..wish(backup, tenant) };
            let (restore, _) = world.our().plan_restore(&wish).await.unwrap();
            assert_eq!(world.our().restore_selection(restore).await.unwrap(), *selection);
            restores.push(restore);
        }
        let one = Selection::Tables { tables: vec!["a".into()] }.summary();
        assert!(matches!(&one, SelectionSummary::Tables { tables: 1, only: Some(name) } if name == "a"));
        // Those that were made before there were figures get the same ones.
        for is_old in [false, true] {
            if is_old {
                raw(&world.url, "update restore_requests set selection_summary = '{\"what\":\"everything\"}'").await.unwrap();
                let migrations = if world.url.starts_with("sqlite") { SQLITE_FIGURES } else { POSTGRES_FIGURES };
                let (_, update) = migrations.split_once("UPDATE ").unwrap();
                raw(&world.url, Box::leak(format!("UPDATE {update}").into_boxed_str())).await.unwrap();
            }
            let listed = world.our().list_restores(&RestoreQuery::default()).await.unwrap().rows;
            assert!(!format!("{listed:?}").contains("ann@"), "{listed:?}");
            for (restore, (_, selection)) in restores.iter().zip(&selections) {
                let row = listed.iter().find(|row| row.id == *restore).unwrap();
                assert_eq!(row.selection, selection.summary(), "{is_old}");
            }
        }
        let trail = world.our().list_audit(None).await.unwrap().rows;
        assert!(!format!("{trail:?}").contains("ann@"), "{trail:?}");
    }

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
        let trail: Vec<_> = world.our().list_audit(None).await.unwrap().rows.into_iter().map(|entry| entry.action).collect();
        for step in ["plan", "planned", "request", "approve", "apply", "applied", "undo", "undone"] {
            assert!(trail.contains(&format!("tenant_restore.{step}")), "{step}");
        }
        let tenant = world.our().get_tenant(world.ours.source, &tenant_key("2")).await.unwrap();
        assert_eq!(tenant.last_restore.map(|last| (last.0, last.1)), Some((restore, S::Undone)));
        assert!(is(&world.our().undo_restore(restore, "d1").await, Conflict::Stale), "once");
        assert!(is(&world.our().apply_restore(restore, "d1").await, Conflict::Stale));
    }

    nobody_agrees_to_their_own_request(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = plan(world, backup, "1", "d").await;
        as_person(world, "asks").await.request_restore(restore, "d", "").await.unwrap();
        for me in ["root", "asks"] {
            let own = as_person(world, me).await.approve_restore(restore, "d", "").await;
            assert!(is(&own, Conflict::SecondPerson), "{me}: {own:?}");
            assert!(is(&as_person(world, me).await.reject_restore(restore, "d", "").await, Conflict::SecondPerson));
        }
        let forced = "update restore_requests set state = 'approved', approved_by_id = made_by_id, approved_at = 0, approved_until = 9999999999999";
        let refused = raw(&world.url, forced).await.unwrap_err().to_string().to_lowercase();
        assert!(refused.contains("check"), "{refused}");
        let forced = "update restore_requests set state = 'approved'";
        assert!(raw(&world.url, forced).await.is_err(), "nobody has agreed");
        as_person(world, "third").await.approve_restore(restore, "d", "").await.unwrap();
        assert!(!world.our().has_second_person(restore).await.unwrap(), "nobody but the machine's own people");
        add(world, "root", "own", Role::Approver).await;
        assert!(!world.our().has_second_person(restore).await.unwrap(), "somebody whom root has added is root's");
        add(world, "clerk", "other", Role::Approver).await;
        assert!(world.our().has_second_person(restore).await.unwrap());
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

    an_approval_is_asked_for_again_when_the_rows_are_about_to_change(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let asker = add(world, "clerk", "asker", Role::TenantAdmin).await;
        let approver = add(world, "clerk", "approver", Role::Approver).await;
        // Somebody must be left who administers.
        add(world, "clerk", "other", Role::TenantAdmin).await;
        let clerk = as_person(world, "clerk").await;
        let agreed = async |digest: &'static str| {
            let (restore, run) = of_user(world, asker).await.plan_restore(&wish(backup, "1")).await.unwrap();
            let claim = world.claim(run).await;
            world.catalog.lease(&claim).complete_plan(&difference(4, digest), 7).await.unwrap();
            of_user(world, asker).await.request_restore(restore, digest, "").await.unwrap();
            of_user(world, approver).await.approve_restore(restore, digest, "").await.unwrap();
            let run = of_user(world, asker).await.apply_restore(restore, digest).await.unwrap();
            (restore, world.claim(run).await)
        };
        let void = |of| Conflict::ApprovalVoid(of);
        let refused = RunError { kind: "refused".into(), ..failure() };

        let (restore, claim) = agreed("d1").await;
        let lease = world.catalog.lease(&claim);
        lease.check_approval(Some("d1")).await.unwrap();
        assert!(is(&lease.check_approval(Some("other")).await, void(ApprovalVoid::Changed)));
        for (role, enabled) in [(Role::Viewer, true), (Role::Approver, false)] {
            clerk.change_user(approver, role, enabled).await.unwrap();
            assert!(is(&lease.check_approval(Some("d1")).await, void(ApprovalVoid::Approver)), "{role:?} {enabled}");
            assert!(is(&lease.publish_check().await, void(ApprovalVoid::Approver)), "{role:?} {enabled}");
        }
        lease.fail(&refused).await.unwrap();
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!((found.state, found.approved_until), (S::AwaitingApproval, None), "somebody else can agree");
        let events = world.our().restore_events(restore).await.unwrap();
        assert_eq!(events.last().unwrap().comment.as_deref(), Some("The server went away."));
        as_person(world, "third").await.approve_restore(restore, "d1", "").await.unwrap();
        let run = of_user(world, asker).await.apply_restore(restore, "d1").await.unwrap();
        applied(world, run).await;

        clerk.change_user(approver, Role::Approver, true).await.unwrap();
        let (restore, claim) = agreed("d2").await;
        let lease = world.catalog.lease(&claim);
        clerk.change_user(asker, Role::TenantAdmin, false).await.unwrap();
        assert!(is(&lease.check_approval(Some("d2")).await, void(ApprovalVoid::Requester)));
        assert!(is(&lease.publish_check().await, void(ApprovalVoid::Requester)));
        lease.fail(&refused).await.unwrap();
        assert_eq!(state(world, restore).await, S::Failed, "nobody stands behind it");

        clerk.change_user(asker, Role::TenantAdmin, true).await.unwrap();
        let (restore, claim) = agreed("d3").await;
        world.clock.advance_ms(24 * HOUR);
        raw(&world.url, "update runs set lease_until = 9999999999999 where state = 'running'").await.unwrap();
        let lease = world.catalog.lease(&claim);
        assert!(is(&lease.check_approval(Some("d3")).await, void(ApprovalVoid::TooOld)));
        // One that began in time ends, however long it takes; but what is begun anew is not begun in time.
        lease.publish_check().await.unwrap();
        assert!(is(&lease.is_not_done().await, void(ApprovalVoid::TooOld)));
        lease.fail(&refused).await.unwrap();
        assert_eq!(state(world, restore).await, S::Failed);
    }

    a_second_account_of_who_asked_is_no_second_person(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let admin = add(world, "clerk", "admin", Role::TenantAdmin).await;
        let asks = of_user(world, admin).await;
        let new = |name: &str, role| NewUser { name: name.into(), email: format!("{name}@example.org"), role, password_hash: None };
        let added = asks.create_user(new("added", Role::Approver)).await.unwrap();
        let promoted = add(world, "clerk", "promoted", Role::Viewer).await;
        asks.change_user(promoted, Role::Approver, true).await.unwrap();
        let taken_over = add(world, "clerk", "taken_over", Role::Approver).await;
        asks.create_password_link(taken_over, &[1; 32], NOON.plus_ms(HOUR)).await.unwrap();
        let let_in = add(world, "clerk", "let_in", Role::Approver).await;
        as_person(world, "clerk").await.change_user(let_in, Role::Approver, false).await.unwrap();
        asks.change_user(let_in, Role::Approver, true).await.unwrap();
        let deputy = asks.create_user(new("deputy", Role::TenantAdmin)).await.unwrap();
        let third_hand = of_user(world, deputy).await.create_user(new("third_hand", Role::Approver)).await.unwrap();
        let free = add(world, "clerk", "free", Role::Approver).await;
        // The other way round: who asks was added by who agrees.
        let boss = add(world, "clerk", "boss", Role::PlatformOperator).await;
        let former = add(world, "clerk", "former", Role::TenantAdmin).await;
        let protege = of_user(world, former).await.create_user(new("protege", Role::TenantAdmin)).await.unwrap();
        as_person(world, "clerk").await.change_user(former, Role::Approver, true).await.unwrap();
        let minion = of_user(world, boss).await.create_user(new("minion", Role::TenantAdmin)).await.unwrap();

        let asked_by = async |user, digest: &'static str| {
            let restore = plan(world, backup, "1", digest).await;
            of_user(world, user).await.request_restore(restore, digest, "").await.unwrap();
            restore
        };
        let restore = asked_by(admin, "d1").await;
        let found = world.our().get_restore(restore).await.unwrap();
        for (user, how) in [(added, "added"), (promoted, "promoted"), (taken_over, "taken over"), (let_in, "let in"), (third_hand, "added by who was added")] {
            let rows = of_user(world, user).await;
            assert!(is(&rows.approve_restore(restore, "d1", "").await, Conflict::NotIndependent), "{how}");
            assert!(is(&rows.reject_restore(restore, "d1", "").await, Conflict::NotIndependent), "{how}");
            assert_eq!(rows.second_person_refusal(&found).await.unwrap(), Some(Conflict::NotIndependent), "{how}");
        }
        assert_eq!(of_user(world, free).await.second_person_refusal(&found).await.unwrap(), None);
        assert_eq!(asks.second_person_refusal(&found).await.unwrap(), Some(Conflict::SecondPerson));
        of_user(world, free).await.approve_restore(restore, "d1", "").await.unwrap();

        let restore = asked_by(protege, "d2").await;
        assert!(is(&of_user(world, former).await.approve_restore(restore, "d2", "").await, Conflict::NotIndependent));
        let restore = asked_by(minion, "d3").await;
        of_user(world, boss).await.approve_restore(restore, "d3", "").await.unwrap();
        // But who runs the installation agrees to nothing with people of their own.
        let creature = of_user(world, boss).await.create_user(new("creature", Role::PlatformOperator)).await.unwrap();
        let restore = asked_by(boss, "d4").await;
        assert!(is(&of_user(world, creature).await.approve_restore(restore, "d4", "").await, Conflict::NotIndependent));
        // It ends with who runs the installation: they vouch for their people by themselves.
        let vice = of_user(world, boss).await.create_user(new("vice", Role::PlatformOperator)).await.unwrap();
        let vices = of_user(world, vice).await.create_user(new("vices", Role::Approver)).await.unwrap();
        let found = world.our().get_restore(restore).await.unwrap();
        assert_eq!(of_user(world, vices).await.second_person_refusal(&found).await.unwrap(), None);
        // People of before were added by nobody that is known.
        raw(&world.url, "update memberships set added_by = null, role_by = null").await.unwrap();
        of_user(world, creature).await.approve_restore(restore, "d4", "").await.unwrap();
    }

    requests_and_tables_are_listed_page_by_page(world) {
        let backup = split_backup(world, world.ours, 7, map(&["control"])).await;
        let mut made = Vec::new();
        for tenant in 1..=7 {
            made.push(plan(world, backup, &tenant.to_string(), "d").await);
        }
        made.reverse();
        let (mut query, mut seen) = (RestoreQuery { limit: 3, ..RestoreQuery::default() }, Vec::new());
        loop {
            let page = world.our().list_restores(&query).await.unwrap();
            seen.extend(page.rows.into_iter().map(|row| row.id));
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        assert_eq!(seen, made);
        let of = RestoreQuery { tenant: Some(tenant_key("3")), state: Some(S::Planned), source: Some(world.ours.source), ..RestoreQuery::default() };
        assert_eq!(world.our().list_restores(&of).await.unwrap().rows.len(), 1);
        let (restore, run) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).complete_plan(&difference(1201, "d"), 1).await.unwrap();
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = world.our().list_restore_tables(restore, false, None, after.as_ref(), 200).await.unwrap();
            seen.extend(page.rows);
            after = page.next;
            if after.is_none() { break; }
        }
        assert_eq!(seen.len(), 1201);
        assert!(seen[..600].iter().all(|table| table.changes() == 3) && seen[600..].iter().all(|table| table.changes() == 0));
        assert!(seen[..600].windows(2).all(|pair| pair[0].table < pair[1].table));
        let changed = world.our().list_restore_tables(restore, true, Some("TABLE_000"), None, 0).await.unwrap();
        assert_eq!(changed.rows.len(), 5);
        assert_eq!(world.our().get_restore_table(restore, "table_0001").await.unwrap().inserts, 2);
        let request = RunRequest::Verify { backup_id: backup };
        world.our().create_run(request, None).await.unwrap();
    }
}
