//! What the acts of the catalog leave in the trail, and that none of them happens without.

use catalog::{
    ChangeConnection, Error, NewChannels, NewConnection, RunQuery, RunRequest, Sealed, TrailEntry, TrailQuery,
};
use domain::{
    audit::{Act, Event, Field, Object, Outcome},
    backups::RunState,
    policies::schedule::Schedule,
    restores::{Part, RestoreToNew},
    sources::{DatabaseName, EngineKind, HostName, Label},
};

use crate::{
    trail::tamper,
    world::{NOON, World, connection, contract, failure},
};

async fn trail(world: &World) -> Vec<TrailEntry> {
    let query = TrailQuery { limit: 200, ..TrailQuery::default() };
    world.our().search_trail(&query).await.unwrap().rows
}

async fn newest(world: &World) -> Event {
    trail(world).await.remove(0).event.unwrap()
}

fn facts(facts: &domain::audit::Facts) -> Vec<(Field, String)> {
    facts.iter().map(|(field, fact)| (field, fact.to_string())).collect()
}

/// As on a full disk, from now on.
pub async fn refuse_entries(url: &str) {
    let refuse = if url.starts_with("sqlite") {
        "create trigger full before insert on audit_entries begin select raise(abort, 'the disk is full'); end"
    } else {
        "alter table audit_entries add constraint disk_is_full check (sequence < 0) not valid"
    };
    tamper(url, refuse).await.unwrap();
}

fn moved(of: NewConnection) -> ChangeConnection {
    let values = NewConnection {
        name: Label::new("moved").unwrap(),
        host: HostName::new("db2.example").unwrap(),
        credential: Some(Sealed(b"a sealed password".to_vec())),
        ..of
    };
    ChangeConnection { values, version: 1 }
}

contract! {
    a_change_says_what_was_before_and_what_is_after(world) {
        let schedule = Schedule::parse("30 3 * * *", NOON).unwrap();
        world.our().set_schedule(world.ours.source, &schedule, false).await.unwrap();
        let event = newest(world).await;
        assert_eq!((event.act, event.on.clone()), (Act::ScheduleSet, Object::from(world.ours.source)));
        assert_eq!(facts(&event.before), [(Field::Enabled, "yes".into()), (Field::Schedule, "0 2 * * *".to_owned())]);
        assert_eq!(facts(&event.after), [
            (Field::Enabled, "no".to_owned()), (Field::Kind, "backup".into()), (Field::Schedule, "30 3 * * *".into()),
        ]);

        let mut same = connection(&*world.clock, "main server");
        same.id = world.ours.connection;
        let run = world.our().change_connection(moved(same)).await.unwrap();
        let event = newest(world).await;
        assert_eq!((event.act, event.on.clone()), (Act::ConnectionChange, Object::from(world.ours.connection)));
        let (before, after) = (facts(&event.before), facts(&event.after));
        assert!(before.contains(&(Field::Label, "main server".into())), "{before:?}");
        assert!(after.contains(&(Field::Host, "db2.example".into())) && after.contains(&(Field::Run, run.to_string())), "{after:?}");
        assert!(after.contains(&(Field::Password, "yes".into())), "that there was one, never which: {after:?}");
        let bytes = String::from_utf8_lossy(&event.encode()).into_owned();
        assert!(!bytes.contains("sealed"), "{bytes}");

        world.our().set_engine(world.ours.source, EngineKind::Mysqldump).await.unwrap();
        let before = facts(&newest(world).await.before);
        assert_eq!(before.len(), 1, "{before:?}");
        let webhook_url = Some("https://hooks.example/secret-in-the-path".to_owned());
        world.our().set_channels(NewChannels { webhook_url, ..NewChannels::default() }).await.unwrap();
        let event = newest(world).await;
        assert_eq!(facts(&event.before), [(Field::Email, "no".to_owned()), (Field::Webhook, "no".into())]);
        assert_eq!(facts(&event.after), [(Field::Email, "no".to_owned()), (Field::Webhook, "yes".into())]);
        assert!(!String::from_utf8_lossy(&event.encode()).contains("secret"));
    }

    the_story_of_a_backup_is_found_by_its_id(world) {
        let (backup, verify) = world.backup(world.ours).await;
        world.prove(verify, false).await;
        let restore = RestoreToNew {
            backup_id: backup,
            connection_id: world.ours.connection,
            database: DatabaseName::new("copy").unwrap(),
            only: Part::default(),
            definers: domain::definers::Definers::default(),
        };
        let run = world.our().create_run(RunRequest::Restore(restore), None).await.unwrap();
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).complete_restore("loaded").await.unwrap();
        assert!(world.system().mark_expiring(world.ours.id, backup).await.unwrap());
        assert!(world.system().mark_copy_deleted(world.ours.id, backup, world.vault).await.unwrap());
        let query = TrailQuery { object: Some(Object::from(backup)), ..TrailQuery::default() };
        let story: Vec<_> = world.our().search_trail(&query).await.unwrap().rows.into_iter().rev()
            .map(|row| (row.act, row.outcome, row.actor)).collect();
        let expected = [
            ("backup.complete", "done", "system:worker"),
            ("verification.complete", "failed", "system:worker"),
            ("restore.start", "done", "command_line:root"),
            ("restore.complete", "done", "system:worker"),
            ("backup.expire", "done", "system:dispatch"),
            ("backup.remove", "done", "system:dispatch"),
        ].map(|(act, outcome, who)| (act.to_owned(), outcome.to_owned(), who.to_owned()));
        assert_eq!(story, expected);
    }

    a_run_that_fails_says_of_what_kind_and_never_what_the_server_said(world) {
        let run = world.start_backup(world.ours).await;
        let claim = world.claim(run).await;
        let mut error = failure();
        error.message = "Access denied for user 'x' using password hunter2".into();
        world.catalog.lease(&claim).fail(&error).await.unwrap();
        let event = newest(world).await;
        assert_eq!((event.act, event.outcome, event.on.clone()), (Act::RunFail, Outcome::Failed, Object::from(run)));
        assert!(facts(&event.after).contains(&(Field::Reason, error.kind.clone())), "{:?}", event.after);
        assert!(!String::from_utf8_lossy(&event.encode()).contains("hunter2"));

        let run = world.start_backup(world.ours).await;
        assert_eq!(world.our().request_cancel(run).await.unwrap(), RunState::Cancelled);
        assert_eq!(newest(world).await.act, Act::RunCancel);
    }

    nothing_happens_that_cannot_be_written_down(world) {
        let (backup, verify) = world.backup(world.ours).await;
        world.prove(verify, true).await;
        let waiting = world.start_backup(world.ours).await;
        let claim = world.claim(waiting).await;
        let before = (
            world.our().list_connections().await.unwrap(),
            world.our().list_sources().await.unwrap(),
            world.our().channels().await.unwrap(),
            world.our().list_runs(&RunQuery::default()).await.unwrap(),
            world.our().get_backup(backup).await.unwrap(),
            trail(world).await,
        );
        refuse_entries(&world.url).await;
        let our = world.our();
        let (source, connection_id) = (world.ours.source, world.ours.connection);
        let schedule = Schedule::parse("30 3 * * *", NOON).unwrap();
        let mut same = connection(&*world.clock, "main server");
        same.id = connection_id;
        let refused = |what: &str, result: Result<(), Error>| {
            assert!(matches!(result, Err(Error::Database(_) | Error::Unaudited)), "{what}: {result:?}");
        };
        refused("create_connection", our.create_connection(connection(&*world.clock, "second")).await.map(drop));
        refused("change_connection", our.change_connection(moved(same)).await.map(drop));
        refused("create_source", our.create_source(connection_id, &DatabaseName::new("other").unwrap(), &schedule).await.map(drop));
        refused("create_server_source", our.create_server_source(connection_id, &schedule, &schedule).await.map(drop));
        refused("set_schedule", our.set_schedule(source, &schedule, true).await);
        refused("set_engine", our.set_engine(source, EngineKind::Mysqldump).await);
        refused("set_channels", our.set_channels(NewChannels { email_to: Some("x@y.example".into()), ..NewChannels::default() }).await);
        refused("queue_test_notice", our.queue_test_notice().await.map(drop));
        refused("request_cancel", our.request_cancel(waiting).await.map(drop));
        refused("verify", our.create_run(RunRequest::Verify { backup_id: backup }, None).await.map(drop));
        refused("infer", our.create_run(RunRequest::InferMap { source_id: source, tenant_column: "t".into() }, None).await.map(drop));
        refused("complete_backup", world.catalog.lease(&claim).complete_backup(world.stored()).await.map(drop));
        refused("fail", world.catalog.lease(&claim).fail(&failure()).await);
        refused("mark_expiring", world.system().mark_expiring(world.ours.id, backup).await.map(drop));
        let after = (
            our.list_connections().await.unwrap(),
            our.list_sources().await.unwrap(),
            our.channels().await.unwrap(),
            our.list_runs(&RunQuery::default()).await.unwrap(),
            our.get_backup(backup).await.unwrap(),
            trail(world).await,
        );
        assert_eq!(after, before);
    }
}
