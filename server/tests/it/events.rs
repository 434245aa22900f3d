//! The live view.

use std::time::Duration;

use axum::body::BodyDataStream;
use domain::access::Role;
use futures::StreamExt;
use http::StatusCode;

use crate::world::{World, form};

/// The next event's JSON; none when the stream is over. Comments that keep the line alive are skipped.
async fn next(stream: &mut BodyDataStream) -> Option<serde_json::Value> {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.unwrap()?.unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        if let Some(data) = text.strip_prefix("data: ") {
            return Some(serde_json::from_str(data.trim()).unwrap());
        }
    }
}

async fn start(world: &World) -> String {
    let body = form(&[("request[source_id]", &world.ours.source.to_string())]);
    let started = world.post("/fn/backups/start", &body, Some(world.our(Role::Operator))).await;
    started.body.trim_matches('"').to_owned()
}

#[tokio::test]
async fn a_run_is_followed_to_its_end() {
    let world = World::new().await;
    let run = start(&world).await;
    let response =
        world.respond(world.get_request(&format!("/events/runs/{run}"), Some(world.our(Role::Viewer)))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let first = next(&mut stream).await.unwrap();
    assert_eq!(
        (first["row"]["id"].as_str(), first["row"]["state"].as_str()),
        (Some(run.as_str()), Some("queued"))
    );
    world
        .post("/fn/backups/cancel_run", &form(&[("request[id]", &run)]), Some(world.our(Role::Operator)))
        .await;
    assert_eq!(next(&mut stream).await.unwrap()["row"]["state"], "cancelled");
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn the_overview_is_told_of_own_runs() {
    let world = World::new().await;
    let response = world.respond(world.get_request("/events/overview", Some(world.our(Role::Viewer)))).await;
    let mut stream = response.into_body().into_data_stream();
    let before = next(&mut stream).await.unwrap().as_array().unwrap().len();
    start(&world).await;
    assert_eq!(next(&mut stream).await.unwrap().as_array().unwrap().len(), before + 1);
}

#[tokio::test]
async fn the_stream_ends_with_the_session() {
    let world = World::new().await;
    let run = start(&world).await;
    let session = world.our(Role::Viewer).to_owned();
    let response = world.respond(world.get_request(&format!("/events/runs/{run}"), Some(&session))).await;
    let mut stream = response.into_body().into_data_stream();
    next(&mut stream).await.unwrap();
    world.post("/fn/access/sign_out", "", Some(&session)).await;
    assert_eq!(next(&mut stream).await, None);
}
