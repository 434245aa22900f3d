//! Tenant restores: nothing is applied that a second person did not agree to as it stands, and nothing twice.

mod consent;
mod ends;
mod listed;
mod moved;
mod steps;

use catalog::{Catalog, Claim, Conflict, Error, NewUser, TenantCatalog};
use domain::{
    BackupId, RestoreId, RunId, UserId,
    access::{Role, may},
    restores::{Difference, RequestState as S, Selection, TableDifference, TenantRestore},
    tenancy::TenantKey,
};

use crate::{
    access::session_of,
    world::{LEASE, World, raw, tenant_key},
};

fn difference(tables: u64, digest: &str) -> Difference {
    let table = |n| TableDifference {
        table: format!("table_{n:04}"),
        inserts: 2 * u64::from(n % 2 == 1),
        updates: u64::from(n % 2 == 1),
        deletes: 0,
        unchanged: 9,
    };
    Difference {
        tables: (0..tables).map(table).collect(),
        foreign_rows: 0,
        obstacles: Vec::new(),
        remarks: vec!["a trigger will fire".into()],
        digest: digest.into(),
        bytes_read: 100,
        bytes_whole: 5000,
    }
}

fn wish(backup_id: BackupId, tenant: &str) -> TenantRestore {
    TenantRestore { backup_id, tenant: tenant_key(tenant), selection: Selection::Everything }
}

async fn as_person<'c>(world: &'c World, name: &str) -> TenantCatalog<'c> {
    let person = world.catalog.command_line(name).await.unwrap();
    world.catalog.tenant(&person.allow::<may::ApproveRestore>(world.ours.id).unwrap())
}

/// Somebody added by the account `by` of the command line.
async fn add(world: &World, by: &str, name: &str, role: Role) -> UserId {
    let new = NewUser { name: name.into(), email: format!("{name}@example.org"), role, password_hash: None };
    as_person(world, by).await.create_user(new).await.unwrap()
}

/// The rows as a person has them who signs in now.
async fn of_user(world: &World, user: UserId) -> TenantCatalog<'_> {
    let session = session_of(world, user).await;
    let person = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
    world.catalog.tenant(&person.allow::<may::ReadContents>(world.ours.id).unwrap())
}

/// The worker is not heard of again.
async fn lost(world: &World) {
    world.clock.advance_ms(LEASE + 1);
    // A server's own clock decides where there are several: let its lease be over.
    raw(&world.url, "update runs set lease_until = 0 where state = 'running'").await.unwrap();
    world.system().reclaim_expired().await.unwrap();
}

async fn plan(world: &World, backup: BackupId, tenant: &str, digest: &str) -> RestoreId {
    let (restore, run) = world.our().plan_restore(&wish(backup, tenant)).await.unwrap();
    let claim = world.claim(run).await;
    assert_eq!(
        (claim.run().restore_id(), claim.run().tenant.as_ref().map(TenantKey::as_str)),
        (Some(restore), Some(tenant))
    );
    assert!(world.catalog.lease(&claim).complete_plan(&difference(4, digest), 7).await.unwrap());
    restore
}

async fn approved(world: &World, backup: BackupId, tenant: &str, digest: &str) -> RestoreId {
    let restore = plan(world, backup, tenant, digest).await;
    world.our().request_restore(restore, digest, "please").await.unwrap();
    as_person(world, "second").await.approve_restore(restore, digest, "fine").await.unwrap();
    restore
}

async fn state(world: &World, restore: RestoreId) -> S {
    world.our().get_restore(restore).await.unwrap().state
}

fn is<T: std::fmt::Debug>(result: &Result<T, Error>, expected: Conflict) -> bool {
    matches!(result, Err(Error::Conflict(conflict)) if *conflict == expected)
}

async fn applied(world: &World, run: RunId) -> Claim {
    let claim = world.claim(run).await;
    world.catalog.lease(&claim).complete_apply("6 rows of 2 tables").await.unwrap();
    claim
}

/// Twenty catalogs, each with connections of its own.
async fn twenty<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    world: &World,
    act: impl Fn(Catalog, usize) -> F,
) -> Vec<T> {
    let mut tasks = Vec::new();
    for n in 0..20 {
        let catalog = Catalog::open(&world.url, world.clock.clone()).await.unwrap();
        tasks.push(tokio::spawn(act(catalog, n)));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
