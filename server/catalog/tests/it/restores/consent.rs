//! Who may agree to what, asked again when the rows are about to change.

use catalog::{ApprovalVoid, Conflict, NewUser};
use domain::{access::Role, backups::RunError, restores::RequestState as S};

use super::{add, applied, as_person, difference, is, of_user, plan, state, wish};
use crate::world::{HOUR, NOON, contract, failure, map, raw, split_backup};

contract! {
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
}
