//! Requests whose connection leads to another server by now.

use catalog::{
    ApprovalQuery, ChangeConnection, Conflict, Error, NewConnection, TrailEntry, TrailQuery, Which,
};
use domain::{
    RestoreId, RunId,
    audit::{Act, Field},
    backups::RunState,
    restores::RequestState as S,
    sources::{AccountName, HostName, Label, TlsMode},
};

use super::{applied, approved, as_person, difference, is, plan, state, wish};
use crate::{
    connections::capabilities,
    world::{World, connection, contract, map, split_backup},
};

/// Changes our connection; returns its probe.
async fn change(world: &World, edit: impl FnOnce(&mut NewConnection)) -> RunId {
    let now = world.our().get_connection(world.ours.connection).await.unwrap();
    let mut values = connection(&*world.clock, now.name.as_str());
    (values.id, values.host, values.port, values.user) = (now.id, now.host, now.port, now.user);
    values.credential = None;
    edit(&mut values);
    world.our().change_connection(ChangeConnection { values, version: now.version }).await.unwrap()
}

/// The probe finds this server.
async fn found(world: &World, probe: RunId, server: &str) {
    let claim = world.claim(probe).await;
    let version = world.our().get_connection(world.ours.connection).await.unwrap().version;
    let answer = domain::sources::Capabilities { server_uuid: server.into(), ..capabilities() };
    world.catalog.lease(&claim).complete_probe(&answer, version).await.unwrap();
}

/// Who ended it, and the reason that is given.
async fn last_word(world: &World, restore: RestoreId) -> (String, String) {
    let last = world.our().restore_events(restore).await.unwrap().pop().unwrap();
    assert_eq!(last.state, S::Withdrawn);
    (last.by, last.comment.unwrap_or_default())
}

contract! {
    another_address_withdraws_every_open_request(world) {
        let backup = split_backup(world, world.ours, 7, map(&["control"])).await;
        let (queued, queued_plan) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        let (running, running_plan) = world.our().plan_restore(&wish(backup, "2")).await.unwrap();
        let claim = world.claim(running_plan).await;
        let planned = plan(world, backup, "3", "d3").await;
        let asked = plan(world, backup, "4", "d4").await;
        world.our().request_restore(asked, "d4", "").await.unwrap();
        let agreed = approved(world, backup, "5", "d5").await;
        let done = approved(world, backup, "6", "d6").await;
        applied(world, world.our().apply_restore(done, "d6").await.unwrap()).await;
        let at_work = approved(world, backup, "7", "d7").await;
        world.our().apply_restore(at_work, "d7").await.unwrap();
        let foreign_backup = split_backup(world, world.theirs, 1, map(&["control"])).await;
        let (foreign, _) = world.tenant(world.theirs).plan_restore(&wish(foreign_backup, "1")).await.unwrap();

        change(world, |values| values.host = HostName::new("new.example").unwrap()).await;

        for restore in [queued, running, planned, asked, agreed] {
            let (by, because) = last_word(world, restore).await;
            assert_eq!(by, "command line");
            assert!(because.contains("main server leads to new.example:3306 now"), "{because}");
            assert_eq!(state(world, restore).await, S::Withdrawn);
        }
        // The run that computes for nobody stops: at once if it waits, when it renews its lease if it works.
        assert_eq!(world.our().get_run(queued_plan).await.unwrap().state, RunState::Cancelled);
        assert!(world.our().get_run(running_plan).await.unwrap().cancel_requested);
        assert!(!world.catalog.lease(&claim).complete_plan(&difference(1, "d2"), 1).await.unwrap());
        assert_eq!(state(world, running).await, S::Withdrawn);
        // Nobody can go on with any of them.
        assert!(is(&world.our().request_restore(planned, "d3", "").await, Conflict::Stale));
        assert!(is(&as_person(world, "second").await.approve_restore(asked, "d4", "").await, Conflict::Stale));
        assert!(is(&world.our().apply_restore(agreed, "d5").await, Conflict::Stale));
        // What may have changed rows asks the server itself; and others have servers of their own.
        assert_eq!((state(world, done).await, state(world, at_work).await), (S::Applied, S::Applying));
        assert_eq!(world.tenant(world.theirs).get_restore(foreign).await.unwrap().state, S::Planning);
        let query = TrailQuery { act: Some(Act::TenantRestoreWithdraw), ..TrailQuery::default() };
        let trail = world.our().search_trail(&query).await.unwrap().rows;
        let leads = |entry: &TrailEntry| entry.event.as_ref().is_some_and(|event| {
            event.after.iter().any(|(field, fact)| field == Field::Connection && fact.to_string() == world.ours.connection.to_string())
        });
        assert!(trail.len() == 5 && trail.iter().all(leads), "{trail:?}");
        let waiting = ApprovalQuery { which: Which::Open, ..ApprovalQuery::default() };
        let waiting = world.our().list_approvals(&waiting).await.unwrap().rows;
        assert!(waiting.is_empty(), "nobody is asked about what was taken back: {waiting:?}");
    }

    another_port_withdraws_and_another_name_account_or_protection_does_not(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = approved(world, backup, "1", "d").await;
        change(world, |values| values.name = Label::new("renamed").unwrap()).await;
        change(world, |values| values.tls = TlsMode::Off).await;
        change(world, |values| values.user = AccountName::new("backup2").unwrap()).await;
        assert_eq!(state(world, restore).await, S::Approved);
        change(world, |values| values.port = 3307).await;
        assert!(last_word(world, restore).await.1.contains("leads to db.example:3307"));
    }

    another_server_behind_the_same_address_withdraws(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        found(world, world.ours.probe, "5C1A-1").await;
        let restore = approved(world, backup, "1", "d1").await;
        // The same one, after its account was changed.
        let probe = change(world, |values| values.user = AccountName::new("backup2").unwrap()).await;
        found(world, probe, "5c1a-1").await;
        assert_eq!(state(world, restore).await, S::Approved);
        // And an account that is led elsewhere: what the last test found is remembered across the change.
        let probe = change(world, |values| values.user = AccountName::new("backup3").unwrap()).await;
        found(world, probe, "5c1a-2").await;
        let (by, because) = last_word(world, restore).await;
        assert_eq!(by, "worker");
        assert!(because.contains("leads to another server than before"), "{because}");
        let restore = plan(world, backup, "1", "d2").await;
        let request = catalog::RunRequest::Probe { connection_id: world.ours.connection };
        let probe = world.our().create_run(request, None).await.unwrap();
        found(world, probe, "").await;
        assert_eq!(state(world, restore).await, S::Planned, "who does not say which server it is was not exchanged");
    }

    a_change_that_is_refused_withdraws_nothing(world) {
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let restore = approved(world, backup, "1", "d").await;
        let mut values = connection(&*world.clock, "main server");
        (values.id, values.port) = (world.ours.connection, 3307);
        let refused = world.our().change_connection(ChangeConnection { values, version: 99 }).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale))), "{refused:?}");
        assert_eq!(state(world, restore).await, S::Approved);
        // Nor does the answer of a test that was overtaken.
        found(world, world.ours.probe, "1").await;
        let request = catalog::RunRequest::Probe { connection_id: world.ours.connection };
        let claim = world.claim(world.our().create_run(request, None).await.unwrap()).await;
        change(world, |values| values.tls = TlsMode::Off).await;
        let answer = domain::sources::Capabilities { server_uuid: "2".into(), ..capabilities() };
        world.catalog.lease(&claim).complete_probe(&answer, 1).await.unwrap();
        assert_eq!(state(world, restore).await, S::Approved);
    }
}
