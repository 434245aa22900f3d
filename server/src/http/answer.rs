//! Answers that are not pages: a fault in words, for downloads, events and whatever is refused before a page.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use domain::Fault;
use http::{HeaderValue, StatusCode, header};

/// A fault as plain text with its status.
pub fn fault(fault: &Fault) -> Response {
    let advice = match fault {
        Fault::Refused(refusal) => refusal.hint(),
        Fault::Unauthenticated => "Sign in in this browser and try again.",
        _ => "",
    };
    let text = format!("{fault}. {advice}\n");
    let mut response = plain(status(fault), text);
    if let Some(seconds) = fault.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The status of a fault.
pub fn status(fault: &Fault) -> StatusCode {
    StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Leads a browser to another page of this site.
pub fn see_other(path: &str) -> Response {
    let mut response = plain(StatusCode::SEE_OTHER, "");
    if let Ok(path) = HeaderValue::try_from(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

/// Plain text.
pub fn plain(status: StatusCode, text: impl Into<Body>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, kind, text.into()).into_response()
}
