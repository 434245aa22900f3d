//! Who asks: a token in the `Authorization` header, and nothing else.
//!
//! Cookies are not looked at, so no other site can make a browser act here. What is no token at all is refused without
//! asking the catalog; what looks like one and is none counts against the address it came from.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use catalog::TokenRefused;
use domain::Fault;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::Problem;
use crate::{
    access::{limits::Allowance, token_text},
    caller::{ByToken, Caller},
    http::{WebState, peer::Peer},
};

const RATE: HeaderName = HeaderName::from_static("ratelimit");
const RATE_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const CHALLENGE: &str = "Bearer realm=\"holdfast\"";
const CHALLENGE_INVALID: &str = "Bearer realm=\"holdfast\", error=\"invalid_token\"";

/// Finds out who is asking and how much more they may ask.
pub async fn bearer(State(web): State<WebState>, mut request: Request, next: Next) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().cloned() else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The request has no origin.")
            .into_response();
    };
    if !peer.is_secure && !peer.is_local() {
        return Problem::new(StatusCode::FORBIDDEN, "not_encrypted", "This connection is not encrypted.")
            .hint("Use https. Revoke this token: it may have been read on the way.")
            .into_response();
    }
    let Some(text) = token_of(request.headers()) else {
        return unauthenticated(CHALLENGE, "This needs a token.");
    };
    let Some(hash) = token_text::read(text) else {
        return unauthenticated(CHALLENGE_INVALID, "This is not a whole token.");
    };
    let found = Caller::by_token(web.services.clone(), web.gate.clone(), &hash, peer.address).await;
    let by_token = match found {
        Ok(Ok(by_token)) => by_token,
        Ok(Err(reason)) => return refused(&web, &peer, reason),
        Err(error) => {
            let fault = error.into_fault(web.services.clock.as_ref(), "find out whose token it is");
            return Problem::of_fault(&fault).into_response();
        }
    };
    let ByToken { caller, token } = by_token;
    let allowance = web.gate.limits.for_token(token);
    let mut response = if let Some(retry_after_s) = allowance.refused_for_s {
        Problem::of_fault(&Fault::RateLimited { retry_after_s }).into_response()
    } else {
        request.extensions_mut().insert(caller);
        next.run(request).await
    };
    tell(response.headers_mut(), &allowance);
    response
}

/// The one token of a request.
fn token_of(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn refused(web: &WebState, peer: &Peer, reason: TokenRefused) -> Response {
    if let Err(fault) = web.gate.limits.from_address(peer.address) {
        return Problem::of_fault(&fault).into_response();
    }
    tracing::warn!(?reason, "a token was refused");
    let detail = match reason {
        TokenRefused::Unknown => "There is no such token.",
        TokenRefused::Expired => "This token has expired.",
        TokenRefused::Revoked => "This token was revoked.",
        TokenRefused::Person => "The person of this token may not do anything here any more.",
    };
    unauthenticated(CHALLENGE_INVALID, detail)
}

fn unauthenticated(challenge: &'static str, detail: &str) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
        .hint("Send `Authorization: Bearer hf_…` with a token made under Your profile, Tokens.");
    let mut response = problem.into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// How much more may be asked: in the words of the HTTP working group.
fn tell(headers: &mut HeaderMap, allowance: &Allowance) {
    let policy = format!("\"token\";q={};w={}", allowance.most, allowance.window_s);
    let state = format!("\"token\";r={};t={}", allowance.left, allowance.full_in_s);
    for (name, value) in [(RATE_POLICY, policy), (RATE, state)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
