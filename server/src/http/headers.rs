//! What every answer tells the browser.

use app::layout::document::page_policy;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};

const EVERYWHERE: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Forms without JavaScript come back to the page that the Referer names; other sites learn nothing.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// For what is no page: nothing may be loaded, run or framed.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const A_YEAR: &str = "max-age=31536000";

/// Adds them. A page has set its own policy already, with the nonce of its scripts.
pub fn add(response: &mut Response, is_secure: bool) {
    let headers = response.headers_mut();
    for (name, value) in EVERYWHERE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let is_page = is_html(headers);
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = if is_page {
            HeaderValue::try_from(page_policy("none"))
        } else {
            Ok(HeaderValue::from_static(NO_PAGE))
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static(NO_PAGE)));
    }
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(A_YEAR));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}
