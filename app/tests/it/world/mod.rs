//! A console without a server: the real pages over a scripted backend. The cookie `mood` chooses what is scripted,
//! so that a browser can look at every state of every page.

mod approvals;
pub mod data;
mod passkeys;
mod people;
pub mod script;
mod security;
mod tenants;
mod tokens;
mod trail;
mod webhooks;

use std::sync::Arc;

use app::{
    App,
    port::{BackendHandle, Present},
    shell,
};
use axum::{Router, body::Body, extract::Request, response::IntoResponse, routing::post};
use leptos::{config::LeptosOptions, prelude::*};
use leptos_axum::{LeptosRoutes, generate_route_list};

use script::{Mood, Script};

/// Puts the script into the context, as the server does with its backend.
fn provide() {
    let parts = use_context::<http::request::Parts>();
    let cookies = parts.as_ref().and_then(|parts| parts.headers.get("cookie"));
    let cookies = cookies.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mood = cookies.split(';').find_map(|pair| pair.trim().strip_prefix("mood=").and_then(Mood::find));
    provide_context(BackendHandle(Arc::new(Script { mood: mood.unwrap_or(Mood::Full) })));
    provide_context(Present(data::NOW));
}

/// Every page and every server function.
pub fn router() -> Router {
    let options = LeptosOptions::builder().output_name("holdfast").site_pkg_dir("pkg").build();
    let page = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let handed_over = leptos_axum::render_app_async_with_context(
        || {
            provide();
            provide_context(app::access::people::Handover(Ok(data::password_link())));
        },
        page.clone(),
    );
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), provide, page.clone())
        .route("/settings/people/add", post(handed_over))
        .route("/fn/{*function}", post(call))
        .fallback(leptos_axum::render_app_async_with_context(provide, page))
        .with_state(options)
}

async fn call(request: Request<Body>) -> impl IntoResponse {
    leptos_axum::handle_server_fns_with_context(provide, request).await
}
