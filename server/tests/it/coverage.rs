//! No endpoint without a case, and every case from the outside in: nobody, a stranger, somebody without the role.

use std::collections::BTreeSet;

use catalog::TrailQuery;
use domain::{
    access::{Role, matrix},
    audit::Act,
};
use http::StatusCode;
use leptos::server_fn::axum::server_fn_paths;

use crate::{
    cases::{Case, Needs, functions, pages, posted_pages, streams},
    world::{Answer, World},
};

pub async fn ask(world: &World, case: &Case, session: Option<&str>) -> Answer {
    match &case.body {
        Some(body) => world.post(&case.path, body, session).await,
        // Streams do not end: only their head is looked at.
        None if case.path.starts_with("/events/") => {
            let response = world.respond(world.get_request(&case.path, session)).await;
            Answer { status: response.status(), headers: response.headers().clone(), body: String::new() }
        }
        None => world.get(&case.path, session).await,
    }
}

#[tokio::test]
async fn every_endpoint_has_a_case() {
    let world = World::new().await;
    let ours = &world.ours;
    let known: BTreeSet<_> = functions(ours).into_iter().map(|case| case.path).collect();
    let real: BTreeSet<_> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(known, real, "server functions");
    let known: BTreeSet<_> = pages(ours).into_iter().map(|(pattern, _)| pattern.to_owned()).collect();
    let real: BTreeSet<_> = server::http::page_paths().into_iter().collect();
    assert_eq!(known, real, "pages");
    let known: BTreeSet<_> = streams(ours).into_iter().map(|(pattern, _)| pattern).collect();
    let real: BTreeSet<_> = server::http::streams().into_iter().map(|(path, _)| path).collect();
    assert_eq!(known, real, "streams");
}

#[tokio::test]
async fn no_server_function_changes_anything_by_get() {
    assert!(server_fn_paths().all(|(_, method)| method == http::Method::POST));
}

#[tokio::test]
async fn nobody_gets_nothing() {
    let world = World::new().await;
    let ours = &world.ours;
    let streams = streams(ours).into_iter().map(|(_, case)| case);
    for case in functions(ours).into_iter().chain(streams) {
        let answer = ask(&world, &case, None).await;
        if case.needs == Needs::Nothing {
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{}", case.path);
        } else {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {}", case.path, answer.body);
        }
    }
    for (_, case) in pages(ours).into_iter().filter(|(_, case)| case.needs != Needs::Nothing) {
        let answer = ask(&world, &case, None).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", case.path);
        assert!(answer.header("location").starts_with("/s"), "{} {}", case.path, answer.header("location"));
        assert!(!answer.body.contains("grc2"), "{}", case.path);
    }
    for case in posted_pages(ours) {
        let answer = ask(&world, &case, None).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", case.path);
    }
}

#[tokio::test]
async fn a_stranger_is_told_that_there_is_no_such_thing() {
    let world = World::new().await;
    // The strongest role of the other organisation.
    let stranger = world.session(&world.theirs, Role::PlatformOperator).to_owned();
    let ours = &world.ours;
    let of_pages = pages(ours).into_iter().chain(streams(ours)).map(|(_, case)| case);
    for case in functions(ours).into_iter().chain(of_pages).chain(posted_pages(ours)) {
        if let Needs::Of(_) = case.needs {
            let answer = ask(&world, &case, Some(&stranger)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {}", case.path, answer.body);
            assert!(!answer.body.contains("Ours"), "{}", case.path);
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_not_yours_are_the_same_answer() {
    let world = World::new().await;
    let session = world.our(Role::PlatformOperator);
    let foreign = world.get(&format!("/backups/{}", world.theirs.backup), Some(session)).await;
    let missing = world.get(&format!("/backups/{}", world.theirs.source), Some(session)).await;
    assert_eq!((foreign.status, missing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    let post = async |id: String| {
        world.post("/fn/backups/verify", &crate::world::form(&[("request[id]", &id)]), Some(session)).await
    };
    let (foreign, missing) =
        (post(world.theirs.backup.to_string()).await, post(world.theirs.source.to_string()).await);
    assert_eq!((foreign.status, &foreign.body), (missing.status, &missing.body));
}

#[tokio::test]
async fn every_role_may_exactly_what_the_table_says() {
    let world = World::new().await;
    let ours = &world.ours;
    for &role in Role::ALL {
        let session = world.our(role).to_owned();
        let of_pages = pages(ours).into_iter().chain(streams(ours)).map(|(_, case)| case);
        for case in functions(ours).into_iter().chain(of_pages).chain(posted_pages(ours)) {
            let may = match case.needs {
                Needs::Of(permission) | Needs::Own(permission) => permission.allows(role),
                Needs::Platform => role == Role::PlatformOperator,
                Needs::Nothing | Needs::SignIn => continue,
            };
            let answer = ask(&world, &case, Some(&session)).await;
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            let told = format!("{} as {}: {} {}", case.path, role.key(), answer.status, answer.body);
            assert_eq!(is_refused, !may, "{told}");
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{told}");
            // The export alone may fail: this world's backup is not in the vault.
            assert!(
                answer.status != StatusCode::INTERNAL_SERVER_ERROR || case.path.ends_with("/export"),
                "{told}"
            );
        }
    }
}

#[tokio::test]
async fn refusals_are_in_the_audit_trail() {
    let world = World::new().await;
    let body = crate::world::form(&[("request[source_id]", &world.ours.source.to_string())]);
    world.post("/fn/backups/start", &body, Some(world.our(Role::Viewer))).await;
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<domain::access::may::ReadSettings>(world.ours.id).unwrap();
    let query = TrailQuery { act: Some(Act::Allow), ..TrailQuery::default() };
    let trail = world.services.catalog.tenant(&scope).search_trail(&query).await.unwrap();
    let by = format!("user:{}", world.ours.users[&Role::Viewer]);
    assert!(trail.rows.iter().any(|entry| entry.outcome == "refused" && entry.actor == by), "{trail:?}");
}

#[test]
fn the_matrix_of_roles_is_the_reviewed_one() {
    let reviewed = include_str!("role-matrix.txt");
    assert_eq!(matrix(), reviewed, "if the change is meant, write it to server/tests/it/role-matrix.txt");
}

#[tokio::test]
async fn a_function_that_does_not_exist_is_not_found_in_our_words() {
    let world = World::new().await;
    for path in ["/fn/unknown", "/fn/access/sign_in/", "/fn/../fn/unknown"] {
        let answer = world.post(path, "", Some(world.our(Role::Viewer))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let text = answer.body.to_lowercase();
        assert!(!text.contains("server function") && !text.contains("leptos"), "{path}: {}", answer.body);
    }
}
