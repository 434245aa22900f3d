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

fn invitation_in(page: &str) -> String {
    let rest = page.split("/invitation?token=").nth(1).unwrap_or_else(|| panic!("no link in {page}"));
    rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect()
}

async fn invite(world: &World, session: &str, email: &str, role: &str) -> crate::world::Answer {
    world.post("/invitations", &form(&[("email", email), ("role", role), ("days", "")]), Some(session)).await
}

fn accept(token: &str, name: &str) -> String {
    form(&[("request[token]", token), ("request[name]", name), ("request[password]", "a password of mine")])
}

#[tokio::test]
async fn an_invitation_is_shown_once_accepted_once_and_makes_an_auditor_for_a_month() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let made = invite(&world, &admin, "Nora@Ours.example", "compliance_officer").await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let link = invitation_in(&made.body);
    let list = world.get("/invitations", Some(&admin)).await.body;
    assert!(list.contains("nora@ours.example") && !list.contains(&link));
    let again = invite(&world, &admin, "nora@ours.example", "viewer").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let accepted = world.post("/fn/access/accept_invitation", &accept(&link, "Nora"), None).await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.body);
    let twice = world.post("/fn/access/accept_invitation", &accept(&link, "Nora"), None).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    let nora = world.sign_in("nora@ours.example", "a password of mine").await.session().unwrap();
    assert_eq!(world.get("/settings", Some(&nora)).await.status, StatusCode::OK);
    world.clock.advance_ms(30 * 24 * HOUR);
    let nora = world.sign_in("nora@ours.example", "a password of mine").await.session().unwrap();
    assert_eq!(world.get("/settings", Some(&nora)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_invitation_does_not_tell_whether_an_address_has_an_account() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let mut shown = Vec::new();
    for email in ["viewer@theirs.example", "nobody@theirs.example"] {
        let made = invite(&world, &admin, email, "viewer").await;
        assert_eq!(made.status, StatusCode::OK, "{email} {}", made.body);
        let link = invitation_in(&made.body);
        let page = world.get(&format!("/invitation?token={link}"), None).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        // The frame around it has a number of its own in every answer.
        let (_, main) = page.body.split_once("<main").unwrap();
        let encoded = link.replace('-', "%2D").replace('_', "%5F");
        let main = main.split("</main>").next().unwrap();
        shown.push(main.replace(&link, "").replace(&encoded, "").replace(email, ""));
    }
    assert_eq!(shown[0], shown[1]);
}

#[tokio::test]
async fn a_person_of_two_organisations_works_in_the_one_they_chose() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let email = crate::world::email("Theirs", Role::Operator);
    let link = invitation_in(&invite(&world, &admin, &email, "viewer").await.body);
    // The link alone is not who the account is.
    let stolen = world.post("/fn/access/accept_invitation", &accept(&link, "Eve"), None).await;
    assert_eq!(stolen.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", stolen.body);
    let join = form(&[("request[token]", &link)]);
    let other = world.session(&world.theirs, Role::Viewer).to_owned();
    let refused = world.post("/fn/access/join_organisation", &join, Some(&other)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    let session = world.session(&world.theirs, Role::Operator).to_owned();
    let joined = world.post("/fn/access/join_organisation", &join, Some(&session)).await;
    assert_eq!(joined.status, StatusCode::OK, "{}", joined.body);
    let backup = |of: &crate::world::Tenant| format!("/backups/{}", of.backup);
    let sees = async |of: &crate::world::Tenant| world.get(&backup(of), Some(&session)).await.status;
    assert_eq!((sees(&world.ours).await, sees(&world.theirs).await), (StatusCode::OK, StatusCode::NOT_FOUND));
    let page = world.get("/profile", Some(&session)).await.body;
    assert!(page.contains("Work in") && page.contains("Theirs"), "the header offers the other one");
    let choose = async |id: domain::TenantId| {
        let body = form(&[("request[id]", &id.to_string())]);
        world.post("/fn/access/choose_organisation", &body, Some(&session)).await.status
    };
    assert_eq!(choose(world.theirs.id).await, StatusCode::OK);
    assert_eq!((sees(&world.ours).await, sees(&world.theirs).await), (StatusCode::NOT_FOUND, StatusCode::OK));
    assert_eq!(choose(world.ours.id).await, StatusCode::OK);
    let unknown = domain::TenantId::new(world.ours.run.uuid());
    assert_eq!(choose(unknown).await, StatusCode::NOT_FOUND);
    // Removed from the one at work they are in the other, with what they may there.
    let person = world.theirs.users[&Role::Operator].to_string();
    let remove = |typed: &str| form(&[("request[id]", &person), ("request[confirm]", typed)]);
    let wrong = world.post("/fn/access/remove_person", &remove("someone"), Some(&admin)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.body);
    let removed = world.post("/fn/access/remove_person", &remove(&email), Some(&admin)).await;
    assert_eq!(removed.status, StatusCode::OK, "{}", removed.body);
    assert_eq!(sees(&world.ours).await, StatusCode::FOUND, "every session has ended");
    let session = world.sign_in(&email, crate::world::PASSWORD).await.session().unwrap();
    assert_eq!(world.get(&backup(&world.theirs), Some(&session)).await.status, StatusCode::OK);
    assert_eq!(world.get(&backup(&world.ours), Some(&session)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_role_of_the_organisation_holds_from_the_next_click() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let save = async |name: &str, permissions: &[&str]| {
        let mut fields = vec![("request[name]", name)];
        fields.extend(permissions.iter().map(|permission| ("request[permissions][]", *permission)));
        world.post("/fn/access/save_role", &form(&fields), Some(&admin)).await
    };
    let made = save("Night shift", &["ReadBackups", "StartBackup"]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(save("Night shift", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(save("Viewer", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(save("Emperor", &["Everything"]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(save("Approving", &["ApproveRestore"]).await.status, StatusCode::FORBIDDEN);
    let page = world.get("/roles", Some(&admin)).await.body;
    assert!(page.contains("Night shift") && page.contains("Start backup"), "{page}");
}

#[tokio::test]
async fn an_organisation_begins_with_whoever_added_it() {
    let world = World::new().await;
    let operator = world.our(Role::PlatformOperator).to_owned();
    let add = async |name: &str| {
        world
            .post("/fn/access/add_organisation", &form(&[("request[name]", name)]), Some(&operator))
            .await
            .status
    };
    assert_eq!(add("Third").await, StatusCode::OK);
    assert_eq!(add("Third").await, StatusCode::UNPROCESSABLE_ENTITY);
    let page = world.get("/organisations", Some(&operator)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(["Ours", "Theirs", "Third", "Work in"].iter().all(|word| page.body.contains(word)));
}
