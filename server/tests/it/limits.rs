//! What one person can ask for, and what they are told when it is too much or not theirs to see.

use domain::{
    RestoreId,
    access::{Permission, Role, may},
};
use http::StatusCode;

use crate::world::{World, form};

async fn chosen(world: &World, keys: &str) -> crate::world::Answer {
    let backup = world.ours.backup.to_string();
    let fields = [
        ("request[backup_id]", backup.as_str()),
        ("request[tenant]", "7"),
        ("request[what]", "rows"),
        ("request[table]", "control"),
        ("request[keys]", keys),
    ];
    world.post("/fn/restores/plan", &form(&fields), Some(world.our(Role::TenantAdmin))).await
}

#[tokio::test]
async fn keys_of_rows_are_shown_to_those_who_may_see_rows_and_nowhere_else() {
    let world = World::new().await;
    let asked = chosen(&world, "ann@example.org\nbob@example.org").await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    let restore: RestoreId = asked.body.trim_matches('"').parse().unwrap();
    let scope = world.services.catalog.command_line("test").await.unwrap();
    let scope = scope.allow::<may::ReadBackups>(world.ours.id).unwrap();
    let run = world.services.catalog.tenant(&scope).get_restore(restore).await.unwrap().plan_run;
    let source = world.ours.source;
    for role in Role::ALL.iter().copied() {
        let session = Some(world.our(role));
        let page = world.get(&format!("/restores/{restore}"), session).await;
        assert_eq!(page.status, StatusCode::OK, "{role:?}");
        assert!(page.body.contains("2 rows of control"), "{role:?}: {}", page.body);
        let may_see = Permission::ReadContents.allows(role);
        assert_eq!(page.body.contains("ann@example.org"), may_see, "{role:?}");
        // Lists, logs and trails have the figures only, whoever reads them.
        let tenant = format!("/sources/{source}/tenants/7");
        for path in ["/restores", "/runs", "/", tenant.as_str(), &format!("/runs/{run}")] {
            let page = world.get(path, session).await;
            assert!(!page.body.contains("ann@example.org"), "{role:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_choice_of_rows_that_is_too_long_is_refused_in_words() {
    let world = World::new().await;
    let lines = |count: usize| (0..count).map(|n| format!("{n:050}\n")).collect::<String>();
    let long = chosen(&world, &lines(1_300)).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", long.body);
    assert!(
        long.body.contains("at most 64 KiB") && long.body.contains("\"field\":\"keys\""),
        "{}",
        long.body
    );
    let fits = chosen(&world, &lines(1_100)).await;
    assert_eq!(fits.status, StatusCode::OK, "{}", fits.body);
}

#[tokio::test]
async fn an_operator_backs_up_no_tenant_that_nobody_knows() {
    let world = World::new().await;
    let source = world.ours.source.to_string();
    let fields = [("request[source_id]", source.as_str()), ("request[tenant]", "invented")];
    let refused = world.post("/fn/backups/start", &form(&fields), Some(world.our(Role::Operator))).await;
    let unknown =
        world.get(&format!("/sources/{source}/tenants/invented"), Some(world.our(Role::Operator))).await;
    assert_eq!((refused.status, unknown.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn downloads_have_an_end_for_one_person_and_for_all() {
    let world = World::new().await;
    let path = format!("/backups/{}/export", world.ours.backup);
    let ask = async |role: Role| world.get(&path, Some(world.our(role))).await;
    // This world's backup is not in the vault: a download that is let in fails for that, and need not come again.
    let is_let_in = |answer: &crate::world::Answer| {
        assert!(answer.status.is_server_error(), "{answer:?}");
        answer.header("retry-after").is_empty()
    };
    let downloads = &world.services.downloads;
    assert!(is_let_in(&ask(Role::PlatformOperator).await) && is_let_in(&ask(Role::PlatformOperator).await));
    assert!(is_let_in(&ask(Role::PlatformOperator).await), "places are given back");
    let me = format!("user:{}", world.ours.users[&Role::PlatformOperator]);
    let own = [downloads.enter(&me).unwrap(), downloads.enter(&me).unwrap()];
    let refused = ask(Role::PlatformOperator).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
    assert_eq!(refused.header("retry-after"), "60");
    assert!(refused.body.contains("2 of your downloads"), "{}", refused.body);
    assert!(is_let_in(&ask(Role::TenantAdmin).await), "not theirs");
    drop(own);
    let all: Vec<_> = (0..8).map(|n| downloads.enter(&format!("user:{n}")).unwrap()).collect();
    let full = ask(Role::TenantAdmin).await;
    assert_eq!(
        (full.status, full.header("retry-after")),
        (StatusCode::SERVICE_UNAVAILABLE, "60"),
        "{}",
        full.body
    );
    drop(all);
    assert!(is_let_in(&ask(Role::TenantAdmin).await));
}
