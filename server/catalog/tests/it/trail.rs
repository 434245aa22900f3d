//! The trail that nobody can rewrite: complete, one chain whoever writes, and found again. How it is proven is in
//! `trail_proof`.

use std::net::IpAddr;

use catalog::{Catalog, Conflict, Error, NewHead, RunRequest, SystemTask, TrailEntry, TrailQuery};
use domain::{
    Clock, TenantId, UserId,
    access::may,
    audit::{Act, Chain, Deed, Field, Object, Origin, Outcome, TreeHead},
};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use crate::{
    trail_acts::refuse_entries,
    world::{Tenant, World, contract},
};

/// Stands for the installation's key.
pub fn sign(bytes: &[u8]) -> [u8; 64] {
    let half = Sha256::new().chain_update(b"key").chain_update(bytes).finalize();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&half);
    signature
}

pub fn signed(bytes: &[u8], signature: &[u8; 64]) -> bool {
    sign(bytes) == *signature
}

/// Statements of somebody who owns the database, past the catalog.
pub async fn tamper(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    if url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.map(drop)
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await?;
        sqlx::raw_sql("set holdfast.scope = '*'").execute(&mut conn).await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.map(drop)
    }
}

async fn all(world: &World, tenant: Tenant, query: TrailQuery) -> Vec<TrailEntry> {
    let (mut query, mut rows) = (query, Vec::new());
    loop {
        let page = world.tenant(tenant).search_trail(&query).await.unwrap();
        rows.extend(page.rows);
        query.after = page.next;
        if query.after.is_none() {
            return rows;
        }
    }
}

/// How many entries a chain has.
async fn length(world: &World, chain: Chain) -> u64 {
    world.catalog.system(SystemTask::Audit).check_trail(chain, &signed).await.unwrap().entries
}

/// What came into our trail since it had `before` entries.
async fn since(world: &World, before: u64) -> Vec<TrailEntry> {
    let mut rows = all(world, world.ours, TrailQuery::default()).await;
    rows.retain(|row| row.sequence > before);
    rows
}

async fn whole(world: &World, chain: Chain) -> u64 {
    let checked = world.catalog.system(SystemTask::Audit).check_trail(chain, &signed).await.unwrap();
    assert_eq!(checked.damage, None);
    checked.entries
}

/// Puts everything that is new under a head, as the sweep does.
pub async fn anchor(world: &World) -> NewHead {
    let system = world.catalog.system(SystemTask::Audit);
    let mut new = system.unanchored().await.unwrap();
    let installation = world.catalog.installation().await.unwrap().id;
    let head = TreeHead::over(installation, new.before.as_ref(), world.clock.now(), &mut new.marks);
    let new = NewHead { signature: sign(&head.bytes()), head, marks: new.marks };
    assert!(system.store_head(&new).await.unwrap());
    new
}

fn looked_at(n: u128) -> Deed {
    Deed::done(Act::RestoreRows, Object::from(domain::RestoreId::new(Uuid::from_u128(n))))
}

pub async fn look(world: &World, tenant: Tenant, times: u128) {
    for n in 0..times {
        world.tenant(tenant).record_deed(looked_at(n)).await.unwrap();
    }
}

async fn start(catalog: &Catalog, tenant: TenantId, request: RunRequest) -> Result<domain::RunId, Error> {
    let principal = catalog.command_line("root").await?;
    let scope = principal.allow::<may::StartBackup>(tenant)?;
    catalog.tenant(&scope).create_run(request, None).await
}

contract! {
    an_act_and_its_entry_are_one(world) {
        let chain = Chain::Tenant(world.ours.id);
        let before = length(world, chain).await;
        let run = world.start_backup(world.ours).await;
        let trail = since(world, before).await;
        assert_eq!(trail.len(), 1, "{trail:?}");
        let event = trail[0].event.clone().unwrap();
        assert_eq!((event.act, event.outcome, event.on), (Act::BackupStart, Outcome::Done, Object::from(run)));
        assert_eq!((event.chain, event.at, event.who.name()), (Chain::Tenant(world.ours.id), world.clock.now(), "command line"));
        let facts: Vec<_> = event.after.iter().map(|(field, fact)| (field, fact.to_string())).collect();
        assert_eq!(facts, [(Field::Label, "by hand".to_owned()), (Field::Source, world.ours.source.to_string())]);
        let request = RunRequest::Backup { source_id: world.ours.source, label: None };
        let again = world.our().create_run(request, None).await;
        assert!(matches!(again, Err(Error::Conflict(Conflict::AlreadyRunning))), "{again:?}");
        assert_eq!(whole(world, chain).await, before + 1);
    }

    an_act_that_cannot_be_audited_does_not_happen(world) {
        let user = world.our().create_user(catalog::NewUser {
            name: "Ada".into(), email: "ada@example.org".into(), role: domain::access::Role::Viewer, password_hash: None,
        }).await.unwrap();
        let before = length(world, Chain::Tenant(world.ours.id)).await;
        refuse_entries(&world.url).await;
        let request = RunRequest::Backup { source_id: world.ours.source, label: None };
        assert!(matches!(world.our().create_run(request, None).await, Err(Error::Database(_))));
        let runs = world.our().list_runs(&catalog::RunQuery::default()).await.unwrap().rows;
        assert!(runs.iter().all(|run| run.kind != domain::backups::RunKind::Backup), "{runs:?}");
        let read = world.our().record_deed(looked_at(1)).await;
        assert!(matches!(read, Err(Error::Unaudited)), "{read:?}");
        assert!(world.catalog.record_sign_in(user, &Origin::here()).await.is_err());
        let row = world.our().get_user(user).await.unwrap();
        assert_eq!(row.last_sign_in, None, "what was not written down did not happen");
        // Nothing of it remains, and the chain goes on where it was.
        tamper(&world.url, if world.url.starts_with("sqlite") { "drop trigger full" } else { "alter table audit_entries drop constraint disk_is_full" }).await.unwrap();
        world.our().record_deed(looked_at(1)).await.unwrap();
        assert_eq!(whole(world, Chain::Tenant(world.ours.id)).await, before + 1);
    }

    signing_in_and_failing_to_are_in_the_installations_trail(world) {
        let new = catalog::NewUser {
            name: "Ada".into(), email: "ada@example.org".into(), role: domain::access::Role::Viewer, password_hash: None,
        };
        let user = world.our().create_user(new).await.unwrap();
        let (ours, platform) = (Chain::Tenant(world.ours.id), Chain::Platform);
        let before = (length(world, ours).await, length(world, platform).await);
        let origin = Origin::network(IpAddr::from([192, 0, 2, 7]), Some("Firefox"));
        world.catalog.record_sign_in(user, &origin).await.unwrap();
        world.catalog.record_sign_in_failure(Some(user), &origin).await.unwrap();
        world.catalog.record_sign_in_failure(None, &origin).await.unwrap();
        let page = world.catalog.search_platform_trail(&world.principal, &TrailQuery { act: Some(Act::SessionBegin), ..TrailQuery::default() }).await.unwrap();
        let told: Vec<_> = page.rows.iter().map(|row| (row.outcome.as_str(), row.actor.clone(), row.object.clone())).collect();
        let person = format!("user:{user}");
        assert_eq!(told, [
            ("failed", "stranger:".to_owned(), "account:unknown".to_owned()),
            ("failed", "stranger:".to_owned(), person.clone()),
            ("done", person.clone(), person),
        ]);
        assert!(page.rows.iter().all(|row| row.event.as_ref().unwrap().from == origin));
        assert_eq!((whole(world, ours).await, whole(world, platform).await), (before.0, before.1 + 3));
    }

    nothing_can_be_changed_or_removed(world) {
        look(world, world.ours, 3).await;
        anchor(world).await;
        world.catalog.system(SystemTask::Audit).head_laid(1, world.vault).await.unwrap();
        for table in ["audit_entries", "audit_heads", "audit_marks", "audit_anchors", "audit_chains"] {
            let column = match table { "audit_heads" | "audit_anchors" => "at", "audit_marks" => "last_entry", _ => "sequence" };
            for statement in [format!("update {table} set {column} = {column} + 7"), format!("delete from {table}")] {
                let error = tamper(&world.url, &statement).await.unwrap_err();
                assert!(error.to_string().contains("append only"), "{statement}: {error}");
            }
        }
    }

    an_entry_that_does_not_continue_the_chain_is_refused_by_the_database(world) {
        look(world, world.ours, 3).await;
        let tenant = world.ours.id;
        let last = length(world, Chain::Tenant(tenant)).await;
        for (sequence, previous) in [(last + 1, "hash"), (last - 1, "previous"), (last + 2, "hash")] {
            let filter = if sequence == last + 1 { last - 1 } else { last };
            let forged = format!(
                "insert into audit_entries (tenant_id, sequence, previous, hash, event, at, actor, act, object, outcome, urgent) \
                 select tenant_id, {sequence}, {previous}, hash, event, at, actor, act, object, outcome, urgent \
                 from audit_entries where tenant_id = '{tenant}' and sequence = {filter}"
            );
            let error = tamper(&world.url, &forged).await.unwrap_err();
            assert!(error.to_string().contains("must continue its chain"), "{error}");
        }
        assert_eq!(whole(world, Chain::Tenant(tenant)).await, last);
    }

    eight_servers_write_one_chain_without_fork_or_loss(world) {
        let (ours, theirs, source) = (world.ours.id, world.theirs.id, world.ours.source);
        let before = (length(world, Chain::Tenant(ours)).await, length(world, Chain::Tenant(theirs)).await);
        let mut tasks = Vec::new();
        for server in 0..8u128 {
            let catalog = Catalog::open(&world.url, world.clock.clone()).await.unwrap();
            tasks.push(tokio::spawn(async move {
                let principal = catalog.command_line("root").await.unwrap();
                let scope = |tenant| principal.allow::<may::StartBackup>(tenant).unwrap();
                for n in 0..10 {
                    let (a, b) = (scope(ours), scope(theirs));
                    let (a, b) = (catalog.tenant(&a), catalog.tenant(&b));
                    let request = RunRequest::Backup { source_id: source, label: None };
                    let (one, two, three) = tokio::join!(
                        a.record_deed(looked_at(server * 100 + n)),
                        b.record_deed(looked_at(server * 100 + n)),
                        start(&catalog, ours, request),
                    );
                    one.unwrap();
                    two.unwrap();
                    assert!(matches!(three, Ok(_) | Err(Error::Conflict(Conflict::AlreadyRunning))), "{three:?}");
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        // Eight times ten looks, and the one backup that was started.
        assert_eq!(whole(world, Chain::Tenant(ours)).await, before.0 + 81);
        assert_eq!(whole(world, Chain::Tenant(theirs)).await, before.1 + 80);
        let rows = since(world, before.0).await;
        let objects: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.object).collect();
        assert_eq!((rows.len(), objects.len()), (81, 81), "nothing is lost and nothing twice");
    }

    a_search_finds_what_it_asks_for_and_nothing_else(world) {
        let before = length(world, Chain::Tenant(world.ours.id)).await;
        let (ada, eve): (UserId, UserId) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        for n in 0..90u32 {
            let on = Object::from(if n % 2 == 0 { ada } else { eve });
            let deed = match n % 3 {
                0 => Deed::done(Act::UserChange, on),
                1 => Deed::refused(Act::UserChange, on, "role"),
                _ => Deed::failed(Act::PasswordReset, on, "mail"),
            };
            world.our().record_deed(deed).await.unwrap();
            world.clock.advance_ms(1000);
        }
        look(world, world.theirs, 5).await;
        let every = all(world, world.ours, TrailQuery::default()).await;
        assert_eq!(every.len() as u64, before + 90);
        assert!(every.is_sorted_by(|a, b| (a.at, a.sequence) > (b.at, b.sequence)));
        let acts = [None, Some(Act::UserChange), Some(Act::PasswordReset), Some(Act::AuditExport)];
        let objects = [None, Some(Object::from(ada)), Some(Object::trail())];
        let outcomes = [None, Some(Outcome::Done), Some(Outcome::Refused), Some(Outcome::Failed)];
        let actors = [None, Some(every[0].actor.clone()), Some("user:nobody".to_owned())];
        let middle = every[40].at;
        let times = [(None, None), (Some(middle), None), (None, Some(middle))];
        for act in acts {
            for object in &objects {
                for outcome in outcomes {
                    for actor in &actors {
                        for (from, until) in times {
                            let query = TrailQuery { from, until, actor: actor.clone(), act, object: object.clone(), outcome, after: None, limit: 7 };
                            let found = all(world, world.ours, query.clone()).await;
                            let expected: Vec<_> = every.iter().filter(|row| {
                                act.is_none_or(|act| row.act == act.key())
                                    && object.as_ref().is_none_or(|object| row.object == object.key())
                                    && outcome.is_none_or(|outcome| row.outcome == outcome.key())
                                    && actor.as_ref().is_none_or(|actor| row.actor == *actor)
                                    && from.is_none_or(|from| row.at >= from)
                                    && until.is_none_or(|until| row.at < until)
                            }).cloned().collect();
                            assert_eq!(found, expected, "{query:?}");
                        }
                    }
                }
            }
        }
    }

    a_page_ends_after_five_thousand_entries_that_do_not_fit_and_goes_on(world) {
        let before = length(world, Chain::Tenant(world.ours.id)).await;
        let rare = Object::from(UserId::new(Uuid::from_u128(9)));
        world.our().record_deed(Deed::done(Act::RestoreRows, rare)).await.unwrap();
        for part in 0..11 {
            let rows = world.our();
            let deeds = (0..500).map(|n| rows.record_deed(looked_at(part * 500 + n)));
            futures::future::try_join_all(deeds).await.unwrap();
        }
        let actor = all(world, world.ours, TrailQuery { limit: 1, until: Some(world.clock.now()), ..TrailQuery::default() }).await;
        assert!(actor.is_empty(), "until is not included");
        let query = TrailQuery { act: Some(Act::RestoreRows), actor: Some("command_line:nobody".into()), ..TrailQuery::default() };
        assert!(world.our().search_trail(&query).await.unwrap().next.is_none(), "an actor without acts is known at once");
        let query = TrailQuery { act: Some(Act::UserChange), actor: Some("command_line:root".into()), ..TrailQuery::default() };
        let first = world.our().search_trail(&query).await.unwrap();
        assert!(first.rows.is_empty() && first.next.is_some(), "{first:?}");
        let second = world.our().search_trail(&TrailQuery { after: first.next, ..query }).await.unwrap();
        assert!(second.rows.is_empty() && second.next.is_none(), "{second:?}");
        assert_eq!(whole(world, Chain::Tenant(world.ours.id)).await, before + 5501);
    }
}
