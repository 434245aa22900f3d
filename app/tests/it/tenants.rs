//! Tenants, maps and restores: hostile names in addresses, the wizard by links and forms alone, and what each state
//! of a restore offers to whom.

use domain::restores::RequestState;

use crate::{
    forms::{page, path_of, post},
    pages::{get, text_of},
    world::data,
};

const SOURCE: &str = "019ab3c4-5d6e-7f00-8a9b-000000000001";

fn at(rest: &str) -> String {
    format!("/sources/{SOURCE}{rest}")
}

/// Addresses that a page links to, as a browser would ask for them.
fn links(html: &str, of: &str) -> Vec<String> {
    let parts = html.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
    parts.map(|link| link.replace("&amp;", "&")).filter(|link| link.contains(of)).collect()
}

#[tokio::test]
async fn a_tenant_is_found_by_whatever_its_key_is() {
    let list = page(&at("/tenants"), "full").await;
    let links = links(&list, "/tenants/");
    assert!(links.len() > 40, "{links:?}");
    for (row, link) in data::tenants(None).iter().zip(links.iter().filter(|link| !link.contains("restore"))) {
        let answer = get(link, "mood=full").await;
        assert_eq!(answer.status, 200, "{link}");
        let text = text_of(&answer.html).replace("&quot;", "\"").replace("&amp;", "&").replace("&#x27;", "'");
        assert!(text.contains(&format!("Tenant {}", row.key.as_str())), "{link} is not about {}", row.key);
        // The wizard begins at the same key.
        let wizard = get(&format!("{link}/restore"), "mood=full").await;
        assert_eq!(wizard.status, 200, "{link}");
    }
    for path in ["/tenants/nobody", "/tenants/a~7", "/tenants/%00"] {
        assert_eq!(get(&at(path), "mood=full").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_table_is_found_by_whatever_its_name_is() {
    for (name, address) in [
        ("grc_risk", "grc_risk"),
        ("50%20&a=b+c", "50%2520%26a%3Db%2Bc"),
        ("%2F", "%252F"),
        (" outer ", "%20outer%20"),
    ] {
        let html = page(&at(&format!("/map/table?name={address}")), "full").await;
        let value = name.replace('&', "&amp;");
        assert!(html.contains(&format!("name=\"request[table]\" value=\"{value}\"")), "{name}\n{html}");
    }
    assert_eq!(get(&at("/map/table"), "mood=full").await.status, 404);
}

#[tokio::test]
async fn what_is_typed_into_several_lines_stays_text() {
    let wizard = at("/tenants/7/restore?backup=019ab3c4-5d6e-7f00-8a9b-000000000065&what=tables&edit=true");
    let html = page(&format!("{wizard}&tables=%3C%2Ftextarea%3E%3Cimg%20src%3Dx%3E%26amp%3B"), "full").await;
    assert!(html.contains("&lt;/textarea>&lt;img src=x>&amp;amp;</textarea>"), "{html}");
    assert!(!html.contains("<img src=x>"));
}

#[tokio::test]
async fn the_wizard_leads_from_a_point_to_a_preview_by_links_and_forms() {
    let first = page(&at("/tenants/7/restore"), "full").await;
    let link = links(&first, "restore?backup=").remove(0);
    let what = page(&link, "full").await;
    assert!(what.contains("What of it?"));
    assert!(what.contains("name=\"backup\" value="));
    let to = page(&format!("{link}&what=everything"), "full").await;
    assert!(to.contains("Where to?"));
    let preview = page(&format!("{link}&what=everything&to=live"), "full").await;
    assert!(preview.contains("action=\"/fn/restores/plan\"") && preview.contains("Compute the preview"));
    let new = page(&format!("{link}&what=everything&to=new"), "full").await;
    assert!(
        new.contains("action=\"/fn/restores/start\"")
            && new.contains("name=\"request[tenants]\" value=\"7\"")
            && new.contains("name=\"request[definers]\"")
    );
    // Tables are added one by one, and the last of them leads on.
    let tables = page(&format!("{link}&what=tables"), "full").await;
    let add = links(&tables, "tables=grc%5Frisk").remove(0);
    let added = page(&add, "full").await;
    assert!(added.contains("Take out"));
    let chosen = page(&format!("{link}&what=tables&tables=grc_risk%0D%0Agrc_control"), "full").await;
    assert!(text_of(&chosen).contains("2 tables"));
    // Rows: first their table, then their keys; keys that cannot be read are named by their line.
    let rows = page(&format!("{link}&what=rows"), "full").await;
    assert!(rows.contains("Rows of which table?"));
    let wrong = page(&format!("{link}&what=rows&table=grc_risk&keys=1%0D%0A%222"), "full").await;
    assert!(wrong.contains("Line 2 is not a list of values"));
    let right = page(&format!("{link}&what=rows&table=grc_risk&keys=1%0D%0A2&to=new"), "full").await;
    assert!(right.contains("Only for whole tables"), "rows cannot go into a new database");
}

#[tokio::test]
async fn each_state_of_a_restore_offers_exactly_its_steps() {
    let steps = ["request", "approve", "reject", "apply", "undo", "withdraw"];
    for state in RequestState::ALL {
        let path = format!("/restores/{}", data::restore_id(*state));
        let html = page(&path, "full").await;
        let offered: Vec<_> = steps
            .into_iter()
            .filter(|step| html.contains(&format!("action=\"/fn/restores/{step}\"")))
            .collect();
        let expected: &[&str] = match state {
            RequestState::Planning => &["withdraw"],
            RequestState::Planned => &["request", "withdraw"],
            RequestState::AwaitingApproval => &["approve", "reject", "withdraw"],
            RequestState::Approved => &["apply", "withdraw"],
            RequestState::Applied => &["undo"],
            _ => &[],
        };
        assert_eq!(offered, expected, "{state:?}");
        let viewer = page(&path, "viewer").await;
        assert!(!viewer.contains("action=\"/fn/restores/"), "{state:?} offers a viewer a step");
        if !matches!(state, RequestState::Planning | RequestState::Failed) {
            assert!(text_of(&html).contains("Rows of other tenants touched"), "{state:?}");
        }
    }
}

#[tokio::test]
async fn what_nobody_knows_is_not_said_to_have_happened_and_can_be_undone() {
    let html = page(&format!("/restores/{}", data::unsure()), "full").await;
    let text = text_of(&html);
    assert!(text.contains("It is not known whether this was done.") && text.contains("come back"), "{text}");
    assert!(!text.contains("came back"), "{text}");
    assert!(html.contains("action=\"/fn/restores/undo\""), "{html}");
}

#[tokio::test]
async fn who_asked_sees_at_the_top_why_it_ended() {
    for (state, words) in [
        (RequestState::Withdrawn, "Withdrawn by Bo Lindqvist."),
        (RequestState::Withdrawn, "The connection leads to another server than before."),
        (RequestState::Rejected, "Rejected by "),
    ] {
        let text = text_of(&page(&format!("/restores/{}", data::restore_id(state)), "full").await);
        let (top, _) = text.split_once("What happened").unwrap();
        assert!(top.contains(words), "{words}: {text}");
    }
    let planned = page(&format!("/restores/{}", data::restore_id(RequestState::Planned)), "full").await;
    assert!(!text_of(&planned).contains(" by Bo Lindqvist."), "nothing has ended");
}

#[tokio::test]
async fn who_is_no_second_person_is_told_why() {
    let html = page(&format!("/restores/{}", data::dependent()), "full").await;
    assert!(!html.contains("action=\"/fn/restores/approve\""), "{html}");
    assert!(text_of(&html).contains("are not independent: one of you added the other here"), "{html}");
}

#[tokio::test]
async fn a_run_at_work_on_a_restore_is_followed_live() {
    let path = format!("/restores/{}", data::restore_id(RequestState::Applying));
    let html = page(&path, "full").await;
    assert!(html.contains("data-events=\"/events/runs/"));
    assert!(html.contains("data-live=\"phase\""));
}

#[tokio::test]
async fn changed_rows_stand_side_by_side() {
    let path = format!("/restores/{}/table?name=grc_risk", data::restore_id(RequestState::Planned));
    let html = page(&path, "full").await;
    assert!(html.contains("<del><bdi>high</bdi></del>") || html.contains("<del>"), "{html}");
    let text = text_of(&html);
    for word in ["Changes", "Comes back", "Is deleted", "NULL", "empty", "48.2 kB in all", "0x89504e47"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!html.contains("<img"));
}

#[tokio::test]
async fn refusals_of_tenants_maps_and_restores_say_what_to_do() {
    let restore = data::restore_id(RequestState::AwaitingApproval);
    let cases = [
        (
            "/fn/tenancy/set_mapping",
            at("/map/table?name=grc_risk"),
            format!(
                "request[source_id]={SOURCE}&request[version]=1&request[table]=grc_risk&request[route]=paths&request[paths][]=a1&request[paths][]=b2"
            ),
            "This changed since you opened it",
        ),
        (
            "/fn/tenancy/confirm_map",
            at("/map/confirm"),
            format!("request[source_id]={SOURCE}&request[version]=1"),
            "Load the page again and repeat your change",
        ),
        (
            "/fn/tenancy/infer_map",
            at("/map"),
            format!("request[source_id]={SOURCE}&request[tenant_column]=+"),
            "Enter the name of a column",
        ),
        (
            "/fn/restores/approve",
            format!("/restores/{restore}"),
            format!("request[id]={restore}&request[digest]=00&request[comment]="),
            "Ask somebody else who may approve restores",
        ),
        (
            "/fn/restores/reject",
            format!("/restores/{restore}"),
            format!("request[id]={restore}&request[digest]=00&request[comment]="),
            "Say why",
        ),
        (
            "/fn/restores/apply",
            format!("/restores/{}", data::restore_id(RequestState::Approved)),
            format!("request[id]={restore}&request[digest]=00&request[database]=grc2&request[tenant]=8"),
            "This is not the tenant of this restore.",
        ),
        (
            "/fn/restores/undo",
            format!("/restores/{}", data::restore_id(RequestState::Applied)),
            format!("request[id]={restore}&request[digest]=00&request[database]=grc2&request[tenant]=7"),
            "Compute a new preview",
        ),
    ];
    for (path, from, form, hint) in cases {
        let form = form.replace('[', "%5B").replace(']', "%5D");
        let (status, location, ..) = post(path, &format!("http://localhost{from}"), &form).await;
        assert_eq!(status, 302, "{path}");
        let html = page(path_of(&location), "full").await;
        assert!(html.contains(hint), "{path} does not say {hint:?}: {location}\n{html}");
    }
}

#[tokio::test]
async fn accepted_steps_lead_on() {
    let restore = data::restore_id(RequestState::Planned);
    for (path, form, to) in [
        (
            "/fn/restores/plan",
            "request[backup_id]=019ab3c4-5d6e-7f00-8a9b-000000000065&request[tenant]=7&request[what]=rows&request[table]=grc_risk&request[keys]=1%0D%0A2".to_owned(),
            "/restores/019ab3c4-5d6e-7f00-8a9b-000000000191".to_owned(),
        ),
        (
            "/fn/restores/request",
            format!("request[id]={restore}&request[digest]=00&request[comment]=x"),
            format!("/restores/{restore}"),
        ),
        (
            "/fn/tenancy/set_mapping",
            format!("request[source_id]={SOURCE}&request[version]=12&request[table]=a&request[route]=excluded&request[column]=&request[reason]=old"),
            at("/map?done=mapping"),
        ),
        (
            "/fn/tenancy/export",
            "request[backup_id]=019ab3c4-5d6e-7f00-8a9b-000000000065&request[tenant]=7&request[format]=sql.gz".to_owned(),
            "/runs/019ab3c4-5d6e-7f00-8a9b-00000000004d".to_owned(),
        ),
        (
            "/fn/tenancy/set_engine",
            format!("request[source_id]={SOURCE}&request[engine]=mysqldump"),
            at("?done=engine"),
        ),
    ] {
        let form = form.replace('[', "%5B").replace(']', "%5D");
        assert_eq!(post(path, "http://localhost/", &form).await.1, to, "{path}");
    }
}
