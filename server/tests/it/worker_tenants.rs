//! Backups that are split by tenant, through the job code, against real servers.

use catalog::{BackupQuery, MapQuery, RunQuery, RunRequest, SystemTask};
use domain::{
    BackupId,
    backups::{RunKind, RunState, Verification},
    sources::EngineKind,
    tenancy::{Drift, ExportFormat, Route, TenantKey},
};
use engine::pipeline;
use server::backups::verify_job::place_of;

use super::worker_world::{Floor, source};

pub fn key(text: &str) -> TenantKey {
    TenantKey::new(text).unwrap()
}

pub async fn native(name: &str) -> Floor {
    let floor = Floor::new(name).await;
    floor.rows().set_engine(floor.source, EngineKind::Native).await.unwrap();
    floor
}

async fn backed_up(floor: &Floor, request: RunRequest) -> BackupId {
    let run = floor.rows().create_run(request, None).await.unwrap();
    let done = floor.work(run).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    done.backup_id.unwrap()
}

pub async fn whole(floor: &Floor) -> BackupId {
    backed_up(floor, RunRequest::Backup { source_id: floor.source, label: None }).await
}

pub async fn proven(floor: &Floor, backup: BackupId) {
    let query = RunQuery { backup: Some(backup), kind: Some(RunKind::Verify), ..RunQuery::default() };
    let verify = floor.rows().list_runs(&query).await.unwrap().rows.remove(0);
    let done = floor.work(verify.id).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    let found = floor.rows().get_backup(backup).await.unwrap();
    let evidence = floor.rows().list_evidence(backup).await.unwrap();
    assert_eq!(found.verification, Verification::RestoreOk, "{evidence:?}");
}

pub async fn inferred(floor: &Floor) {
    let request = RunRequest::InferMap { source_id: floor.source, tenant_column: "TenantId".into() };
    let run = floor.rows().create_run(request, None).await.unwrap();
    let done = floor.work(run).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_of_a_database_is_the_backup_of_each_of_its_tenants() {
    let floor = native("split_once").await;
    let backup = whole(&floor).await;
    let rows = floor.rows();
    assert_eq!(rows.count_tenants(None).await.unwrap(), 7);
    let split = rows.get_backup(backup).await.unwrap().split.unwrap();
    assert_eq!((split.shared_rows, split.is_complete), (6_000, false));
    let map = rows.get_map(floor.source).await.unwrap();
    assert_eq!(
        (map.version, map.confirmed, map.changed),
        (1, None, 2),
        "a draft, inferred by the first backup"
    );
    proven(&floor, backup).await;
    assert_eq!(rows.get_tenant(floor.source, &key("0")).await.unwrap().proven_at, None);
    rows.confirm_map(floor.source, 1).await.unwrap();
    let zero = rows.get_tenant(floor.source, &key("0")).await.unwrap();
    assert!(zero.proven_at.is_some(), "it followed the routes that are confirmed now");
    assert_eq!(zero.newest.unwrap().rows, 285);
    let place = place_of(&rows.get_backup(backup).await.unwrap());
    let tables = pipeline::tenant_tables(&floor.services.vault, &place, &key("3")).await.unwrap();
    assert_eq!(tables, [("controls".to_owned(), 286)]);
    let parts = pipeline::parts(&floor.services.vault, &place).await.unwrap().unwrap();
    assert_eq!((parts.shared_rows, parts.tenants.len()), (6_000, 7));
    let stored = rows.list_points(floor.source, &key("3"), None, 0).await.unwrap().rows[0].stored.0;
    let three = parts.tenants.iter().find(|part| part.key == key("3")).unwrap();
    assert_eq!((three.rows, three.stored_bytes), (286, stored), "an adopted backup would say the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_backup_holds_nobody_else_and_goes_with_its_retention() {
    let floor = native("split_own").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    // However it is typed: the run, the backup and what it is sealed under are the tenant's as its rows spell it.
    let request = RunRequest::TenantBackup { source_id: floor.source, tenant: key("003"), label: None };
    // A tenant that no backup has found yet has none of its own.
    assert!(floor.rows().create_run(request.clone(), None).await.is_err());
    let all = whole(&floor).await;
    let newest = floor.rows().get_source(floor.source).await.unwrap().newest;
    let backup = backed_up(&floor, request).await;
    let rows = floor.rows();
    assert_eq!(rows.get_backup(backup).await.unwrap().tenant, Some(key("3")));
    assert_eq!(rows.count_backup_tenants(backup).await.unwrap(), 1);
    let point = rows.list_points(floor.source, &key("3"), None, 0).await.unwrap().rows.remove(0);
    assert!(point.is_own && point.is_complete && point.rows == 286, "{point:?}");
    assert_eq!(rows.get_source(floor.source).await.unwrap().newest, newest);
    let objects = floor.objects();
    let own = |name: &String| name.contains("tenant-3") && !name.contains(&all.to_string());
    assert!(objects.iter().any(own), "{objects:?}");
    proven(&floor, backup).await;
    let system = floor.services.catalog.system(SystemTask::Retention);
    assert!(system.mark_expiring(floor.tenant, backup).await.unwrap());
    server::policies::sweep::retention(&floor.services).await.unwrap();
    let left = floor.objects();
    assert!(!left.iter().any(|name| name.contains(&backup.to_string())), "{left:?}");
    let all = BackupQuery { removed: true, ..BackupQuery::default() };
    assert_eq!(floor.rows().list_backups(&all).await.unwrap().rows.len(), 2, "its row stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_comes_later_is_noticed_and_kept_as_shared() {
    let floor = native("split_drift").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    source().sql(
        "USE split_drift; CREATE TABLE notes (id INT PRIMARY KEY, TenantId INT, control INT, \
         FOREIGN KEY (TenantId, control) REFERENCES controls (TenantId, id)); INSERT INTO notes VALUES (1, 1, 1), (2, 1, 8)",
    );
    let backup = whole(&floor).await;
    let split = floor.rows().get_backup(backup).await.unwrap().split.unwrap();
    let unmapped = Drift::Unmapped { table: "notes".into() };
    assert_eq!((split.shared_rows, split.is_complete, split.drift), (6_002, false, vec![unmapped.clone()]));
    assert_eq!(floor.rows().get_map(floor.source).await.unwrap().drift, std::slice::from_ref(&unmapped));
    inferred(&floor).await;
    let query = MapQuery {
        source: floor.source,
        kind: None,
        attention: true,
        search: Some("notes".into()),
        after: None,
        limit: 0,
    };
    let notes = floor.rows().list_map_tables(&query).await.unwrap().rows.remove(0);
    assert_eq!(
        (notes.route, notes.drift),
        (Some(Route::Column { column: "TenantId".into() }), Some(unmapped))
    );
    let (_, choices) = floor.rows().get_map_table(floor.source, "notes").await.unwrap();
    assert_eq!((choices.columns.len(), choices.paths.len()), (3, 1));
    let version = floor.rows().get_map(floor.source).await.unwrap().version;
    floor.rows().confirm_map(floor.source, version).await.unwrap();
    let backup = whole(&floor).await;
    let split = floor.rows().get_backup(backup).await.unwrap().split.unwrap();
    assert_eq!((split.shared_rows, split.is_complete, split.drift), (6_000, true, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_that_the_schema_has_left_behind_is_not_confirmed() {
    let floor = native("left_behind").await;
    let sql = |text: &str| source().sql(&format!("SET foreign_key_checks=0; USE left_behind; {text}"));
    sql("CREATE TABLE parents (id INT PRIMARY KEY, code VARCHAR(9) NOT NULL, TenantId INT, UNIQUE KEY code (code));
         CREATE TABLE children (id INT PRIMARY KEY, code VARCHAR(9), FOREIGN KEY (code) REFERENCES parents (code));
         CREATE TABLE notes (id INT PRIMARY KEY, TenantId INT)");
    inferred(&floor).await;
    let version = floor.rows().get_map(floor.source).await.unwrap().version;
    let confirm = async |version| {
        let wish = RunRequest::ConfirmMap { source_id: floor.source, version };
        let run = floor.rows().create_run(wish, None).await?;
        Ok::<_, catalog::Error>(floor.work(run).await)
    };
    let refused = async |table: &str, part: &str| {
        let run = confirm(version).await.unwrap();
        assert_eq!(run.state, RunState::Failed);
        let error = run.error.unwrap();
        assert!(error.message.contains(&format!("{table}: ")) && error.message.contains(part), "{error:?}");
        assert!(error.hint.unwrap().contains("another route") && !error.retry_may_help);
        assert_eq!(floor.rows().get_map(floor.source).await.unwrap().confirmed, None);
    };
    // A row of `children` could belong to two tenants now.
    sql("ALTER TABLE parents ADD KEY plain (code), DROP KEY code");
    refused("children", "no unique key on code of table parents").await;
    sql("ALTER TABLE parents ADD UNIQUE KEY code (code), RENAME COLUMN TenantId TO OwnerId");
    refused("parents", "no column TenantId").await;
    sql("ALTER TABLE parents RENAME COLUMN OwnerId TO TenantId; ALTER TABLE notes RENAME TO remarks");
    refused("remarks", "It has no route").await;
    sql("DROP TABLE remarks; ALTER TABLE parents RENAME TO elders");
    refused("children", "no table parents").await;
    sql("ALTER TABLE elders RENAME TO parents");

    // A table that is gone is nobody's, and whoever looked at another draft confirms nothing.
    let stale = confirm(version + 1).await.unwrap_err();
    assert!(matches!(stale, catalog::Error::Conflict(catalog::Conflict::Stale)), "{stale:?}");
    let run = confirm(version).await.unwrap();
    assert_eq!(run.state, RunState::Completed, "{:?}", run.error);
    let (_, by, _) = floor.rows().get_map(floor.source).await.unwrap().confirmed.unwrap();
    assert_eq!(by, run.requested_by);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_file_is_checked_and_nothing_of_it_is_kept() {
    let floor = native("exported").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    for &format in ExportFormat::ALL {
        let request = RunRequest::Export { backup_id, tenant: key("3"), format };
        let run = floor.rows().create_run(request, None).await.unwrap();
        let done = floor.work(run).await;
        assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
        let output = done.output.unwrap();
        assert!(output.name.starts_with("exported-tenant-3-") && output.size > 0, "{output:?}");
        assert_eq!(output.sha256.len(), 64);
        let log = floor.rows().run_events(run, 0).await.unwrap();
        assert!(log.last().unwrap().message.starts_with("286 rows of 1 tables"), "{log:?}");
    }
}
