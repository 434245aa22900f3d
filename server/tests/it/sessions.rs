//! Sessions: begun, moved on, ended.

use domain::access::Role;
use http::{StatusCode, header};
use server::http::COOKIE;

use crate::world::{HOUR, MINUTE, PASSWORD, World, email, form};

async fn is_in(world: &World, session: &str) -> bool {
    let status = world.get("/profile", Some(session)).await.status;
    assert!(status == StatusCode::OK || status == StatusCode::FOUND, "{status}");
    status == StatusCode::OK
}

#[tokio::test]
async fn the_cookie_has_every_flag_and_no_domain() {
    let world = World::new().await;
    let answer = world.sign_in(&email("Ours", Role::Viewer), PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with(&format!("{COOKIE}=")), "{cookie}");
    for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{flag} in {cookie}");
    }
    for absent in ["Domain", "Max-Age", "Expires"] {
        assert!(!cookie.contains(absent), "{absent} in {cookie}");
    }
}

#[tokio::test]
async fn a_planted_session_is_worth_nothing_after_signing_in() {
    let world = World::new().await;
    // An id of the right shape that was never given out, and one that is in use already.
    for planted in [format!("{COOKIE}=AAAAAAAAAAAAAAAAAAAAAA"), world.our(Role::Viewer).to_owned()] {
        let body =
            form(&[("request[email]", &email("Ours", Role::Operator)), ("request[password]", PASSWORD)]);
        let answer = world.post("/fn/access/sign_in", &body, Some(&planted)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let fresh = answer.session().unwrap();
        assert_ne!(fresh, planted);
        assert!(is_in(&world, &fresh).await);
        assert!(!is_in(&world, &planted).await);
    }
}

#[tokio::test]
async fn half_an_hour_without_use_ends_a_session() {
    let world = World::new().await;
    let session = world.our(Role::Viewer);
    world.clock.advance_ms(29 * MINUTE);
    assert!(is_in(&world, session).await);
    world.clock.advance_ms(29 * MINUTE);
    assert!(is_in(&world, session).await, "use moves the limit on");
    world.clock.advance_ms(31 * MINUTE);
    assert!(!is_in(&world, session).await);
}

#[tokio::test]
async fn twelve_hours_end_a_session_whatever_its_use() {
    let world = World::new().await;
    let session = world.our(Role::Viewer);
    for _ in 0..35 {
        world.clock.advance_ms(20 * MINUTE);
        assert!(is_in(&world, session).await);
    }
    world.clock.advance_ms(12 * HOUR - 35 * 20 * MINUTE);
    assert!(!is_in(&world, session).await);
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_in_the_browser() {
    let world = World::new().await;
    let session = world.our(Role::Viewer).to_owned();
    let answer = world.post("/fn/access/sign_out", "", Some(&session)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with(&format!("{COOKIE}=;")) && cookie.contains("Max-Age=0"), "{cookie}");
    assert!(!is_in(&world, &session).await);
}

#[tokio::test]
async fn a_new_password_gives_this_session_a_new_id_and_ends_the_others() {
    let world = World::new().await;
    let address = email("Ours", Role::Viewer);
    let (here, elsewhere) =
        (world.our(Role::Viewer).to_owned(), world.sign_in(&address, PASSWORD).await.session().unwrap());
    let body = form(&[("request[current]", PASSWORD), ("request[new]", "an entirely new one")]);
    let answer = world.post("/fn/access/change_password", &body, Some(&here)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let fresh = answer.session().unwrap();
    assert!(is_in(&world, &fresh).await);
    assert!(!is_in(&world, &here).await && !is_in(&world, &elsewhere).await);
    assert_eq!(world.sign_in(&address, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.sign_in(&address, "an entirely new one").await.status, StatusCode::OK);
}

#[tokio::test]
async fn unknown_wrong_and_disabled_get_the_same_answer() {
    let world = World::new().await;
    let change = form(&[
        ("request[id]", &world.ours.users[&Role::Approver].to_string()),
        ("request[role]", "approver"),
    ]);
    let changed = world.post("/fn/access/change_user", &change, Some(world.our(Role::TenantAdmin))).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let wrong = world.sign_in(&email("Ours", Role::Viewer), "not this one").await;
    let unknown = world.sign_in("nobody@ours.example", "not this one").await;
    let disabled = world.sign_in(&email("Ours", Role::Approver), PASSWORD).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for other in [unknown, disabled] {
        assert_eq!((wrong.status, &wrong.body), (other.status, &other.body));
        assert!(other.session().is_none());
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_per_account_and_per_address() {
    let world = World::new().await;
    let address = email("Ours", Role::Viewer);
    let mut last = world.sign_in(&address, "guess").await;
    for _ in 0..10 {
        last = world.sign_in(&address, "guess").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!last.header("retry-after").is_empty());
    // Even the right password, from wherever: the answer would tell.
    assert_eq!(world.sign_in(&address, PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.sign_in(&email("Ours", Role::Operator), PASSWORD).await.status, StatusCode::OK);
    let mut statuses = Vec::new();
    for n in 0..31 {
        let body = form(&[("request[email]", &format!("u{n}@x.example")), ("request[password]", "guess")]);
        statuses.push(world.post("/fn/access/sign_in", &body, None).await.status);
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn where_somebody_could_listen_nobody_signs_in() {
    let world = World::with("trusted_proxies = [\"127.0.0.1\"]").await;
    let body = form(&[("request[email]", &email("Ours", Role::Viewer)), ("request[password]", PASSWORD)]);
    let mut request = world.post_request("/fn/access/sign_in", &body, None);
    request.headers_mut().insert(header::HOST, "hold.example".parse().unwrap());
    let refused = world.send(request).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("tls_certificate") && refused.body.contains("trusted_proxies"));
    assert!(refused.session().is_none());
    let mut request = world.post_request("/fn/access/sign_in", &body, None);
    request.headers_mut().insert(header::HOST, "hold.example".parse().unwrap());
    request.headers_mut().insert("x-forwarded-proto", "https".parse().unwrap());
    let through_proxy = world.send(request).await;
    assert_eq!(through_proxy.status, StatusCode::OK);
    assert!(!through_proxy.header("strict-transport-security").is_empty());
}

/// The name by which the page ends a session that is not this one.
fn handle_of(page: &str) -> Option<String> {
    let (_, after) = page.split_once("name=\"request[handle]\" value=\"")?;
    after.split('"').next().map(str::to_owned)
}

#[tokio::test]
async fn a_person_sees_their_sessions_and_ends_one_or_all_others() {
    let world = World::new().await;
    let address = email("Ours", Role::Viewer);
    let here = world.our(Role::Viewer).to_owned();
    let alone = world.get("/profile", Some(&here)).await.body;
    assert!(alone.contains("This one") && handle_of(&alone).is_none() && !alone.contains("End all others"));
    let elsewhere = world.sign_in(&address, PASSWORD).await.session().unwrap();
    let page = world.get("/profile", Some(&here)).await.body;
    // Whoever signs in here does so from an address of their own.
    assert!(page.contains("10.0."), "{page}");
    assert!(page.contains("End all others"));
    let handle = handle_of(&page).unwrap();
    assert!(!elsewhere.contains(&handle), "the name is not the key");
    // Nobody else can, not even the highest role of the same organisation.
    let body = form(&[("request[handle]", &handle)]);
    for role in [Role::Operator, Role::PlatformOperator] {
        let refused = world.post("/fn/access/end_session", &body, Some(world.our(role))).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.body);
    }
    assert!(is_in(&world, &elsewhere).await);
    let ended = world.post("/fn/access/end_session", &body, Some(&here)).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    assert!(!is_in(&world, &elsewhere).await && is_in(&world, &here).await);

    let others = [world.sign_in(&address, PASSWORD).await, world.sign_in(&address, PASSWORD).await];
    let strangers = world.our(Role::Operator).to_owned();
    world.post("/fn/access/end_other_sessions", "", Some(&here)).await;
    for other in others {
        assert!(!is_in(&world, &other.session().unwrap()).await);
    }
    assert!(is_in(&world, &here).await && is_in(&world, &strangers).await);
}

#[tokio::test]
async fn the_limits_are_those_of_the_configuration() {
    let world = World::with("[sessions]\nidle_minutes = 5\nabsolute_hours = 1").await;
    let session = world.our(Role::Viewer);
    for _ in 0..14 {
        world.clock.advance_ms(4 * MINUTE);
        assert!(is_in(&world, session).await);
    }
    world.clock.advance_ms(4 * MINUTE);
    assert!(!is_in(&world, session).await, "an hour");
    let idle = world.sign_in(&email("Ours", Role::Operator), PASSWORD).await.session().unwrap();
    world.clock.advance_ms(6 * MINUTE);
    assert!(!is_in(&world, &idle).await);
}
