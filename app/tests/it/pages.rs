//! Pages × states: what each must say, and what none may ever do with a hostile name.

use axum::{body::Body, http::Request};
use tower::ServiceExt;

use crate::world::router;

const ID: &str = "019ab3c4-5d6e-7f00-8a9b-000000000047";

/// Every page for people who are signed in, with a word that only its full state says and one of its empty state.
fn pages() -> Vec<(String, &'static str, &'static str)> {
    let at = |area: &str| format!("/{area}/{ID}");
    vec![
        ("/".into(), "3 of 4 sources can be restored", "Nothing is protected yet"),
        ("/sources".into(), "3 of 4 sources can be restored", "No database is protected yet"),
        (at("sources"), "Back up grc2 now", "No backup yet"),
        ("/tenants".into(), "1,204 tenants have rows", "No tenant yet"),
        (at("sources") + "/tenants", "Alpine Mutual", "No tenant yet"),
        (at("sources") + "/tenants/7", "Back up this tenant now", "No recovery point"),
        (at("sources") + "/tenants/7/restore", "From when?", "No recovery point"),
        (at("sources") + "/map", "rows between two tenants are kept as shared", "No map yet"),
        (at("sources") + "/map/confirm", "4 tables change", "No map to confirm yet"),
        ("/restores".into(), "2 rows of grc_risk", "No tenant restore yet"),
        (at("restores"), "come back", "Computing the difference"),
        ("/connections/new".into(), "Add this server and test it", "Add this server and test it"),
        (at("connections"), "GRANT TRIGGER, EVENT ON *.*", "Nothing is known about this server yet"),
        ("/backups".into(), "before the September release", "No backup yet"),
        (at("backups"), "14 of 14 tables equal", "Not proven yet"),
        ("/backups/019ab3c4-5d6e-7f00-8a9b-000000000079".into(), "What it stands on", "Not proven yet"),
        ("/runs".into(), "refused the account", "No run yet"),
        (at("runs"), "11.8 GB of 19.0 GB", "Waiting for a worker"),
        ("/audit".into(), "Look at rows", "No entry yet"),
        ("/audit/4711".into(), "Under signed head", "No signed head covers it yet"),
        ("/settings".into(), "120 GB of 500 GB free", "No verification server"),
        ("/settings/webhooks".into(), "Trying again", "No webhook yet"),
        ("/settings/people".into(), "Bo Lindqvist", "No people"),
        ("/approvals".into(), "Waiting for approval", "Nothing waits for you"),
        (at("approvals"), "Agree to exactly this", "This request is over"),
        ("/settings/approvals".into(), "agrees in their place", "Working alone"),
        (at("backups") + "/delete", "What would be lost", "Nobody else here could agree"),
        (at("people"), "Operator", "This person may do nothing here"),
        ("/roles".into(), "2 people have it", "Make a role"),
        ("/groups".into(), "On call", "No groups"),
        ("/invitations".into(), "nora@example.com", "No invitation waits"),
        ("/organisations".into(), "Northwind Compliance", "Add an organisation"),
        ("/profile/tokens".into(), "nightly export", "No token yet"),
        ("/profile/security".into(), "8 codes are left", "No passkey yet"),
        ("/profile/security/app".into(), "ABCD EFGH", "ABCD EFGH"),
        ("/confirm-identity".into(), "recovery codes", "Your password"),
        ("/settings/sign-in".into(), "At most 30", "At most 30"),
        ("/profile".into(), "ada@example.com", "ada@example.com"),
    ]
}

pub struct Answer {
    pub status: u16,
    pub location: String,
    pub policy: String,
    pub html: String,
}

pub async fn get(path: &str, cookies: &str) -> Answer {
    let request = Request::get(path)
        .header("cookie", cookies)
        .header("accept", "text/html")
        .body(Body::empty())
        .unwrap();
    let response = router().oneshot(request).await.unwrap();
    let header = |name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (status, location, policy) =
        (response.status().as_u16(), header("location"), header("content-security-policy"));
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, location, policy, html: String::from_utf8(bytes.to_vec()).unwrap() }
}

/// The text that follows an attribute-free reading: tags out, comments out.
pub fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(letter),
            _ => {}
        }
    }
    text
}

#[tokio::test]
async fn full_pages_say_what_they_know() {
    for (path, full, _) in pages() {
        let answer = get(&path, "mood=full").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            text_of(&answer.html).contains(full),
            "{path} does not say {full:?}:\n{}",
            text_of(&answer.html)
        );
    }
}

#[tokio::test]
async fn empty_pages_teach_the_first_step() {
    for (path, _, empty) in pages() {
        let answer = get(&path, "mood=empty").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            text_of(&answer.html).contains(empty),
            "{path} does not say {empty:?}:\n{}",
            text_of(&answer.html)
        );
    }
}

#[tokio::test]
async fn refusals_and_faults_have_their_status_and_a_way_on() {
    for (path, ..) in
        pages().into_iter().filter(|(path, ..)| !matches!(path.as_str(), "/profile" | "/connections/new"))
    {
        let refused = get(&path, "mood=forbidden").await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.html.contains("Your role does not allow this."), "{path}");
        let broken = get(&path, "mood=broken").await;
        assert_eq!(broken.status, 500, "{path}");
        assert!(broken.html.contains("7f3a9c"), "{path} hides the incident");
        assert!(broken.html.contains("Back to the overview"), "{path}");
    }
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_there_and_back() {
    for (path, ..) in pages() {
        let answer = get(&path, "mood=anonymous").await;
        assert_eq!(answer.status, 302, "{path}");
        assert!(answer.location.starts_with("/sign-in"), "{path} → {}", answer.location);
    }
    let answer = get("/backups?label=a", "mood=anonymous").await;
    assert_eq!(answer.location, "/sign-in?next=%2Fbackups%3Flabel%3Da");
    assert_eq!(get("/", "mood=fresh").await.location, "/setup");
    assert_eq!(get("/sign-in", "mood=fresh").await.location, "/setup");
    assert_eq!(get("/setup", "mood=full").await.location, "/sign-in");
}

#[tokio::test]
async fn names_stay_text_and_keep_their_direction() {
    for (path, ..) in pages() {
        let answer = get(&path, "mood=full").await;
        // What the copy button copies is the true text, safe between the quotes of its attribute.
        let drawn = answer
            .html
            .split("data-copy=\"")
            .enumerate()
            .map(|(n, part)| if n == 0 { part } else { part.split_once('"').unwrap().1 });
        assert!(!drawn.collect::<String>().contains("<img"), "{path} lets markup through");
        assert!(!answer.html.contains('\u{202e}'), "{path} lets a name turn the text");
        assert!(!answer.html.contains("javascript:"), "{path} links to a script");
        assert!(!answer.html.contains(" style="), "{path} has a style that its own policy forbids");
    }
    assert!(get("/backups", "mood=full").await.html.contains("invoice\\u{202e}gpj.sql"));
}

#[tokio::test]
async fn scripts_run_by_nonce_only() {
    let answer = get("/", "mood=full").await;
    let nonce = answer.policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert!(nonce.len() >= 16);
    for script in answer.html.split("<script").skip(1) {
        assert!(
            script.starts_with(&format!(" nonce=\"{nonce}\""))
                || script.contains(&format!("nonce=\"{nonce}\"")),
            "{script}"
        );
    }
}

#[tokio::test]
async fn a_viewer_sees_no_button_that_would_be_refused() {
    for (path, ..) in pages().into_iter().filter(|(path, ..)| {
        !matches!(
            path.as_str(),
            "/settings"
                | "/settings/people"
                | "/settings/sign-in"
                | "/settings/webhooks"
                | "/audit"
                | "/audit/4711"
                | "/connections/new"
                | "/profile"
                | "/profile/tokens"
                | "/profile/security"
                | "/confirm-identity"
                | "/roles"
                | "/groups"
                | "/invitations"
                | "/organisations"
        ) && !path.starts_with("/people/")
            && !path.ends_with("/map/confirm")
            && !path.ends_with("/restore")
            && !path.ends_with("/delete")
    }) {
        let answer = get(&path, "mood=viewer").await;
        assert_eq!(answer.status, 200, "{path}");
        let posts = answer.html.matches("action=\"/fn/").count();
        let own = answer.html.matches("action=\"/fn/access/sign_out\"").count()
            + answer.html.matches("action=\"/fn/layout/appearance\"").count();
        assert_eq!(posts, own, "{path} offers a viewer a change");
    }
    let delete = format!("/backups/{ID}/delete");
    let person = format!("/people/{ID}");
    let kept =
        ["/settings", "/settings/people", "/settings/sign-in", "/connections/new", "/roles", "/groups"];
    let others =
        ["/invitations", "/organisations", "/settings/webhooks", "/audit", "/audit/4711", &delete, &person];
    for path in kept.into_iter().chain(others) {
        assert_eq!(get(path, "mood=viewer").await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn unknown_addresses_and_ids_are_not_found() {
    for path in ["/nowhere", "/backups/not-an-id", "/runs/%00"] {
        assert_eq!(get(path, "mood=full").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn colours_follow_the_cookie() {
    assert!(
        get("/", "mood=full; theme=dark; density=compact")
            .await
            .html
            .contains("data-theme=\"dark\" data-density=\"compact\"")
    );
    assert!(get("/", "mood=full").await.html.contains("data-theme=\"auto\""));
}

#[tokio::test]
async fn filters_and_pages_live_in_the_address() {
    let answer = get("/backups?label=September&verification=failed", "mood=full").await;
    assert!(answer.html.contains("value=\"September\""));
    assert!(answer.html.contains("after=2"));
    assert!(
        answer.html.contains("label=September&amp;") || answer.html.contains("label=September"),
        "{}",
        answer.html
    );
}

#[tokio::test]
async fn first_run_shows_the_key_and_asks_for_it() {
    let setup = get("/setup", "mood=fresh").await;
    assert!(setup.html.contains("name=\"request[code]\""));
    let key = get("/setup/recovery-key", "mood=key").await;
    assert!(key.html.contains("K7QD 2M9X"));
    assert!(key.html.contains("name=\"request[recovery_key]\""));
    assert!(!get("/setup/recovery-key", "mood=full").await.html.contains("K7QD"));
}

#[tokio::test]
async fn files_of_a_server_are_restored_by_a_command_and_by_no_form() {
    let page = get("/backups/019ab3c4-5d6e-7f00-8a9b-000000000079", "mood=full").await;
    let text = text_of(&page.html);
    for part in [
        "holdfast physical restore 019ab3c4",
        "2 kept backups were built on it",
        "none can be restored or exported",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!page.html.contains("/fn/restores/start") && !page.html.contains("/export"), "{}", page.html);
    let connection = get(&format!("/connections/{ID}"), "mood=full").await;
    assert!(text_of(&connection.html).contains("is not on this machine"), "why not, before anybody asks");
    assert!(!connection.html.contains("/fn/sources/add_server"));
}
