//! Acting alone: in an emergency, and where there is nobody else.

use catalog::{Asked, Conflict, Error, NewChannels, SystemTask};
use domain::{
    access::{Role, may},
    alerts::NoticeKind,
    approvals::{Change, Class, State},
};

use super::{add, agree, as_person, ask, is, is_scheduled, of_user, state, switch_off};
use crate::world::contract;

contract! {
    an_emergency_is_done_at_once_told_to_all_and_reviewed_by_somebody_else(world) {
        let operator = add(world, "clerk", "operator", Role::PlatformOperator).await;
        let admin = add(world, "clerk", "admin", Role::TenantAdmin).await;
        let channels = NewChannels { email_to: Some("ops@example.org".into()), ..NewChannels::default() };
        world.our().set_channels(channels).await.unwrap();
        let request = ask(&of_user(world, admin).await, &switch_off(world)).await;
        let refused = of_user(world, admin).await.act_alone(request, "it burns").await;
        assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
        let rows = of_user(world, operator).await;
        assert!(is(&rows.act_alone(request, " ").await, Conflict::ReasonMissing));
        assert_eq!(rows.act_alone(request, "it burns").await.unwrap(), State::Executed);
        assert!(!is_scheduled(world).await);
        assert!(is(&rows.act_alone(request, "it burns").await, Conflict::Stale), "once");
        assert!(world.our().get_approval(request).await.unwrap().is_emergency);
        let told = world.catalog.system(SystemTask::Notices).take_notices(20).await.unwrap();
        let told: Vec<_> = told.iter().filter(|notice| notice.kind == NoticeKind::Emergency).collect();
        let mut targets: Vec<_> = told.iter().map(|notice| notice.target.as_str()).collect();
        targets.sort_unstable();
        assert_eq!(targets, ["admin@example.org", "operator@example.org", "ops@example.org"]);
        assert!(told.iter().all(|notice| notice.body.contains("it burns")));

        let open = world.our().approval_about(&format!("approval:{request}")).await.unwrap().unwrap();
        assert_eq!(told[0].path, format!("/approvals/{open}"));
        assert!(is(&agree(&of_user(world, operator).await, open).await, Conflict::SecondPerson), "not by who did it");
        assert!(is(&agree(&of_user(world, admin).await, open).await, Conflict::SecondPerson), "nor by who asked for it");
        assert!(is(&of_user(world, operator).await.act_alone(open, "again").await, Conflict::Stale));
        assert_eq!(state(world, open).await, State::Waiting);
        assert_eq!(agree(&as_person(world, "second").await, open).await.unwrap(), State::Executed);
    }

    an_organisation_of_one_works_alone_visibly_and_no_longer_than_it_is_one(world) {
        // An organisation of its own, with one person in it.
        let founder = world.catalog.command_line("root").await.unwrap();
        let own = world.catalog.create_tenant(&founder, "Solo").await.unwrap();
        let founder = world.catalog.command_line("root").await.unwrap();
        let founder = world.catalog.tenant(&founder.allow::<may::ManageUsers>(own).unwrap());
        let new = |name: &str, role| catalog::NewUser { name: name.into(), email: format!("{name}@solo.example"), role, password_hash: None };
        let solo = founder.create_user(new("solo", Role::TenantAdmin)).await.unwrap();
        let session = crate::access::session_of(world, solo).await;
        let person = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
        let rows = world.catalog.tenant(&person.allow::<may::ManageUsers>(own).unwrap());
        rows.set_channels(NewChannels { email_to: Some("solo@ops.example".into()), ..NewChannels::default() }).await.unwrap();
        let rule = domain::approvals::Rule { approvals: 3, ..Class::DeleteBackup.default_rule() };
        let change = Change::SetRule { class: Class::DeleteBackup, rule };
        assert!(matches!(rows.ask_or_do(&change, "why").await.unwrap(), Asked::Waiting(_)), "not before it was said");
        assert!(rows.list_rules().await.unwrap().iter().all(|rule| rule.could_agree == 0));
        assert!(is(&rows.work_alone("").await, Conflict::ReasonMissing));
        rows.work_alone("I am the only one here").await.unwrap();
        assert_eq!(rows.works_alone().await.unwrap().unwrap().reason, "I am the only one here");
        assert_eq!(rows.ask_or_do(&change, "").await.unwrap(), Asked::Done(None));
        let told = world.catalog.system(SystemTask::Notices).take_notices(20).await.unwrap();
        assert!(told.iter().any(|notice| notice.subject.contains("without a second person")), "{told:?}");
        // Somebody whom they added is no second person; somebody whom somebody else added is, and it ends.
        rows.create_user(new("creature", Role::Approver)).await.unwrap();
        assert!(rows.works_alone().await.unwrap().is_some());
        founder.create_user(new("second", Role::Approver)).await.unwrap();
        assert!(rows.works_alone().await.unwrap().is_none());
        let laxer = Change::SetRule { class: Class::DeleteBackup, rule: Class::DeleteBackup.default_rule() };
        assert!(matches!(rows.ask_or_do(&laxer, "why").await, Ok(Asked::Waiting(_)) | Err(Error::Conflict(Conflict::AskedAlready))));
        rows.stop_working_alone().await.unwrap();
        assert!(is(&rows.work_alone("alone again").await, Conflict::NotAlone));
    }
}
