//! Tenant restores: nothing is applied that a second person did not agree to as it stands, and nothing twice.

use std::collections::BTreeSet;

use catalog::{Catalog, Claim, Conflict, Error, NewUser, RestoreQuery, RunRequest, TenantCatalog};
use domain::{
    BackupId, RestoreId, RunId,
    access::{Role, may},
    backups::{MAX_STARTS, RunKind, RunState},
    restores::{
        Difference, Obstacle, RequestState as S, Selection, SelectionSummary, TableDifference, TenantRestore,
    },
    tenancy::TenantKey,
};

use crate::world::{HOUR, LEASE, World, contract, failure, map, raw, split_backup, tenant_key};

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
        let new = NewUser { name: "A".into(), email: "a@example.org".into(), role: Role::Approver, password_hash: None };
        world.our().create_user(new).await.unwrap();
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
            world.claim(run).await;
            world.our().request_cancel(run).await.unwrap();
            world.clock.advance_ms(LEASE + 1);
            // A server's own clock decides where there are several: let its lease be over.
            raw(&world.url, "update runs set lease_until = 0 where state = 'running'").await.unwrap();
            let reclaimed = world.system().reclaim_expired().await.unwrap();
            if start < MAX_STARTS {
                assert_eq!((reclaimed.queued, reclaimed.cancelled), (vec![run], vec![]), "start {start}");
                assert_eq!(state(world, restore).await, S::Applying);
            } else {
                assert_eq!(reclaimed.cancelled, [run]);
                assert_eq!(state(world, restore).await, S::Failed);
            }
        }
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
