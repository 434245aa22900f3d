//! Tenant maps: a draft that two people cannot change past each other, versions that stay, and drift that is told.

use std::collections::BTreeMap;

use catalog::{
    Claim, Conflict, Error, Inferred, MapQuery, NewChannels, RunInput, RunRequest, TableChoices, TableColumn,
};
use domain::{
    RunId,
    alerts::NoticeKind,
    backups::{RunKind, RunState},
    sources::EngineKind,
    tenancy::{Drift, Path, Route, RouteKind, Step, TenantMap},
};

use crate::world::{World, contract, map};

fn found(tables: &[&str], drift: Vec<Drift>) -> Inferred {
    let column = TableColumn { column: "TenantId".into(), data_type: "int(11)".into(), is_nullable: true };
    let steps =
        vec![Step { columns: vec!["risk_id".into()], table: "risk".into(), references: vec!["id".into()] }];
    let choices =
        TableChoices { columns: vec![column], paths: vec![Path { steps, column: "TenantId".into() }] };
    let map: TenantMap = map(tables);
    let choices: BTreeMap<_, _> = map.tables.keys().map(|table| (table.clone(), choices.clone())).collect();
    Inferred { map, choices, drift, spelling: None }
}

async fn look(world: &World) -> (RunId, Claim) {
    let request = RunRequest::InferMap { source_id: world.ours.source, tenant_column: "TenantId".into() };
    let run = world.our().create_run(request, None).await.unwrap();
    (run, world.claim(run).await)
}

async fn inferred(world: &World, found: &Inferred) {
    let (_, claim) = look(world).await;
    world.catalog.lease(&claim).complete_infer(found).await.unwrap();
}

fn all(world: &World) -> MapQuery {
    MapQuery { source: world.ours.source, kind: None, attention: false, search: None, after: None, limit: 0 }
}

async fn names(world: &World, query: MapQuery) -> Vec<String> {
    world.our().list_map_tables(&query).await.unwrap().rows.into_iter().map(|table| table.table).collect()
}

fn unmapped(table: &str) -> Drift {
    Drift::Unmapped { table: table.into() }
}

contract! {
    a_map_is_inferred_changed_and_confirmed(world) {
        let source = world.ours.source;
        let empty = world.our().get_map(source).await.unwrap();
        assert_eq!((empty.version, empty.inferred_at, empty.engine), (0, None, EngineKind::Native));
        let (run, claim) = look(world).await;
        assert_eq!(claim.run().input, Some(RunInput::Infer { tenant_column: "TenantId".into() }));
        world.catalog.lease(&claim).complete_infer(&found(&["control", "risk", "country"], Vec::new())).await.unwrap();
        let done = world.our().get_run(run).await.unwrap();
        assert_eq!((done.kind, done.state), (RunKind::InferMap, RunState::Completed));
        let head = world.our().get_map(source).await.unwrap();
        assert_eq!((head.version, head.changed, head.confirmed.clone()), (1, 3, None));
        assert_eq!(head.counts, [(RouteKind::Column, 3)]);
        assert_eq!(world.our().confirmed_map(source).await.unwrap(), None);

        let version = world.our().set_route(source, 1, "country", &Route::Shared, Some("of everybody")).await.unwrap();
        assert_eq!(version, 2);
        let (country, choices) = world.our().get_map_table(source, "country").await.unwrap();
        assert_eq!((country.route, country.is_chosen, country.note.as_deref()), (Some(Route::Shared), true, Some("of everybody")));
        assert_eq!((choices.columns.len(), choices.paths.len()), (1, 1));
        let stale = world.our().set_route(source, 1, "risk", &Route::Shared, None).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale))), "{stale:?}");
        let missing = world.our().set_route(source, 2, "nowhere", &Route::Shared, None).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");

        let stale = world.our().confirm_map(source, 1).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale))), "{stale:?}");
        let confirmed = world.our().confirm_map(source, 2).await.unwrap();
        let (of, followed) = world.our().confirmed_map(source).await.unwrap().unwrap();
        assert_eq!((of, followed.tables["country"].route.clone()), (confirmed, Route::Shared));
        assert_eq!(world.our().draft_map(source).await.unwrap(), Some((confirmed, followed)));
        let head = world.our().get_map(source).await.unwrap();
        assert_eq!((head.changed, head.confirmed.unwrap().1.as_str()), (0, "command line"));

        let version = world.our().set_route(source, confirmed, "risk", &Route::Shared, None).await.unwrap();
        let (total, changes) = world.our().map_changes(source, 10).await.unwrap();
        assert_eq!((total, changes[0].table.as_str(), changes[0].route.clone()), (1, "risk", Some(Route::Shared)));
        let (_, followed) = world.our().confirmed_map(source).await.unwrap().unwrap();
        assert_ne!(followed.tables["risk"].route, Route::Shared, "backups follow what was confirmed");
        world.our().confirm_map(source, version).await.unwrap();
        assert_eq!(world.our().list_map_versions(source).await.unwrap().len(), 2);
        let trail = world.our().list_audit(None).await.unwrap().rows;
        assert_eq!(trail.iter().filter(|entry| entry.action == "tenant_map.confirm").count(), 2);
    }

    what_a_person_chose_stays_when_the_schema_is_looked_at_again(world) {
        let source = world.ours.source;
        inferred(world, &found(&["control", "gone", "new_and_gone"], Vec::new())).await;
        let version = world.our().set_route(source, 1, "control", &Route::Shared, None).await.unwrap();
        let version = world.our().confirm_map(source, version).await.unwrap();
        inferred(world, &found(&["control", "fresh"], vec![Drift::Gone { table: "gone".into() }, unmapped("fresh")])).await;
        let head = world.our().get_map(source).await.unwrap();
        assert_eq!(head.version, version + 1);
        assert_eq!(head.drift.iter().map(Drift::table).collect::<Vec<_>>(), ["fresh", "gone"], "what breaks coverage first");
        let (control, _) = world.our().get_map_table(source, "control").await.unwrap();
        assert_eq!(control.route, Some(Route::Shared));
        let (gone, _) = world.our().get_map_table(source, "gone").await.unwrap();
        assert!(gone.route.is_none() && gone.confirmed.is_some());
        world.our().confirm_map(source, version + 1).await.unwrap();
        assert_eq!(names(world, all(world)).await, ["control", "fresh"]);
        assert_eq!(world.our().get_map(source).await.unwrap().drift, []);
    }

    tables_are_found_page_by_page_by_name_route_and_need(world) {
        let tables: Vec<String> = (0..1200).map(|n| format!("table_{n:04}")).collect();
        let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
        let broken = Drift::Broken { table: "table_0007".into(), missing: "TenantId".into() };
        inferred(world, &found(&tables, Vec::new())).await;
        world.our().confirm_map(world.ours.source, 1).await.unwrap();
        inferred(world, &found(&tables, vec![broken.clone()])).await;
        world.our().set_route(world.ours.source, 3, "table_0003", &Route::Shared, Some("look")).await.unwrap();
        let (mut query, mut seen) = (all(world), 0);
        loop {
            let page = world.our().list_map_tables(&query).await.unwrap();
            assert!(page.rows.len() <= 50);
            assert_eq!(page.rows[0].table, format!("table_{seen:04}"));
            seen += page.rows.len();
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        assert_eq!(seen, 1200);
        assert_eq!(names(world, MapQuery { kind: Some(RouteKind::Shared), ..all(world) }).await, ["table_0003"]);
        assert_eq!(names(world, MapQuery { attention: true, ..all(world) }).await, ["table_0003", "table_0007"]);
        assert_eq!(names(world, MapQuery { search: Some("E_119".into()), ..all(world) }).await.len(), 10);
        assert_eq!(world.our().get_map(world.ours.source).await.unwrap().drift, [broken]);
    }

    drift_that_breaks_coverage_is_told_once_per_change(world) {
        let channels = NewChannels { email_to: Some("ops@example.org".into()), ..NewChannels::default() };
        world.our().set_channels(channels).await.unwrap();
        inferred(world, &found(&["control"], Vec::new())).await;
        world.our().confirm_map(world.ours.source, 1).await.unwrap();
        let backup = async |drift: Vec<Drift>| {
            let claim = world.claim(world.start_backup(world.ours).await).await;
            let new = world.split(2, map(&["control"]), drift);
            let verify = world.catalog.lease(&claim).complete_backup(new).await.unwrap().unwrap();
            world.prove(verify, true).await;
            let told = world.system().take_notices(10).await.unwrap();
            assert!(told.iter().all(|notice| notice.kind == NoticeKind::CoverageBroken && notice.body.contains("is not in the tenant map")));
            told.len()
        };
        let changed = Drift::Changed { table: "control".into() };
        assert_eq!(backup(vec![changed.clone()]).await, 0, "its route still works");
        assert_eq!(backup(vec![changed.clone(), unmapped("a")]).await, 1);
        assert_eq!(backup(vec![unmapped("a")]).await, 0);
        assert_eq!(backup(vec![unmapped("a"), unmapped("b")]).await, 1);
        assert_eq!(backup(Vec::new()).await, 0);
        assert_eq!(world.our().get_map(world.ours.source).await.unwrap().drift, []);
        assert_eq!(names(world, all(world)).await, ["control"]);
        assert_eq!(backup(vec![unmapped("a")]).await, 1, "again");
    }

    what_reads_a_source_is_chosen(world) {
        world.our().set_engine(world.ours.source, EngineKind::Mysqldump).await.unwrap();
        assert_eq!(world.our().get_source(world.ours.source).await.unwrap().engine, EngineKind::Mysqldump);
        assert_eq!(world.our().get_map(world.ours.source).await.unwrap().engine, EngineKind::Mysqldump);
        let request = RunRequest::InferMap { source_id: world.ours.source, tenant_column: "client_id".into() };
        world.our().create_run(request, None).await.unwrap();
        assert_eq!(world.our().get_source(world.ours.source).await.unwrap().tenant_column, "client_id");
    }
}
