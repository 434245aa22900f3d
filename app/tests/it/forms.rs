//! Forms without JavaScript: posted, refused, shown again, accepted.

use axum::{body::Body, http::Request};
use tower::ServiceExt;

use crate::world::router;

pub async fn post(path: &str, referer: &str, form: &str) -> (u16, String, String, String) {
    let request = Request::post(path)
        .header("cookie", "mood=full")
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("referer", referer)
        .body(Body::from(form.to_owned()))
        .unwrap();
    let response = router().oneshot(request).await.unwrap();
    let header = |name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (status, location, cookie) = (response.status().as_u16(), header("location"), header("set-cookie"));
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, location, cookie, String::from_utf8(bytes.to_vec()).unwrap())
}

pub async fn page(path: &str, mood: &str) -> String {
    let request = Request::get(path)
        .header("cookie", format!("mood={mood}"))
        .header("accept", "text/html")
        .body(Body::empty())
        .unwrap();
    let response = router().oneshot(request).await.unwrap();
    String::from_utf8(axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

pub fn path_of(location: &str) -> &str {
    location.strip_prefix("http://localhost").unwrap_or(location)
}

#[tokio::test]
async fn a_refused_sign_in_comes_back_with_the_reason_and_without_the_password() {
    let form = "request%5Bemail%5D=ada%40example.com&request%5Bpassword%5D=hunter2hunter2";
    let (status, location, ..) = post("/fn/access/sign_in", "http://localhost/sign-in", form).await;
    assert_eq!(status, 302);
    assert!(location.contains("__err="), "{location}");
    assert!(!location.contains("hunter2"));
    let html = page(path_of(&location), "anonymous").await;
    assert!(html.contains("The address or the password is wrong."), "{html}");
    assert!(html.contains("aria-invalid=\"true\""));
    assert!(!html.contains("hunter2"));
    // Refused again from the page that already carries a fault: the newest one counts.
    let (_, again, ..) = post("/fn/access/sign_in", &location, form).await;
    assert!(page(path_of(&again), "anonymous").await.contains("The address or the password is wrong."));
}

#[tokio::test]
async fn an_accepted_sign_in_goes_where_it_was_wanted_but_never_elsewhere() {
    let form = |next: &str| {
        format!(
            "request%5Bemail%5D=a%40b.c&request%5Bpassword%5D=correct+horse+battery&request%5Bnext%5D={next}"
        )
    };
    let go = async |next: &str| post("/fn/access/sign_in", "http://localhost/sign-in", &form(next)).await.1;
    assert_eq!(go("%2Fbackups%3Flabel%3Da").await, "/backups?label=a");
    assert_eq!(go("https%3A%2F%2Fevil.example").await, "/");
    assert_eq!(go("%2F%2Fevil.example").await, "/");
    assert_eq!(go("%2F%5Cevil.example").await, "/");
}

#[tokio::test]
async fn every_refusal_says_what_to_do_beside_its_form() {
    let cases = [
        (
            "/fn/backups/start",
            "/sources/019ab3c4-5d6e-7f00-8a9b-000000000001",
            "request[source_id]=019ab3c4-5d6e-7f00-8a9b-000000000001&request[label]=",
            "Open the run that is active",
        ),
        (
            "/fn/sources/add_connection",
            "/connections/new",
            "request[name]=a&request[host]=db&request[port]=3306&request[user]=u&request[password]=p&request[tls]=verify",
            "db.internal has no address",
        ),
        (
            "/fn/sources/add_connection",
            "/connections/new",
            "request[name]=a&request[host]=db&request[port]=99999&request[user]=u&request[password]=p&request[tls]=verify",
            "the form could not be read",
        ),
        (
            "/fn/restores/start",
            "/backups/019ab3c4-5d6e-7f00-8a9b-000000000065",
            "request[backup_id]=019ab3c4-5d6e-7f00-8a9b-000000000065&request[connection_id]=019ab3c4-5d6e-7f00-8a9b-000000000032&request[database]=a&request[confirm]=b",
            "This is not the same name.",
        ),
        (
            "/fn/access/change_user",
            "/settings/people",
            "request[id]=019ab3c4-5d6e-7f00-8a9b-000000000001&request[role]=viewer",
            "Give the role to someone else first.",
        ),
        (
            "/fn/access/confirm_recovery_key",
            "/setup/recovery-key",
            "request[recovery_key]=wrong",
            "Compare it character by character",
        ),
    ];
    for (path, from, form, hint) in cases {
        let form = form.replace('[', "%5B").replace(']', "%5D");
        let (status, location, ..) = post(path, &format!("http://localhost{from}"), &form).await;
        assert_eq!(status, 302, "{path}");
        let mood = if from.starts_with("/setup") { "key" } else { "full" };
        let html = page(path_of(&location), mood).await;
        assert!(html.contains(hint), "{path} does not say {hint:?}: {location}\n{html}");
    }
}

#[tokio::test]
async fn accepted_forms_lead_on() {
    let (_, location, ..) = post("/fn/access/sign_out", "http://localhost/", "").await;
    assert_eq!(location, "/sign-in");
    let form = "request%5Bid%5D=019ab3c4-5d6e-7f00-8a9b-000000000065";
    let (_, location, ..) = post("/fn/backups/verify", "http://localhost/backups", form).await;
    assert_eq!(location, "/runs/019ab3c4-5d6e-7f00-8a9b-000000000003");
    let (_, location, ..) = post("/fn/alerts/test", "http://localhost/settings", "").await;
    assert_eq!(location, "/settings?done=test");
    let form = "request%5Bemail_to%5D=&request%5Bwebhook_url%5D=&request%5Bwebhook_secret%5D=";
    let (_, location, ..) = post("/fn/alerts/set_channels", "http://localhost/settings", form).await;
    assert_eq!(location, "/settings?done=channels");
}

#[tokio::test]
async fn a_password_link_is_shown_once_and_is_in_no_address() {
    let (status, location, _, html) =
        post("/settings/people/add", "http://localhost/settings/people", "name=Bo&email=b%40c.d&role=viewer")
            .await;
    assert_eq!((status, location.as_str()), (200, ""));
    assert!(html.contains("/reset?token=s3cr3t-t0ken"));
    assert!(!page("/settings/people", "full").await.contains("s3cr3t"));
}

#[tokio::test]
async fn colours_are_remembered_without_javascript() {
    let (status, location, cookie, _) =
        post("/fn/layout/appearance", "http://localhost/runs", "theme=dark").await;
    assert_eq!((status, location.trim_end_matches('?')), (302, "http://localhost/runs"));
    assert!(cookie.starts_with("theme=dark;"), "{cookie}");
    assert_eq!(post("/fn/layout/appearance", "http://localhost/runs", "theme=%3Cb%3E").await.2, "");
}
