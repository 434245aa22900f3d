//! The API for programs: the same use cases as the pages, asked for with a token and answered in JSON.
//!
//! It stands beside the pages and shares nothing of theirs that a browser needs: no cookie, no session, no form. Every
//! route is made together with its description, so none is without one; the OpenAPI document and the page that people
//! read are made from the same list.

mod approvals;
mod audit;
mod backups;
mod bearer;
mod channels;
mod connections;
mod describe;
mod extract;
mod files;
mod maps;
mod once;
mod openapi;
mod problem;
mod reply;
mod restores;
mod route;
mod runs;
mod shapes;
mod sources;
mod tenant;
mod tenants;
mod webhooks;

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get},
};
use domain::Fault;
use tower_http::limit::RequestBodyLimitLayer;

pub use audit::AuditEntry;
pub use problem::{Problem, finish};
pub use route::{Operation, Route};

use crate::http::{WebState, guard};

/// Bytes of a request at most.
pub const BODY: usize = 1 << 20;

/// Every route that takes a token.
pub fn routes() -> Vec<Route> {
    [
        tenant::routes(),
        connections::routes(),
        sources::routes(),
        maps::routes(),
        tenants::routes(),
        backups::routes(),
        files::routes(),
        runs::routes(),
        restores::routes(),
        approvals::routes(),
        channels::routes(),
        webhooks::routes(),
        audit::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Everything below `/api`.
pub fn router(web: &WebState) -> Router<WebState> {
    let guarded = routes().into_iter().fold(Router::new(), |all, route| all.route(route.path, route.handler));
    let guarded = guarded
        .route_layer(from_fn(once::once))
        .route_layer(from_fn_with_state(Arc::clone(web), bearer::bearer));
    guarded
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/api/v1/docs", get(openapi::page))
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .layer(from_fn(guard::in_time))
        .layer(RequestBodyLimitLayer::new(BODY))
        .layer(from_fn_with_state(Arc::clone(web), finish))
}

async fn unknown() -> Problem {
    Problem::of_fault(&Fault::NotFound).hint("The paths are listed at /api/v1/docs.")
}
