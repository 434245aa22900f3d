//! Whole servers as sources, and chains of copies of their files: nothing that is kept loses what it stands on.

use catalog::{Conflict, Continues, Error, LONGEST_CHAIN, RunInput, RunRequest};
use domain::{
    BackupId, RunId, SourceId,
    backups::{Retention, RunState},
    definers::Definers,
    policies::{
        retention,
        schedule::{DAILY_INCREMENTAL, Schedule, ScheduleKind, WEEKLY_FULL},
    },
    restores::{Part, RestoreToNew, Selection, TenantRestore},
    sources::{DatabaseName, EngineKind},
    tenancy::ExportFormat,
};

use crate::world::{DAY, HOUR, NOON, Tenant, World, connection, contract, raw, tenant_key};

async fn protect(world: &World, tenant: Tenant) -> SourceId {
    let at = |cron| Schedule::parse(cron, NOON).unwrap();
    let rows = world.tenant(tenant);
    rows.create_server_source(tenant.connection, &at(WEEKLY_FULL), &at(DAILY_INCREMENTAL)).await.unwrap()
}

async fn start(world: &World, source_id: SourceId, continues: Continues) -> Result<RunId, Error> {
    let request = RunRequest::Files { source_id, label: None, continues, sums: true };
    world.our().create_run(request, None).await
}

async fn parent_of(world: &World, run: RunId) -> Option<BackupId> {
    match world.our().get_run(run).await.unwrap().input {
        Some(RunInput::Files { parent, .. }) => parent,
        input => panic!("{input:?}"),
    }
}

/// Takes one now, as it was decided when it was asked for, and proves it.
async fn take(world: &World, source: SourceId, continues: Continues) -> BackupId {
    let run = start(world, source, continues).await.unwrap();
    finish(world, run, true).await
}

async fn finish(world: &World, run: RunId, equal: bool) -> BackupId {
    let parent = parent_of(world, run).await;
    let claim = world.claim(run).await;
    let lease = world.catalog.lease(&claim);
    let verify = lease.complete_backup(world.files(parent)).await.unwrap().unwrap();
    world.prove(verify, equal).await;
    world.clock.advance_ms(HOUR);
    claim.run().backup_id.unwrap()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Error>, conflict: Conflict) {
    assert!(matches!(&answer, Err(Error::Conflict(found)) if *found == conflict), "{answer:?}");
}

contract! {
    a_whole_server_is_a_source_beside_its_databases(world) {
        let source = protect(world, world.ours).await;
        let row = world.our().get_source(source).await.unwrap();
        assert_eq!((row.source.protects.as_str(), row.engine), ("server main server", EngineKind::Physical));
        assert!(row.source.protects.database().is_none());
        let kinds: Vec<_> = row.schedules.iter().map(|schedule| (schedule.kind, schedule.cron.as_str())).collect();
        assert_eq!(kinds, [(ScheduleKind::Full, WEEKLY_FULL), (ScheduleKind::Incremental, DAILY_INCREMENTAL)]);
        assert_eq!(world.our().find_server_source(world.ours.connection).await.unwrap(), Some(source));
        let at = |cron| Schedule::parse(cron, NOON).unwrap();
        let twice = world.our().create_server_source(world.ours.connection, &at(WEEKLY_FULL), &at(DAILY_INCREMENTAL)).await;
        refused(twice, Conflict::Duplicate);

        // It is called what its connection is called.
        let mut values = connection(&*world.clock, "renamed");
        values.id = world.ours.connection;
        world.our().change_connection(catalog::ChangeConnection { values, version: 1 }).await.unwrap();
        let row = world.our().get_source(source).await.unwrap();
        assert_eq!(row.source.protects.as_str(), "server renamed");
        assert!(world.our().list_maps().await.unwrap().iter().all(|map| map.source_id != source), "it has no tenants");
    }

    what_only_rows_can_do_is_refused_for_files_and_the_other_way_round(world) {
        let source = protect(world, world.ours).await;
        let backup_id = take(world, source, Continues::Nothing).await;
        let rows = world.our();
        let asked = [
            RunRequest::TenantBackup { source_id: source, tenant: tenant_key("1"), label: None },
            RunRequest::InferMap { source_id: source, tenant_column: "TenantId".into() },
            RunRequest::ConfirmMap { source_id: source, version: 0 },
            RunRequest::Export { backup_id, tenant: tenant_key("1"), format: ExportFormat::Csv },
            RunRequest::Restore(RestoreToNew {
                backup_id,
                connection_id: world.ours.connection,
                database: DatabaseName::new("back").unwrap(),
                only: Part::default(),
                definers: Definers::default(),
            }),
            RunRequest::Files { source_id: world.ours.source, label: None, continues: Continues::Nothing, sums: true },
        ];
        for request in asked {
            refused(rows.create_run(request, None).await, Conflict::OtherEngine);
        }
        let wish = TenantRestore { backup_id, tenant: tenant_key("1"), selection: Selection::Everything };
        refused(rows.plan_restore(&wish).await, Conflict::OtherEngine);
        refused(rows.set_engine(source, EngineKind::Native).await, Conflict::OtherEngine);
        refused(rows.set_engine(world.ours.source, EngineKind::Physical).await, Conflict::OtherEngine);
        let daily = Schedule::parse("0 2 * * *", NOON).unwrap();
        refused(rows.set_incremental_schedule(world.ours.source, &daily, true).await, Conflict::OtherEngine);
        // A backup that is not of files cannot be continued.
        let (of_rows, _) = world.backup(world.ours).await;
        refused(start(world, source, Continues::Backup(of_rows)).await, Conflict::OtherEngine);
    }

    a_chain_is_remembered_and_ends_where_it_cannot_be_relied_on(world) {
        let source = protect(world, world.ours).await;
        let full = take(world, source, Continues::Newest).await;
        let found = world.our().get_backup(full).await.unwrap();
        let files = found.files.unwrap();
        assert_eq!((files.parent, files.facts.databases.as_slice()), (None, &["grc2".to_owned()][..]), "there was nothing to continue");
        assert_eq!((found.database.as_str(), found.split), ("server main server", None));
        let one = take(world, source, Continues::Newest).await;
        let two = take(world, source, Continues::Backup(one)).await;
        let chain: Vec<_> = world.our().chain(two).await.unwrap().into_iter().map(|link| link.id).collect();
        assert_eq!(chain, [full, one, two]);
        assert_eq!(world.our().count_continuing(full).await.unwrap(), 1);
        let listed = world.our().list_backups(&catalog::BackupQuery { source: Some(source), ..Default::default() }).await.unwrap();
        let parents: Vec<_> = listed.rows.into_iter().map(|backup| backup.files.unwrap().parent).collect();
        assert_eq!(parents, [Some(one), Some(full), None]);

        // What was found damaged is not built on.
        let run = start(world, source, Continues::Newest).await.unwrap();
        assert_eq!(parent_of(world, run).await, Some(two));
        finish(world, run, false).await;
        let run = start(world, source, Continues::Newest).await.unwrap();
        assert_eq!(parent_of(world, run).await, None);
        let new_full = finish(world, run, true).await;
        // And no chain grows without end.
        for _ in 1..LONGEST_CHAIN {
            take(world, source, Continues::Newest).await;
        }
        let run = start(world, source, Continues::Newest).await.unwrap();
        assert_eq!(parent_of(world, run).await, None);
        assert_eq!(world.our().count_continuing(new_full).await.unwrap(), 1);
    }

    a_parent_is_not_removed_while_anything_that_is_kept_needs_it(world) {
        let source = protect(world, world.ours).await;
        let full = take(world, source, Continues::Nothing).await;
        let one = take(world, source, Continues::Newest).await;
        let system = world.system();
        let candidates = system.retention_candidates().await.unwrap();
        let of_source = candidates.into_iter().find(|found| found.source_id == source).unwrap().backups;
        let parents: Vec<_> = of_source.iter().map(|candidate| candidate.parent).collect();
        assert_eq!(parents, [None, Some(full)]);
        assert!(retention::expired(of_source).is_empty());

        assert!(!system.mark_expiring(world.ours.id, full).await.unwrap(), "it has a child");
        // A run that was only asked for needs its parent too.
        let run = start(world, source, Continues::Newest).await.unwrap();
        assert!(!system.mark_expiring(world.ours.id, one).await.unwrap(), "it is about to be continued");
        world.our().request_cancel(run).await.unwrap();
        assert_eq!(world.our().get_run(run).await.unwrap().state, RunState::Cancelled);

        // From the newest on it can go, and is removed in that order.
        assert!(system.mark_expiring(world.ours.id, one).await.unwrap());
        assert!(system.mark_expiring(world.ours.id, full).await.unwrap());
        let order: Vec<_> = system.expiring(10).await.unwrap().into_iter().map(|backup| backup.backup_id).collect();
        assert_eq!(order, [one, full]);
        refused(start(world, source, Continues::Backup(one)).await, Conflict::Expired);
        let run = start(world, source, Continues::Newest).await.unwrap();
        assert_eq!(parent_of(world, run).await, None, "nothing is kept that could be continued");
        system.mark_copy_deleted(world.ours.id, one, world.vault).await.unwrap();
        let chain = world.our().chain(one).await.unwrap();
        assert_eq!(chain.iter().map(|link| link.retention).collect::<Vec<_>>(), [Retention::Expiring, Retention::Deleted]);
    }

    schedules_of_a_server_ask_for_all_on_sundays_and_for_changes_on_other_days(world) {
        let source = protect(world, world.ours).await;
        take(world, source, Continues::Nothing).await;
        let fire = async || {
            let fired = world.catalog.system(catalog::SystemTask::Schedules).fire_due_schedules().await.unwrap();
            fired.into_iter().filter(|slot| slot.source_id == source).collect::<Vec<_>>()
        };
        // NOON is a Tuesday.
        world.clock.advance_ms(DAY);
        let fired = fire().await;
        assert_eq!((fired.len(), fired[0].missed), (1, 0));
        let run = fired[0].run_id.unwrap();
        assert!(parent_of(world, run).await.is_some());
        assert_eq!(world.our().get_run(run).await.unwrap().subject, "server main server");
        finish(world, run, true).await;
        world.clock.advance_ms(4 * DAY);
        let fired = fire().await;
        let runs: Vec<_> = fired.iter().filter_map(|slot| slot.run_id).collect();
        // Both were due; the full copy comes first, and holds what the other would have.
        assert_eq!((fired.len(), runs.len()), (2, 1));
        assert_eq!(parent_of(world, runs[0]).await, None);
        let rows = world.our().get_source(source).await.unwrap();
        let missed: Vec<_> = rows.schedules.iter().map(|schedule| (schedule.kind, schedule.missed)).collect();
        assert_eq!(missed, [(ScheduleKind::Full, 0), (ScheduleKind::Incremental, 2)], "two nights went by unseen, the newest is covered");
    }

    another_organisation_neither_sees_nor_continues_it(world) {
        let source = protect(world, world.theirs).await;
        let request = RunRequest::Files { source_id: source, label: None, continues: Continues::Nothing, sums: true };
        let run = world.tenant(world.theirs).create_run(request.clone(), None).await.unwrap();
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).complete_backup(world.files(None)).await.unwrap();
        let theirs = claim.run().backup_id.unwrap();
        let ours = world.our();
        assert!(matches!(ours.create_run(request, None).await, Err(Error::NotFound { .. })));
        assert!(matches!(ours.get_backup(theirs).await, Err(Error::NotFound { .. })));
        assert!(ours.chain(theirs).await.unwrap().is_empty());
        let own = protect(world, world.ours).await;
        assert!(matches!(start(world, own, Continues::Backup(theirs)).await, Err(Error::NotFound { .. })));
        let run = start(world, own, Continues::Newest).await.unwrap();
        assert_eq!(parent_of(world, run).await, None, "theirs is not ours to continue");
        finish(world, run, true).await;
        // Not even a statement that forgets itself can tie them together.
        for forged in [
            "insert into physical_backups (tenant_id, backup_id, facts) select t.tenant_id, b.id, '{}' from tenants t \
             join backups b on b.tenant_id <> t.tenant_id",
            "update physical_backups set parent_id = (select p.backup_id from physical_backups p \
             where p.tenant_id <> physical_backups.tenant_id)",
        ] {
            let error = raw(&world.url, forged).await.unwrap_err().to_string().to_lowercase();
            assert!(error.contains("foreign key"), "{error}: {forged}");
        }
    }
}
