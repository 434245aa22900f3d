//! The explorer of the audit trail: its filters are the address, and what cannot be read is not left out.

use crate::pages::{get, text_of};

#[tokio::test]
async fn the_address_is_the_filter_and_the_pages_keep_it() {
    let path = "/audit?from=2026-11-01&until=2026-11-23&act=restore.rows&outcome=done&who=user:x&about=run:y";
    let answer = get(path, "mood=full").await;
    assert_eq!(answer.status, 200);
    for kept in ["value=\"2026-11-01\"", "value=\"2026-11-23\"", "value=\"run:y\""] {
        assert!(answer.html.contains(kept), "{kept}");
    }
    let older = answer.html.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let fields = [
        "from=2026%2D11%2D01",
        "act=restore%2Erows",
        "outcome=done",
        "who=user%3Ax",
        "about=run%3Ay",
        "after=2",
    ];
    for field in fields {
        assert!(older.contains(field), "{field} is not in {older}");
    }
    let export = answer.html.split("/audit/export").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(export.replace("&amp;", "&"), "?from=2026%2D11%2D01&until=2026%2D11%2D23");
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused() {
    for wrong in ["from=yesterday", "act=a.word", "outcome=maybe", "about=a-backup", "about=planet:1"] {
        let answer = get(&format!("/audit?{wrong}"), "mood=full").await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn an_entry_shows_before_and_after_and_leads_on() {
    let answer = get("/audit/4711", "mood=full").await;
    let text = text_of(&answer.html);
    for said in ["0 2 * * *", "0 3 * * *", "4,711 of 4,712", "192.0.2.7", "audit verify FILE"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(answer.html.contains("href=\"/audit/4710\"") && answer.html.contains("href=\"/audit/4712\""));
    assert_eq!(get("/audit/none", "mood=full").await.status, 404);
}

#[tokio::test]
async fn things_lead_to_what_happened_with_them_for_whoever_may_read_it() {
    let id = "019ab3c4-5d6e-7f00-8a9b-000000000047";
    for (area, kind) in [
        ("runs", "run"),
        ("backups", "backup"),
        ("sources", "source"),
        ("connections", "connection"),
        ("restores", "restore"),
    ] {
        let link = format!("/audit?about={kind}%3A");
        let admin = get(&format!("/{area}/{id}"), "mood=full").await;
        assert!(admin.html.contains(&link), "{area}");
        let viewer = get(&format!("/{area}/{id}"), "mood=viewer").await;
        assert_eq!(viewer.status, 200, "{area}");
        assert!(!viewer.html.contains("/audit"), "{area}");
    }
    assert_eq!(get("/audit", "mood=viewer").await.status, 403);
}
