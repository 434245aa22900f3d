//! What people do, from the form to the row.

use domain::{RunId, access::Role, backups::RunState};
use http::{StatusCode, header};

use crate::world::{World, form};

async fn state(world: &World, run: &str) -> RunState {
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<domain::access::may::ReadBackups>(world.ours.id).unwrap();
    world.services.catalog.tenant(&scope).get_run(run.parse().unwrap()).await.unwrap().state
}

#[tokio::test]
async fn a_form_sent_twice_starts_one_backup() {
    let world = World::new().await;
    let source = world.ours.source.to_string();
    let session = world.our(Role::Operator).to_owned();
    let body = form(&[
        ("request[source_id]", &source),
        ("request[label]", " before the release "),
        ("request[idempotency_key]", "k1"),
    ]);
    let first = world.post("/fn/backups/start", &body, Some(&session)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let again = world.post("/fn/backups/start", &body, Some(&session)).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    let other = form(&[("request[source_id]", &source), ("request[idempotency_key]", "k2")]);
    let other = world.post("/fn/backups/start", &other, Some(&session)).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.body.contains("already_running"), "{}", other.body);
    let id = first.body.trim_matches('"');
    let page = world.get(&format!("/runs/{id}"), Some(&session)).await;
    assert!(page.body.contains("before the release"));
    let cancelled = world.post("/fn/backups/cancel_run", &form(&[("request[id]", id)]), Some(&session)).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    assert_eq!(state(&world, id).await, RunState::Cancelled);
    let again = world.post("/fn/backups/cancel_run", &form(&[("request[id]", id)]), Some(&session)).await;
    assert!(again.body.contains("run_finished"), "{}", again.body);
}

#[tokio::test]
async fn without_scripts_a_form_leads_to_the_page_of_what_it_made() {
    let world = World::new().await;
    let body = form(&[("request[source_id]", &world.ours.source.to_string())]);
    let mut request = world.post_request("/fn/backups/start", &body, Some(world.our(Role::Operator)));
    request.headers_mut().insert(header::ACCEPT, "text/html,*/*".parse().unwrap());
    request.headers_mut().insert(header::REFERER, "http://localhost:3000/sources".parse().unwrap());
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    let run = answer.header("location").strip_prefix("/runs/").unwrap();
    assert!(run.parse::<RunId>().is_ok());
}

#[tokio::test]
async fn a_proof_needs_a_server_to_prove_it_on() {
    let world = World::new().await;
    let body = form(&[("request[id]", &world.ours.backup.to_string())]);
    let refused = world.post("/fn/backups/verify", &body, Some(world.our(Role::Operator))).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("no_verification_server"), "{}", refused.body);
}

#[tokio::test]
async fn the_page_of_a_backup_has_the_command_that_brings_it_back() {
    let world = World::new().await;
    let page = world.get(&format!("/backups/{}", world.ours.backup), Some(world.our(Role::Viewer))).await;
    assert_eq!(page.status, StatusCode::OK);
    let vault = world.dir.path().join("state/vault");
    for part in [
        "holdfast-recover restore",
        "--key-file",
        "--database grc2",
        &vault.to_string_lossy(),
        &world.ours.backup.to_string(),
    ] {
        assert!(page.body.contains(part), "{part}");
    }
}

#[tokio::test]
async fn the_overview_says_what_can_be_restored() {
    let world = World::new().await;
    let page = world.get("/", Some(world.our(Role::Viewer))).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("grc2"));
    assert!(!page.body.contains("Theirs"));
    world.clock.advance_ms(40 * crate::world::HOUR);
    let session =
        world.sign_in(&crate::world::email("Ours", Role::Viewer), crate::world::PASSWORD).await.session();
    let late = world.get("/sources", session.as_deref()).await;
    assert!(late.body.contains("was due"), "{}", late.body);
}
