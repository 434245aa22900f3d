//! Every endpoint × everybody who is not one of the built-in roles of its own organisation: a role made of nothing, roles
//! made of one permission each, and somebody who has left. The endpoints come from the tables of cases, which another
//! test holds against what the server really answers.

use catalog::{GivenRole, NewUser, TenantCatalog};
use domain::{
    UserId,
    access::{Permission, Role, may},
    powers::{PermissionSet, RoleRef},
};
use http::StatusCode;
use secrecy::SecretString;
use server::access::password::hash_blocking;

use crate::{
    api_cases::{all_of, calls},
    cases::{Case, Needs, functions, pages, posted_pages, streams},
    coverage::ask,
    world::{PASSWORD, World},
};

fn every_case(world: &World) -> Vec<Case> {
    let ours = &world.ours;
    let of_pages = pages(ours).into_iter().chain(streams(ours)).map(|(_, case)| case);
    functions(ours).into_iter().chain(of_pages).chain(posted_pages(ours)).collect()
}

/// Somebody of ours whose only role is made of `permissions`, and their session.
async fn person_with(
    world: &World,
    rows: &TenantCatalog<'_>,
    name: &str,
    permissions: PermissionSet,
) -> (UserId, String) {
    let email = format!("{}@ours.example", name.to_lowercase());
    let hash = hash_blocking(&SecretString::from(PASSWORD)).unwrap();
    let new =
        NewUser { name: name.into(), email: email.clone(), role: Role::Viewer, password_hash: Some(hash) };
    let user = rows.create_user(new).await.unwrap();
    let role = RoleRef::Custom(rows.create_role(&format!("Only {name}"), permissions).await.unwrap());
    rows.change_roles(user, &[GivenRole { role, expires_at: None }], true).await.unwrap();
    let session = world.sign_in(&email, PASSWORD).await.session().unwrap();
    (user, session)
}

#[tokio::test]
async fn a_role_made_of_nothing_opens_nothing() {
    let world = World::new().await;
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let rows = world.services.catalog.tenant(&operator.allow::<may::ManageUsers>(world.ours.id).unwrap());
    let (_, session) = person_with(&world, &rows, "Nobody", PermissionSet::NONE).await;
    for case in every_case(&world) {
        if let Needs::Of(_) | Needs::Own(_) | Needs::Platform = case.needs {
            let answer = ask(&world, &case, Some(&session)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {}", case.path, answer.body);
            assert!(!answer.body.contains("grc2"), "{}", case.path);
        }
    }
}

#[tokio::test]
async fn a_role_made_of_one_permission_opens_nothing_that_needs_another() {
    let world = World::new().await;
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let rows = world.services.catalog.tenant(&operator.allow::<may::ManageUsers>(world.ours.id).unwrap());
    for &only in Permission::ALL {
        let permissions = [only].into_iter().collect();
        let (_, session) = person_with(&world, &rows, only.name(), permissions).await;
        let mut is_used = false;
        for case in every_case(&world) {
            let is_enough = match case.needs {
                Needs::Of(needed) | Needs::Own(needed) => needed == only,
                Needs::Platform => false,
                Needs::Nothing | Needs::SignIn => continue,
            };
            is_used |= is_enough;
            if !is_enough {
                let answer = ask(&world, &case, Some(&session)).await;
                let told = format!("{} with {} alone: {}", case.path, only.name(), answer.body);
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{told}");
            }
        }
        // Who may agree, or act alone, is asked of each request by its class: the endpoints are for whoever sees it.
        is_used |= matches!(only, Permission::ApproveChanges | Permission::ActAlone);
        assert!(is_used, "no endpoint needs {}: is it asked anywhere?", only.name());
    }
}

#[tokio::test]
async fn who_has_left_gets_nothing_by_session_or_token() {
    let world = World::new().await;
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let rows = world.services.catalog.tenant(&operator.allow::<may::ManageUsers>(world.ours.id).unwrap());
    let role = Role::PlatformOperator;
    let session = world.our(role).to_owned();
    let token = world.token(&world.ours, role, &all_of(role)).await;
    rows.remove_user(world.ours.users[&role]).await.unwrap();
    for case in every_case(&world).into_iter().filter(|case| case.needs != Needs::Nothing) {
        let answer = ask(&world, &case, Some(&session)).await;
        let is_out = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FOUND);
        assert!(is_out, "{} {} {}", case.path, answer.status, answer.body);
        assert!(!answer.body.contains("grc2"), "{}", case.path);
    }
    for call in calls(&world.ours) {
        let answer = world.call(Some(&token), &call).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {}", call.path, answer.body);
    }
}

#[tokio::test]
async fn a_token_does_no_more_than_the_roles_that_are_left_to_its_person() {
    let world = World::new().await;
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let rows = world.services.catalog.tenant(&operator.allow::<may::ManageUsers>(world.ours.id).unwrap());
    let token = world.token(&world.ours, Role::TenantAdmin, &all_of(Role::TenantAdmin)).await;
    let user = world.ours.users[&Role::TenantAdmin];
    rows.take_role(user, Role::TenantAdmin.into()).await.unwrap();
    for call in calls(&world.ours) {
        let answer = world.call(Some(&token), &call).await;
        // Removing backups by hand is refused whoever asks.
        let is_refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::CONFLICT);
        assert!(is_refused, "{} {} {}", call.path, answer.status, answer.body);
    }
}
