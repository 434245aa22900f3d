//! What programs send by mistake or on purpose, and the document that tells them what to send.

use std::collections::BTreeSet;

use domain::access::Role;
use http::{Method, StatusCode, header};
use serde_json::Value;
use server::api::routes;

use crate::{
    api_cases::{all_of, calls},
    world::World,
};

/// Statuses and words of which one is the answer.
type Answers = &'static [(u16, &'static str)];

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::TenantAdmin, &all_of(Role::TenantAdmin)).await;
    let json = Some("application/json");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = format!("{{\"tenant\": {}7{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("{{\"tenant\": \"{}\"}}", "7".repeat(2 << 20));
    let inputs: [(&str, Option<&str>, Answers); 9] = [
        ("{\"tenant\": ", json, &[(400, "bad_json"), (422, "invalid")]),
        ("", json, &[(400, "bad_json")]),
        (&deep, json, &[(400, "bad_json"), (422, "invalid")]),
        (&deep_field, json, &[(400, "bad_json"), (422, "invalid")]),
        (&long, json, &[(413, "too_large")]),
        ("{}", Some("text/plain"), &[(415, "not_json")]),
        ("tenant=7", Some("application/x-www-form-urlencoded"), &[(415, "not_json")]),
        ("{}", None, &[(415, "not_json")]),
        ("{\"unknown\": 1}", json, &[(422, "invalid")]),
    ];
    for call in calls(&world.ours).into_iter().filter(|call| call.body.is_some()) {
        for (body, kind, expected) in inputs {
            let mut request = world.bare(Some(&token), call.method.clone(), &call.path, body.to_owned());
            if let Some(kind) = kind {
                request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            let answer = world.send(request).await;
            let told = (answer.status.as_u16(), answer.problem());
            let start: String = body.chars().take(30).collect();
            assert!(
                expected.contains(&(told.0, told.1.as_str())),
                "{} {start}: {told:?} {}",
                call.path,
                answer.body
            );
            assert!(answer.body.len() < 2_000);
        }
    }
}

#[tokio::test]
async fn unknown_paths_methods_and_fields_are_problems_too() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::TenantAdmin, &all_of(Role::TenantAdmin)).await;
    for path in ["/api/", "/api/v1", "/api/v1/unknown", "/api/v1/backups/x/y/z", "/api/v2/backups"] {
        let answer = world.fetch(&token, path).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{path}"
        );
    }
    for path in ["/api/v1/backups/x", "/api/v1/backups/%00", "/api/v1/runs/..%2f", "/api/backups/tenant/1"] {
        assert_eq!(world.fetch(&token, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let put = world.send(world.bare(Some(&token), Method::PUT, "/api/v1/backups", String::new())).await;
    assert_eq!((put.status, put.problem().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    assert!(put.header("allow").contains("POST"), "{}", put.header("allow"));
    for query in ["?unknown=1", "?source_id=x", "?verification=perhaps"] {
        let answer = world.fetch(&token, &format!("/api/v1/backups{query}")).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (StatusCode::BAD_REQUEST, "bad_query"),
            "{query}"
        );
    }
    let answer = world.fetch(&token, "/api/v1/backups?after=nonsense").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    let answer = world.fetch(&token, "/api/backups/tenant/list?tenant=7&after=nonsense").await;
    assert_eq!(answer.problem(), "bad_query");
    let rows = serde_json::json!({ "backup_id": world.ours.backup, "tenant": "7", "tables": ["a"],
        "rows": { "table": "a", "keys": [["1"]] } });
    assert_eq!(world.send_json(&token, "/api/v1/restores", &rows, None).await.problem(), "invalid");
    // Where somebody could listen, a token is not even looked at.
    let mut request = world.bare(Some(&token), Method::GET, "/api/v1/sources", String::new());
    request.headers_mut().insert(header::HOST, "hold.example".parse().unwrap());
    assert_eq!(world.send(request).await.problem(), "not_encrypted");
}

#[tokio::test]
async fn what_a_tenant_has_is_listed_and_a_backup_is_kept() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::TenantAdmin, &all_of(Role::TenantAdmin)).await;
    let list = world.fetch(&token, "/api/backups/tenant/list?tenant=7").await.json();
    assert_eq!(list["rows"][0]["backup_id"], world.ours.backup.to_string(), "{list}");
    assert_eq!((&list["rows"][0]["tenant_rows"], &list["next"]), (&Value::from(7), &Value::Null));
    let none = world.fetch(&token, "/api/backups/tenant/list?tenant=8").await.json();
    assert_eq!(none["rows"], Value::Array(Vec::new()));
    let path = format!("/api/backups/tenant/{}", world.ours.backup);
    let kept = world.send(world.bare(Some(&token), Method::DELETE, &path, String::new())).await;
    assert_eq!(
        (kept.status, kept.problem().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        "nothing says why"
    );
    let why = format!("{path}?reason=moved");
    let asked = world.send(world.bare(Some(&token), Method::DELETE, &why, String::new())).await;
    assert_eq!(
        (asked.status, &asked.json()["state"]),
        (StatusCode::ACCEPTED, &Value::from("waiting")),
        "{}",
        asked.body
    );
    assert_eq!(world.fetch(&token, &path).await.json()["backup"]["retention"], "active");
    let again = world.send(world.bare(Some(&token), Method::DELETE, &why, String::new())).await;
    assert_eq!(again.problem(), "asked_already");
    // A token does not agree to what its maker asked for; somebody else's does, and then it rests.
    let request = format!("/api/v1/approvals/{}", asked.json()["approval_id"].as_str().unwrap());
    let whole = world.fetch(&token, &request).await.json();
    let verdict = serde_json::json!({ "digest": whole["digest"] });
    let own = world.send_json(&token, &format!("{request}/approve"), &verdict, None).await;
    assert_eq!(own.problem(), "second_person", "{}", own.body);
    let other = world.token(&world.ours, Role::Approver, &all_of(Role::Approver)).await;
    let edited = serde_json::json!({ "digest": "00".repeat(32) });
    let edited = world.send_json(&other, &format!("{request}/approve"), &edited, None).await;
    assert_eq!(edited.problem(), "difference_changed", "{}", edited.body);
    let limited = world.token(&world.ours, Role::Approver, &[domain::access::Permission::ReadBackups]).await;
    let limited = world.send_json(&limited, &format!("{request}/approve"), &verdict, None).await;
    assert_eq!(limited.problem(), "may_not_agree", "{}", limited.body);
    let agreed = world.send_json(&other, &format!("{request}/approve"), &verdict, None).await;
    assert_eq!(agreed.json()["state"], "approved", "{}", agreed.body);
    assert_eq!(world.fetch(&token, &path).await.json()["backup"]["retention"], "active", "it rests");
    let back = world.send_json(&token, &format!("{request}/withdraw"), &Value::Null, None).await;
    assert_ne!(back.status, StatusCode::OK, "nothing is sent to it");
    let withdraw = format!("{request}/withdraw");
    let back = world.send(world.bare(Some(&token), Method::POST, &withdraw, String::new())).await;
    assert_eq!(back.json()["state"], "withdrawn", "{}", back.body);
    let body = serde_json::json!({ "tenant": "7" });
    let made = world.send_json(&token, "/api/backups/tenant/create", &body, None).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.body);
    let made = made.json();
    let run = made["runs"][0]["run_id"].as_str().unwrap();
    let seen = world.fetch(&token, &format!("/api/v1/runs/{run}")).await.json();
    assert_eq!((&seen["run"]["tenant"], &seen["run"]["state"]), (&Value::from("7"), &Value::from("queued")));
    let cancel = format!("/api/v1/runs/{run}/cancel");
    let stopped = world.send(world.bare(Some(&token), Method::POST, &cancel, String::new())).await;
    assert_eq!(stopped.json()["run"]["state"], "cancelled", "{}", stopped.body);
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_describes_every_route_and_every_shape() {
    let world = World::new().await;
    let request = world.bare(None, Method::GET, "/api/v1/openapi.json", String::new());
    let document = world.send(request).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let page = world.send(world.bare(None, Method::GET, "/api/v1/docs", String::new())).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<script") && page.body.contains("<h1>"));
    let mut names = BTreeSet::new();
    for route in routes() {
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][route.path][method];
        assert_eq!(operation["operationId"], route.operation.id, "{}", route.path);
        assert!(names.insert(route.operation.id), "two are called {}", route.operation.id);
        assert!(page.body.contains(route.path) && page.body.contains(route.operation.summary));
        assert!(!route.operation.scopes.is_empty());
    }
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 15, "{found:?}");
    for reference in found {
        let path = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(path).is_some_and(Value::is_object), "{reference}");
    }
}

/// What is answered has exactly the fields that the document names.
#[tokio::test]
async fn answers_keep_to_the_document() {
    let world = World::new().await;
    let token = world.token(&world.ours, Role::TenantAdmin, &all_of(Role::TenantAdmin)).await;
    let request = world.bare(None, Method::GET, "/api/v1/openapi.json", String::new());
    let document = world.send(request).await.json();
    let mut checked = 0;
    for call in calls(&world.ours) {
        let answer = world.call(Some(&token), &call).await;
        let operation = &document["paths"][call.route][call.method.as_str().to_lowercase()];
        let status = answer.status.as_u16().to_string();
        let said = &operation["responses"][&status];
        assert!(said.is_object(), "{} {status} is not in the document", call.path);
        if let Some(schema) = said["content"]["application/json"]["schema"].as_object() {
            keeps(&document, &Value::Object(schema.clone()), &answer.json(), call.route);
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

fn keeps(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return keeps(document, document.pointer(&reference[1..]).unwrap(), value, at);
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        if value.is_null() {
            assert_eq!(ways[1]["type"], "null");
        } else {
            keeps(document, &ways[0], value, at);
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value} is none of {words:?}");
    }
    match schema["type"].as_str().unwrap() {
        "object" => {
            let fields = value.as_object().unwrap_or_else(|| panic!("{at}: {value}"));
            let known = schema["properties"].as_object().unwrap();
            let required = schema["required"].as_array().unwrap();
            assert!(required.iter().all(|name| fields.contains_key(name.as_str().unwrap())), "{at}: {value}");
            for (name, value) in fields {
                let field = known.get(name).unwrap_or_else(|| panic!("{at}.{name} is not in the document"));
                keeps(document, field, value, &format!("{at}.{name}"));
            }
        }
        "array" => {
            value.as_array().unwrap().iter().for_each(|one| keeps(document, &schema["items"], one, at));
        }
        "string" => assert!(value.is_string(), "{at}: {value}"),
        "integer" => assert!(value.is_i64() || value.is_u64(), "{at}: {value}"),
        "boolean" => assert!(value.is_boolean(), "{at}: {value}"),
        other => panic!("{at}: {other}"),
    }
}
