//! Protecting a whole server in the console: promised only where a test has found that it can be done, done only by who
//! may, and seen by nobody else.

use catalog::{Continues, Files, NewBackup, RunQuery, RunRequest, SystemTask, TenantCatalog};
use domain::{
    BackupId, ByteSize, SourceId,
    access::{Role, may},
    backups::{RunKind, Sizes},
    files::{FilesCopy, FilesFacts},
    sources::{Capabilities, Coordinate, ServerFamily, Tested},
};
use http::StatusCode;

use crate::world::{World, form};

async fn rows(world: &World) -> TenantCatalog<'_> {
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ManageSources>(world.ours.id).unwrap();
    world.services.catalog.tenant(&scope)
}

/// Ends the test of our connection, as a worker would.
async fn tested(world: &World, files: Option<FilesCopy>) {
    let rows = rows(world).await;
    let version = rows.get_connection(world.ours.connection).await.unwrap().version;
    let query = RunQuery { kind: Some(RunKind::Probe), active: true, ..RunQuery::default() };
    let run = if let Some(run) = rows.list_runs(&query).await.unwrap().rows.first() {
        run.id
    } else {
        let again = RunRequest::Probe { connection_id: world.ours.connection };
        rows.create_run(again, None).await.unwrap()
    };
    let system = world.services.catalog.system(SystemTask::Dispatch);
    let claim = system.claim(run, "test", 60_000).await.unwrap().unwrap();
    let found = Capabilities {
        family: ServerFamily::Mariadb,
        version: "10.11.14-MariaDB".into(),
        tested: Tested::Yes,
        server_uuid: "0-1".into(),
        databases: vec!["grc2".into()],
        findings: Vec::new(),
        can_prove_position: true,
        files,
    };
    world.services.catalog.lease(&claim).complete_probe(&found, version).await.unwrap();
}

fn reachable() -> FilesCopy {
    FilesCopy::Possible {
        program: "/usr/bin/mariadb-backup 10.11.14".into(),
        directory: "/var/lib/mysql/".into(),
        bytes: 5_000_000,
    }
}

async fn add(world: &World, role: Role) -> (StatusCode, String) {
    let body = form(&[("request[id]", &world.ours.connection.to_string())]);
    let answer = world.post("/fn/sources/add_server", &body, Some(world.our(role))).await;
    (answer.status, answer.body)
}

/// A copy of the server's files, as a worker would leave it.
async fn copied(world: &World, source_id: SourceId, continues: Continues) -> BackupId {
    let request = RunRequest::Files { source_id, label: None, continues, sums: true };
    let run = rows(world).await.create_run(request, None).await.unwrap();
    let system = world.services.catalog.system(SystemTask::Dispatch);
    let claim = system.claim(run, "test", 60_000).await.unwrap().unwrap();
    let parent = match claim.run().input {
        Some(catalog::RunInput::Files { parent, .. }) => parent,
        _ => None,
    };
    let now = domain::Clock::now(&*world.clock);
    let facts = FilesFacts {
        program: "mariadb-backup".into(),
        machine: Some("db1".into()),
        directory: "/var/lib/mysql/".into(),
        databases: vec!["grc2".into()],
        remarks: vec!["the server writes no binary log".into()],
    };
    let new = NewBackup {
        snapshot_at: now,
        sizes: Sizes { plain: ByteSize(6_000), stored: ByteSize(1_000) },
        attempt: 1,
        phases: Vec::new(),
        coordinate: Coordinate {
            file: String::new(),
            position: 0,
            gtid: String::new(),
            server_uuid: "0-1".into(),
            at: now,
        },
        server_version: "10.11.14-MariaDB".into(),
        client_version: "10.11.14".into(),
        codec: "zstd".into(),
        tables: 43,
        manifest_sha256: "00".repeat(32),
        vault_id: world.services.vault_id,
        manifest_key: "v1/y".into(),
        objects: 3,
        split: None,
        files: Some(Files { parent, facts }),
    };
    world.services.catalog.lease(&claim).complete_backup(new).await.unwrap();
    world.clock.advance_ms(crate::world::MINUTE);
    claim.run().backup_id.unwrap()
}

#[tokio::test]
async fn what_cannot_be_copied_is_said_before_anybody_asks_for_it() {
    let world = World::new().await;
    let path = format!("/connections/{}", world.ours.connection);
    let session = world.our(Role::TenantAdmin).to_owned();
    let (status, body) = add(&world, Role::TenantAdmin).await;
    assert_eq!(status, StatusCode::CONFLICT, "{body}");
    assert!(body.contains("Test the connection first"), "{body}");

    let managed = FilesCopy::Impossible {
        why: "it is a service of Amazon RDS, which gives nobody its files".into(),
        instead: "Back up by database instead.".into(),
    };
    tested(&world, Some(managed)).await;
    let page = world.get(&path, Some(&session)).await;
    assert!(page.body.contains("Not for this server") && page.body.contains("Amazon RDS"), "{}", page.body);
    assert!(!page.body.contains("/fn/sources/add_server"), "nothing is offered that would be refused");
    let (status, body) = add(&world, Role::TenantAdmin).await;
    assert_eq!(status, StatusCode::CONFLICT, "{body}");
    assert!(body.contains("Amazon RDS") && body.contains("Back up by database"), "{body}");

    tested(&world, Some(reachable())).await;
    let page = world.get(&path, Some(&session)).await;
    assert!(page.body.contains("/fn/sources/add_server") && page.body.contains("/var/lib/mysql/"));
    let (status, body) = add(&world, Role::Viewer).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    let (status, body) = add(&world, Role::TenantAdmin).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let page = world.get(&format!("/sources/{}", body.trim_matches('"')), Some(&session)).await;
    for part in ["Schedule of changes", "Back up the whole server now", "no tenant can be restored"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let (status, body) = add(&world, Role::TenantAdmin).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
}

#[tokio::test]
async fn nobody_else_sees_starts_or_schedules_it() {
    let world = World::new().await;
    tested(&world, Some(reachable())).await;
    let (_, source) = add(&world, Role::TenantAdmin).await;
    let source: SourceId = source.trim_matches('"').parse().unwrap();
    let backup = copied(&world, source, Continues::Nothing).await;
    let (source, backup) = (source.to_string(), backup.to_string());
    let start = form(&[("request[source_id]", &source), ("request[incremental]", "true")]);
    let schedule = form(&[
        ("request[source_id]", &source),
        ("request[cron]", "0 3 * * *"),
        ("request[enabled]", "true"),
        ("request[incremental]", "true"),
    ]);
    let verify = form(&[("request[id]", &backup)]);
    let posts = [
        ("/fn/backups/start", &start),
        ("/fn/policies/set_schedule", &schedule),
        ("/fn/backups/verify", &verify),
    ];
    let pages = [format!("/sources/{source}"), format!("/backups/{backup}")];
    let stranger = world.session(&world.theirs, Role::PlatformOperator).to_owned();
    for (path, body) in &posts {
        let answer = world.post(path, body, Some(&stranger)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} {}", answer.body);
        let answer = world.post(path, body, Some(world.our(Role::Viewer))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {}", answer.body);
    }
    for path in &pages {
        assert_eq!(world.get(path, Some(&stranger)).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(world.get(path, Some(world.our(Role::Viewer))).await.status, StatusCode::OK, "{path}");
    }
    let list = world.get("/backups", Some(&stranger)).await;
    assert!(!list.body.contains("whole server") && !list.body.contains(&backup));
    // Who may, does: no verification server is configured here, and none is needed.
    for (path, body) in &posts {
        let role = if path.contains("schedule") { Role::TenantAdmin } else { Role::Operator };
        let answer = world.post(path, body, Some(world.our(role))).await;
        let is_active = answer.body.contains("already_running");
        assert!(answer.status == StatusCode::OK || is_active, "{path} {} {}", answer.status, answer.body);
    }
}

#[tokio::test]
async fn the_page_of_such_a_backup_shows_its_chain_and_the_command_and_offers_nothing_else() {
    let world = World::new().await;
    tested(&world, Some(reachable())).await;
    let (_, source) = add(&world, Role::TenantAdmin).await;
    let source: SourceId = source.trim_matches('"').parse().unwrap();
    let full = copied(&world, source, Continues::Nothing).await;
    let one = copied(&world, source, Continues::Newest).await;
    let session = world.our(Role::PlatformOperator).to_owned();
    let page = world.get(&format!("/backups/{one}"), Some(&session)).await;
    let vault = world.dir.path().join("state/vault");
    for part in [
        "What it stands on",
        &format!("/backups/{full}"),
        &format!("holdfast physical restore {one} --to"),
        "holdfast-recover files",
        &vault.to_string_lossy(),
        "/var/lib/mysql/",
        "the server writes no binary log",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("/fn/restores/start") && !page.body.contains("/export"), "{}", page.body);
    let page = world.get(&format!("/backups/{full}"), Some(&session)).await;
    assert!(page.body.contains("1 kept backup was"), "{}", page.body);
    let list = world.get("/backups", Some(&session)).await;
    for part in ["whole server, full", "whole server, incremental", "server Ours database"] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }

    // Whoever asks past the page is told why not.
    let export = world.get(&format!("/backups/{one}/export"), Some(&session)).await;
    assert_eq!(export.status, StatusCode::CONFLICT, "{}", export.body);
    let connection = world.ours.connection.to_string();
    let id = one.to_string();
    let body = form(&[
        ("request[backup_id]", &id),
        ("request[connection_id]", &connection),
        ("request[database]", "copy"),
        ("request[confirm]", "copy"),
    ]);
    let refused = world.post("/fn/restores/start", &body, Some(&session)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let engine = form(&[("request[source_id]", &source.to_string()), ("request[engine]", "native")]);
    let refused = world.post("/fn/tenancy/set_engine", &engine, Some(&session)).await;
    assert!(
        refused.status == StatusCode::CONFLICT && refused.body.contains("other_engine"),
        "{}",
        refused.body
    );

    // A chain that lost a link says so.
    let system = world.services.catalog.system(SystemTask::Retention);
    for backup in [one, full] {
        // The verifications that were queued with them hold them.
        let query = RunQuery { backup: Some(backup), active: true, ..RunQuery::default() };
        for run in rows(&world).await.list_runs(&query).await.unwrap().rows {
            rows(&world).await.request_cancel(run.id).await.unwrap();
        }
    }
    assert!(!system.mark_expiring(world.ours.id, full).await.unwrap(), "a kept backup was built on it");
    assert!(system.mark_expiring(world.ours.id, one).await.unwrap());
    assert!(system.mark_expiring(world.ours.id, full).await.unwrap());
    let page = world.get(&format!("/backups/{one}"), Some(&session)).await;
    assert!(page.body.contains("Gone"), "{}", page.body);
}
