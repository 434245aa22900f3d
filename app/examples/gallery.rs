//! Every page in every state in a real browser, without a server: `cargo run -p app --features ssr --example gallery`,
//! then set the cookie `mood` to `empty`, `full`, `viewer`, `forbidden`, `broken`, `anonymous`, `fresh` or `key`.
#![expect(clippy::unwrap_used, reason = "a tool for people who change pages; it may stop at the first fault")]

#[path = "../tests/it/world/mod.rs"]
mod world;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

/// Files that `.ci/frontend` built.
async fn file(Path(name): Path<String>) -> impl IntoResponse {
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match tokio::fs::read(format!("target/site/pkg/{}", name.replace('/', ""))).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::main]
async fn main() {
    let router = world::router().route("/pkg/{name}", get(file));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3777").await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
