//! What every answer tells the browser, and what a request may not be.

use domain::access::Role;
use http::{StatusCode, header};

use crate::world::World;

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_it() {
    let world = World::new().await;
    let session = world.our(Role::PlatformOperator).to_owned();
    let mut answers = vec![world.post("/fn/access/sign_out", "", None).await];
    for path in
        ["/", "/sign-in", "/nowhere", "/pkg/holdfast.css", "/healthz", "/backups/x/export", "/fn/none"]
    {
        answers.push(world.get(path, Some(&session)).await);
    }
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("x-request-id").len(), 12);
        assert!(!answer.header("cache-control").is_empty());
        assert!(answer.header("strict-transport-security").is_empty(), "plain HTTP promises nothing");
    }
}

#[tokio::test]
async fn scripts_of_a_page_carry_its_own_fresh_nonce() {
    let world = World::new().await;
    let session = world.our(Role::Viewer).to_owned();
    let nonce = |policy: &str| policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let first = world.get("/", Some(&session)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let of_first = nonce(first.header("content-security-policy"));
    assert!(!first.header("content-security-policy").contains("unsafe-inline"));
    for script in first.body.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains(&format!("nonce=\"{of_first}\"")), "<script{tag}>");
    }
    let second = world.get("/", Some(&session)).await;
    assert_ne!(nonce(second.header("content-security-policy")), of_first);
}

#[tokio::test]
async fn files_are_known_again_by_their_content() {
    let world = World::new().await;
    let file = world.get("/pkg/holdfast.css", None).await;
    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    let etag = file.header("etag").to_owned();
    let mut again = world.get_request("/pkg/holdfast.css", None);
    again.headers_mut().insert(header::IF_NONE_MATCH, etag.parse().unwrap());
    let again = world.send(again).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let mut compressed = world.get_request("/pkg/holdfast.css", None);
    compressed.headers_mut().insert(header::ACCEPT_ENCODING, "gzip, br".parse().unwrap());
    let compressed = world.send(compressed).await;
    assert_eq!((compressed.header("content-encoding"), compressed.body.as_str()), ("br", "brotli"));
    for hidden in
        ["/.inputs", "/pkg/../.inputs", "/pkg/%2e%2e/.inputs", "/pkg/holdfast.css.br", "/etc/passwd"]
    {
        let answer = world.get(hidden, None).await;
        assert!(
            answer.status.is_redirection() || answer.status == StatusCode::NOT_FOUND,
            "{hidden}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_body_of_three_megabytes_is_refused() {
    let world = World::new().await;
    let body = format!("request%5Bemail%5D={}", "x".repeat(3 << 20));
    let answer = world.post("/fn/access/sign_in", &body, None).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

#[tokio::test]
async fn health_says_ok_to_anybody_and_nothing_else() {
    let world = World::new().await;
    for path in ["/healthz", "/health"] {
        let answer = world.get(path, None).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ok\n"));
    }
}
