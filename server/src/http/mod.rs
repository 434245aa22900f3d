//! The way in: every route, and what stands before it.

pub mod answer;
pub mod csrf;
pub mod download;
pub mod events;
pub mod functions;
pub mod guard;
pub mod headers;
pub mod pages;
pub mod peer;
pub mod serve;
pub mod site;

use std::sync::Arc;

use app::{App, access::passkeys::SCRIPT_PATH};
use axum::{
    Router,
    extract::State,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post},
};
use domain::Fault;
use http::StatusCode;
use leptos::config::LeptosOptions;
use leptos_axum::generate_route_list;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::{
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    limit::RequestBodyLimitLayer,
};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

use crate::{access::gate::Gate, services::Services};
use site::Site;

/// Name of the session's cookie. The prefix makes browsers refuse it unless it is secure, of this host alone and for
/// every path.
pub const COOKIE: &str = "__Host-holdfast";
/// Bytes of a request at most.
const BODY: usize = 2 << 20;
/// Live views at once.
const LISTENERS: usize = 1_000;

/// What requests share.
pub struct Web {
    /// Everything that requests need.
    pub services: Arc<Services>,
    /// What slows down guessing.
    pub gate: Arc<Gate>,
    /// The browser's files.
    pub site: Site,
    /// Where pages find them.
    pub leptos: LeptosOptions,
    /// Seats for live views.
    pub listeners: Arc<Semaphore>,
    /// Ends live views when the program ends.
    pub shutdown: CancellationToken,
}

/// The shared state of the routes.
pub type WebState = Arc<Web>;

impl Web {
    /// Reads the browser's files and makes a fresh set-up code.
    pub fn new(services: Arc<Services>, shutdown: CancellationToken) -> anyhow::Result<WebState> {
        let site_dir = &services.config.web.site_dir;
        let site = Site::read(site_dir)?;
        let leptos = LeptosOptions::builder()
            .output_name("holdfast")
            .site_root(site_dir.to_string_lossy().into_owned())
            .site_pkg_dir("pkg")
            .env(leptos::config::Env::PROD)
            .build();
        let gate = Arc::new(Gate::new()?);
        Ok(Arc::new(Self {
            services,
            gate,
            site,
            leptos,
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            shutdown,
        }))
    }
}

/// Paths of pages, as the console's own router lists them.
pub fn page_paths() -> Vec<String> {
    let mut paths: Vec<_> = generate_route_list(App).iter().map(|page| page.path().to_owned()).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Everything that is neither a page nor a form nor a file and that only some may see.
pub fn streams() -> Vec<(&'static str, MethodRouter<WebState>)> {
    vec![
        ("/events/runs/{id}", get(events::run)),
        ("/events/overview", get(events::overview)),
        ("/backups/{id}/export", get(download::export)),
        ("/runs/{id}/file", get(download::file)),
        ("/audit/export", get(download::audit)),
    ]
}

/// Everything that answers.
pub fn router(web: WebState) -> Router {
    let mut pages = Router::new();
    for path in page_paths() {
        pages = match path.as_str() {
            "/settings/people/add" => pages.route(&path, get(pages::page).post(pages::add_person)),
            "/settings/people/link" => pages.route(&path, get(pages::page).post(pages::link_person)),
            "/invitations" => pages.route(&path, get(pages::page).post(pages::invite)),
            "/invitations/renew" => pages.route(&path, get(pages::page).post(pages::renew_invitation)),
            "/profile/security" => pages.route(&path, get(pages::page).post(pages::new_codes)),
            "/profile/security/app" => pages.route(&path, get(pages::page).post(pages::confirm_app)),
            "/profile/tokens" => pages.route(&path, get(pages::page).post(pages::make_token)),
            _ => pages.route(&path, get(pages::page)),
        };
    }
    let bounded = pages
        .route("/fn/{*path}", post(functions::handle))
        .fallback(get(pages::page))
        .layer(from_fn(guard::in_time))
        .layer(RequestBodyLimitLayer::new(BODY));
    let streams = streams().into_iter().fold(Router::new(), |all, (path, stream)| all.route(path, stream));
    let identified = streams
        .merge(bounded)
        .layer(from_fn_with_state(Arc::clone(&web), guard::identify))
        .layer(sessions(&web))
        .layer(from_fn_with_state(Arc::clone(&web), guard::origin))
        .layer(from_fn_with_state(Arc::clone(&web), guard::files));
    Router::new()
        .route("/healthz", any(health))
        .route("/health", any(health))
        .route(SCRIPT_PATH, get(passkey_script))
        .merge(crate::api::router(&web))
        .merge(identified)
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/gzip"))),
        )
        .layer(from_fn_with_state(Arc::clone(&web), guard::outermost))
        .with_state(web)
}

/// The cookie is secure, out of reach of scripts, and not sent along by other sites' forms and images. It has no
/// end of its own: the server knows when a session is over.
fn sessions(web: &WebState) -> SessionManagerLayer<catalog::Sessions> {
    SessionManagerLayer::new(web.services.catalog.sessions())
        .with_name(COOKIE)
        .with_secure(true)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd)
}

/// `GET /passkey.js`: the one script that is not made from this program.
async fn passkey_script() -> impl IntoResponse {
    ([(http::header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("passkey.js"))
}

/// `GET /healthz`: whether this process answers and reaches its catalog. Says nothing else: anybody may ask.
async fn health(State(web): State<WebState>) -> Response {
    match web.services.catalog.ping().await {
        Ok(()) => answer::plain(StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(%error, "the catalog does not answer a health check");
            answer::fault(&Fault::Unavailable { what: "the catalog".into() })
        }
    }
}
