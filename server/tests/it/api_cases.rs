//! One line for each route of the API, and a program that calls it.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use domain::access::{Permission, Role};
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::world::{Answer, Tenant, World, form};

/// A call that names things of an organisation.
pub struct Call {
    pub method: Method,
    /// As the router lists it.
    pub route: &'static str,
    pub path: String,
    pub body: Option<Value>,
    /// Whether it names something of the organisation, by path or body.
    pub names: bool,
}

/// A server as a body names it.
fn server(name: &str) -> Value {
    json!({ "name": name, "host": "db.example", "port": 3306, "user": "holdfast",
        "password": "a long password", "tls": "verify" })
}

fn changed(name: &str) -> Value {
    let mut body = server(name);
    body["version"] = 1.into();
    body
}

/// Every route.
pub fn calls(of: &Tenant) -> Vec<Call> {
    let call = |method: Method, route: &'static str, id: String, body: Option<Value>| {
        let path = route.replace("{id}", &id);
        let names =
            route.contains("{id}") || body.as_ref().is_some_and(|body| body.to_string().contains("_id"));
        Call { method, route, path, body, names }
    };
    let (get, post) = (|| Method::GET, || Method::POST);
    let (backup, source, connection) =
        (of.backup.to_string(), of.source.to_string(), of.connection.to_string());
    let put = || Method::PUT;
    let asking = |route: &'static str, id: String, query: &str| {
        let mut asked = call(Method::GET, route, id, None);
        asked.path += query;
        asked
    };
    let none = String::new;
    let mut tenant_list = call(get(), "/api/backups/tenant/list", none(), None);
    tenant_list.path += &format!("?tenant=7&source_id={source}");
    tenant_list.names = true;
    let tenant = json!({ "tenant": "7" });
    vec![
        call(post(), "/api/backups/tenant/create", none(), Some(tenant.clone())),
        tenant_list,
        call(get(), "/api/backups/tenant/{id}", backup.clone(), None),
        call(post(), "/api/backups/tenant/{id}/restore", backup.clone(), Some(tenant)),
        call(Method::DELETE, "/api/backups/tenant/{id}", backup.clone(), None),
        call(get(), "/api/v1/sources", none(), None),
        call(get(), "/api/v1/sources/{id}", source.clone(), None),
        call(
            post(),
            "/api/v1/sources",
            none(),
            Some(json!({ "connection_id": connection, "database": "more" })),
        ),
        call(
            put(),
            "/api/v1/sources/{id}/schedule",
            source.clone(),
            Some(json!({ "kind": "full", "cron": "0 3 * * *", "enabled": true })),
        ),
        call(put(), "/api/v1/sources/{id}/engine", source.clone(), Some(json!({ "engine": "native" }))),
        call(get(), "/api/v1/connections", none(), None),
        call(get(), "/api/v1/connections/{id}", connection.clone(), None),
        call(post(), "/api/v1/connections", none(), Some(server("another"))),
        call(put(), "/api/v1/connections/{id}", connection.clone(), Some(changed("changed"))),
        call(post(), "/api/v1/connections/{id}/probe", connection.clone(), None),
        call(post(), "/api/v1/connections/{id}/protect", connection.clone(), None),
        asking("/api/v1/sources/{id}/map", source.clone(), "?attention=false"),
        asking("/api/v1/sources/{id}/map/table", source.clone(), "?table=control"),
        call(
            put(),
            "/api/v1/sources/{id}/map/table",
            source.clone(),
            Some(json!({ "version": 1, "table": "control", "route": "shared" })),
        ),
        call(
            post(),
            "/api/v1/sources/{id}/map/infer",
            source.clone(),
            Some(json!({ "tenant_column": "TenantId" })),
        ),
        call(post(), "/api/v1/sources/{id}/map/confirm", source.clone(), Some(json!({ "version": 1 }))),
        call(get(), "/api/v1/tenants", none(), None),
        asking("/api/v1/sources/{id}/tenant", source.clone(), "?tenant=7"),
        asking("/api/v1/backups/{id}/tables", backup.clone(), "?tenant=7"),
        call(
            post(),
            "/api/v1/backups/{id}/restore",
            backup.clone(),
            Some(json!({ "connection_id": connection, "database": "restored" })),
        ),
        call(
            post(),
            "/api/v1/exports",
            none(),
            Some(json!({ "backup_id": backup, "tenant": "7", "format": "csv" })),
        ),
        call(get(), "/api/v1/channels", none(), None),
        call(put(), "/api/v1/channels", none(), Some(json!({ "email_to": "ops@example.com" }))),
        call(post(), "/api/v1/channels/test", none(), None),
        call(get(), "/api/v1/webhooks", none(), None),
        call(
            post(),
            "/api/v1/webhooks",
            none(),
            Some(
                json!({ "url": "https://hook.example/x", "secret": "sixteen letters.", "acts": ["backup.complete"] }),
            ),
        ),
        call(get(), "/api/v1/webhooks/{id}", of.webhook.to_string(), None),
        call(post(), "/api/v1/webhooks/{id}/resume", of.webhook.to_string(), None),
        call(Method::DELETE, "/api/v1/webhooks/{id}", of.webhook.to_string(), None),
        call(get(), "/api/v1/backups", none(), None),
        call(get(), "/api/v1/backups/{id}", backup.clone(), None),
        call(post(), "/api/v1/backups", none(), Some(json!({ "source_id": source }))),
        call(post(), "/api/v1/backups/{id}/verify", backup.clone(), None),
        call(get(), "/api/v1/runs", none(), None),
        call(get(), "/api/v1/runs/{id}", of.run.to_string(), None),
        call(post(), "/api/v1/runs/{id}/cancel", of.run.to_string(), None),
        call(get(), "/api/v1/audit", none(), None),
        call(get(), "/api/v1/audit/export", none(), None),
        call(get(), "/api/v1/restores", none(), None),
        call(get(), "/api/v1/restores/{id}", of.restore.to_string(), None),
        call(post(), "/api/v1/restores", none(), Some(json!({ "backup_id": backup, "tenant": "7" }))),
        call(get(), "/api/v1/approvals", none(), None),
        // No request has the id of a run; whoever names one is told that there is none.
        call(get(), "/api/v1/approvals/{id}", of.run.to_string(), None),
        call(post(), "/api/v1/approvals/{id}/approve", of.run.to_string(), Some(json!({ "digest": "00" }))),
        call(post(), "/api/v1/approvals/{id}/reject", of.run.to_string(), Some(json!({ "digest": "00" }))),
        call(post(), "/api/v1/approvals/{id}/withdraw", of.run.to_string(), None),
    ]
}

/// Every permission of a role.
pub fn all_of(role: Role) -> Vec<Permission> {
    Permission::ALL.iter().copied().filter(|permission| permission.allows(role)).collect()
}

impl World {
    /// Makes a token as a person does, by the form of the page.
    pub async fn token(&self, tenant: &Tenant, role: Role, scopes: &[Permission]) -> String {
        let mut fields = vec![("name", "a program"), ("days", "30")];
        fields.extend(scopes.iter().map(|scope| ("scopes", scope.name())));
        let session = self.session(tenant, role).to_owned();
        let made = self.post("/profile/tokens", &form(&fields), Some(&session)).await;
        secret_in(&made.body).unwrap_or_else(|| panic!("{} {}", made.status, made.body))
    }

    /// Calls as a program: without a cookie, from an address of its own.
    pub async fn call(&self, token: Option<&str>, call: &Call) -> Answer {
        self.send(self.api(token, call)).await
    }

    pub fn api(&self, token: Option<&str>, call: &Call) -> Request<Body> {
        let body = call.body.as_ref().map(ToString::to_string);
        let mut request = self.bare(token, call.method.clone(), &call.path, body.clone().unwrap_or_default());
        if body.is_some() {
            request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        }
        request
    }

    /// A request without a content type.
    pub fn bare(&self, token: Option<&str>, method: Method, path: &str, body: String) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost:3000");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let mut request = request.body(Body::from(body)).unwrap();
        let n = u32::from_be_bytes(domain::Clock::uuid(&*self.clock).as_bytes()[12..].try_into().unwrap());
        let from = SocketAddr::new(std::net::Ipv4Addr::from(0x0b00_0000 + (n & 0xff_ffff)).into(), 1);
        request.extensions_mut().insert(ConnectInfo(from));
        request
    }

    pub async fn fetch(&self, token: &str, path: &str) -> Answer {
        self.send(self.bare(Some(token), Method::GET, path, String::new())).await
    }

    pub async fn send_json(&self, token: &str, path: &str, body: &Value, key: Option<&str>) -> Answer {
        let mut request = self.bare(Some(token), Method::POST, path, body.to_string());
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        if let Some(key) = key {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        self.send(request).await
    }
}

/// The token that a page shows.
pub fn secret_in(page: &str) -> Option<String> {
    let is_letter = |letter: &char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let found = page
        .match_indices("hf_")
        .map(|(at, _)| page[at + 3..].chars().take_while(is_letter).collect::<String>());
    found.filter(|rest| rest.len() == 58).map(|rest| format!("hf_{rest}")).next()
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
    /// Checks that it is a whole problem; gives its word.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        for text in ["type", "title", "detail", "hint", "request_id"] {
            assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {problem}");
        }
        assert!(["never", "later"].contains(&problem["retry"].as_str().unwrap()), "{problem}");
        problem["type"].as_str().unwrap().strip_prefix("urn:holdfast:problem:").unwrap().to_owned()
    }
}
