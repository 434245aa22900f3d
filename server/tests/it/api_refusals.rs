//! No route of the API without a case, and each from the outside in: nobody, a token that is none, a stranger's, one
//! that names too little.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::access::{Permission, Role};
use http::StatusCode;
use server::api::routes;

use crate::{
    api_cases::{all_of, calls},
    world::{MINUTE, World, form},
};

#[tokio::test]
async fn every_route_of_the_api_has_a_case() {
    let world = World::new().await;
    let known: BTreeSet<_> =
        calls(&world.ours).into_iter().map(|call| (call.method.to_string(), call.route)).collect();
    let real: BTreeSet<_> =
        routes().into_iter().map(|route| (route.method.to_string(), route.path)).collect();
    assert_eq!(known, real);
}

#[tokio::test]
async fn whoever_has_no_token_in_force_gets_nothing() {
    let world = World::new().await;
    let all = all_of(Role::TenantAdmin);
    let whole = world.token(&world.ours, Role::TenantAdmin, &all).await;
    let revoked = world.token(&world.ours, Role::TenantAdmin, &all).await;
    let session = world.our(Role::TenantAdmin).to_owned();
    let list = world.get("/profile/tokens", Some(&session)).await.body;
    // The newest stands first.
    let (_, after) = list.split_once("name=\"request[id]\" value=\"").unwrap();
    let id = after.split('"').next().unwrap();
    let answer = world.post("/fn/access/revoke_token", &form(&[("request[id]", id)]), Some(&session)).await;
    assert!(
        answer.status.is_success() || answer.status.is_redirection(),
        "{} {}",
        answer.status,
        answer.body
    );
    let unknown = world.token(&world.theirs, Role::Viewer, &[Permission::ReadBackups]).await;
    let mistyped = format!("{}{}", &whole[..60], if &whole[60..] == "0" { "1" } else { "0" });
    let refused =
        [None, Some(""), Some("hf_"), Some(&whole[..40]), Some(mistyped.as_str()), Some(revoked.as_str())];
    for call in calls(&world.ours) {
        for token in refused {
            let answer = world.call(token, &call).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {token:?} {}", call.path, answer.body);
            assert_eq!(answer.problem(), "unauthenticated");
            assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
        }
        // A session is no token, and a token no session.
        let mut request = world.api(None, &call);
        request.headers_mut().insert("cookie", session.parse().unwrap());
        assert_eq!(world.send(request).await.status, StatusCode::UNAUTHORIZED, "{}", call.path);
    }
    assert!(!list.contains(&whole) && !list.contains(&unknown));
    world.clock.advance_ms(30 * 24 * 60 * MINUTE);
    for call in calls(&world.ours) {
        let answer = world.call(Some(&whole), &call).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", call.path);
        assert!(answer.body.contains("expired"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_token_of_another_organisation_finds_nothing_of_ours() {
    let world = World::new().await;
    let stranger = world.token(&world.theirs, Role::TenantAdmin, &all_of(Role::TenantAdmin)).await;
    let ours = &world.ours;
    let ids =
        [ours.source.to_string(), ours.backup.to_string(), ours.run.to_string(), ours.restore.to_string()];
    for call in calls(ours) {
        let answer = world.call(Some(&stranger), &call).await;
        if call.names {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {}", call.path, answer.body);
            assert_eq!(answer.problem(), "not_found");
        } else {
            assert!(answer.status.is_success(), "{} {}", call.path, answer.body);
        }
        assert!(!answer.body.contains("Ours"), "{}", answer.body);
        assert!(!ids.iter().any(|id| answer.body.contains(id)), "{} {}", call.path, answer.body);
    }
}

#[tokio::test]
async fn a_token_may_exactly_what_its_route_names() {
    let world = World::new().await;
    let mut made: BTreeMap<Vec<&str>, String> = BTreeMap::new();
    let scopes_of: BTreeMap<_, _> = routes()
        .into_iter()
        .map(|route| ((route.method.to_string(), route.path), route.operation.scopes))
        .collect();
    for call in calls(&world.ours) {
        let scopes = scopes_of[&(call.method.to_string(), call.route)];
        for left_out in std::iter::once(None).chain(scopes.iter().map(Some)) {
            let mut given: Vec<_> = scopes.iter().copied().filter(|scope| Some(scope) != left_out).collect();
            if given.is_empty() {
                given.push(Permission::ReadUsers);
            }
            let names: Vec<_> = given.iter().map(|scope| scope.name()).collect();
            if let Entry::Vacant(place) = made.entry(names.clone()) {
                place.insert(world.token(&world.ours, Role::TenantAdmin, &given).await);
            }
            let answer = world.call(Some(&made[&names]), &call).await;
            let told =
                format!("{} {} with {names:?}: {} {}", call.method, call.path, answer.status, answer.body);
            assert_eq!(answer.status == StatusCode::FORBIDDEN, left_out.is_some(), "{told}");
            // The tables of a backup stand in its manifest, and this world's backup is not in the vault.
            let is_unread = call.route.ends_with("/tables") && answer.status.is_server_error();
            assert!(is_unread || !answer.status.is_server_error(), "{told}");
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{told}");
            if answer.status.as_u16() >= 400 {
                answer.problem();
            }
        }
    }
}

#[tokio::test]
async fn a_token_does_not_outlive_the_role_of_its_person() {
    let world = World::new().await;
    let token =
        world.token(&world.ours, Role::Operator, &[Permission::StartBackup, Permission::ReadSources]).await;
    let start =
        calls(&world.ours).into_iter().find(|call| call.body.is_some() && call.path == "/api/v1/backups");
    let start = start.unwrap();
    assert_eq!(world.call(Some(&token), &start).await.status, StatusCode::ACCEPTED);
    let admin = world.our(Role::TenantAdmin).to_owned();
    let user = world.ours.users[&Role::Operator].to_string();
    let change = async |enabled: bool| {
        let mut fields = vec![("request[id]", user.as_str()), ("request[role]", "viewer")];
        if enabled {
            fields.push(("request[enabled]", "true"));
        }
        let answer = world.post("/fn/access/change_user", &form(&fields), Some(&admin)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    };
    change(true).await;
    assert_eq!(world.call(Some(&token), &start).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.fetch(&token, "/api/v1/sources").await.status, StatusCode::OK);
    change(false).await;
    assert_eq!(world.fetch(&token, "/api/v1/sources").await.status, StatusCode::UNAUTHORIZED);
}
