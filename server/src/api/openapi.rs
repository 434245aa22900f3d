//! The document for generators of clients (OpenAPI 3.1), and the page for people. Both are made from the routes.

use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use http::Method;
use serde_json::{Map, Value, json};

use super::{
    approvals::ApprovalAsked,
    describe::{Described, Parts},
    route::{Operation, Route},
    routes,
};

/// `GET /api/v1/openapi.json`
pub async fn document() -> Response {
    Json(make()).into_response()
}

/// The document.
fn make() -> Value {
    let mut parts = Parts::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let described = operation(&route, &mut parts);
        let method = route.method.as_str().to_lowercase();
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = described;
    }
    parts.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Holdfast",
            "version": "1",
            "description": "Backups and restores by the same rules as the pages. Every request carries a token.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "A token that begins with hf_, made under Your profile, Tokens.",
            } },
        },
    })
}

fn operation(route: &Route, parts: &mut Parts) -> Value {
    let said = &route.operation;
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" },
        }));
    }
    parameters.extend(query(said));
    let header = |name: &str, words: &str, most: u32| {
        json!({
            "name": name, "in": "header", "required": false, "description": words,
            "schema": { "type": "string", "minLength": 1, "maxLength": most },
        })
    };
    if route.method == Method::POST {
        parameters.push(header(
            "Idempotency-Key",
            "The request is done once, however often it is sent.",
            100,
        ));
    }
    let mut operation = json!({
        "operationId": said.id,
        "summary": said.summary,
        "description": described(said),
        "parameters": parameters,
        "responses": answers(said, parts),
    });
    if let Some(body) = said.body {
        let content = json!({ "application/json": { "schema": body(parts) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// The fields of the shape that is asked for, each as a parameter of its own.
fn query(said: &Operation) -> Vec<Value> {
    let Some(query) = said.query else { return Vec::new() };
    let mut own = Parts::new();
    query(&mut own);
    let Some(Value::Object(shape)) = own.into_iter().map(|(_, shape)| shape).next_back() else {
        return Vec::new();
    };
    let required = shape.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = shape.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let parameter = |(name, mut schema): (String, Value)| {
        let words = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        // What may be left out is left out; there is no null in a query.
        let schema = schema.get("anyOf").and_then(|ways| ways.get(0)).cloned().unwrap_or(schema);
        json!({
            "name": name, "in": "query", "required": required.contains(&Value::from(name.as_str())),
            "description": words, "schema": schema,
        })
    };
    fields.into_iter().map(parameter).collect()
}

fn described(said: &Operation) -> String {
    let scopes: Vec<_> = said.scopes.iter().map(|scope| scope.name()).collect();
    format!("{} Needs the scopes {}.", said.about, scopes.join(", ")).trim().to_owned()
}

fn answers(said: &Operation, parts: &mut Parts) -> Value {
    let problem = json!({
        "description": "It was not done.",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let mut answers = Map::new();
    for status in ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "500", "503"] {
        answers.insert(status.into(), problem.clone());
    }
    if let (status, Some(schema)) = said.answer {
        let words = if status == 202 { "It was begun." } else { "It was done." };
        let content = json!({ "application/json": { "schema": schema(parts) } });
        answers.insert(status.to_string(), json!({ "description": words, "content": content }));
    }
    if said.answer.0 == 200 && said.answer.1.is_none() {
        let content = json!({ "application/x-ndjson": { "schema": { "type": "string" } } });
        answers.insert("200".into(), json!({ "description": "Lines of JSON.", "content": content }));
    }
    if said.is_marked {
        answers.insert("304".into(), json!({ "description": "It is what If-None-Match says." }));
    }
    if said.may_ask {
        let content = json!({ "application/json": { "schema": ApprovalAsked::schema(parts) } });
        let words = "Somebody else has to agree to it first; the request is named.";
        answers.insert("202".into(), json!({ "description": words, "content": content }));
    }
    Value::Object(answers)
}

fn problem() -> Value {
    let text = |words: &str| json!({ "type": "string", "description": words });
    json!({
        "type": "object",
        "description": "What was not done, and why (RFC 9457).",
        "required": ["type", "title", "status", "detail", "hint", "retry", "request_id"],
        "properties": {
            "type": text("A stable name of the kind."),
            "title": text("The status in words."),
            "status": { "type": "integer" },
            "detail": text("What happened."),
            "hint": text("What to do about it."),
            "retry": { "type": "string", "enum": ["never", "later"], "description": "Whether the same request may succeed." },
            "retry_after_s": { "type": "integer", "minimum": 0, "description": "After how many seconds." },
            "errors": { "type": "array", "description": "Fields that cannot be accepted.", "items": {
                "type": "object", "required": ["field", "message"],
                "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
            } },
            "request_id": text("The number of the request, for whoever reads the log."),
        },
    })
}

/// `GET /api/v1/docs`: without a script, so that it is also there where none may run.
pub async fn page() -> Response {
    let mut text = String::from(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>The API of Holdfast</title>\
         <link rel=\"stylesheet\" href=\"/pkg/holdfast.css\"></head><body><main><h1>The API of Holdfast</h1>\
         <p>Every request carries <code>Authorization: Bearer hf_…</code>; tokens are made under \
         <a href=\"/profile/tokens\">Your profile, Tokens</a>. The whole contract is \
         <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>",
    );
    let mut parts = Parts::new();
    for route in routes() {
        let said = &route.operation;
        text.push_str(&format!(
            "<section class=\"panel\" id=\"{}\"><h2>{}</h2><p><code>{} {}</code></p><p>{}</p>",
            plain(said.id),
            plain(said.summary),
            route.method,
            plain(route.path),
            plain(&described(said)),
        ));
        let shapes = [("Asked", said.query), ("Sent", said.body), ("Answered", said.answer.1)];
        for (title, schema) in shapes.into_iter().filter_map(|(title, schema)| Some((title, schema?))) {
            let name = name_of(&schema(&mut parts));
            text.push_str(&format!("<p>{title}: <a href=\"#{name}\">{name}</a></p>"));
        }
        text.push_str("</section>");
    }
    text.push_str("<h2>Shapes</h2>");
    parts.insert("Problem".into(), problem());
    for (name, shape) in &parts {
        text.push_str(&shape_of(name, shape));
    }
    text.push_str("</main></body></html>");
    Html(text).into_response()
}

fn shape_of(name: &str, shape: &Value) -> String {
    let words = shape["description"].as_str().unwrap_or_default();
    let mut text = format!("<section class=\"panel\" id=\"{name}\"><h3>{name}</h3><p>{}</p>", plain(words));
    text.push_str("<table><thead><tr><th>Field</th><th>Is</th><th>Means</th></tr></thead><tbody>");
    for (field, schema) in shape["properties"].as_object().into_iter().flatten() {
        let words = schema["description"].as_str().unwrap_or_default();
        let row = format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            plain(field),
            kind(schema),
            plain(words)
        );
        text.push_str(&row);
    }
    text + "</tbody></table></section>"
}

/// What a field is, in words.
fn kind(schema: &Value) -> String {
    if let Some(first) = schema["anyOf"].get(0) {
        return format!("{} or null", kind(first));
    }
    if schema["$ref"].is_string() {
        let name = name_of(schema);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).map(plain).collect::<Vec<_>>().join(", ");
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("array"), _) => format!("list of {}", kind(&schema["items"])),
        (_, Some(format)) => plain(format),
        (Some(kind), None) => plain(kind),
        (None, None) => String::new(),
    }
}

fn name_of(schema: &Value) -> String {
    plain(schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default())
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
