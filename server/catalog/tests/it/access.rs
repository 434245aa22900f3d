//! First run, signing in, people and their roles.

use catalog::{Conflict, Error, FirstOperator, NewUser, Refused, Sealed, SetupState, TrailQuery};
use domain::{
    TenantId, UserId,
    access::{Role, may},
    audit::{Act, Origin},
    id::Id,
    powers::Powers,
};
use tower_sessions_core::{SessionStore, session::Record};

use crate::world::{HOUR, NOON, World, contract};

fn first() -> FirstOperator {
    FirstOperator {
        organisation: "Platform".into(),
        name: "Ada".into(),
        email: "Ada@Example.org".into(),
        password_hash: "$argon2id$one".into(),
        recovery_public: vec![7; 32],
        recovery_pending: Sealed(vec![8; 48]),
    }
}

fn person(name: &str, role: Role) -> NewUser {
    NewUser { name: name.into(), email: format!("{name}@example.org"), role, password_hash: None }
}

/// A session of `user`, as the server makes one when somebody signs in.
pub async fn session_of(world: &World, user: UserId) -> tower_sessions_core::session::Id {
    let mut data = std::collections::HashMap::new();
    data.insert(catalog::SESSION_USER.to_owned(), serde_json::json!(user));
    data.insert(catalog::SESSION_SIGNED_IN_AT.to_owned(), serde_json::json!(world.catalog.clock().now().0));
    let expiry_date = time::OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
    let mut record = Record { id: tower_sessions_core::session::Id::default(), data, expiry_date };
    world.catalog.sessions().create(&mut record).await.unwrap();
    record.id
}

contract! {
    the_first_operator_is_made_once(world) {
        assert_eq!(world.catalog.installation().await.unwrap().setup, SetupState::Needed);
        let tasks: Vec<_> = (0..8).map(|_| {
            let catalog = world.catalog.clone();
            tokio::spawn(async move { catalog.first_run(first(), &Origin::here()).await })
        }).collect();
        let mut made = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(ids) => made.push(ids),
                Err(Error::Conflict(Conflict::AlreadySetUp)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(made.len(), 1);
        let (tenant, user) = made[0];
        let found = world.catalog.find_sign_in("ADA@example.org ").await.unwrap().unwrap();
        assert_eq!((found.user_id, found.enabled), (user, true));
        let session = session_of(world, user).await;
        let ada = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
        assert_eq!(ada.powers(tenant), Some(Powers::of(Role::PlatformOperator)));
        assert_eq!(world.catalog.unconfirmed_recovery_key(&ada).await.unwrap(), Sealed(vec![8; 48]));
        assert!(world.catalog.unconfirmed_recovery_key(&world.principal).await.is_err());
        world.catalog.confirm_recovery_key(&ada, &Origin::here()).await.unwrap();
        assert!(world.catalog.unconfirmed_recovery_key(&ada).await.is_err());
        assert_eq!(world.catalog.installation().await.unwrap().setup, SetupState::Done);
    }

    published_keys_are_not_replaced_by_accident(world) {
        world.catalog.publish_keys(&[1; 32], &[2; 32], false).await.unwrap();
        world.catalog.publish_keys(&[1; 32], &[2; 32], false).await.unwrap();
        let other = world.catalog.publish_keys(&[3; 32], &[2; 32], false).await;
        assert!(matches!(other, Err(Error::Conflict(Conflict::Stale))), "{other:?}");
        world.catalog.publish_keys(&[3; 32], &[2; 32], true).await.unwrap();
        assert_eq!(world.catalog.installation().await.unwrap().worker_public, Some(vec![3; 32]));
    }

    a_stranger_gets_not_found_and_a_weak_role_forbidden(world) {
        let user = world.our().create_user(person("viewer", Role::Viewer)).await.unwrap();
        let session = session_of(world, user).await;
        let viewer = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
        assert!(viewer.allow::<may::ReadBackups>(world.ours.id).is_ok());
        let denied = viewer.allow::<may::StartBackup>(world.ours.id).unwrap_err();
        assert_eq!(denied.reason, Refused::Forbidden);
        world.catalog.record_refusal(&denied, &Origin::here()).await.unwrap();
        let stranger = viewer.allow::<may::ReadBackups>(world.theirs.id).unwrap_err();
        assert_eq!(stranger.reason, Refused::NotFound);
        world.catalog.record_refusal(&stranger, &Origin::here()).await.unwrap();
        let nowhere = viewer.allow::<may::ReadBackups>(TenantId::new(uuid::Uuid::nil())).unwrap_err();
        world.catalog.record_refusal(&nowhere, &Origin::here()).await.unwrap();
        let query = TrailQuery { act: Some(Act::Allow), ..TrailQuery::default() };
        let trail = world.our().search_trail(&query).await.unwrap();
        assert_eq!(trail.rows.iter().filter(|entry| entry.outcome == "refused").count(), 1);
        let elsewhere = world.tenant(world.theirs).list_audit(None).await.unwrap();
        assert!(elsewhere.rows.iter().all(|entry| entry.outcome != "refused"), "who is no member is not told of there");
        let query = TrailQuery { act: Some(Act::Allow), ..TrailQuery::default() };
        let at_the_door = world.catalog.search_platform_trail(&world.principal, &query).await.unwrap().rows;
        assert_eq!(at_the_door.len(), 2, "{at_the_door:?}");
        assert!(matches!(world.catalog.create_tenant(&viewer, "Mine").await, Err(Error::Denied(_))));
    }

    changing_a_person_ends_their_sessions_and_disabling_shuts_them_out(world) {
        let user = world.our().create_user(person("op", Role::Operator)).await.unwrap();
        let session = session_of(world, user).await;
        world.our().change_user(user, Role::Viewer, true).await.unwrap();
        assert!(world.catalog.authenticate_session(&session).await.unwrap().is_none());
        let session = session_of(world, user).await;
        world.our().change_user(user, Role::Viewer, false).await.unwrap();
        assert!(world.catalog.authenticate_session(&session).await.unwrap().is_none());
        let again = session_of(world, user).await;
        assert!(world.catalog.authenticate_session(&again).await.unwrap().is_none(), "disabled");
    }

    the_last_administrator_stays(world) {
        let admin = world.our().create_user(person("admin", Role::TenantAdmin)).await.unwrap();
        let refused = world.our().change_user(admin, Role::Viewer, true).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::LastAdministrator))), "{refused:?}");
        world.our().create_user(person("second", Role::TenantAdmin)).await.unwrap();
        world.our().change_user(admin, Role::Viewer, true).await.unwrap();
    }

    a_tenant_admin_cannot_make_a_platform_operator(world) {
        let admin = world.our().create_user(person("admin", Role::TenantAdmin)).await.unwrap();
        let session = session_of(world, admin).await;
        let admin_principal = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
        let scope = admin_principal.allow::<may::ManageUsers>(world.ours.id).unwrap();
        let tenant = world.catalog.tenant(&scope);
        assert!(matches!(tenant.change_user(admin, Role::PlatformOperator, true).await, Err(Error::Denied(_))));
        assert!(matches!(tenant.create_user(person("x", Role::PlatformOperator)).await, Err(Error::Denied(_))));
        let boss = world.our().create_user(person("boss", Role::PlatformOperator)).await.unwrap();
        assert!(matches!(tenant.change_user(boss, Role::Viewer, true).await, Err(Error::Denied(_))));
        let link = tenant.create_password_link(boss, &[1; 32], NOON.plus_ms(HOUR)).await;
        assert!(matches!(link, Err(Error::Denied(_))), "{link:?}");
    }

    a_password_link_works_once_and_not_after_its_time(world) {
        let user = world.our().create_user(person("new", Role::Viewer)).await.unwrap();
        let spent = |result: Result<UserId, Error>| matches!(result, Err(Error::Conflict(Conflict::LinkSpent)));
        world.our().create_password_link(user, &[1; 32], NOON.plus_ms(HOUR)).await.unwrap();
        world.our().create_password_link(user, &[2; 32], NOON.plus_ms(HOUR)).await.unwrap();
        assert!(spent(world.catalog.use_password_link(&[1; 32], "hash", &Origin::here()).await), "an older link has ended");
        let session = session_of(world, user).await;
        assert_eq!(world.catalog.use_password_link(&[2; 32], "hash", &Origin::here()).await.unwrap(), user);
        assert!(world.catalog.authenticate_session(&session).await.unwrap().is_none());
        assert!(spent(world.catalog.use_password_link(&[2; 32], "hash", &Origin::here()).await), "used");
        world.our().create_password_link(user, &[3; 32], NOON.plus_ms(HOUR)).await.unwrap();
        world.clock.advance_ms(HOUR);
        assert!(spent(world.catalog.use_password_link(&[3; 32], "hash", &Origin::here()).await), "too old");
        assert!(world.our().get_user(user).await.unwrap().has_password);
        world.our().create_password_link(user, &[4; 32], NOON.plus_ms(3 * HOUR)).await.unwrap();
        let session = session_of(world, user).await;
        let themselves = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
        world.catalog.set_own_password(&themselves, "hash", &Origin::here()).await.unwrap();
        assert!(spent(world.catalog.use_password_link(&[4; 32], "hash", &Origin::here()).await), "the password was changed meanwhile");
    }

    people_are_listed_by_name_page_by_page(world) {
        for n in 0..120 {
            world.our().create_user(person(&format!("p{n:03}"), Role::Viewer)).await.unwrap();
        }
        let taken = world.our().create_user(person("P000", Role::Viewer)).await;
        assert!(matches!(taken, Err(Error::Conflict(Conflict::Duplicate))), "{taken:?}");
        let (mut after, mut names) = (None, Vec::new());
        loop {
            let page = world.our().list_users(after.as_ref()).await.unwrap();
            names.extend(page.rows.into_iter().map(|user| user.name));
            after = page.next;
            if after.is_none() { break; }
        }
        assert_eq!(names, (0..120).map(|n| format!("p{n:03}")).collect::<Vec<_>>());
    }

    passwords_can_be_set_from_the_command_line_and_by_oneself(world) {
        let user = world.our().create_user(person("op", Role::Operator)).await.unwrap();
        world.catalog.set_password_of(&world.principal, "OP@example.org", "first").await.unwrap();
        let session = session_of(world, user).await;
        let op = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
        world.catalog.set_own_password(&op, "second", &Origin::here()).await.unwrap();
        assert_eq!(world.catalog.find_sign_in("op@example.org").await.unwrap().unwrap().password_hash.as_deref(), Some("second"));
        assert!(matches!(world.catalog.set_password_of(&op, "op@example.org", "x").await, Err(Error::Denied(_))));
        world.catalog.record_sign_in(user, &Origin::here()).await.unwrap();
        assert_eq!(world.our().get_user(user).await.unwrap().last_sign_in, Some(NOON));
        let missing: UserId = Id::new(uuid::Uuid::nil());
        assert!(matches!(world.our().get_user(missing).await, Err(Error::NotFound { .. })));
    }
}
