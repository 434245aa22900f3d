//! Forms and calls of the pages: the server functions.

use app::{
    access::security_api::{SECURITY_PATH, confirm_path},
    port::ApiError,
};
use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::Fault;
use http::{HeaderMap, HeaderValue, Uri, header};
use leptos::server_fn::{axum::server_fn_paths, error::ServerFnUrlError};
use leptos_axum::handle_server_fns_with_context;

use super::{WebState, answer, pages::context, peer::Peer};
use crate::caller::Caller;

/// Marks the answer of a server function that failed.
const FAILED: &str = "serverfnerror";
/// Faults are no longer, in bytes.
const LONGEST_FAULT: usize = 64 << 10;

/// Runs a server function.
pub async fn handle(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
) -> Response {
    if !server_fn_paths().any(|(path, _)| path == request.uri().path()) {
        return answer::fault(&Fault::NotFound);
    }
    if !returns_here(request.headers(), &peer) {
        request.headers_mut().remove(header::REFERER);
    }
    let provide = context(&web, caller);
    let response = handle_server_fns_with_context(provide, request).await.into_response();
    with_status(led_to_proof(response)).await
}

/// Whether the Referer, to which a form without JavaScript is sent back, is a page of this site.
fn returns_here(headers: &HeaderMap, peer: &Peer) -> bool {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let referer = referer.and_then(|text| text.parse::<Uri>().ok());
    referer.and_then(|uri| Some(uri.authority()?.as_str().to_lowercase() == peer.authority)).unwrap_or(false)
}

/// A form that was refused because its person has to prove who they are, or has no second factor, leads to the page where
/// they can. From there they come back to the form, with what the refusal says.
fn led_to_proof(mut response: Response) -> Response {
    if !response.status().is_redirection() {
        return response;
    }
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let Some(uri) = location.and_then(|text| text.parse::<Uri>().ok()) else { return response };
    let fault = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("__err="));
    let fault = fault.map(|text| ServerFnUrlError::<ApiError>::decode_err(&unescaped(text)).0);
    let path = match fault {
        Some(Fault::ProofNeeded) => confirm_path(uri.path_and_query().map_or("/", |back| back.as_str())),
        Some(Fault::SecondFactorNeeded) => SECURITY_PATH.to_owned(),
        _ => return response,
    };
    if let Ok(path) = HeaderValue::try_from(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

/// A value of a query, decoded. Faults are written in an alphabet of which only `=` is ever escaped.
fn unescaped(text: &str) -> String {
    text.replace("%3D", "=").replace("%3d", "=")
}

/// Gives a fault its status. A form's answer is a redirect to its page, which shows the fault, and stays one.
async fn with_status(response: Response) -> Response {
    if !response.headers().contains_key(FAILED) || response.status().is_redirection() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_FAULT).await.unwrap_or_default();
    if let Ok(ApiError(fault)) = serde_json::from_slice::<ApiError>(&body) {
        parts.status = answer::status(&fault);
        if let Some(seconds) = fault.retry_after_s() {
            parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Response::from_parts(parts, Body::from(body))
}
