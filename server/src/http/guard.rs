//! What every request passes, from the outside in: a number for the log, the headers of every answer, the rule
//! against other sites, the refusal to work where somebody could listen, and who is asking.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use domain::Fault;
use futures::FutureExt;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower_sessions::Session;
use tracing::Instrument;

use super::{WebState, answer, csrf, headers, peer::Peer};
use crate::{caller::Caller, fault::incident};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A page or form that takes longer is given up.
const WITHIN: Duration = Duration::from_secs(60);

/// No browser needs more to say who it is.
const LONGEST_AGENT: usize = 300;

/// The number of a request, for the log and for whoever asks.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The outermost: numbers and logs the request, answers a panic, adds the headers. The query is not logged: it may
/// hold a token.
pub async fn outermost(State(web): State<WebState>, mut request: Request, next: Next) -> Response {
    let clock = &web.services.clock;
    let peer = Peer::of(&request, &web.services.config.web);
    let is_secure = peer.is_secure;
    let id = incident(clock.as_ref());
    let span = tracing::info_span!("request", request.id = id, method = %request.method(), path = request.uri().path());
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(RequestId(id.clone()));
    let began = clock.now();
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!(incident = id, "a request made the program panic"));
        answer::fault(&Fault::Internal { incident: id.clone() })
    });
    headers::add(&mut response, is_secure);
    if let Ok(value) = HeaderValue::try_from(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, took_ms = clock.now().since_ms(began), "answered"));
    response
}

/// Files of the browser are served here, before anybody is identified.
pub async fn files(State(web): State<WebState>, request: Request, next: Next) -> Response {
    let is_read = request.method() == http::Method::GET || request.method() == http::Method::HEAD;
    match web.site.find(request.uri().path(), request.headers()).filter(|_| is_read) {
        Some(response) => response,
        None => next.run(request).await,
    }
}

/// Refuses what another site sent, and everything where the way is not encrypted.
pub async fn origin(State(web): State<WebState>, request: Request, next: Next) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().cloned() else {
        return answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "the request has no origin\n");
    };
    let public_url = &web.services.config.web.public_url;
    if let Err(reason) = csrf::check(request.method(), request.headers(), &peer.authority, public_url) {
        tracing::warn!(reason, "refused a request");
        return answer::plain(
            StatusCode::FORBIDDEN,
            format!("Refused: {reason}. Load the page again and repeat.\n"),
        );
    }
    if !peer.is_secure && !peer.is_local() {
        return (StatusCode::FORBIDDEN, Html(NOT_ENCRYPTED)).into_response();
    }
    next.run(request).await
}

/// Said instead of a sign-in page that everybody on the way could read.
const NOT_ENCRYPTED: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Holdfast needs HTTPS</title>\
<main><h1>This connection is not encrypted</h1>\
<p>Everybody on the way could read passwords and sessions, so nobody can sign in here.</p>\
<p>Whoever runs this server can do one of these:</p><ul>\
<li>give Holdfast a certificate: <code>tls_certificate</code> and <code>tls_key</code> under <code>[web]</code> in its configuration;</li>\
<li>put a reverse proxy with HTTPS before it and name its address in <code>trusted_proxies</code>; the proxy has to send \
<code>X-Forwarded-Proto: https</code>;</li>\
<li>on the server itself, open <code>http://localhost</code> with the port of this address.</li></ul></main></html>";

/// Finds out who is asking.
pub async fn identify(State(web): State<WebState>, mut request: Request, next: Next) -> Response {
    let (Some(peer), Some(session)) =
        (request.extensions().get::<Peer>().cloned(), request.extensions().get::<Session>().cloned())
    else {
        return answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "the request has no session\n");
    };
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect());
    let caller = Caller::identify(web.services.clone(), web.gate.clone(), session, peer.address, agent).await;
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => answer::fault(&error.into_fault(web.services.clock.as_ref(), "find out who is asking")),
    }
}

/// Gives up on a page or form that takes too long. Not for streams.
pub async fn in_time(request: Request<Body>, next: Next) -> Response {
    tokio::time::timeout(WITHIN, next.run(request)).await.unwrap_or_else(|_| {
        tracing::error!("gave up on a request that took longer than {} s", WITHIN.as_secs());
        answer::fault(&Fault::Unavailable { what: "the server".into() })
    })
}
