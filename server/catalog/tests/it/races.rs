//! Eight at once: one wins, and the others see that.

use std::collections::BTreeSet;

use catalog::{Catalog, Conflict, Error, RunRequest, SystemTask};
use domain::{TenantId, access::may};

use crate::world::{DAY, LEASE, contract};

/// Eight catalogs, each with connections of its own, as on eight servers.
async fn eight<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    url: &str,
    clock: std::sync::Arc<domain::FixedClock>,
    act: impl Fn(Catalog) -> F,
) -> Vec<T> {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let catalog = Catalog::open(url, clock.clone()).await.unwrap();
        tasks.push(tokio::spawn(act(catalog)));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

async fn create(
    catalog: Catalog,
    tenant: TenantId,
    request: RunRequest,
    key: Option<&'static str>,
) -> Result<domain::RunId, Error> {
    let principal = catalog.command_line("root").await?;
    let scope = principal.allow::<may::StartBackup>(tenant)?;
    catalog.tenant(&scope).create_run(request, key).await
}

contract! {
    one_of_eight_claims(world) {
        for _ in 0..5 {
            let run = world.start_backup(world.ours).await;
            let claims = eight(&world.url, world.clock.clone(), move |catalog| async move {
                catalog.system(SystemTask::Dispatch).claim(run, "racer", LEASE).await.unwrap()
            }).await;
            let mut claims = claims.into_iter().flatten();
            let winner = claims.next().unwrap();
            assert!(claims.next().is_none());
            assert_eq!(winner.run().starts, 1);
            world.catalog.lease(&winner).cancelled().await.unwrap();
        }
    }

    eight_workers_share_the_due_runs_without_overlap(world) {
        let waiting = [world.ours.probe, world.theirs.probe, world.start_backup(world.ours).await, world.start_backup(world.theirs).await];
        let claims = eight(&world.url, world.clock.clone(), |catalog| async move {
            catalog.system(SystemTask::Dispatch).claim_next("racer", LEASE).await.unwrap()
        }).await;
        let taken: Vec<_> = claims.into_iter().flatten().map(|claim| claim.run().id).collect();
        assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), taken.len(), "no run twice");
        assert_eq!(taken.iter().collect::<BTreeSet<_>>(), waiting.iter().collect());
    }

    one_of_eight_starts_the_backup(world) {
        for _ in 0..5 {
            let (tenant, source_id) = (world.ours.id, world.ours.source);
            let made = eight(&world.url, world.clock.clone(), move |catalog| {
                create(catalog, tenant, RunRequest::Backup { source_id, label: None }, None)
            }).await;
            let runs: Vec<_> = made.iter().filter_map(|made| made.as_ref().ok()).collect();
            assert_eq!(runs.len(), 1);
            assert!(made.iter().all(|made| matches!(made, Ok(_) | Err(Error::Conflict(Conflict::AlreadyRunning)))));
            world.our().request_cancel(*runs[0]).await.unwrap();
        }
    }

    a_form_sent_eight_times_starts_one_run(world) {
        let (tenant, source_id) = (world.ours.id, world.ours.source);
        let made = eight(&world.url, world.clock.clone(), move |catalog| {
            create(catalog, tenant, RunRequest::Backup { source_id, label: None }, Some("form"))
        }).await;
        let runs: BTreeSet<_> = made.into_iter().map(Result::unwrap).collect();
        assert_eq!(runs.len(), 1);
    }

    one_of_eight_servers_fires_the_slot(world) {
        for _ in 0..3 {
            world.clock.advance_ms(DAY);
            let fired = eight(&world.url, world.clock.clone(), |catalog| async move {
                catalog.system(SystemTask::Schedules).fire_due_schedules().await.unwrap()
            }).await;
            let fired: Vec<_> = fired.into_iter().flatten().collect();
            assert_eq!(fired.len(), 2, "one per organisation: {fired:?}");
            for slot in fired {
                let tenant = if slot.tenant_id == world.ours.id { world.ours } else { world.theirs };
                world.tenant(tenant).request_cancel(slot.run_id.unwrap()).await.unwrap();
            }
        }
    }
}
