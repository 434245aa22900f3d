//! Second factors: set up, asked for, used once; and the proof that dangerous acts ask for.

use domain::{Clock, access::Role};
use http::StatusCode;
use totp_rs::{Builder, Secret, Totp};

use crate::world::{Answer, MINUTE, PASSWORD, World, email, form};

const DAY: i64 = 24 * 60 * MINUTE;

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap().0
}

/// The text of a block that can be copied.
fn copied(page: &str) -> &str {
    between(page, "data-copy=\"", "\"")
}

fn app_of(page: &str) -> Totp {
    let secret = Secret::try_from_base32(copied(page).replace(' ', "")).unwrap();
    Builder::new().with_secret(secret).build().unwrap()
}

fn code_of(world: &World, app: &Totp) -> String {
    app.generate(u64::try_from(world.clock.now().0 / 1_000).unwrap()).to_string()
}

/// Sets an app up for a role of ours; gives it and the recovery codes.
async fn set_up(world: &World, session: &str) -> (Totp, Vec<String>) {
    let offered = world.post("/fn/access/offer_app", "", Some(session)).await;
    assert_eq!(offered.status, StatusCode::OK, "{}", offered.body);
    let page = world.get("/profile/security/app", Some(session)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("<svg") && page.body.contains("h1v1h-1z"), "a picture to scan");
    let app = app_of(&page.body);
    let wrong = world.post("/profile/security/app", &form(&[("code", "12345")]), Some(session)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = form(&[("code", &code_of(world, &app))]);
    let made = world.post("/profile/security/app", &right, Some(session)).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let codes: Vec<_> = copied(&made.body).lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    let again = world.get("/profile/security/app", Some(session)).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "neither secret nor codes are shown again");
    (app, codes)
}

/// The session that waits for its second step.
async fn first_step(world: &World, role: Role) -> String {
    let answer = world.sign_in(&email("Ours", role), PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let waiting = answer.session().unwrap();
    assert_eq!(world.get("/profile", Some(&waiting)).await.status, StatusCode::FOUND, "nobody yet");
    assert_eq!(world.get("/sign-in/second", Some(&waiting)).await.status, StatusCode::OK);
    waiting
}

async fn second_step(world: &World, waiting: &str, code: &str) -> Answer {
    world.post("/fn/access/second_step", &form(&[("request[code]", code)]), Some(waiting)).await
}

#[tokio::test]
async fn an_app_is_asked_for_and_each_code_works_once() {
    let world = World::new().await;
    let (app, _) = set_up(&world, world.our(Role::Viewer)).await;
    // The code that set it up is used.
    let waiting = first_step(&world, Role::Viewer).await;
    let used = second_step(&world, &waiting, &code_of(&world, &app)).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", used.body);
    world.clock.advance_ms(MINUTE);
    let code = code_of(&world, &app);
    let done = second_step(&world, &waiting, &code).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let session = done.session().unwrap();
    assert_ne!(session, waiting, "a new id");
    assert_eq!(world.get("/profile", Some(&session)).await.status, StatusCode::OK);
    let again = first_step(&world, Role::Viewer).await;
    assert_eq!(second_step(&world, &again, &code).await.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
    // Half a minute of difference between two clocks is fine, a whole minute is not.
    world.clock.advance_ms(MINUTE);
    let old = code_of(&world, &app);
    world.clock.advance_ms(MINUTE);
    assert_eq!(second_step(&world, &again, &old).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let late = code_of(&world, &app);
    world.clock.advance_ms(MINUTE / 2);
    assert_eq!(second_step(&world, &again, &late).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_comes_in_by_the_second_step_alone_and_guessing_ends_it() {
    let world = World::new().await;
    let (app, codes) = set_up(&world, world.our(Role::Viewer)).await;
    world.clock.advance_ms(MINUTE);
    let code = code_of(&world, &app);
    let alone = world.post("/fn/access/second_step", &form(&[("request[code]", &code)]), None).await;
    assert_eq!(alone.status, StatusCode::UNAUTHORIZED);
    // Somebody else's app and codes open nothing.
    let operator = world.our(Role::Operator).to_owned();
    set_up(&world, &operator).await;
    let waiting = first_step(&world, Role::Operator).await;
    for foreign in [&code, &codes[0]] {
        assert_eq!(second_step(&world, &waiting, foreign).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for _ in 0..2 {
        assert_eq!(second_step(&world, &waiting, "000000").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(second_step(&world, &waiting, "000000").await.status, StatusCode::UNAUTHORIZED, "the fifth");
    let late = first_step(&world, Role::Viewer).await;
    world.clock.advance_ms(11 * MINUTE);
    let late = second_step(&world, &late, &code_of(&world, &app)).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED, "ten minutes");
}

#[tokio::test]
async fn a_recovery_code_works_once_however_it_is_typed() {
    let world = World::new().await;
    let viewer = world.our(Role::Viewer).to_owned();
    let (_, codes) = set_up(&world, &viewer).await;
    let typed = codes[3].to_lowercase().replace('-', " ");
    let waiting = first_step(&world, Role::Viewer).await;
    assert_eq!(second_step(&world, &waiting, &typed).await.status, StatusCode::OK);
    let waiting = first_step(&world, Role::Viewer).await;
    assert_eq!(second_step(&world, &waiting, &codes[3]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = world.get("/profile/security", Some(&viewer)).await.body;
    assert!(page.contains("9 codes are left"), "{page}");
    let made = world.post("/profile/security", "", Some(&viewer)).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let fresh = copied(&made.body).lines().next().unwrap().to_owned();
    assert_eq!(
        second_step(&world, &waiting, &codes[4]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "old ones end"
    );
    assert_eq!(second_step(&world, &waiting, &fresh).await.status, StatusCode::OK);
    for text in codes.iter().chain([&fresh]) {
        assert!(!world.get("/profile/security", Some(&viewer)).await.body.contains(text.as_str()));
    }
}

#[tokio::test]
async fn after_ten_minutes_dangerous_acts_ask_for_a_proof_and_others_do_not() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let schedule = form(&[
        ("request[source_id]", &world.ours.source.to_string()),
        ("request[cron]", "0 3 * * *"),
        ("request[enabled]", "true"),
    ]);
    let set = async |session: &str| world.post("/fn/policies/set_schedule", &schedule, Some(session)).await;
    assert_eq!(set(&admin).await.status, StatusCode::OK, "signing in was a proof");
    world.clock.advance_ms(10 * MINUTE + 1);
    let refused = set(&admin).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("proof_needed"), "{}", refused.body);
    assert_eq!(world.get("/sources", Some(&admin)).await.status, StatusCode::OK);
    // As a browser without JavaScript: to the page that asks, and back to the form.
    let mut request = world.post_request("/fn/policies/set_schedule", &schedule, Some(&admin));
    let back = format!("/sources/{}", world.ours.source);
    request.headers_mut().insert("accept", "text/html".parse().unwrap());
    request.headers_mut().insert("referer", format!("http://localhost:3000{back}").parse().unwrap());
    let led = world.send(request).await;
    assert_eq!(led.status, StatusCode::FOUND, "{}", led.body);
    let to = led.header("location").to_owned();
    assert!(to.starts_with("/confirm-identity?return=%2Fsources%2F"), "{to}");
    let page = world.get(&to, Some(&admin)).await;
    assert!(page.body.contains("Your password") && page.body.contains(&back), "{}", page.body);
    let confirm = async |proof: &str| {
        world
            .post(
                "/fn/access/confirm_identity",
                &form(&[("request[proof]", proof), ("request[back]", &back)]),
                Some(&admin),
            )
            .await
    };
    assert_eq!(confirm("not this one").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set(&admin).await.status, StatusCode::FORBIDDEN);
    assert_eq!(confirm(PASSWORD).await.status, StatusCode::OK);
    assert_eq!(set(&admin).await.status, StatusCode::OK);
    // Agreeing too, and the one who asks is told before anybody looks at what is agreed to.
    let approve = form(&[("request[id]", &world.ours.restore.to_string()), ("request[digest]", "00")]);
    let late = world.post("/fn/restores/approve", &approve, Some(world.our(Role::Approver))).await;
    assert!(late.status == StatusCode::FORBIDDEN && late.body.contains("proof_needed"), "{}", late.body);
    // Downloads lead there too.
    world.clock.advance_ms(11 * MINUTE);
    let export = world.get(&format!("/backups/{}/export", world.ours.backup), Some(&admin)).await;
    assert_eq!(export.status, StatusCode::SEE_OTHER);
    assert!(export.header("location").starts_with("/confirm-identity?return=%2Fbackups%2F"));
}

#[tokio::test]
async fn whoever_has_an_app_proves_it_by_the_app() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let (app, _) = set_up(&world, &admin).await;
    world.clock.advance_ms(11 * MINUTE);
    let confirm = async |proof: &str| {
        world
            .post("/fn/access/confirm_identity", &form(&[("request[proof]", proof)]), Some(&admin))
            .await
            .status
    };
    assert_eq!(world.post("/fn/access/remove_app", "", Some(&admin)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(confirm(PASSWORD).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(confirm(&code_of(&world, &app)).await, StatusCode::OK);
    assert_eq!(world.post("/fn/access/remove_app", "", Some(&admin)).await.status, StatusCode::OK);
    let again = world.sign_in(&email("Ours", Role::TenantAdmin), PASSWORD).await.session().unwrap();
    assert_eq!(world.get("/profile", Some(&again)).await.status, StatusCode::OK, "no second step any more");
}

#[tokio::test]
async fn a_token_has_dangerous_scopes_only_from_somebody_who_proved_themselves() {
    let world = World::new().await;
    let admin = world.our(Role::TenantAdmin).to_owned();
    let make = async |scopes: &str| {
        let body = form(&[("name", "t"), ("days", "1"), ("scopes", scopes)]);
        world.post("/profile/tokens", &body, Some(&admin)).await
    };
    assert_eq!(make("ExportBackup").await.status, StatusCode::OK);
    world.clock.advance_ms(11 * MINUTE);
    let led = make("ExportBackup").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER, "{}", led.body);
    assert!(!led.body.contains("hf_"));
    assert_eq!(make("ReadBackups").await.status, StatusCode::OK, "harmless ones need none");
}

#[tokio::test]
async fn who_is_asked_for_a_second_factor_is_led_to_it_and_to_nothing_else() {
    let world = World::new().await;
    let set = async |requires: &str, days: &str, by: Role| {
        let body = form(&[("request[requires]", requires), ("request[grace_days]", days)]);
        world.post("/fn/access/set_sign_in_policy", &body, Some(world.our(by))).await
    };
    assert_eq!(set("everybody", "31", Role::TenantAdmin).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(set("everybody", "0", Role::Approver).await.status, StatusCode::FORBIDDEN);
    assert_eq!(set("powerful", "2", Role::TenantAdmin).await.status, StatusCode::OK);
    let approver = world.our(Role::Approver).to_owned();
    let page = world.get("/profile/security", Some(&approver)).await.body;
    assert!(page.contains("Set one up before"), "{page}");
    assert_eq!(world.get("/backups", Some(&approver)).await.status, StatusCode::OK, "grace");
    world.clock.advance_ms(2 * DAY);
    let enter = async |tenant: &str, role: Role| {
        world.sign_in(&email(tenant, role), PASSWORD).await.session().unwrap()
    };
    let (viewer, stranger) = (enter("Ours", Role::Viewer).await, enter("Theirs", Role::Approver).await);
    for free in [&viewer, &stranger] {
        assert_eq!(world.get("/backups", Some(free)).await.status, StatusCode::OK, "not asked of them");
    }
    let approver = enter("Ours", Role::Approver).await;
    let led = world.get("/backups", Some(&approver)).await;
    assert_eq!((led.status, led.header("location")), (StatusCode::FOUND, "/profile/security"));
    let run = form(&[("request[id]", &world.ours.run.to_string())]);
    let refused = world.post("/fn/backups/run", &run, Some(&approver)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "not by the way around the page either");
    assert!(refused.body.contains("second_factor_needed"), "{}", refused.body);
    set_up(&world, &approver).await;
    assert_eq!(world.get("/backups", Some(&approver)).await.status, StatusCode::OK);
    let removed = world.post("/fn/access/remove_app", "", Some(&approver)).await;
    assert_eq!(removed.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", removed.body);
}
