//! Nothing that needs a second person is done without one, nothing else than what they saw, and nothing twice.

mod agree;
mod alone;
mod away;
mod rules;

use catalog::{Asked, Conflict, Error, NewUser, TenantCatalog};
use domain::{
    UserId,
    access::{Role, may},
    approvals::{Change, State, Verdict},
    id::ApprovalId,
};

use crate::{access::session_of, world::World};

async fn as_person<'c>(world: &'c World, name: &str) -> TenantCatalog<'c> {
    let person = world.catalog.command_line(name).await.unwrap();
    world.catalog.tenant(&person.allow::<may::ReadBackups>(world.ours.id).unwrap())
}

/// Somebody added by the account `by` of the command line.
async fn add(world: &World, by: &str, name: &str, role: Role) -> UserId {
    let new = NewUser { name: name.into(), email: format!("{name}@example.org"), role, password_hash: None };
    as_person(world, by).await.create_user(new).await.unwrap()
}

async fn of_user(world: &World, user: UserId) -> TenantCatalog<'_> {
    let session = session_of(world, user).await;
    let person = world.catalog.authenticate_session(&session).await.unwrap().unwrap();
    world.catalog.tenant(&person.allow::<may::ReadBackups>(world.ours.id).unwrap())
}

/// Backs the source up no more.
fn switch_off(world: &World) -> Change {
    Change::SetSchedule {
        source_id: world.ours.source,
        incremental: false,
        cron: "0 2 * * *".into(),
        enabled: false,
    }
}

async fn ask(rows: &TenantCatalog<'_>, change: &Change) -> ApprovalId {
    match rows.ask_or_do(change, "ticket 4711").await.unwrap() {
        Asked::Waiting(request) => request,
        Asked::Done(run) => panic!("done at once: {run:?}"),
    }
}

async fn agree(rows: &TenantCatalog<'_>, request: ApprovalId) -> Result<State, Error> {
    let digest = rows.get_approval(request).await?.digest;
    rows.decide_approval(request, Verdict::Agree, &digest, "fine").await
}

async fn state(world: &World, request: ApprovalId) -> State {
    world.our().get_approval(request).await.unwrap().state
}

async fn is_scheduled(world: &World) -> bool {
    world.our().get_source(world.ours.source).await.unwrap().schedules[0].enabled
}

/// One round of the sweep.
async fn tend(world: &World) {
    for (tenant, request) in world.system().approvals_to_tend(100).await.unwrap() {
        world.system().tend_approval(tenant, request, true).await.unwrap();
    }
}

fn is<T: std::fmt::Debug>(result: &Result<T, Error>, expected: Conflict) -> bool {
    matches!(result, Err(Error::Conflict(conflict)) if *conflict == expected)
}
