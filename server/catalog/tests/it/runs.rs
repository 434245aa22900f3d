//! Runs as people ask for them.

use catalog::{Conflict, Error, RunQuery, RunRequest};
use domain::{
    RunId,
    backups::{RunKind, RunState},
    restores::RestoreToNew,
    sources::DatabaseName,
};

use crate::world::{World, contract};

fn is_conflict(result: Result<RunId, Error>, expected: Conflict) -> bool {
    matches!(result, Err(Error::Conflict(conflict)) if conflict == expected)
}

async fn cancelled(world: &World, run: RunId) {
    world.our().request_cancel(run).await.unwrap();
}

contract! {
    a_form_sent_twice_starts_one_run(world) {
        let request = || RunRequest::Backup { source_id: world.ours.source, label: None };
        let first = world.our().create_run(request(), Some("form-1")).await.unwrap();
        assert_eq!(world.our().create_run(request(), Some("form-1")).await.unwrap(), first);
        assert!(is_conflict(world.our().create_run(request(), Some("form-2")).await, Conflict::AlreadyRunning));
        assert!(is_conflict(world.our().create_run(request(), None).await, Conflict::AlreadyRunning));
        cancelled(world, first).await;
        assert_eq!(world.our().create_run(request(), Some("form-1")).await.unwrap(), first, "also when it is over");
        world.our().create_run(request(), Some("form-2")).await.unwrap();
        let theirs = RunRequest::Backup { source_id: world.theirs.source, label: None };
        let other = world.tenant(world.theirs).create_run(theirs, Some("form-1")).await.unwrap();
        assert_ne!(other, first, "a key belongs to its organisation");
    }

    a_run_carries_the_backup_it_will_make(world) {
        let run = world.start_backup(world.ours).await;
        let found = world.our().get_run(run).await.unwrap();
        assert!(found.backup_id.is_some());
        assert_eq!((found.subject.as_str(), found.requested_by.as_str()), ("grc2", "command line"));
        assert_eq!((found.state, found.starts, found.label.as_deref()), (RunState::Queued, 0, Some("by hand")));
        assert_eq!(found.connection_id, Some(world.ours.connection));
        assert_eq!(world.our().get_source(world.ours.source).await.unwrap().active_run, Some(run));
    }

    what_waits_is_cancelled_at_once_and_what_runs_is_told(world) {
        let run = world.start_backup(world.ours).await;
        assert_eq!(world.our().request_cancel(run).await.unwrap(), RunState::Cancelled);
        let over = world.our().request_cancel(run).await;
        assert!(matches!(over, Err(Error::Conflict(Conflict::RunFinished))), "{over:?}");
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        assert_eq!(world.our().request_cancel(run).await.unwrap(), RunState::Running);
        let lease = world.catalog.lease(&claim);
        assert_eq!(lease.renew(1000).await.unwrap(), catalog::Renewed::Held { cancel_requested: true });
        lease.cancelled().await.unwrap();
        assert_eq!(world.our().get_run(run).await.unwrap().state, RunState::Cancelled);
        assert!(world.system().claim(run, "w", 1000).await.unwrap().is_none());
    }

    a_restore_names_a_backup_and_a_server_of_the_same_organisation(world) {
        let (backup, _) = world.backup(world.ours).await;
        let (foreign, _) = world.backup(world.theirs).await;
        let restore = |backup_id, connection_id| RunRequest::Restore(RestoreToNew {
            backup_id, connection_id, database: DatabaseName::new("grc2_again").unwrap(), only: domain::restores::Part::default(),
            definers: domain::definers::Definers::Keep,
        });
        for wrong in [restore(foreign, world.ours.connection), restore(backup, world.theirs.connection)] {
            let refused = world.our().create_run(wrong, None).await;
            assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
        }
        let run = world.our().create_run(restore(backup, world.ours.connection), None).await.unwrap();
        let claim = world.claim(run).await;
        assert_eq!(claim.run().restore().unwrap().backup_id, backup);
        assert_eq!(claim.run().backup_id, Some(backup));
        world.catalog.lease(&claim).complete_restore("43 tables").await.unwrap();
        let log = world.our().run_events(run, 0).await.unwrap();
        assert_eq!(log.last().unwrap().message, "43 tables");
        assert_eq!(world.our().run_events(run, log.last().unwrap().seq).await.unwrap(), []);
    }

    runs_are_listed_newest_first_page_by_page(world) {
        let mut made = vec![world.ours.probe];
        for _ in 0..7 {
            world.clock.advance_ms(i64::from(made.len() % 2 == 0));
            let run = world.start_backup(world.ours).await;
            cancelled(world, run).await;
            made.push(run);
        }
        let (mut query, mut seen) = (RunQuery { limit: 3, ..RunQuery::default() }, Vec::new());
        loop {
            let page = world.our().list_runs(&query).await.unwrap();
            assert!(page.rows.len() <= 3);
            seen.extend(page.rows.into_iter().map(|run| run.id));
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        made.reverse();
        assert_eq!(seen, made);
        let count = async |query: RunQuery| world.our().list_runs(&query).await.unwrap().rows.len();
        assert_eq!(count(RunQuery { kind: Some(RunKind::Probe), ..RunQuery::default() }).await, 1);
        assert_eq!(count(RunQuery { state: Some(RunState::Cancelled), ..RunQuery::default() }).await, 7);
        assert_eq!(count(RunQuery { active: true, ..RunQuery::default() }).await, 1);
        assert_eq!(count(RunQuery { source: Some(world.ours.source), ..RunQuery::default() }).await, 7);
        assert_eq!(count(RunQuery { connection: Some(world.ours.connection), ..RunQuery::default() }).await, 1);
        let backup = world.our().get_run(made[0]).await.unwrap().backup_id;
        assert_eq!(count(RunQuery { backup, ..RunQuery::default() }).await, 1);
        let nonsense = RunQuery { after: Some(domain::Cursor("x".into())), ..RunQuery::default() };
        assert!(matches!(world.our().list_runs(&nonsense).await, Err(Error::NotFound { .. })));
    }
}
