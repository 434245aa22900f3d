//! Tables that are led to their tenants another way by now: nothing of one tenant is taken from them or put into them.

use std::{net::Ipv4Addr, sync::Arc};

use app::restores::api::{DefinerChoice, StartRestore};
use catalog::{RunQuery, RunRequest};
use clap::Parser as _;
use domain::{
    BackupId, ConnectionId, Fault, Lines, Refusal, RunId,
    access::may,
    backups::{RunKind, RunState},
    definers::Definers,
    restores::{Part, RequestState, RestoreToNew, Selection, TenantRestore},
    sources::DatabaseName,
    tenancy::{ExportFormat, Route, TenantKey},
};
use engine::{Kind, pipeline::Fence as _};
use server::{
    access::gate::Gate,
    caller::Caller,
    cli,
    restores::start,
    work::lease::{LeaseFence, Stopping},
};

use super::{
    worker_tenant_restores::{as_person, asked},
    worker_tenants::{inferred, key, native, proven, whole},
    worker_world::{Floor, source, verification},
};

async fn leads_by(floor: &Floor, column: &str) {
    let rows = floor.rows();
    let version = rows.get_map(floor.source).await.unwrap().version;
    let route = Route::Column { column: column.into() };
    let version = rows.set_route(floor.source, version, "controls", &route, None).await.unwrap();
    rows.confirm_map(floor.source, version).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_led_another_way_by_now_is_neither_restored_nor_exported() {
    let floor = native("led_away").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    source().sql("DELETE FROM led_away.controls WHERE TenantId = 3 AND id < 50");
    let sums = || {
        source()
            .sql("SELECT COUNT(*), SUM(CRC32(CONCAT_WS(',', TenantId, id, title))) FROM led_away.controls")
    };
    let before = sums();
    let (restore, digest) = asked(&floor, backup_id).await;
    as_person(&floor, "bob").await.approve_restore(restore, &digest, "").await.unwrap();

    leads_by(&floor, "id").await;
    let rows = floor.rows();
    let apply = rows.apply_restore(restore, &digest).await.unwrap();
    let wish = TenantRestore { backup_id, tenant: key("3"), selection: Selection::Everything };
    let (_, plan) = rows.plan_restore(&wish).await.unwrap();
    let export = RunRequest::Export { backup_id, tenant: key("3"), format: ExportFormat::SqlGz };
    let export = rows.create_run(export, None).await.unwrap();
    for run in [apply, plan, export] {
        let failed = floor.work(run).await;
        assert_eq!(failed.state, RunState::Failed, "{:?}", failed.kind);
        let error = failed.error.unwrap();
        assert!(error.message.contains("leads controls to their tenants by another route"), "{error:?}");
        assert!(error.hint.unwrap().contains("Confirm the old route"));
    }
    assert_eq!(sums(), before);
    assert_eq!(rows.get_restore(restore).await.unwrap().state, RequestState::Failed);

    leads_by(&floor, "TenantId").await;
    let (_, plan) = rows.plan_restore(&wish).await.unwrap();
    let planned = floor.work(plan).await;
    assert_eq!(planned.state, RunState::Completed, "{:?}", planned.error);
}

/// What a run may do with a table is asked of the map as it is at that moment, not as it was when the run began.
#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_changes_while_live_rows_are_being_changed_is_noticed_before_the_end() {
    let floor = native("led_astray").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    source().sql("DELETE FROM led_astray.controls WHERE TenantId = 3 AND id < 50");
    let (restore, digest) = asked(&floor, backup_id).await;
    as_person(&floor, "bob").await.approve_restore(restore, &digest, "").await.unwrap();
    let run = floor.rows().apply_restore(restore, &digest).await.unwrap();
    let catalog = &floor.services.catalog;
    let claim = catalog.system(catalog::SystemTask::Dispatch).claim(run, "worker", 60_000).await.unwrap();
    let fence = LeaseFence::new(catalog.clone(), Arc::new(claim.unwrap()), Stopping::default());
    let route = Route::Column { column: "TenantId".into() };
    let planned = [("controls", &route)];
    fence.check_routes(&planned).await.unwrap();

    leads_by(&floor, "id").await;
    let error = fence.check_routes(&planned).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(error.message().contains("leads controls to their tenants by another route"), "{error}");
    assert!(error.advice().is_some_and(|hint| hint.starts_with("Nothing was changed.")), "{error}");
    leads_by(&floor, "TenantId").await;
    fence.check_routes(&planned).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_does_not_follow_a_route_that_leads_to_somebody_else_by_now() {
    let floor = native("undone_astray").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    source().sql("DELETE FROM undone_astray.controls WHERE TenantId = 3 AND id < 50");
    let sums = || {
        source().sql(
            "SELECT COUNT(*), SUM(CRC32(CONCAT_WS(',', TenantId, id, title))) FROM undone_astray.controls",
        )
    };
    let spoilt = sums();
    let (restore, digest) = asked(&floor, backup_id).await;
    as_person(&floor, "bob").await.approve_restore(restore, &digest, "").await.unwrap();
    let applied = floor.work(floor.rows().apply_restore(restore, &digest).await.unwrap()).await;
    assert_eq!(applied.state, RunState::Completed, "{:?}", applied.error);
    let before = sums();
    assert_ne!(before, spoilt);

    leads_by(&floor, "id").await;
    let refused = floor.work(floor.rows().undo_restore(restore, &digest).await.unwrap()).await;
    assert_eq!(refused.state, RunState::Failed);
    let error = refused.error.unwrap();
    assert!(error.message.contains("leads controls to their tenants by another route"), "{error:?}");
    assert_eq!(sums(), before, "nothing was changed");
    let found = floor.rows().get_restore(restore).await.unwrap();
    assert_eq!((found.state, found.is_unsure), (RequestState::Applied, false));

    leads_by(&floor, "TenantId").await;
    let undone = floor.work(floor.rows().undo_restore(restore, &digest).await.unwrap()).await;
    assert_eq!(undone.state, RunState::Completed, "{:?}", undone.error);
    assert_eq!(sums(), spoilt);
}

#[derive(clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: cli::Command,
}

/// What the command line answers that restores tenant 3 alone.
async fn typed(floor: &Floor, backup: BackupId, database: &str) -> String {
    let backup = backup.to_string();
    let line = ["holdfast", "restore", &backup, "--to", database, "--connection", "target", "--tenant", "3"];
    let command = Line::try_parse_from(line).unwrap().command;
    match cli::run(command, floor.services.config.clone()).await {
        Ok(_) => "done".into(),
        Err(error) => error.to_string(),
    }
}

/// What the browser's form answers to the same.
async fn clicked(
    floor: &Floor,
    backup_id: BackupId,
    connection_id: ConnectionId,
    database: &str,
) -> Result<RunId, Fault> {
    let session = tower_sessions::Session::new(None, Arc::new(floor.services.catalog.sessions()), None);
    let (gate, address) = (Arc::new(Gate::new().unwrap()), Ipv4Addr::LOCALHOST.into());
    let caller = Caller::identify(Arc::clone(&floor.services), gate, session, address, None).await;
    let request = StartRestore {
        backup_id,
        connection_id,
        database: database.into(),
        confirm: database.into(),
        tables: Lines::default(),
        tenants: Lines::of_names(["3"]),
        schema_only: false,
        definers: DefinerChoice::Strip,
        replacements: Lines::default(),
    };
    let scope = floor.principal.allow::<may::RequestRestore>(floor.tenant).unwrap();
    let caller = caller.map_err(|error| error.into_fault(&*floor.clock, "identify"))?;
    let started = start::start(&caller, scope, request).await;
    caller.answer("start a restore", started)
}

/// Of everything in the backup nobody asks whose it is; of chosen tenants somebody must.
#[tokio::test(flavor = "multi_thread")]
async fn chosen_tenants_do_not_go_into_a_new_database_by_another_route() {
    let floor = native("led_apart").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    let connection_id = floor.connect("target", verification().port).await;
    let into = async |name: &str, tenants: Vec<TenantKey>, tables: &[&str]| {
        let tables = tables.iter().map(|table| (*table).to_owned()).collect();
        let wish = RestoreToNew {
            backup_id,
            connection_id,
            database: DatabaseName::new(name).unwrap(),
            only: Part { tables, tenants, schema_only: false },
            definers: Definers::default(),
        };
        let run = floor.rows().create_run(RunRequest::Restore(wish), None).await.unwrap();
        floor.work(run).await
    };
    leads_by(&floor, "id").await;
    let rerouted = Refusal::Rerouted { tables: "controls".into() };
    let clicked = async |database: &str| clicked(&floor, backup_id, connection_id, database).await;
    assert_eq!(clicked("apart_refused").await, Err(Fault::Refused(rerouted.clone())));
    let words = typed(&floor, backup_id, "apart_refused").await;
    assert_eq!(words, format!("{rerouted}\n  What to do: {}", rerouted.hint()));
    let query = RunQuery { kind: Some(RunKind::Restore), ..RunQuery::default() };
    assert!(floor.rows().list_runs(&query).await.unwrap().rows.is_empty(), "nothing was queued");
    // Whoever asked before the map was changed is refused by the worker, in the same words.
    let refused = into("apart_refused", vec![key("3")], &[]).await;
    assert_eq!(refused.state, RunState::Failed);
    let error = refused.error.unwrap();
    assert!(error.message.contains("leads controls to their tenants by another route"), "{error:?}");
    assert!(error.hint.unwrap().contains("Confirm the old route"));
    assert!(!verification().sql("SHOW DATABASES").contains("apart_refused"), "nothing was made");
    // A table that is led as before, and everything of everybody.
    let other = into("apart_other", vec![key("3")], &["log"]).await;
    assert_eq!(other.state, RunState::Completed, "{:?}", other.error);
    let all = into("apart_all", Vec::new(), &[]).await;
    assert_eq!(all.state, RunState::Completed, "{:?}", all.error);
    assert_eq!(verification().sql("SELECT COUNT(*) FROM apart_all.controls").trim(), "2000");
    leads_by(&floor, "TenantId").await;
    let run = clicked("apart_clicked").await.unwrap();
    let done = floor.work(run).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    assert_eq!(verification().sql("SELECT COUNT(*) FROM apart_clicked.controls").trim(), "286");
    assert_eq!(typed(&floor, backup_id, "apart_typed").await, "done");
}
