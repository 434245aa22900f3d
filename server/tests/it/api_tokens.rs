//! Tokens and what programs do with them: made once, used, limited, repeated without harm.

use std::net::SocketAddr;

use axum::{Router, middleware::from_fn_with_state, routing::get};
use catalog::TrailQuery;
use domain::{
    access::{Permission, Role, may},
    audit::{Act, WhoKind},
};
use http::{Method, StatusCode};
use serde_json::json;

use crate::{
    api_cases::{all_of, secret_in},
    world::{DIGEST, MINUTE, World, difference_found, form, installation},
};

#[tokio::test]
async fn a_secret_is_shown_once_and_only_what_one_may_oneself_is_given() {
    let world = World::new().await;
    let session = world.our(Role::Viewer).to_owned();
    let token = world.token(&world.ours, Role::Viewer, &[Permission::ReadBackups]).await;
    let page = world.get("/profile/tokens", Some(&session)).await.body;
    assert!(page.contains(&token[..11]) && secret_in(&page).is_none(), "{page}");
    let fields = |days, scope| form(&[("name", "x"), ("days", days), ("scopes", scope)]);
    for (body, words) in [
        (fields("30", "StartBackup"), "nothing that you may not do"),
        (fields("30", "Everything"), "at least one of the things"),
        (form(&[("name", "x"), ("days", "30")]), "at least one of the things"),
        (fields("366", "ReadBackups"), "at most a year"),
        (fields("0", "ReadBackups"), "at most a year"),
        (fields("-1", "ReadBackups"), "at most a year"),
    ] {
        let refused = world.post("/profile/tokens", &body, Some(&session)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(refused.body.contains(words) && secret_in(&refused.body).is_none(), "{body}");
    }
}

#[tokio::test]
async fn its_use_is_written_once_a_minute_and_its_name_is_in_the_trail() {
    let world = World::new().await;
    let scopes = [Permission::StartBackup, Permission::ReadSources];
    let token = world.token(&world.ours, Role::Operator, &scopes).await;
    let session = world.our(Role::Operator).to_owned();
    let shown = async || world.get("/profile/tokens", Some(&session)).await.body;
    assert!(shown().await.contains(">never<"));
    world.fetch(&token, "/api/v1/sources").await;
    let first = world.clock_text();
    assert!(shown().await.contains(&first));
    world.clock.advance_ms(MINUTE / 2);
    world.fetch(&token, "/api/v1/sources").await;
    assert!(shown().await.contains(&first), "half a minute later nothing is written");
    world.clock.advance_ms(MINUTE);
    let started = world.send_json(&token, "/api/v1/backups", &json!({}), None).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.body);
    assert!(shown().await.contains(&world.clock_text()));
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadSettings>(world.ours.id).unwrap();
    let rows = world.services.catalog.tenant(&scope);
    let starts = TrailQuery { act: Some(Act::BackupStart), ..TrailQuery::default() };
    let trail = rows.search_trail(&starts).await.unwrap().rows;
    let by: Vec<_> = trail.iter().map(|entry| entry.event.as_ref().unwrap().who.clone()).collect();
    assert_eq!(
        by.first().map(domain::audit::Who::name),
        Some(&*format!("Operator of Ours (token {}…)", &token[..11])),
        "{trail:#?}"
    );
    assert!(by[0].kind() == WhoKind::Token && by[0].behind().is_some(), "{by:?}");
    let plain = rows.list_audit(None).await.unwrap();
    assert!(!format!("{trail:?} {plain:?}").contains(&token));
}

impl World {
    /// The present as pages write it.
    fn clock_text(&self) -> String {
        domain::Clock::now(&*self.clock).exact()
    }
}

#[tokio::test]
async fn who_asked_by_a_token_is_no_second_person() {
    let world = World::new().await;
    let role = Role::PlatformOperator;
    let token = world.token(&world.ours, role, &all_of(role)).await;
    let wish = json!({ "backup_id": world.ours.backup, "tenant": "7", "tables": ["control"] });
    let made = world.send_json(&token, "/api/v1/restores", &wish, None).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.body);
    let id = made.json()["restore_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/restores/{id}");
    let run = world.fetch(&token, &path).await.json()["run_id"].as_str().unwrap().parse().unwrap();
    difference_found(&world.services, run).await;
    let seen = world.fetch(&token, &path).await.json();
    assert_eq!((&seen["difference"]["updates"], &seen["difference"]["digest"]), (&json!(2), &json!(DIGEST)));
    let unexplained = form(&[("request[id]", &id), ("request[digest]", DIGEST)]);
    let refused = world.post("/fn/restores/request", &unexplained, Some(world.our(role))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing says why: {}", refused.body);
    let decide =
        form(&[("request[id]", &id), ("request[digest]", DIGEST), ("request[comment]", "ticket 4711")]);
    let asked = world.post("/fn/restores/request", &decide, Some(world.our(role))).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    let agreed = world.post("/fn/restores/approve", &decide, Some(world.our(role))).await;
    assert!(agreed.body.contains("second_person"), "{} {}", agreed.status, agreed.body);
}

#[tokio::test]
async fn a_repeated_request_is_done_once_and_answered_alike() {
    let world = World::new().await;
    let scopes = [Permission::StartBackup, Permission::ReadSources, Permission::ReadBackups];
    let token = world.token(&world.ours, Role::Operator, &scopes).await;
    let body = json!({ "source_id": world.ours.source, "label": "nightly" });
    let send = async |body, key| world.send_json(&token, "/api/v1/backups", body, Some(key)).await;
    let (one, two) = tokio::join!(send(&body, "k1"), send(&body, "k1"));
    let (done, other) = if one.status == StatusCode::ACCEPTED { (one, two) } else { (two, one) };
    assert_eq!(done.status, StatusCode::ACCEPTED, "{}", done.body);
    assert!(other.body == done.body || other.problem() == "at_work", "{}", other.body);
    let again = send(&body, "k1").await;
    assert_eq!((again.status, &again.body), (done.status, &done.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other_body = json!({ "source_id": world.ours.source });
    let changed = send(&other_body, "k1").await;
    assert_eq!((changed.status, changed.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "key_used"));
    // What is refused has done nothing: its key is free.
    let busy = send(&body, "k2").await;
    assert_eq!((busy.status, busy.problem().as_str()), (StatusCode::CONFLICT, "already_running"));
    let another_wish = json!({ "label": "another wish" });
    let free = send(&another_wish, "k2").await;
    assert_eq!(free.problem(), "already_running");
    let runs = world.fetch(&token, "/api/v1/runs?kind=backup&state=queued").await.json();
    assert_eq!(runs["rows"].as_array().unwrap().len(), 1, "{runs}");
    // Another person's key is another key.
    let theirs = world.token(&world.theirs, Role::Operator, &scopes).await;
    let answer = world.send_json(&theirs, "/api/v1/backups", &json!({}), Some("k1")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert!(answer.header("idempotency-replayed").is_empty() && answer.body != done.body);
    for key in ["", &"k".repeat(101)] {
        assert_eq!(send(&body, key).await.problem(), "bad_key");
    }
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_again() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::Viewer, &[Permission::ReadSources]).await;
    let path = format!("/api/v1/sources/{}", world.ours.source);
    let first = world.fetch(&token, &path).await;
    assert_eq!(first.header("ratelimit-policy"), "\"token\";q=240;w=60");
    assert_eq!(first.header("ratelimit"), "\"token\";r=239;t=1");
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = world.fetch(&token, &path).await;
        if answer.status != StatusCode::OK {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert!(refused.header("ratelimit").starts_with("\"token\";r=0;"), "{}", refused.header("ratelimit"));
    assert_eq!(refused.json()["retry"], "later");
    // Others are not held up.
    let other = world.token(&world.ours, Role::Viewer, &[Permission::ReadSources]).await;
    assert_eq!(world.fetch(&other, &path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_thing_has_a_mark_of_its_content() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::Viewer, &[Permission::ReadBackups]).await;
    let path = format!("/api/v1/backups/{}", world.ours.backup);
    let first = world.fetch(&token, &path).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let mut request = world.bare(Some(&token), Method::GET, &path, String::new());
    request.headers_mut().insert("if-none-match", first.headers["etag"].clone());
    let again = world.send(request).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(again.headers["etag"], first.headers["etag"]);
    let run = world.fetch(&token, &format!("/api/v1/runs/{}", world.ours.run)).await;
    assert_ne!(run.headers["etag"], first.headers["etag"]);
}

async fn break_down() -> &'static str {
    panic!("secret words")
}

#[tokio::test]
async fn a_panic_is_a_problem_too() {
    let (_dir, _clock, web) = installation().await;
    let router = Router::new()
        .route("/", get(break_down))
        .layer(from_fn_with_state(std::sync::Arc::clone(&web), server::api::finish));
    let request = http::Request::get("/").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("urn:holdfast:problem:internal") && !text.contains("secret"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the example of the documentation is run as a reader would")]
async fn the_example_of_the_documentation_works() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::Operator, &all_of(Role::Operator)).await;
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("\n## The API\n").unwrap();
    let example = section.split("```").nth(1).unwrap().to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let service = world.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    let script = format!("set -eu\n{example}");
    let ran = tokio::process::Command::new("bash")
        .args(["-c", &script])
        .env("HOLDFAST", &address)
        .env("TOKEN", &token)
        .output()
        .await
        .unwrap();
    serving.abort();
    let (said, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said} {wrong}");
    for word in [world.ours.backup.to_string(), "initiated".into(), "run_id".into()] {
        assert!(said.contains(&word), "{word}: {said} {wrong}");
    }
    assert!(!said.contains("urn:holdfast:problem"), "{said}");
}
