//! Restores of one tenant into the live database, through the job code, against real servers.

use catalog::{NewUser, TenantCatalog};
use domain::{
    BackupId, RestoreId, UserId,
    access::{Role, may},
    backups::RunState,
    restores::{RequestState, Selection, TenantRestore},
};
use tower_sessions::{SessionStore as _, session::Record};

use super::{
    worker_tenants::{inferred, key, native, proven, whole},
    worker_world::{Floor, source},
};

pub async fn as_person<'c>(floor: &'c Floor, name: &str) -> TenantCatalog<'c> {
    let person = floor.services.catalog.command_line(name).await.unwrap();
    floor.services.catalog.tenant(&person.allow::<may::ApproveRestore>(floor.tenant).unwrap())
}

/// Asks for everything of tenant 3 as ann, and computes the difference. Gives the request and its digest.
pub async fn asked(floor: &Floor, backup_id: BackupId) -> (RestoreId, String) {
    let wish = TenantRestore { backup_id, tenant: key("3"), selection: Selection::Everything };
    let ann = as_person(floor, "ann").await;
    let (restore, run) = ann.plan_restore(&wish).await.unwrap();
    let planned = floor.work(run).await;
    assert_eq!(planned.state, RunState::Completed, "{:?}", planned.error);
    let digest = ann.get_restore(restore).await.unwrap().figures.unwrap().digest;
    ann.request_restore(restore, &digest, "").await.unwrap();
    (restore, digest)
}

/// The rows as a person has them who signs in now.
async fn of_user(floor: &Floor, user: UserId) -> TenantCatalog<'_> {
    let mut data = std::collections::HashMap::new();
    data.insert(catalog::SESSION_USER.to_owned(), serde_json::json!(user));
    data.insert(
        catalog::SESSION_SIGNED_IN_AT.to_owned(),
        serde_json::json!(domain::Clock::now(&*floor.clock).0),
    );
    let expiry_date = time::OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
    let mut record = Record { id: tower_sessions::session::Id::default(), data, expiry_date };
    let catalog = &floor.services.catalog;
    catalog.sessions().create(&mut record).await.unwrap();
    let person = catalog.authenticate_session(&record.id).await.unwrap().unwrap();
    catalog.tenant(&person.allow::<may::ApproveRestore>(floor.tenant).unwrap())
}

fn sum(tenant: &str) -> String {
    source().sql(&format!(
        "SELECT COUNT(*), SUM(CRC32(CONCAT_WS(',', id, title, weight, HEX(body)))) FROM restored_live.controls WHERE TenantId {tenant}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_is_put_back_into_the_live_database_and_it_can_be_undone() {
    let floor = native("restored_live").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    let (before, others) = (sum("= 3"), sum("<> 3"));
    source().sql(
        "USE restored_live; DELETE FROM controls WHERE TenantId = 3 AND id < 50; \
         UPDATE controls SET title = 'spoilt' WHERE TenantId = 3 AND id BETWEEN 50 AND 99; \
         INSERT INTO controls VALUES (3, 9999, 'new', 0.5, 'x')",
    );
    let spoilt = sum("= 3");
    let wish = TenantRestore { backup_id, tenant: key("3"), selection: Selection::Everything };
    let rows = floor.rows();
    let (restore, run) = rows.plan_restore(&wish).await.unwrap();
    let planned = floor.work(run).await;
    assert_eq!(planned.state, RunState::Completed, "{:?}", planned.error);
    let figures = rows.get_restore(restore).await.unwrap().figures.unwrap();
    assert_eq!((figures.inserts, figures.updates, figures.deletes), (7, 7, 1), "{figures:?}");
    assert_eq!((figures.foreign_rows, figures.obstacles.len()), (0, 0), "{figures:?}");
    assert_eq!(sum("= 3"), spoilt, "a preview changes nothing");
    as_person(&floor, "ann").await.request_restore(restore, &figures.digest, "").await.unwrap();
    as_person(&floor, "bob").await.approve_restore(restore, &figures.digest, "").await.unwrap();
    let run = rows.apply_restore(restore, &figures.digest).await.unwrap();
    let applied = floor.work(run).await;
    assert_eq!(applied.state, RunState::Completed, "{:?}", applied.error);
    assert_eq!((sum("= 3"), sum("<> 3")), (before, others.clone()));
    assert_eq!(rows.get_restore(restore).await.unwrap().state, RequestState::Applied);
    server::vaults::sweep::orphans(&floor.services).await.unwrap();
    let run = rows.undo_restore(restore, &figures.digest).await.unwrap();
    let undone = floor.work(run).await;
    assert_eq!(undone.state, RunState::Completed, "{:?}", undone.error);
    assert_eq!((sum("= 3"), sum("<> 3")), (spoilt, others));
    assert_eq!(rows.get_restore(restore).await.unwrap().state, RequestState::Undone);
    // Its change set holds rows, and is of no use any more.
    let id = restore.to_string();
    assert!(floor.objects().iter().any(|name| name.contains(&id)));
    floor.clock.advance_ms(60_000);
    server::vaults::sweep::orphans(&floor.services).await.unwrap();
    let left: Vec<_> = floor.objects().into_iter().filter(|name| name.contains(&id)).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn live_rows_that_moved_on_since_the_preview_are_not_touched() {
    let floor = native("moved_on").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    source().sql("DELETE FROM moved_on.controls WHERE TenantId = 3 AND id < 50");
    let wish = TenantRestore { backup_id, tenant: key("3"), selection: Selection::Everything };
    let rows = floor.rows();
    let (restore, run) = rows.plan_restore(&wish).await.unwrap();
    floor.work(run).await;
    let digest = rows.get_restore(restore).await.unwrap().figures.unwrap().digest;
    rows.request_restore(restore, &digest, "").await.unwrap();
    as_person(&floor, "bob").await.approve_restore(restore, &digest, "").await.unwrap();
    source().sql("UPDATE moved_on.controls SET title = 'later' WHERE TenantId = 3 AND id = 1004");
    let run = rows.apply_restore(restore, &digest).await.unwrap();
    let failed = floor.work(run).await;
    assert_eq!(failed.state, RunState::Failed, "{:?}", failed.error);
    assert_eq!(rows.get_restore(restore).await.unwrap().state, RequestState::Failed);
    let kept = source().sql("SELECT COUNT(*) FROM moved_on.controls WHERE TenantId = 3");
    assert_eq!(kept.trim(), "279", "nothing was put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_whose_giver_lost_the_role_meanwhile_is_not_used() {
    let floor = native("role_lost").await;
    inferred(&floor).await;
    floor.rows().confirm_map(floor.source, 1).await.unwrap();
    let backup_id = whole(&floor).await;
    proven(&floor, backup_id).await;
    source().sql("DELETE FROM role_lost.controls WHERE TenantId = 3 AND id < 50");
    let count = || source().sql("SELECT COUNT(*) FROM role_lost.controls WHERE TenantId = 3");
    let new = NewUser {
        name: "Eve".into(),
        email: "eve@example.org".into(),
        role: Role::Approver,
        password_hash: None,
    };
    let eve = floor.rows().create_user(new).await.unwrap();
    let (restore, digest) = asked(&floor, backup_id).await;
    of_user(&floor, eve).await.approve_restore(restore, &digest, "").await.unwrap();
    let run = floor.rows().apply_restore(restore, &digest).await.unwrap();
    floor.rows().change_user(eve, Role::Viewer, true).await.unwrap();

    let refused = floor.work(run).await;
    assert_eq!(refused.state, RunState::Failed);
    let error = refused.error.unwrap();
    assert_eq!(error.kind, "refused");
    assert!(error.message.contains("may not approve it any more"), "{error:?}");
    assert_eq!(count().trim(), "279", "nothing was put back");
    assert_eq!(floor.rows().get_restore(restore).await.unwrap().state, RequestState::AwaitingApproval);

    as_person(&floor, "bob").await.approve_restore(restore, &digest, "").await.unwrap();
    let run = floor.rows().apply_restore(restore, &digest).await.unwrap();
    let applied = floor.work(run).await;
    assert_eq!(applied.state, RunState::Completed, "{:?}", applied.error);
    assert_eq!(count().trim(), "286");
}
