//! A tenant restore through the router: who may take which step, and what each has to have looked at.

use domain::{
    RestoreId,
    access::{Role, may},
    definers::Definers,
    restores::RequestState,
};
use http::StatusCode;

use crate::world::{Answer, DIGEST, World, difference_found, form, planned};

async fn post(world: &World, path: &str, fields: &[(&str, &str)], role: Role) -> Answer {
    world.post(path, &form(fields), Some(world.our(role))).await
}

async fn decide(world: &World, step: &str, restore: RestoreId, digest: &str, role: Role) -> Answer {
    let id = restore.to_string();
    let fields = [("request[id]", id.as_str()), ("request[digest]", digest), ("request[comment]", "seen")];
    post(world, &format!("/fn/restores/{step}"), &fields, role).await
}

async fn change(world: &World, step: &str, restore: RestoreId, database: &str, tenant: &str) -> Answer {
    let id = restore.to_string();
    let fields = [
        ("request[id]", id.as_str()),
        ("request[digest]", DIGEST),
        ("request[database]", database),
        ("request[tenant]", tenant),
    ];
    post(world, &format!("/fn/restores/{step}"), &fields, Role::TenantAdmin).await
}

async fn state(world: &World, restore: RestoreId) -> RequestState {
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadBackups>(world.ours.id).unwrap();
    world.services.catalog.tenant(&scope).get_restore(restore).await.unwrap().state
}

fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    assert!(answer.body.contains(why), "{}", answer.body);
}

async fn plan(world: &World, role: Role) -> RestoreId {
    let backup = world.ours.backup.to_string();
    let fields =
        [("request[backup_id]", backup.as_str()), ("request[tenant]", "7"), ("request[what]", "everything")];
    let answer = post(world, "/fn/restores/plan", &fields, role).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let restore: RestoreId = answer.body.trim_matches('"').parse().unwrap();
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadBackups>(world.ours.id).unwrap();
    let run = world.services.catalog.tenant(&scope).get_restore(restore).await.unwrap().plan_run;
    difference_found(&world.services, run).await;
    restore
}

#[tokio::test]
async fn two_persons_agree_on_one_difference() {
    let world = World::new().await;
    let restore = plan(&world, Role::PlatformOperator).await;
    refused(&decide(&world, "request", restore, "another", Role::TenantAdmin).await, "difference_changed");
    let asked = decide(&world, "request", restore, DIGEST, Role::TenantAdmin).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    // The platform operator may approve, but has made it.
    refused(&decide(&world, "approve", restore, DIGEST, Role::PlatformOperator).await, "second_person");
    refused(&decide(&world, "approve", restore, "another", Role::Approver).await, "difference_changed");
    assert_eq!(
        change(&world, "apply", restore, "grc2", "7").await.status,
        StatusCode::CONFLICT,
        "not approved"
    );
    let agreed = decide(&world, "approve", restore, DIGEST, Role::Approver).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    for (database, tenant, field) in [("grc", "7", "database"), ("grc2", "8", "tenant")] {
        let slip = change(&world, "apply", restore, database, tenant).await;
        assert_eq!(slip.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", slip.body);
        assert!(slip.body.contains(&format!("\"field\":\"{field}\"")), "{}", slip.body);
    }
    let applied = change(&world, "apply", restore, "grc2", "7").await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    assert_eq!(state(&world, restore).await, RequestState::Applying);
    assert_eq!(change(&world, "apply", restore, "grc2", "7").await.status, StatusCode::CONFLICT, "once");
    assert_eq!(
        change(&world, "undo", restore, "grc2", "7").await.status,
        StatusCode::CONFLICT,
        "not applied yet"
    );
}

#[tokio::test]
async fn an_approval_is_too_old_after_a_day_and_a_refusal_is_final() {
    let world = World::new().await;
    let restore = world.ours.restore;
    decide(&world, "request", restore, DIGEST, Role::TenantAdmin).await;
    let agreed = decide(&world, "approve", restore, DIGEST, Role::Approver).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    world.clock.advance_ms(25 * crate::world::HOUR);
    let email = crate::world::email("Ours", Role::TenantAdmin);
    let session = world.sign_in(&email, crate::world::PASSWORD).await.session();
    let id = restore.to_string();
    let fields = [
        ("request[id]", id.as_str()),
        ("request[digest]", DIGEST),
        ("request[database]", "grc2"),
        ("request[tenant]", "7"),
    ];
    let late = world.post("/fn/restores/apply", &form(&fields), session.as_deref()).await;
    refused(&late, "approval_expired");
    assert_eq!(state(&world, restore).await, RequestState::Withdrawn);

    let world = World::new().await;
    let restore = world.ours.restore;
    decide(&world, "request", restore, DIGEST, Role::TenantAdmin).await;
    let rejected = decide(&world, "reject", restore, DIGEST, Role::Approver).await;
    assert_eq!(rejected.status, StatusCode::OK, "{}", rejected.body);
    assert_eq!(state(&world, restore).await, RequestState::Rejected);
    assert_eq!(decide(&world, "approve", restore, DIGEST, Role::Approver).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_cannot_be_restored_alone_is_said_at_once() {
    let world = World::new().await;
    let backup = world.ours.backup.to_string();
    let ask = async |fields: &[(&str, &str)]| {
        let mut all = vec![("request[backup_id]", backup.as_str())];
        all.extend(fields);
        post(&world, "/fn/restores/plan", &all, Role::TenantAdmin).await
    };
    refused(&ask(&[("request[tenant]", "8"), ("request[what]", "everything")]).await, "tenant_not_in_backup");
    let none = ask(&[("request[tenant]", "7"), ("request[what]", "tables")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", none.body);
    let uneven = [
        ("request[tenant]", "7"),
        ("request[what]", "rows"),
        ("request[table]", "control"),
        ("request[keys]", "1\n2,3"),
    ];
    let uneven = ask(&uneven).await;
    assert!(uneven.body.contains("same number of values"), "{}", uneven.body);
}

#[tokio::test]
async fn a_map_is_changed_and_confirmed_by_whoever_may() {
    let world = World::new().await;
    let source = world.ours.source.to_string();
    let set = |route: &'static str, more: &'static [(&'static str, &'static str)]| {
        let mut fields = vec![
            ("request[source_id]", source.clone()),
            ("request[version]", "2".to_owned()),
            ("request[table]", "control".to_owned()),
            ("request[route]", route.to_owned()),
        ];
        fields.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        fields
    };
    let send = async |fields: Vec<(&str, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        post(&world, "/fn/tenancy/set_mapping", &fields, Role::TenantAdmin).await
    };
    for (wrong, field) in [
        (set("column", &[("request[column]", "nothing")]), "column"),
        (set("paths", &[("request[paths][0]", "00")]), "paths"),
        (set("excluded", &[]), "reason"),
    ] {
        let answer = send(wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert!(answer.body.contains(&format!("\"field\":\"{field}\"")), "{}", answer.body);
    }
    let done = send(set("excluded", &[("request[reason]", "can be computed again")])).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let stale = send(set("shared", &[])).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "somebody changed it meanwhile: {}", stale.body);
    let confirm = [("request[source_id]", source.as_str()), ("request[version]", "3")];
    let asked = post(&world, "/fn/tenancy/confirm_map", &confirm, Role::TenantAdmin).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    let stale = [("request[source_id]", source.as_str()), ("request[version]", "2")];
    let stale = post(&world, "/fn/tenancy/confirm_map", &stale, Role::TenantAdmin).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "it was changed since: {}", stale.body);
}

#[tokio::test]
async fn a_restore_remembers_to_whom_its_views_and_routines_are_to_belong() {
    let world = World::new().await;
    let (backup, connection) = (world.ours.backup.to_string(), world.ours.connection.to_string());
    let send = async |more: &[(&str, &str)]| {
        let mut fields = vec![
            ("request[backup_id]", backup.as_str()),
            ("request[connection_id]", connection.as_str()),
            ("request[database]", "copy"),
            ("request[confirm]", "copy"),
        ];
        fields.extend_from_slice(more);
        post(&world, "/fn/restores/start", &fields, Role::TenantAdmin).await
    };
    let (choice, lines) = ("request[definers]", "request[replacements]");
    for wrong in [
        [(choice, "map"), (lines, "")],
        [(choice, "map"), (lines, "app@%")],
        [(choice, "map"), (lines, "a@%=b@%\na@%=c@%")],
        [(choice, "keep"), (lines, "a@%=b@%")],
    ] {
        let answer = send(&wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert!(answer.body.contains("\"field\":\"replacements\""), "{}", answer.body);
    }
    let answer = send(&[(choice, "map"), (lines, "app@% = web@10.%\r\n'o''b'@h=role")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ReadBackups>(world.ours.id).unwrap();
    let run = answer.body.trim_matches('"').parse().unwrap();
    let run = world.services.catalog.tenant(&scope).get_run(run).await.unwrap();
    let expected = ["app@%=web@10.%", "`o'b`@h=role"].map(str::to_owned);
    assert_eq!(run.restore().unwrap().definers, Definers::replaced(&expected).unwrap());
}

#[tokio::test]
async fn a_tenants_own_backup_needs_a_confirmed_map() {
    let world = World::new().await;
    let source = world.ours.source.to_string();
    let fields = [("request[source_id]", source.as_str()), ("request[tenant]", "7")];
    let started = post(&world, "/fn/backups/start", &fields, Role::Operator).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.body);
    let again = post(&world, "/fn/backups/start", &fields, Role::Operator).await;
    refused(&again, "already_running");
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::RequestRestore>(world.ours.id).unwrap();
    let rows = world.services.catalog.tenant(&scope);
    let restore = planned(&world.services, &rows, world.ours.backup).await;
    assert_eq!(state(&world, restore).await, RequestState::Planned);
}
