//! The first hour of an installation.

use std::net::SocketAddr;

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
};
use http::{Method, Request, StatusCode, header};
use server::http::{WebState, router};
use tower::ServiceExt;

use crate::world::{form, installation};

async fn send(
    web: &WebState,
    method: Method,
    path: &str,
    body: &str,
    session: &str,
) -> (StatusCode, String, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::COOKIE, session)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
    let response = router(web.clone()).oneshot(request).await.unwrap();
    let cookie = response.headers().get(header::SET_COOKIE).map_or("", |value| value.to_str().unwrap());
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, cookie, String::from_utf8_lossy(&body).into_owned())
}

fn first_run(code: &str, password: &str) -> String {
    form(&[
        ("request[organisation]", "Us"),
        ("request[name]", "Ann"),
        ("request[email]", "ann@us.example"),
        ("request[password]", password),
        ("request[code]", code),
    ])
}

#[tokio::test]
async fn whoever_reads_the_servers_output_is_first_and_types_the_recovery_key_back() {
    let (_dir, _clock, web) = installation().await;
    let code = web.gate.set_up_code().to_owned();
    let post =
        async |path: &str, body: &str, session: &str| send(&web, Method::POST, path, body, session).await;
    let (status, _, page) = send(&web, Method::GET, "/setup", "", "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains(&code));
    let path = "/fn/access/first_run";
    let (status, cookie, _) = post(path, &first_run("AAAA-BBBB-CCCC", "a long password"), "").await;
    assert_eq!((status, cookie.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, ""));
    let (status, ..) = post(path, &first_run(&code, "short"), "").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, session, key) = post(path, &first_run(&code, "a long password"), "").await;
    assert_eq!(status, StatusCode::OK, "{key}");
    let key = key.trim_matches('"').to_owned();
    assert_eq!(key.split('-').count(), 13, "thirteen groups");
    let (status, ..) = post(path, &first_run(&code, "a long password"), "").await;
    assert_eq!(status, StatusCode::CONFLICT, "only once");
    // Until it is typed back, it is shown to the one who created it and to nobody else.
    let (_, _, page) = send(&web, Method::GET, "/setup/recovery-key", "", &session).await;
    assert!(page.contains(&key));
    let (_, _, page) = send(&web, Method::GET, "/setup/recovery-key", "", "").await;
    assert!(!page.contains(&key));
    let confirm = "/fn/access/confirm_recovery_key";
    let (status, _, told) = post(confirm, &form(&[("request[recovery_key]", "nonsense")]), &session).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    let other = engine::seal::recovery::to_text(&engine::seal::sealed_box::PrivateKey::generate().unwrap().0);
    let (status, _, told) = post(confirm, &form(&[("request[recovery_key]", &other)]), &session).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    let sloppy = key.to_lowercase().replace('-', " ");
    let (status, _, told) = post(confirm, &form(&[("request[recovery_key]", &sloppy)]), &session).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let (_, _, page) = send(&web, Method::GET, "/setup/recovery-key", "", &session).await;
    assert!(!page.contains(&key), "never again");
    let (status, _, page) = send(&web, Method::GET, "/", "", &session).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Us"));
}

#[tokio::test]
async fn migrating_again_changes_nothing_and_a_lost_root_key_is_not_replaced() {
    let (_dir, clock, web) = installation().await;
    let config = &web.services.config;
    server::migrate::migrate(config, clock.clone()).await.unwrap();
    let server::config::RootKeyConfig::File(path) = &config.root_key else { panic!("a file") };
    std::fs::rename(path, path.with_extension("away")).unwrap();
    let error = server::migrate::migrate(config, clock.clone()).await.unwrap_err().to_string();
    assert!(error.contains("put the file back"), "{error}");
    assert!(!path.exists());
}
