//! Tenants of a protected database: what each backup holds of them, and which of it can be relied on.

use catalog::{Conflict, Error, Inferred, RunQuery, RunRequest, TENANT_BACKUPS_WAITING, TenantQuery};
use domain::{
    ByteSize,
    backups::RunKind,
    spelling::{Named, Spelling},
    tenancy::Drift,
};

use crate::{
    counting::selects,
    world::{DAY, NOON, World, contract, map, split_backup, tenant_key},
};

async fn tenant_backup(world: &World, key: &str) -> domain::BackupId {
    let request =
        RunRequest::TenantBackup { source_id: world.ours.source, tenant: tenant_key(key), label: None };
    let claim = world.claim(world.our().create_run(request, None).await.unwrap()).await;
    assert_eq!(claim.run().tenant, Some(tenant_key(key)));
    let mut new = world.split(1, map(&["control"]), Vec::new());
    new.split.as_mut().unwrap().tenants[0].key = tenant_key(key);
    let verify = world.catalog.lease(&claim).complete_backup(new).await.unwrap().unwrap();
    world.prove(verify, true).await;
    claim.run().backup_id.unwrap()
}

async fn confirmed(world: &World) {
    let request = RunRequest::InferMap { source_id: world.ours.source, tenant_column: "TenantId".into() };
    let claim = world.claim(world.our().create_run(request, None).await.unwrap()).await;
    let found = Inferred {
        map: map(&["control"]),
        choices: std::collections::BTreeMap::default(),
        drift: Vec::new(),
        spelling: Some(Spelling { named: Named::Number, fold: true, trim: true }),
    };
    world.catalog.lease(&claim).complete_infer(&found).await.unwrap();
    world.our().confirm_map(world.ours.source, 1).await.unwrap();
}

contract! {
    thousands_of_tenants_of_a_backup_are_kept_and_go_with_it(world) {
        let first = split_backup(world, world.ours, 2500, map(&["control"])).await;
        assert_eq!(world.our().count_tenants(None).await.unwrap(), 2500);
        assert_eq!(world.our().count_backup_tenants(first).await.unwrap(), 2500);
        let found = world.our().get_backup(first).await.unwrap();
        let split = found.split.unwrap();
        assert_eq!((split.shared_rows, split.is_complete, split.remarks.len()), (5, false, 1));
        let (mut query, mut seen) = (TenantQuery { limit: 200, ..TenantQuery::default() }, Vec::new());
        loop {
            let page = world.our().list_tenants(&query).await.unwrap();
            seen.extend(page.rows.into_iter().map(|row| row.key));
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        let numbers: Vec<u32> = seen.iter().map(|key| key.as_str().parse().unwrap()).collect();
        assert!(numbers.into_iter().eq(1..=2500), "as numbers are counted: {seen:?}");
        let found = TenantQuery { search: Some("249".into()), ..TenantQuery::default() };
        assert_eq!(world.our().list_tenants(&found).await.unwrap().rows.len(), 13, "249, 1249, 2249, and 2490 to 2499");
        world.clock.advance_ms(DAY);
        split_backup(world, world.ours, 3, map(&["control"])).await;
        let tenant = world.our().get_tenant(world.ours.source, &tenant_key("2")).await.unwrap();
        assert_eq!((tenant.first_seen_at, tenant.last_seen_at), (NOON, NOON.plus_ms(DAY)));
        let newest = tenant.newest.unwrap();
        assert_eq!((newest.rows, newest.stored, newest.plain), (20, ByteSize(200), ByteSize(2000)));
        let points = world.our().list_points(world.ours.source, &tenant_key("2"), None, 1).await.unwrap();
        assert_eq!(points.rows[0], newest);
        let older = world.our().list_points(world.ours.source, &tenant_key("2"), points.next.as_ref(), 1).await.unwrap();
        assert_eq!((older.rows[0].backup_id, older.next), (first, None));
        assert!(world.system().mark_expiring(world.ours.id, first).await.unwrap());
        assert_eq!(world.our().list_points(world.ours.source, &tenant_key("2500"), None, 0).await.unwrap().rows, []);
        world.system().mark_copy_deleted(world.ours.id, first, world.vault).await.unwrap();
        assert_eq!(world.our().count_backup_tenants(first).await.unwrap(), 0);
        let tenant = world.our().get_tenant(world.ours.source, &tenant_key("2500")).await.unwrap();
        assert_eq!(tenant.newest, None, "seen once, and nothing is left of it");
    }

    a_page_of_tenants_is_one_statement_however_many_they_are(world) {
        split_backup(world, world.ours, 2_000, map(&["control"])).await;
        world.clock.advance_ms(DAY);
        let newest = split_backup(world, world.ours, 1_500, map(&["control"])).await;
        let (mut query, mut pages, mut held) = (TenantQuery { limit: 200, ..TenantQuery::default() }, 0, 0);
        let before = selects();
        loop {
            let page = world.our().list_tenants(&query).await.unwrap();
            pages += 1;
            held += page.rows.iter().filter(|row| row.newest.as_ref().map(|part| part.backup_id) == Some(newest)).count();
            assert!(page.rows.iter().all(|row| row.newest.as_ref().is_some_and(|part| part.rows > 0)));
            assert_eq!(page.next, page.rows.last().filter(|_| pages < 10).map(catalog::TenantRow::cursor));
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        assert_eq!((pages, held, selects() - before), (10, 1_500, 10));
    }

    only_confirmed_routes_that_could_be_followed_make_a_point_complete(world) {
        let before = split_backup(world, world.ours, 1, map(&["control"])).await;
        let other = split_backup(world, world.ours, 1, map(&["control", "risk"])).await;
        let is_complete = async |backup| world.our().tenant_part(backup, &tenant_key("1")).await.unwrap().unwrap().is_complete;
        assert!(!is_complete(before).await);
        assert_eq!(world.our().get_tenant(world.ours.source, &tenant_key("1")).await.unwrap().proven_at, None);
        confirmed(world).await;
        assert!(is_complete(before).await, "it followed the very routes that were confirmed later");
        assert!(!is_complete(other).await);
        assert_eq!(world.our().get_tenant(world.ours.source, &tenant_key("1")).await.unwrap().proven_at, Some(NOON));
        world.clock.advance_ms(DAY);
        let after = split_backup(world, world.ours, 1, map(&["control"])).await;
        assert!(is_complete(after).await);
        let claim = world.claim(world.start_backup(world.ours).await).await;
        let drift = vec![Drift::Unmapped { table: "new".into() }];
        world.catalog.lease(&claim).complete_backup(world.split(1, map(&["control"]), drift.clone())).await.unwrap();
        let drifted = world.our().get_backup(claim.run().backup_id.unwrap()).await.unwrap().split.unwrap();
        assert_eq!((drifted.is_complete, drifted.drift), (false, drift));
    }

    a_tenants_own_backup_is_nobody_elses(world) {
        let whole = split_backup(world, world.ours, 3, map(&["control"])).await;
        world.clock.advance_ms(DAY);
        let own = tenant_backup(world, "2").await;
        let row = world.our().get_backup(own).await.unwrap();
        assert_eq!(row.tenant, Some(tenant_key("2")));
        let source = world.our().get_source(world.ours.source).await.unwrap();
        assert_eq!((source.newest.unwrap().0, source.newest_proven), (NOON, Some(NOON)), "not one of the source");
        assert!(world.system().owed(NOON.plus_ms(3 * DAY)).await.unwrap().iter().any(|owed| owed.source_id == world.ours.source));
        let tenant = world.our().get_tenant(world.ours.source, &tenant_key("2")).await.unwrap();
        assert_eq!(tenant.newest.as_ref().map(|part| (part.backup_id, part.is_own)), Some((own, true)));
        let tenant = world.our().get_tenant(world.ours.source, &tenant_key("3")).await.unwrap();
        assert_eq!(tenant.newest.map(|part| (part.backup_id, part.is_own)), Some((whole, false)));
        let candidates = world.system().retention_candidates().await.unwrap();
        let kinds: Vec<_> = candidates.iter().map(|one| (one.tenant_key.clone(), one.backups.len())).collect();
        assert_eq!(kinds, [(None, 1), (Some(tenant_key("2")), 1)], "the rule looks at each by itself");
        let runs = RunQuery { tenant: Some(tenant_key("2")), ..RunQuery::default() };
        let kinds: Vec<_> = world.our().list_runs(&runs).await.unwrap().rows.iter().map(|run| run.kind).collect();
        assert_eq!(kinds.len(), 2);
        assert!(kinds.contains(&RunKind::Backup) && kinds.contains(&RunKind::Verify));
    }

    an_invented_tenant_is_not_backed_up_and_nobody_fills_the_queue(world) {
        split_backup(world, world.ours, 30, map(&["control"])).await;
        split_backup(world, world.theirs, 40, map(&["control"])).await;
        let own = |key: &str| RunRequest::TenantBackup { source_id: world.ours.source, tenant: tenant_key(key), label: None };
        let before = world.our().list_runs(&RunQuery::default()).await.unwrap().rows.len();
        // Nobody's, and one that another organisation's database has.
        for key in ["invented", "31", "40"] {
            let refused = world.our().create_run(own(key), None).await;
            assert!(matches!(refused, Err(Error::NotFound { what: "tenant" })), "{key}: {refused:?}");
        }
        assert_eq!(world.our().list_runs(&RunQuery::default()).await.unwrap().rows.len(), before);
        let mut runs = Vec::new();
        for n in 1..=TENANT_BACKUPS_WAITING {
            runs.push(world.our().create_run(own(&n.to_string()), Some(&format!("key {n}"))).await.unwrap());
        }
        let full = world.our().create_run(own("21"), None).await;
        assert!(matches!(full, Err(Error::Conflict(Conflict::TooManyWaiting))), "{full:?}");
        // The same form again is no further run; others, and the source itself, are not held up.
        assert_eq!(world.our().create_run(own("1"), Some("key 1")).await.unwrap(), runs[0]);
        let other = world.catalog.command_line("other").await.unwrap();
        let other = world.catalog.tenant(&other.allow::<domain::access::may::StartBackup>(world.ours.id).unwrap());
        other.create_run(own("21"), None).await.unwrap();
        world.start_backup(world.ours).await;
        world.claim(runs[0]).await;
        world.our().create_run(own("22"), None).await.unwrap();
    }

    a_tenant_is_one_however_it_is_typed(world) {
        confirmed(world).await;
        let whole = split_backup(world, world.ours, 9, map(&["control"])).await;
        for typed in ["7", "007", " 7.0 "] {
            let request =
                RunRequest::TenantBackup { source_id: world.ours.source, tenant: tenant_key(typed), label: None };
            let run = world.our().create_run(request, None).await.unwrap();
            assert_eq!(world.our().get_run(run).await.unwrap().tenant, Some(tenant_key("7")), "{typed:?}");
            let claim = world.claim(run).await;
            world.catalog.lease(&claim).complete_backup(world.split(7, map(&["control"]), Vec::new())).await.unwrap();
            let held = world.our().tenant_in(whole, world.ours.source, &tenant_key(typed)).await.unwrap();
            assert_eq!(held, Some(tenant_key("7")));
        }
        assert_eq!(world.our().tenant_in(whole, world.ours.source, &tenant_key("70")).await.unwrap(), None);
    }

    backups_of_two_tenants_and_of_everybody_run_beside_each_other(world) {
        split_backup(world, world.ours, 2, map(&["control"])).await;
        world.start_backup(world.ours).await;
        let own = |key: &str| RunRequest::TenantBackup { source_id: world.ours.source, tenant: tenant_key(key), label: None };
        world.our().create_run(own("1"), None).await.unwrap();
        world.our().create_run(own("2"), None).await.unwrap();
        assert!(world.our().create_run(own("2"), None).await.is_err());
    }
}
