//! What is secret is not told again, to nobody, nowhere.

use domain::access::Role;
use http::StatusCode;

use crate::{
    cases::pages,
    world::{World, form},
};

const PASSWORDS: [&str; 2] = ["hunter2-of-the-database", "hunter3-of-the-webhook"];

#[tokio::test]
async fn entered_passwords_are_in_no_answer_and_in_no_file() {
    let world = World::new().await;
    let session = world.our(Role::PlatformOperator).to_owned();
    let body = form(&[
        ("request[name]", "Second"),
        ("request[host]", "db2.example"),
        ("request[port]", "3306"),
        ("request[user]", "backup"),
        ("request[password]", PASSWORDS[0]),
        ("request[tls]", "verify"),
    ]);
    let added = world.post("/fn/sources/add_connection", &body, Some(&session)).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);
    let body = form(&[
        ("request[webhook_url]", "https://hooks.example/x"),
        ("request[webhook_secret]", PASSWORDS[1]),
    ]);
    let set = world.post("/fn/alerts/set_channels", &body, Some(&session)).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    let connection = added.body.trim_matches('"').to_owned();
    let mut answers =
        vec![added, set, world.get(&format!("/connections/{connection}"), Some(&session)).await];
    for (_, case) in pages(&world.ours) {
        answers.push(world.get(&case.path, Some(&session)).await);
    }
    for answer in &answers {
        assert!(PASSWORDS.iter().all(|secret| !answer.body.contains(secret)), "{}", answer.body);
    }
    let held = |bytes: &[u8]| {
        PASSWORDS.iter().any(|secret| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()))
    };
    let mut files = vec![world.dir.path().to_owned()];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            seen += 1;
            assert!(!held(&std::fs::read(&path).unwrap()), "{}", path.display());
        }
    }
    assert!(seen > 3, "the catalog, the root key and the vault were looked at");
}

#[tokio::test]
async fn another_host_voids_the_stored_password() {
    let world = World::new().await;
    let session = world.our(Role::TenantAdmin).to_owned();
    let id = world.ours.connection.to_string();
    let change = async |host: &str, version: &str, reason: &str| {
        let body = form(&[
            ("request[id]", &id),
            ("request[version]", version),
            ("request[name]", "Moved"),
            ("request[host]", host),
            ("request[port]", "3306"),
            ("request[user]", "backup"),
            ("request[password]", ""),
            ("request[tls]", "verify"),
            ("request[reason]", reason),
        ]);
        world.post("/fn/sources/change_connection", &body, Some(&session)).await
    };
    let has_credentials = async || {
        let operator = world.services.catalog.command_line("test").await.unwrap();
        let scope = operator.allow::<domain::access::may::ReadSources>(world.ours.id).unwrap();
        world
            .services
            .catalog
            .tenant(&scope)
            .get_connection(world.ours.connection)
            .await
            .unwrap()
            .has_credentials
    };
    assert!(has_credentials().await);
    assert_eq!(change("db1.example", "1", "").await.status, StatusCode::OK);
    assert!(has_credentials().await, "a new name alone keeps it");
    assert_eq!(change("db1.example", "1", "").await.status, StatusCode::CONFLICT, "somebody else changed it");
    let unexplained = change("evil.example", "2", "").await;
    assert_eq!(unexplained.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unexplained.body);
    let asked = change("evil.example", "2", "a new server").await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    assert!(has_credentials().await, "somebody else has to agree first");
    let operator = world.services.catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<domain::access::may::ReadBackups>(world.ours.id).unwrap();
    let rows = world.services.catalog.tenant(&scope);
    let request = rows.approval_about(&format!("connection:{id}")).await.unwrap().unwrap();
    let digest = rows.get_approval(request).await.unwrap().digest;
    let agree = form(&[("request[id]", &request.to_string()), ("request[digest]", &digest)]);
    let own = world.post("/fn/approvals/approve", &agree, Some(&session)).await;
    assert!(own.body.contains("second_person"), "{} {}", own.status, own.body);
    let page = world.get(&format!("/approvals/{request}"), Some(world.our(Role::Approver))).await;
    assert!(page.body.contains("evil.example:3306"), "{}", page.body);
    let moved = world.post("/fn/approvals/approve", &agree, Some(world.our(Role::Approver))).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    assert!(!has_credentials().await);
    let restore = form(&[
        ("request[backup_id]", &world.ours.backup.to_string()),
        ("request[connection_id]", &id),
        ("request[database]", "copy"),
        ("request[confirm]", "copy"),
    ]);
    let refused = world.post("/fn/restores/start", &restore, Some(&session)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("credentials_void"), "{}", refused.body);
}
