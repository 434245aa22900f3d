//! Names that people should not be able to enter.

use domain::access::Role;
use http::StatusCode;

use crate::world::{World, form};

async fn refused(world: &World, path: &str, fields: &[(&str, &str)], field: &str) {
    let answer = world.post(path, &form(fields), Some(world.our(Role::PlatformOperator))).await;
    let told = format!("{path} {fields:?}: {} {}", answer.status, answer.body);
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    assert!(answer.body.contains(&format!("\"field\":\"{field}\"")), "{told}");
}

#[tokio::test]
async fn databases_are_named_as_a_client_program_can_stand() {
    let world = World::new().await;
    let connection = world.ours.connection.to_string();
    let long = "x".repeat(65);
    for name in [
        "--help",
        "-p",
        "a\nb",
        "a\0b",
        "",
        " a",
        "a ",
        &long,
        "mysql",
        "Information_Schema",
        "sys",
        "a\u{1b}[31m",
    ] {
        let fields = [("request[connection_id]", connection.as_str()), ("request[database]", name)];
        refused(&world, "/fn/sources/add_source", &fields, "database").await;
    }
    for name in ["it's", "a`b", "a\"b; DROP", "ü\u{1f600}", "<script>alert(1)</script>", "../x", "%s"] {
        let body = form(&[("request[connection_id]", &connection), ("request[database]", name)]);
        let answer = world.post("/fn/sources/add_source", &body, Some(world.our(Role::TenantAdmin))).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.body);
    }
    let list = world.get("/sources", Some(world.our(Role::Viewer))).await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(!list.body.contains("<script>alert"), "names are text");
}

#[tokio::test]
async fn servers_have_hosts_ports_and_accounts_that_mean_one_thing() {
    let world = World::new().await;
    let base = [
        ("request[name]", "n"),
        ("request[host]", "h"),
        ("request[port]", "3306"),
        ("request[user]", "u"),
        ("request[password]", "p"),
        ("request[tls]", "verify"),
    ];
    let with = |name: &'static str, value: &'static str| {
        base.map(|(field, old)| if field == name { (field, value) } else { (field, old) })
    };
    for (name, value, field) in [
        ("request[host]", "http://db", "host"),
        ("request[host]", "--help", "host"),
        ("request[host]", "", "host"),
        ("request[host]", "db;id", "host"),
        ("request[host]", "/run/sock", "host"),
        ("request[port]", "0", "port"),
        ("request[user]", "", "user"),
        ("request[user]", "a\nb", "user"),
        ("request[name]", "", "name"),
        ("request[name]", "Ours database", "name"),
    ] {
        refused(&world, "/fn/sources/add_connection", &with(name, value), field).await;
    }
    for (name, value) in [("request[port]", "99999"), ("request[port]", "x"), ("request[tls]", "maybe")] {
        refused(&world, "/fn/sources/add_connection", &with(name, value), "form").await;
    }
}

#[tokio::test]
async fn schedules_labels_addresses_and_urls_are_checked() {
    let world = World::new().await;
    let source = world.ours.source.to_string();
    for cron in ["", "@daily", "61 * * * *", "0 0 31 2 *", "* * * *"] {
        let fields = [("request[source_id]", source.as_str()), ("request[cron]", cron)];
        refused(&world, "/fn/policies/set_schedule", &fields, "cron").await;
    }
    let long = "x".repeat(121);
    for label in ["a\nb", "-x", &long] {
        let fields = [("request[source_id]", source.as_str()), ("request[label]", label)];
        refused(&world, "/fn/backups/start", &fields, "label").await;
    }
    for address in ["x", "a@b\nBcc: c@d", "a@b, c@d"] {
        refused(&world, "/fn/alerts/set_channels", &[("request[email_to]", address)], "email_to").await;
    }
    for url in ["ftp://x", "javascript:alert(1)", "https://u:p@x/", "x"] {
        refused(&world, "/fn/alerts/set_channels", &[("request[webhook_url]", url)], "webhook_url").await;
    }
    refused(&world, "/fn/alerts/set_channels", &[("request[webhook_secret]", "s")], "webhook_secret").await;
}

#[tokio::test]
async fn a_restore_needs_a_new_name_typed_twice() {
    let world = World::new().await;
    let (backup, connection) = (world.ours.backup.to_string(), world.ours.connection.to_string());
    let fields = |name: &'static str, confirm: &'static str| {
        [
            ("request[backup_id]", backup.clone()),
            ("request[connection_id]", connection.clone()),
            ("request[database]", name.to_owned()),
            ("request[confirm]", confirm.to_owned()),
        ]
    };
    for (name, confirm, field) in [
        ("copy", "Copy", "confirm"),
        ("copy", "", "confirm"),
        ("--help", "--help", "database"),
        ("mysql", "mysql", "database"),
    ] {
        let fields = fields(name, confirm);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        refused(&world, "/fn/restores/start", &fields, field).await;
    }
}
