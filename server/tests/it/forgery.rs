//! Another site uses a person's browser.

use domain::access::Role;
use http::{HeaderName, StatusCode, header};

use crate::{
    cases::{functions, posted_pages},
    world::World,
};

#[tokio::test]
async fn nothing_that_changes_something_can_be_sent_from_another_site() {
    let world = World::new().await;
    let session = world.our(Role::PlatformOperator).to_owned();
    let foreign: [&[(&str, &str)]; 7] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:3000")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[],
    ];
    for case in functions(&world.ours).into_iter().chain(posted_pages(&world.ours)) {
        for headers in foreign {
            let body = case.body.as_deref().unwrap_or_default();
            let mut request = world.post_request(&case.path, body, Some(&session));
            request.headers_mut().remove("sec-fetch-site");
            for (name, value) in headers {
                request.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            let answer = world.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {headers:?}", case.path);
            assert!(answer.body.starts_with("Refused"), "{} {}", case.path, answer.body);
        }
    }
    // The session is still there: not even signing out can be forged.
    assert_eq!(world.get("/profile", Some(&session)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_old_browser_that_sends_the_origin_alone_is_let_in() {
    let world = World::new().await;
    let session = world.our(Role::PlatformOperator).to_owned();
    let mut request = world.post_request("/fn/alerts/set_channels", "request%5Bemail_to%5D=", Some(&session));
    request.headers_mut().remove("sec-fetch-site");
    request.headers_mut().insert(header::ORIGIN, "http://localhost:3000".parse().unwrap());
    assert_eq!(world.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_and_a_token_together_are_refused() {
    let world = World::new().await;
    let mut request = world.get_request("/", Some(world.our(Role::Viewer)));
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer x".parse().unwrap());
    assert_eq!(world.send(request).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_export_does_not_begin_by_a_link_of_another_site() {
    let world = World::new().await;
    let path = format!("/backups/{}/export", world.ours.backup);
    for (site, is_refused) in
        [("cross-site", true), ("same-site", true), ("same-origin", false), ("none", false)]
    {
        let mut request = world.get_request(&path, Some(world.our(Role::PlatformOperator)));
        request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        assert_eq!(world.send(request).await.status == StatusCode::FORBIDDEN, is_refused, "{site}");
    }
}

#[tokio::test]
async fn a_form_comes_back_to_pages_of_this_site_only() {
    let world = World::new().await;
    let session = world.our(Role::PlatformOperator).to_owned();
    let sent_back_to = async |referer: &str| {
        let mut request = world.post_request("/fn/alerts/test", "", Some(&session));
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        request.headers_mut().insert(header::REFERER, referer.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::FOUND);
        answer.header("location").to_owned()
    };
    let own = sent_back_to("http://localhost:3000/settings").await;
    assert!(own.starts_with("http://localhost:3000/settings?__path="), "{own}");
    let foreign = sent_back_to("https://evil.example/x").await;
    assert!(foreign.starts_with('/') && !foreign.contains("evil"), "{foreign}");
}
