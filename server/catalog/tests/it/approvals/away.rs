//! Who is away, and who agrees in their place.

use catalog::{Conflict, NewAbsence};
use domain::{access::Role, approvals::State};

use super::{add, agree, as_person, ask, is, of_user, state, switch_off};
use crate::world::{DAY, HOUR, NOON, contract};

contract! {
    a_voice_that_was_left_counts_once_and_never_for_who_asked(world) {
        let boss = add(world, "clerk", "boss", Role::Approver).await;
        let deputy = add(world, "clerk", "deputy", Role::Viewer).await;
        let asker = add(world, "clerk", "asker", Role::TenantAdmin).await;
        let away = |to| NewAbsence { user: boss, from: NOON, until: NOON.plus_ms(DAY), deputy: Some(to) };
        let taken = of_user(world, asker).await.add_absence(away(asker)).await;
        assert!(is(&taken, Conflict::NotYours), "nobody takes a voice by themselves: {taken:?}");
        let left = of_user(world, boss).await.add_absence(away(deputy)).await.unwrap();
        of_user(world, boss).await.add_absence(away(asker)).await.unwrap();

        let request = ask(&of_user(world, asker).await, &switch_off(world)).await;
        assert!(is(&agree(&of_user(world, asker).await, request).await, Conflict::SecondPerson), "not what they asked for");
        assert_eq!(of_user(world, deputy).await.approvals_waiting().await.unwrap(), 1);
        let whole = of_user(world, deputy).await.approval_whole(request).await.unwrap();
        assert_eq!(whole.refusal, None);
        assert!(whole.could_agree.contains(&("boss".into(), Some(NOON.plus_ms(DAY)))), "{:?}", whole.could_agree);
        assert_eq!(agree(&of_user(world, deputy).await, request).await.unwrap(), State::Executed);
        let said = world.our().approval_whole(request).await.unwrap().said;
        assert_eq!((said[0].by.as_str(), said[0].instead_of.as_deref()), ("deputy", Some("boss")));

        // Whoever left a voice that they have lost has left nothing; and an absence that ended gives none.
        let on = domain::approvals::Change::SetSchedule { source_id: world.ours.source, incremental: false, cron: "0 4 * * 0".into(), enabled: true };
        let request = ask(&of_user(world, asker).await, &on).await;
        as_person(world, "clerk").await.change_user(boss, Role::Viewer, true).await.unwrap();
        assert!(is(&agree(&of_user(world, deputy).await, request).await, Conflict::MayNotAgree));
        as_person(world, "clerk").await.change_user(boss, Role::Approver, true).await.unwrap();
        assert!(of_user(world, asker).await.end_absence(left).await.is_ok(), "who manages people may end it");
        assert!(is(&agree(&of_user(world, deputy).await, request).await, Conflict::MayNotAgree));
        assert_eq!(state(world, request).await, State::Waiting);
        world.clock.advance_ms(HOUR);
        assert_eq!(agree(&of_user(world, boss).await, request).await.unwrap(), State::Executed, "they may themselves, wherever they are");
    }
}
