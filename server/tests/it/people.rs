//! People: added, changed, and the links by which they set their passwords.

use domain::access::Role;
use http::StatusCode;

use crate::world::{HOUR, World, form};

fn token(page: &str) -> String {
    let rest = page.split("/reset?token=").nth(1).unwrap_or_else(|| panic!("no link in {page}"));
    rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect()
}

async fn add(world: &World, by: Role, email: &str, role: &str) -> crate::world::Answer {
    let body = form(&[("name", "New Person"), ("email", email), ("role", role)]);
    world.post("/settings/people/add", &body, Some(world.our(by))).await
}

#[tokio::test]
async fn a_link_is_shown_once_works_once_and_for_a_day() {
    let world = World::new().await;
    let added = add(&world, Role::TenantAdmin, "New@Ours.example", "viewer").await;
    assert_eq!(added.status, StatusCode::OK);
    let link = token(&added.body);
    let again = world.get("/settings/people/add", Some(world.our(Role::TenantAdmin))).await;
    assert!(!again.body.contains("/reset?token="), "a reload does not show it again");
    let reset = async |token: &str| {
        let body = form(&[("request[token]", token), ("request[new]", "a password of mine")]);
        world.post("/fn/access/reset_password", &body, None).await
    };
    assert_eq!(reset("wrong").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reset(&link).await.status, StatusCode::OK);
    assert_eq!(reset(&link).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.sign_in("new@ours.example", "a password of mine").await.status, StatusCode::OK);
    let late = token(&add(&world, Role::PlatformOperator, "late@ours.example", "viewer").await.body);
    world.clock.advance_ms(24 * HOUR + 1);
    assert_eq!(reset(&late).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let world = World::new().await;
    let refused = add(&world, Role::TenantAdmin, "evil@ours.example", "platform_operator").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let operator = world.ours.users[&Role::PlatformOperator].to_string();
    let link = world
        .post("/settings/people/link", &form(&[("id", &operator)]), Some(world.our(Role::TenantAdmin)))
        .await;
    assert_eq!(link.status, StatusCode::FORBIDDEN);
    assert!(!link.body.contains("/reset?token="));
    let raise = form(&[
        ("request[id]", &world.ours.users[&Role::Viewer].to_string()),
        ("request[role]", "platform_operator"),
        ("request[enabled]", "true"),
    ]);
    let raised = world.post("/fn/access/change_user", &raise, Some(world.our(Role::TenantAdmin))).await;
    assert_eq!(raised.status, StatusCode::FORBIDDEN, "{}", raised.body);
    let own = form(&[
        ("request[id]", &world.ours.users[&Role::TenantAdmin].to_string()),
        ("request[role]", "viewer"),
        ("request[enabled]", "true"),
    ]);
    let own = world.post("/fn/access/change_user", &own, Some(world.our(Role::TenantAdmin))).await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", own.body);
}

#[tokio::test]
async fn a_changed_person_has_to_sign_in_again() {
    let world = World::new().await;
    let viewer = world.our(Role::Viewer).to_owned();
    let change = form(&[
        ("request[id]", &world.ours.users[&Role::Viewer].to_string()),
        ("request[role]", "operator"),
        ("request[enabled]", "true"),
    ]);
    let changed = world.post("/fn/access/change_user", &change, Some(world.our(Role::TenantAdmin))).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(world.get("/profile", Some(&viewer)).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn addresses_that_are_taken_or_none_are_told_at_their_field() {
    let world = World::new().await;
    for (email, role) in [("viewer@ours.example", "viewer"), ("x", "viewer"), ("a@b.example", "emperor")] {
        let answer = add(&world, Role::TenantAdmin, email, role).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{email} {role}");
        assert!(!answer.body.contains("/reset?token="));
    }
}
