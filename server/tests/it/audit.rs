//! The audit trail from the form to the exported file.

use catalog::{SystemTask, TrailEntry, TrailQuery};
use domain::{
    Clock,
    access::{Permission, Role, may},
    audit::{
        Act, Chain, Event, Outcome, WhoKind,
        export::Line,
        verify::{Damage, Verdict, Verifier},
    },
};
use engine::pipeline;
use http::StatusCode;
use server::audit::{
    export::{Range, export},
    sweep,
};

use crate::world::{HOUR, PASSWORD, World, email, form};

async fn trail(world: &World) -> Vec<TrailEntry> {
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadSettings>(world.ours.id).unwrap();
    world.services.catalog.tenant(&scope).search_trail(&TrailQuery::default()).await.unwrap().rows
}

async fn platform(world: &World, outcome: Outcome) -> Vec<TrailEntry> {
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let query = TrailQuery { outcome: Some(outcome), act: Some(Act::SessionBegin), ..TrailQuery::default() };
    world.services.catalog.search_platform_trail(&operator, &query).await.unwrap().rows
}

async fn exported(world: &World) -> Vec<Line> {
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadSettings>(world.ours.id).unwrap();
    let rows = world.services.catalog.tenant(&scope);
    let mut file = Vec::new();
    export(&world.services, &rows, Range::default(), &mut file).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    assert!(!text.contains(&world.theirs.id.to_string()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verify(world: &World, lines: &[Line]) -> Result<Verdict, Damage> {
    let signed =
        |bytes: &[u8], signature: &[u8; 64]| pipeline::is_signed(&world.services.vault, bytes, signature);
    let mut verifier = Verifier::begin(&lines[0], &signed)?;
    for line in &lines[1..] {
        verifier.line(line)?;
    }
    verifier.finish()
}

#[tokio::test]
async fn signing_in_and_failing_to_are_written_down_with_the_address() {
    let world = World::new().await;
    let (done, failed) = (platform(&world, Outcome::Done).await, platform(&world, Outcome::Failed).await);
    let viewer = email("Ours", Role::Viewer);
    world.sign_in(&viewer, PASSWORD).await;
    world.sign_in(&viewer, "a wrong password").await;
    let secret = "my password in the wrong field";
    world.sign_in(secret, "x").await;
    let now = platform(&world, Outcome::Done).await;
    assert_eq!(now.len(), done.len() + 1);
    let who = format!("user:{}", world.ours.users[&Role::Viewer]);
    let newest = now[0].event.as_ref().unwrap();
    assert_eq!((now[0].actor.as_str(), now[0].object.as_str()), (who.as_str(), who.as_str()));
    assert!(newest.from.address().is_some_and(|address| address.to_string().starts_with("10.")));
    let now = platform(&world, Outcome::Failed).await;
    assert_eq!(now.len(), failed.len() + 2);
    assert_eq!((now[0].object.as_str(), now[1].object.as_str()), ("account:unknown", who.as_str()));
    assert!(!format!("{now:?}").contains("wrong field"));
}

#[tokio::test]
async fn a_backup_that_is_started_is_proven_to_whoever_has_the_file_and_the_key() {
    let world = World::new().await;
    let body = form(&[
        ("request[source_id]", &world.ours.source.to_string()),
        ("request[label]", "before the release"),
    ]);
    let answer = world.post("/fn/backups/start", &body, Some(world.our(Role::Operator))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let entry = trail(&world).await.remove(0);
    let event = entry.event.unwrap();
    assert_eq!((event.act, event.outcome), (Act::BackupStart, Outcome::Done));
    assert_eq!(event.who.key(), format!("user:{}", world.ours.users[&Role::Operator]));
    assert!(answer.body.contains(event.on.id()), "{} {}", answer.body, event.on);

    let lines = exported(&world).await;
    let verdict = verify(&world, &lines).unwrap();
    assert_eq!((verdict.chain, verdict.unanchored), (Chain::Tenant(world.ours.id), 0));
    let Some(Line::Entry { says, .. }) = lines.iter().rev().find(|line| matches!(line, Line::Entry { .. }))
    else {
        panic!("{lines:?}")
    };
    assert_eq!(says.act, "audit.export", "the file ends with its own making");
    // Without the last of it, it cannot be passed off as whole.
    let shorter: Vec<_> = lines
        .iter()
        .filter(|line| !matches!(line, Line::Entry { says, .. } if says.act == "audit.export"))
        .cloned()
        .collect();
    assert!(verify(&world, &shorter).is_err());
}

/// What was read of the trail, newest first: who, and what narrowed it.
async fn reads(world: &World) -> Vec<(String, Vec<(String, String)>)> {
    let query = TrailQuery { act: Some(Act::AuditRead), ..TrailQuery::default() };
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadAudit>(world.ours.id).unwrap();
    let found = world.services.catalog.tenant(&scope).search_trail(&query).await.unwrap().rows;
    let facts = |event: &Event| {
        event.after.iter().map(|(field, fact)| (field.key().to_owned(), fact.to_string())).collect()
    };
    found.iter().map(|row| (row.actor.clone(), facts(row.event.as_ref().unwrap()))).collect()
}

#[tokio::test]
async fn the_explorer_shows_what_happened_and_that_it_was_read() {
    let world = World::new().await;
    let officer = world.our(Role::ComplianceOfficer).to_owned();
    let body = form(&[("request[source_id]", &world.ours.source.to_string())]);
    let started = world.post("/fn/backups/start", &body, Some(world.our(Role::Operator))).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.body);
    let run = started.body.trim_matches('"').to_owned();
    let page = world.get(&format!("/audit?about=run%3A{run}"), Some(&officer)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Start a backup") && page.body.contains("Operator of Ours"), "{}", page.body);
    let who = format!("user:{}", world.ours.users[&Role::ComplianceOfficer]);
    let seen = reads(&world).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    let about = [("about".to_owned(), "run".to_owned()), ("about_id".into(), run.clone())];
    assert_eq!(seen[0], (who.clone(), about.to_vec()));
    // One entry, with its place: the backup's is the one before the two reads.
    let number = trail(&world).await.iter().find(|row| row.act == "backup.start").unwrap().sequence;
    let entry = world.get(&format!("/audit/{number}"), Some(&officer)).await;
    assert!(entry.body.contains("No signed head covers it yet"), "{}", entry.body);
    sweep::anchor_now(&world.services).await.unwrap();
    let entry = world.get(&format!("/audit/{number}"), Some(&officer)).await;
    assert!(
        entry.body.contains("Under signed head") && entry.body.contains("Lies in vault"),
        "{}",
        entry.body
    );
    assert_eq!(reads(&world).await[0], (who, vec![("entry".to_owned(), number.to_string())]));
    assert_eq!(world.get("/audit/999999", Some(&officer)).await.status, StatusCode::NOT_FOUND);
    // The other organisation's officer sees nothing of it.
    let other = world.session(&world.theirs, Role::ComplianceOfficer).to_owned();
    let page = world.get("/audit", Some(&other)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        !page.body.contains("Ours") && !page.body.contains(&world.ours.backup.to_string()),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_installations_trail_is_for_whoever_runs_it() {
    let world = World::new().await;
    world.sign_in(&email("Ours", Role::Viewer), "a wrong password").await;
    let path = "/audit?of=installation&outcome=failed";
    let operator = world.get(path, Some(world.our(Role::PlatformOperator))).await;
    assert_eq!(operator.status, StatusCode::OK);
    assert!(operator.body.contains("somebody unknown"), "{}", operator.body);
    let admin = world.get(path, Some(world.our(Role::TenantAdmin))).await;
    assert_eq!(admin.status, StatusCode::FORBIDDEN);
    assert!(!admin.body.contains("somebody unknown"));
    let query =
        TrailQuery { act: Some(Act::Allow), outcome: Some(Outcome::Refused), ..TrailQuery::default() };
    let root = world.services.catalog.command_line("test").await.unwrap();
    let refused = world.services.catalog.search_platform_trail(&root, &query).await.unwrap().rows;
    let who = format!("user:{}", world.ours.users[&Role::TenantAdmin]);
    assert!(refused.iter().any(|row| row.actor == who), "{refused:?}");
}

#[tokio::test]
async fn what_is_taken_away_in_the_browser_is_proven_and_written_down() {
    let world = World::new().await;
    sweep::anchor_now(&world.services).await.unwrap();
    world.clock.advance_ms(24 * HOUR);
    let officer = world.sign_in(&email("Ours", Role::ComplianceOfficer), PASSWORD).await.session().unwrap();
    let lines =
        |body: &str| -> Vec<Line> { body.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let answer = world.get("/audit/export", Some(&officer)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert!(answer.header("content-disposition").contains("holdfast-audit-"));
    assert!(!answer.body.contains(&world.theirs.id.to_string()));
    let verdict = verify(&world, &lines(&answer.body)).unwrap();
    assert_eq!((verdict.first, verdict.heads, verdict.unanchored), (Some(1), 2, 0));
    let newest = trail(&world).await.remove(0);
    assert_eq!((newest.act.as_str(), newest.sequence), ("audit.export", verdict.last));
    assert_eq!(newest.actor, format!("user:{}", world.ours.users[&Role::ComplianceOfficer]));
    // Only what lies before an instant: whole intervals, so everything under the first head.
    let until = world.clock.now().plus_ms(-HOUR).rfc3339();
    let part = world.get(&format!("/audit/export?until={until}"), Some(&officer)).await;
    let part = verify(&world, &lines(&part.body)).unwrap();
    assert_eq!((part.first, part.heads), (Some(1), 1));
    assert!(part.last < verdict.last);
    assert_eq!(
        world.get("/audit/export?from=yesterday", Some(&officer)).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn programs_read_the_trail_and_take_it_away_with_a_token() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::ComplianceOfficer, &[Permission::ReadAudit]).await;
    let about = format!("connection:{}", world.ours.connection);
    let found = world.fetch(&token, &format!("/api/v1/audit?act=connection.create&about={about}")).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.body);
    let found = found.json();
    let rows = found["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["about"].as_str()), (1, Some(about.as_str())));
    assert!(found["next"].is_null());
    for wrong in ["act=nothing", "about=nothing", "from=yesterday"] {
        let answer = world.fetch(&token, &format!("/api/v1/audit?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {}", answer.body);
        answer.problem();
    }
    // From page to page, to the first entry.
    let (mut after, mut numbers) = (String::new(), Vec::new());
    loop {
        let page = world.fetch(&token, &format!("/api/v1/audit?who=command_line%3Atest{after}")).await.json();
        numbers.extend(page["rows"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    let answer = world.fetch(&token, "/api/v1/audit/export").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines: Vec<Line> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verify(&world, &lines).unwrap().unanchored, 0);
    let newest = trail(&world).await.remove(0);
    let who = newest.event.unwrap().who;
    assert_eq!((newest.act.as_str(), who.kind()), ("audit.export", WhoKind::Token));
    assert_eq!(who.behind(), Some(world.ours.users[&Role::ComplianceOfficer]));
}

#[tokio::test]
async fn old_entries_go_by_the_sweep_and_the_rest_is_proven() {
    let world = World::new().await;
    sweep::anchor_now(&world.services).await.unwrap();
    let last = trail(&world).await[0].sequence;
    assert_eq!(sweep::expire(&world.services).await.unwrap().count, 0);
    world.clock.advance_ms(domain::audit::retention::KEPT_MS);
    assert_eq!(sweep::expire(&world.services).await.unwrap().count, 0, "announced and anchored first");
    assert!(sweep::expire(&world.services).await.unwrap().count >= last);
    let lines = exported(&world).await;
    let verdict = verify(&world, &lines).unwrap();
    assert_eq!((verdict.first, verdict.unanchored), (Some(last + 1), 0));
    let signed =
        |bytes: &[u8], signature: &[u8; 64]| pipeline::is_signed(&world.services.vault, bytes, signature);
    let system = world.services.catalog.system(SystemTask::Audit);
    for chain in system.trail_chains().await.unwrap() {
        assert_eq!(system.check_trail(chain, &signed).await.unwrap().damage, None);
    }
}

#[tokio::test]
async fn a_head_is_made_with_the_hour_or_for_a_high_risk_and_lies_in_the_vault() {
    let world = World::new().await;
    let services = &world.services;
    sweep::anchor(services).await.unwrap();
    let first = pipeline::find_head(&services.vault, 1).await.unwrap().unwrap();
    // A backup can wait.
    let body = form(&[("request[source_id]", &world.ours.source.to_string())]);
    world.post("/fn/backups/start", &body, Some(world.our(Role::Operator))).await;
    assert_eq!(sweep::anchor(services).await.unwrap().count, 0);
    world.clock.advance_ms(HOUR);
    assert_eq!(sweep::anchor(services).await.unwrap().count, 1);
    let second = pipeline::find_head(&services.vault, 2).await.unwrap().unwrap();
    assert_eq!(second.previous, first.hash());
    // Taking the trail away cannot.
    exported(&world).await;
    assert!(pipeline::find_head(&services.vault, 3).await.unwrap().is_some());
    let system = services.catalog.system(SystemTask::Audit);
    let signed = |bytes: &[u8], signature: &[u8; 64]| pipeline::is_signed(&services.vault, bytes, signature);
    let checked = system.check_heads(&signed).await.unwrap();
    assert_eq!((checked.heads, checked.damage), (3, None));
    for chain in system.trail_chains().await.unwrap() {
        assert_eq!(system.check_trail(chain, &signed).await.unwrap().damage, None);
    }
}

#[tokio::test]
async fn a_catalog_that_forgot_meets_its_past_in_the_vault() {
    let world = World::new().await;
    let services = &world.services;
    sweep::anchor(services).await.unwrap();
    // Another history under the same number, as after the catalog was put back and went on.
    let mut other = pipeline::find_head(&services.vault, 1).await.unwrap().unwrap();
    other.leaves += 1;
    let signature = pipeline::sign_head(&services.vault, &other).await.unwrap();
    let error = pipeline::lay_head(&services.vault, &other, &signature).await.unwrap_err();
    assert_eq!(error.kind(), engine::Kind::Integrity, "{error}");
    let mut forged = signature;
    forged[0] ^= 1;
    assert!(pipeline::lay_head(&services.vault, &other, &forged).await.is_err());
}
