//! Agreeing and carrying out.

use catalog::{Catalog, Conflict};
use domain::{
    access::{Role, may},
    approvals::{Change, Class, Rule, State, Verdict},
    backups::Retention,
};

use super::{add, agree, as_person, ask, is, is_scheduled, of_user, state, switch_off, tend};
use crate::world::{HOUR, connection, contract, raw};

contract! {
    what_weakens_protection_waits_for_somebody_else_and_is_done_by_their_agreement(world) {
        let request = ask(&world.our(), &switch_off(world)).await;
        assert!(is_scheduled(world).await);
        assert!(is(&world.our().ask_or_do(&switch_off(world), "again").await, Conflict::AskedAlready));
        for verdict in [Verdict::Agree, Verdict::Refuse] {
            let digest = world.our().get_approval(request).await.unwrap().digest;
            assert!(is(&world.our().decide_approval(request, verdict, &digest, "").await, Conflict::SecondPerson));
            let other = as_person(world, "second").await.decide_approval(request, verdict, &"0".repeat(64), "").await;
            assert!(is(&other, Conflict::DifferenceChanged), "{other:?}");
        }
        let viewer = add(world, "clerk", "viewer", Role::Viewer).await;
        assert!(is(&agree(&of_user(world, viewer).await, request).await, Conflict::MayNotAgree));
        assert_eq!(of_user(world, viewer).await.approvals_waiting().await.unwrap(), 0);
        assert_eq!(as_person(world, "second").await.approvals_waiting().await.unwrap(), 1);
        assert_eq!(agree(&as_person(world, "second").await, request).await.unwrap(), State::Executed);
        assert!(!is_scheduled(world).await);
        // A link that is followed once more finds it as it is now.
        assert!(is(&agree(&as_person(world, "third").await, request).await, Conflict::Stale));
        assert!(is(&world.our().execute_approval(request).await, Conflict::Stale));
        assert!(is(&world.our().withdraw_approval(request).await, Conflict::Stale));
    }

    one_who_refuses_ends_it_and_who_asked_may_take_it_back(world) {
        let request = ask(&world.our(), &switch_off(world)).await;
        let digest = world.our().get_approval(request).await.unwrap().digest;
        assert!(is(&as_person(world, "second").await.withdraw_approval(request).await, Conflict::NotYours));
        let refused = as_person(world, "second").await.decide_approval(request, Verdict::Refuse, &digest, "no").await;
        assert_eq!(refused.unwrap(), State::Rejected);
        assert!(is(&agree(&as_person(world, "third").await, request).await, Conflict::Stale));
        let request = ask(&world.our(), &switch_off(world)).await;
        world.our().withdraw_approval(request).await.unwrap();
        assert!(is(&agree(&as_person(world, "third").await, request).await, Conflict::Stale));
        assert!(is_scheduled(world).await);
    }

    of_fifty_who_agree_at_once_one_carries_it_out(world) {
        let request = ask(&world.our(), &switch_off(world)).await;
        let digest = world.our().get_approval(request).await.unwrap().digest;
        let mut servers = Vec::new();
        for _ in 0..5 {
            servers.push(Catalog::open(&world.url, world.clock.clone()).await.unwrap());
        }
        let mut tasks = Vec::new();
        for n in 0..50 {
            let (catalog, digest, tenant) = (servers[n % 5].clone(), digest.clone(), world.ours.id);
            tasks.push(tokio::spawn(async move {
                let person = catalog.command_line(&format!("person-{n}")).await.unwrap();
                let scope = person.allow::<may::ReadBackups>(tenant).unwrap();
                catalog.tenant(&scope).decide_approval(request, Verdict::Agree, &digest, "").await
            }));
        }
        let (mut done, mut late) = (0, 0);
        for task in tasks {
            match task.await.unwrap() {
                Ok(state) => {
                    assert_eq!(state, State::Executed);
                    done += 1;
                }
                late_one => {
                    assert!(is(&late_one, Conflict::Stale), "{late_one:?}");
                    late += 1;
                }
            }
        }
        assert_eq!((done, late), (1, 49));
        // Each time a schedule is stored its version grows by one.
        let once = "update schedules set cron = cron where enabled = 0 and version = 2";
        assert_eq!(raw(&world.url, once).await.unwrap(), 1);
        let trail = "update approval_decisions set digest = digest where verdict = 'agree'";
        assert_eq!(raw(&world.url, trail).await.unwrap(), 1, "and one agreement was enough");
    }

    what_two_have_to_agree_to_is_not_done_by_one_who_agrees_twice(world) {
        let rule = Rule { approvals: 2, ..Class::SlackenSchedule.default_rule() };
        let stricter = ask(&world.our(), &Change::SetRule { class: Class::SlackenSchedule, rule }).await;
        assert_eq!(agree(&as_person(world, "second").await, stricter).await.unwrap(), State::Executed);
        let request = ask(&world.our(), &switch_off(world)).await;
        assert_eq!(agree(&as_person(world, "second").await, request).await.unwrap(), State::Waiting);
        assert!(is(&agree(&as_person(world, "second").await, request).await, Conflict::Stale));
        assert!(is_scheduled(world).await);
        assert_eq!(agree(&as_person(world, "third").await, request).await.unwrap(), State::Executed);
        assert!(!is_scheduled(world).await);
    }

    who_is_demoted_between_agreement_and_deed_takes_the_approval_along(world) {
        let (backup, verify) = world.backup(world.ours).await;
        world.prove(verify, true).await;
        let approver = add(world, "clerk", "approver", Role::Approver).await;
        let asker = add(world, "clerk", "asker", Role::TenantAdmin).await;
        add(world, "clerk", "other", Role::TenantAdmin).await;
        let retention = async || world.our().get_backup(backup).await.unwrap().retention;
        let request = ask(&of_user(world, asker).await, &Change::DeleteBackup { backup_id: backup }).await;
        assert_eq!(agree(&of_user(world, approver).await, request).await.unwrap(), State::Approved);
        assert!(is(&world.our().execute_approval(request).await, Conflict::CoolingOff), "it rests first");
        as_person(world, "clerk").await.change_user(approver, Role::Viewer, true).await.unwrap();
        world.clock.advance_ms(HOUR);
        tend(world).await;
        assert_eq!((state(world, request).await, retention().await), (State::Waiting, Retention::Active));
        assert_eq!(agree(&as_person(world, "second").await, request).await.unwrap(), State::Approved);
        // The server that would have carried it out is gone; a sweep of another finds it.
        world.clock.advance_ms(HOUR);
        tend(world).await;
        assert_eq!((state(world, request).await, retention().await), (State::Executed, Retention::Expiring));
        // Whoever asked and may not sign in any more asks for nothing.
        let (backup, _) = world.backup(world.ours).await;
        let request = ask(&of_user(world, asker).await, &Change::DeleteBackup { backup_id: backup }).await;
        agree(&as_person(world, "second").await, request).await.unwrap();
        as_person(world, "clerk").await.change_user(asker, Role::TenantAdmin, false).await.unwrap();
        world.clock.advance_ms(HOUR);
        tend(world).await;
        assert_eq!(state(world, request).await, State::Failed);
        assert_eq!(world.our().get_backup(backup).await.unwrap().retention, Retention::Active);
    }

    an_edited_request_is_not_what_was_agreed_to(world) {
        let (backup, _) = world.backup(world.ours).await;
        let request = ask(&world.our(), &Change::DeleteBackup { backup_id: backup }).await;
        let digest = world.our().get_approval(request).await.unwrap().digest;
        agree(&as_person(world, "second").await, request).await.unwrap();
        raw(&world.url, "update approval_requests set preview = replace(preview, 'deleted', 'kept')").await.unwrap();
        world.clock.advance_ms(HOUR);
        tend(world).await;
        assert_eq!(state(world, request).await, State::Waiting, "nobody has agreed to this");
        let again = as_person(world, "third").await.decide_approval(request, Verdict::Agree, &digest, "").await;
        assert!(is(&again, Conflict::DifferenceChanged), "{again:?}");
        assert_eq!(world.our().get_backup(backup).await.unwrap().retention, Retention::Active);

        // What it is about has changed meanwhile, by the front door.
        let request = ask(&world.our(), &switch_off(world)).await;
        let schedule = domain::policies::schedule::Schedule::parse("0 3 * * *", world.catalog.clock().now()).unwrap();
        world.our().set_schedule(world.ours.source, &schedule, true).await.unwrap();
        assert_eq!(agree(&as_person(world, "second").await, request).await.unwrap(), State::Failed);
        assert!(is_scheduled(world).await);
        let why = world.our().get_approval(request).await.unwrap().problem;
        assert!(why.is_some_and(|why| why.contains("another one by now")));
    }

    what_was_approved_begins_its_run_though_nobody_is_there_any_more(world) {
        let now = connection(&*world.clock, "main server");
        let rule = Rule { cool_off_ms: HOUR, ..Class::MoveConnection.default_rule() };
        let resting = ask(&world.our(), &Change::SetRule { class: Class::MoveConnection, rule }).await;
        agree(&as_person(world, "second").await, resting).await.unwrap();
        raw(&world.url, "update runs set state = 'cancelled', next_at = null, finished_at = 1 where kind = 'probe'").await.unwrap();
        let change = Change::MoveConnection {
            connection_id: world.ours.connection,
            version: 1,
            name: now.name.as_str().into(),
            host: "elsewhere.example".into(),
            port: 3307,
            user: now.user.as_str().into(),
            tls: now.tls,
            credential: Some("0a0b".into()),
        };
        let request = ask(&world.our(), &change).await;
        assert_eq!(agree(&as_person(world, "second").await, request).await.unwrap(), State::Approved);
        tend(world).await;
        assert_eq!(state(world, request).await, State::Approved, "it rests");
        world.clock.advance_ms(HOUR);
        tend(world).await;
        tend(world).await;
        assert_eq!(state(world, request).await, State::Executed);
        assert_eq!(world.our().get_connection(world.ours.connection).await.unwrap().host.as_str(), "elsewhere.example");
        let probes = "update runs set subject = subject where kind = 'probe' and state = 'queued'";
        assert_eq!(raw(&world.url, probes).await.unwrap(), 1, "one test of the new place, once");
    }

    nobody_writes_an_agreement_of_their_own_past_the_program(world) {
        let request = ask(&world.our(), &switch_off(world)).await;
        let forged = [
            "update approval_requests set state = 'executed'",
            "update approval_requests set state = 'approved'",
            "update approval_requests set digest = 'short'",
            "update approval_requests set needed = 9",
        ];
        for statement in forged {
            let refused = raw(&world.url, statement).await.expect_err(statement).to_string().to_lowercase();
            assert!(refused.contains("check"), "{statement}: {refused}");
        }
        // An agreement in the name of who asked does not count, however it got there.
        let own = "insert into approval_decisions (tenant_id, request_id, seq, at, by_id, by_name, voice_id, verdict, digest) \
                   select tenant_id, id, 1, 0, requester_id, 'me', requester_id, 'agree', digest from approval_requests";
        raw(&world.url, own).await.unwrap();
        raw(&world.url, "update approval_requests set state = 'approved', approved_at = created_at").await.unwrap();
        let done = world.our().execute_approval(request).await;
        assert!(is(&done, Conflict::ApprovalVoid(catalog::ApprovalVoid::Approver)), "{done:?}");
        assert!(is_scheduled(world).await);
    }
}
