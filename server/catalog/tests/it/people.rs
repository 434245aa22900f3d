//! Roles that organisations make, groups, invitations, and leaving.

use catalog::{
    Conflict, Error, GivenRole, GroupWish, Leaving, NewInvitation, NewToken, NewUser, Principal,
    TenantCatalog, TokenOutcome, TrailQuery,
};
use domain::{
    UserId,
    access::{Permission, Role, may},
    audit::{Act, Origin},
    powers::{PermissionSet, RoleRef},
    restores::{RequestState, Selection, TenantRestore},
};

use crate::{
    access::session_of,
    world::{DAY, HOUR, NOON, Tenant, World, contract, map, split_backup, tenant_key},
};

async fn add(world: &World, tenant: Tenant, name: &str, role: Role) -> UserId {
    let email = format!("{name}@example.org");
    let new = NewUser { name: name.into(), email, role, password_hash: Some("hash".into()) };
    world.tenant(tenant).create_user(new).await.unwrap()
}

async fn as_person(world: &World, user: UserId) -> Principal {
    let session = session_of(world, user).await;
    world.catalog.authenticate_session(&session).await.unwrap().unwrap()
}

/// The rows as somebody who manages people sees them.
fn rows_of<'w>(world: &'w World, who: &Principal) -> TenantCatalog<'w> {
    world.catalog.tenant(&who.allow::<may::ManageUsers>(world.ours.id).unwrap())
}

fn set(permissions: &[Permission]) -> PermissionSet {
    permissions.iter().copied().collect()
}

fn for_ever(role: impl Into<RoleRef>) -> GivenRole {
    GivenRole { role: role.into(), expires_at: None }
}

fn denied<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Denied(_)))
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, conflict: Conflict) {
    assert!(matches!(&result, Err(Error::Conflict(found)) if *found == conflict), "{conflict:?}: {result:?}");
}

fn invitation(email: &str, token: u8, roles: Vec<GivenRole>) -> NewInvitation {
    NewInvitation { email: email.into(), roles, token_sha256: vec![token; 32], expires_at: NOON.plus_ms(DAY) }
}

contract! {
    what_somebody_may_is_the_union_of_their_roles_while_they_last(world) {
        let ours = world.our();
        let user = add(world, world.ours, "vera", Role::Viewer).await;
        let night = ours.create_role("Night shift", set(&[Permission::StartBackup])).await.unwrap();
        refused(ours.create_role("Night shift", PermissionSet::NONE).await, Conflict::Duplicate);
        ours.give_role(user, GivenRole { role: RoleRef::Custom(night), expires_at: Some(NOON.plus_ms(HOUR)) }).await.unwrap();
        let vera = as_person(world, user).await;
        assert!(vera.allow::<may::StartBackup>(world.ours.id).is_ok() && vera.allow::<may::ReadBackups>(world.ours.id).is_ok());
        let titles: Vec<_> = vera.memberships()[0].roles.iter().map(|held| held.title.clone()).collect();
        assert_eq!(titles, ["Viewer", "Night shift"]);
        assert_eq!(ours.list_roles().await.unwrap()[0].people, 1);
        ours.change_role(night, "Night shift", set(&[Permission::VerifyBackup])).await.unwrap();
        let vera = as_person(world, user).await;
        assert!(vera.allow::<may::StartBackup>(world.ours.id).is_err() && vera.allow::<may::VerifyBackup>(world.ours.id).is_ok());
        world.clock.advance_ms(HOUR);
        let vera = as_person(world, user).await;
        assert!(vera.allow::<may::VerifyBackup>(world.ours.id).is_err(), "its time is over");
        assert_eq!(ours.list_roles().await.unwrap()[0].people, 0);
        ours.remove_role(night).await.unwrap();
        assert!(matches!(ours.remove_role(night).await, Err(Error::NotFound { .. })));
        // Without any role somebody is still a member, who may nothing.
        add(world, world.ours, "adam", Role::TenantAdmin).await;
        ours.take_role(user, Role::Viewer.into()).await.unwrap();
        let vera = as_person(world, user).await;
        assert!(vera.memberships()[0].powers().permissions.is_empty());
        assert_eq!(vera.allow::<may::ReadBackups>(world.ours.id).unwrap_err().reason, catalog::Refused::Forbidden);
    }

    a_role_is_made_of_what_its_maker_has_and_given_by_who_answers_for_it(world) {
        let admin = as_person(world, add(world, world.ours, "adam", Role::TenantAdmin).await).await;
        let rows = rows_of(world, &admin);
        assert!(denied(rows.create_role("Agreeing", set(&[Permission::ApproveRestore])).await), "kept from admins");
        let clerks = rows.create_role("Clerk", set(&[Permission::ManageUsers, Permission::ReadUsers])).await.unwrap();
        let clerk = add(world, world.ours, "cleo", Role::Viewer).await;
        rows.change_roles(clerk, &[for_ever(RoleRef::Custom(clerks))], true).await.unwrap();
        let viewer = add(world, world.ours, "vera", Role::Viewer).await;
        let cleo = as_person(world, clerk).await;
        let rows = rows_of(world, &cleo);
        assert!(denied(rows.give_role(viewer, for_ever(Role::TenantAdmin)).await));
        assert!(denied(rows.create_role("More", set(&[Permission::StartBackup])).await));
        assert!(denied(rows.change_role(clerks, "Clerk", set(&[Permission::ManageUsers, Permission::StartBackup])).await));
        assert!(denied(rows.create_password_link(admin.user_id().unwrap(), &[1; 32], NOON.plus_ms(HOUR)).await));
        assert!(denied(rows.remove_user(admin.user_id().unwrap()).await));
        assert!(denied(rows.create_invitation(&invitation("second@example.org", 5, vec![for_ever(Role::TenantAdmin)])).await));
        let wish = GroupWish { name: "Admins".into(), external_name: None, roles: vec![Role::TenantAdmin.into()] };
        assert!(denied(rows.create_group(&wish).await));
        // A viewer has more than a clerk here: they are not a clerk's to change.
        assert!(denied(rows.take_role(viewer, Role::Viewer.into()).await));
    }

    a_group_gives_its_members_roles_and_takes_them_with_it(world) {
        let ours = world.our();
        add(world, world.ours, "adam", Role::TenantAdmin).await;
        let user = add(world, world.ours, "vera", Role::Viewer).await;
        let wish = |roles: &[Role], external: Option<&str>| GroupWish {
            name: "On call".into(),
            external_name: external.map(Into::into),
            roles: roles.iter().map(|role| (*role).into()).collect(),
        };
        let group = ours.create_group(&wish(&[Role::Operator], Some("ops"))).await.unwrap();
        refused(ours.create_group(&wish(&[], None)).await, Conflict::Duplicate);
        let may = async || as_person(world, user).await.allow::<may::StartBackup>(world.ours.id).is_ok();
        assert!(!may().await);
        ours.join_group(group, user).await.unwrap();
        assert!(may().await);
        assert_eq!(ours.get_user(user).await.unwrap().roles[0].group.as_deref(), Some("On call"));
        // Who was put here by people stays, whatever another house says.
        assert_eq!(world.catalog.set_external_groups(user, &[], &Origin::here()).await.unwrap(), 0);
        assert!(may().await);
        ours.leave_group(group, user).await.unwrap();
        assert!(!may().await);
        let set = async |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            world.catalog.set_external_groups(user, &names, &Origin::here()).await.unwrap()
        };
        assert_eq!((set(&["ops", "unknown"]).await, may().await), (1, true));
        assert_eq!((set(&["ops"]).await, may().await), (0, true));
        assert_eq!((set(&["OPS"]).await, may().await), (1, false), "names are names, not words");
        set(&["ops"]).await;
        ours.change_group(group, &wish(&[Role::Operator], Some("other"))).await.unwrap();
        assert!(!may().await, "under another name its members are others");
        let trail = ours.search_trail(&TrailQuery { act: Some(Act::GroupJoin), ..TrailQuery::default() }).await.unwrap();
        assert_eq!(trail.rows.len(), 3);
        ours.join_group(group, user).await.unwrap();
        ours.remove_group(group).await.unwrap();
        assert!(!may().await);
    }

    nobody_makes_themselves_more_by_a_group_of_theirs(world) {
        let user = add(world, world.ours, "adam", Role::TenantAdmin).await;
        let group = GroupWish { name: "Ours".into(), external_name: None, roles: vec![Role::Viewer.into()] };
        let id = world.our().create_group(&group).await.unwrap();
        world.our().join_group(id, user).await.unwrap();
        let adam = as_person(world, user).await;
        let more = GroupWish { roles: vec![Role::Approver.into()], ..group };
        refused(rows_of(world, &adam).change_group(id, &more).await, Conflict::OwnRole);
    }

    an_invitation_is_good_once_and_for_its_time(world) {
        let ours = world.our();
        let roles = vec![GivenRole { role: Role::ComplianceOfficer.into(), expires_at: Some(NOON.plus_ms(30 * DAY)) }];
        let id = ours.create_invitation(&invitation("Nora@Example.org", 1, roles.clone())).await.unwrap();
        refused(ours.create_invitation(&invitation("nora@example.org", 2, roles)).await, Conflict::Duplicate);
        assert_eq!(world.catalog.find_invitation(&[1; 32]).await.unwrap().email, "nora@example.org");
        let accept = async |token: u8| world.catalog.accept_invitation(&[token; 32], "Nora", "hash", &Origin::here()).await;
        refused(accept(9).await, Conflict::LinkSpent);
        world.clock.advance_ms(DAY);
        refused(accept(1).await, Conflict::LinkSpent);
        assert_eq!(ours.list_invitations().await.unwrap().len(), 1, "it can be renewed");
        ours.renew_invitation(id, &[3; 32], NOON.plus_ms(2 * DAY)).await.unwrap();
        refused(accept(1).await, Conflict::LinkSpent);
        let nora = accept(3).await.unwrap();
        refused(accept(3).await, Conflict::LinkSpent);
        let found = ours.get_user(nora).await.unwrap();
        assert_eq!((found.name.as_str(), found.roles[0].expires_at), ("Nora", Some(NOON.plus_ms(30 * DAY))));
        assert!(ours.list_invitations().await.unwrap().is_empty());
        let revoked = ours.create_invitation(&invitation("x@example.org", 4, Vec::new())).await.unwrap();
        ours.revoke_invitation(revoked).await.unwrap();
        refused(accept(4).await, Conflict::LinkSpent);
        assert!(matches!(ours.revoke_invitation(revoked).await, Err(Error::NotFound { .. })));
    }

    of_two_who_accept_at_once_one_does(world) {
        world.our().create_invitation(&invitation("nora@example.org", 1, vec![for_ever(Role::Viewer)])).await.unwrap();
        let tasks: Vec<_> = (0..6).map(|n| {
            let catalog = world.catalog.clone();
            tokio::spawn(async move { catalog.accept_invitation(&[1; 32], &format!("Nora {n}"), "hash", &Origin::here()).await })
        }).collect();
        let mut accepted = 0;
        for task in tasks {
            accepted += usize::from(task.await.unwrap().is_ok());
        }
        assert_eq!(accepted, 1);
    }

    who_has_an_account_joins_another_organisation_by_signing_in(world) {
        let user = add(world, world.theirs, "vera", Role::Viewer).await;
        let other = add(world, world.theirs, "otto", Role::Viewer).await;
        world.our().create_invitation(&invitation("vera@example.org", 1, vec![for_ever(Role::Operator)])).await.unwrap();
        let by_link = world.catalog.accept_invitation(&[1; 32], "Eve", "eve's", &Origin::here()).await;
        refused(by_link, Conflict::SignInFirst);
        let otto = as_person(world, other).await;
        refused(world.catalog.accept_invitation_as(&otto, &[1; 32], &Origin::here()).await, Conflict::OtherAddress);
        let vera = as_person(world, user).await;
        assert_eq!(world.catalog.accept_invitation_as(&vera, &[1; 32], &Origin::here()).await.unwrap(), world.ours.id);
        let vera = as_person(world, user).await;
        assert!(vera.allow::<may::StartBackup>(world.ours.id).is_ok());
        assert!(vera.allow::<may::StartBackup>(world.theirs.id).is_err());
        // What is theirs everywhere is not for an admin of one of their organisations.
        let adam = as_person(world, add(world, world.ours, "adam", Role::TenantAdmin).await).await;
        let rows = rows_of(world, &adam);
        refused(rows.create_password_link(user, &[7; 32], NOON.plus_ms(HOUR)).await, Conflict::BelongsElsewhere);
        refused(rows.enable_user(user, false).await, Conflict::BelongsElsewhere);
        assert!(!rows.remove_user(user).await.unwrap().closes_account);
        let vera = as_person(world, user).await;
        assert!(vera.allow::<may::ReadBackups>(world.ours.id).is_err() && vera.allow::<may::ReadBackups>(world.theirs.id).is_ok());
    }

    whoever_leaves_leaves_nothing_open(world) {
        add(world, world.ours, "adam", Role::TenantAdmin).await;
        let user = add(world, world.ours, "olga", Role::TenantAdmin).await;
        let session = session_of(world, user).await;
        let olga = as_person(world, user).await;
        let new = NewToken {
            name: "nightly".into(), prefix: "hf_x".into(), secret_hash: vec![4; 32],
            scopes: vec![Permission::ReadBackups], expires_at: NOON.plus_ms(DAY),
            is_proven: true,
        };
        let here = domain::audit::Origin::here();
        world.catalog.create_token(&olga, world.ours.id, &new, &here).await.unwrap();
        let rows = rows_of(world, &olga);
        rows.create_invitation(&invitation("second@example.org", 1, vec![for_ever(Role::Viewer)])).await.unwrap();
        let backup = split_backup(world, world.ours, 1, map(&["control"])).await;
        let scope = olga.allow::<may::RequestRestore>(world.ours.id).unwrap();
        let wish = TenantRestore { backup_id: backup, tenant: tenant_key("1"), selection: Selection::Everything };
        let (restore, _) = world.catalog.tenant(&scope).plan_restore(&wish).await.unwrap();
        let ours = world.our();
        let ends = Leaving { sessions: 2, tokens: 1, invitations: 1, requests: 1, groups: 0, closes_account: true };
        assert_eq!(ours.would_end(user).await.unwrap(), ends);
        assert_eq!(ours.remove_user(user).await.unwrap(), ends);
        assert!(world.catalog.authenticate_session(&session).await.unwrap().is_none());
        assert!(matches!(world.catalog.authenticate_token(&[4; 32]).await.unwrap(), TokenOutcome::Refused(_)));
        refused(world.catalog.find_invitation(&[1; 32]).await, Conflict::LinkSpent);
        let found = ours.get_restore(restore).await.unwrap();
        assert_eq!(found.state, RequestState::Withdrawn);
        assert_eq!(found.made_by, "olga", "the name stays in what happened");
        assert!(!world.catalog.find_sign_in("olga@example.org").await.unwrap().unwrap().enabled);
        assert!(matches!(ours.remove_user(user).await, Err(Error::NotFound { .. })));
        let trail = ours.search_trail(&TrailQuery { act: Some(Act::UserRemove), ..TrailQuery::default() }).await.unwrap();
        assert_eq!(trail.rows.len(), 1);
        // Invited again they come back by a link, like somebody new.
        ours.create_invitation(&invitation("olga@example.org", 2, vec![for_ever(Role::Viewer)])).await.unwrap();
        assert_eq!(world.catalog.accept_invitation(&[2; 32], "Olga", "hash", &Origin::here()).await.unwrap(), user);
        assert!(as_person(world, user).await.allow::<may::ManageUsers>(world.ours.id).is_err());
    }

    the_last_administrator_neither_leaves_nor_expires(world) {
        let ours = world.our();
        let user = add(world, world.ours, "adam", Role::TenantAdmin).await;
        refused(ours.remove_user(user).await, Conflict::LastAdministrator);
        let second = add(world, world.ours, "bea", Role::Viewer).await;
        ours.give_role(second, GivenRole { role: Role::TenantAdmin.into(), expires_at: Some(NOON.plus_ms(DAY)) }).await.unwrap();
        refused(ours.remove_user(user).await, Conflict::LastAdministrator);
        ours.give_role(second, for_ever(Role::TenantAdmin)).await.unwrap();
        ours.remove_user(user).await.unwrap();
    }

    only_who_runs_the_installation_sees_all_organisations(world) {
        let user = add(world, world.ours, "petra", Role::PlatformOperator).await;
        let petra = as_person(world, user).await;
        let all = world.catalog.list_organisations(&petra).await.unwrap();
        let counts: Vec<_> = all.iter().map(|row| (row.name.as_str(), row.people, row.sources)).collect();
        assert_eq!(counts, [("Ours", 1, 1), ("Theirs", 0, 1)]);
        let adam = as_person(world, add(world, world.ours, "adam", Role::TenantAdmin).await).await;
        assert!(denied(world.catalog.list_organisations(&adam).await));
    }
}
