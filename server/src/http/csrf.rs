//! No other site may act with a person's cookie.
//!
//! Browsers say where a request comes from. `Sec-Fetch-Site` must be `same-origin`; where it is missing, `Origin` must
//! be this very host; where both are missing it was no browser, and then there must be no cookie either. Nothing
//! that changes something is a GET. A cookie together with an `Authorization` header is refused: it would not be
//! clear who is asking.

use http::{HeaderMap, Method, Uri, header};

/// Why a request was refused.
pub type Refused = &'static str;

/// Whether a request may go on.
pub fn check(method: &Method, headers: &HeaderMap, authority: &str, public_url: &str) -> Result<(), Refused> {
    let has_cookie = headers.contains_key(header::COOKIE);
    if has_cookie && headers.contains_key(header::AUTHORIZATION) {
        return Err("a request carries either a cookie or an Authorization header, not both");
    }
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_from_here = |site: Option<&str>, origin: Option<&str>| match (site, origin) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_own(origin, authority, public_url),
        (None, None) => true,
    };
    match (text("sec-fetch-site"), text("origin")) {
        (None, None) if has_cookie => Err("the browser does not say where this form was sent from"),
        (site, origin) if is_from_here(site, origin) => Ok(()),
        _ => Err("this form was sent from another site"),
    }
}

/// Whether an origin is this site: the host that the request names, or the address in the configuration.
fn is_own(origin: &str, authority: &str, public_url: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let named = uri.authority().map(|named| named.as_str().to_lowercase());
    is_web
        && !authority.is_empty()
        && (named.as_deref() == Some(authority) || origin.eq_ignore_ascii_case(public_url))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use http::HeaderName;

    use super::*;

    fn may(method: &Method, headers: &[(&str, &str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect();
        check(method, &headers, "hold.example:8443", "https://public.example").is_ok()
    }

    #[test]
    fn every_combination_of_what_a_browser_says() {
        let cookie = ("cookie", "__Host-holdfast=x");
        let post = Method::POST;
        assert!(may(&post, &[cookie, ("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none", "", "SAME-ORIGIN"] {
            assert!(!may(&post, &[cookie, ("sec-fetch-site", site)]), "{site}");
            assert!(!may(&post, &[("sec-fetch-site", site)]), "{site}");
            // The stronger word counts.
            assert!(!may(
                &post,
                &[cookie, ("sec-fetch-site", site), ("origin", "https://hold.example:8443")]
            ));
        }
        for own in ["https://hold.example:8443", "http://hold.example:8443", "https://public.example"] {
            assert!(may(&post, &[cookie, ("origin", own)]), "{own}");
        }
        for foreign in [
            "null",
            "https://hold.example",
            "https://evil.example",
            "hold.example:8443",
            "file://hold.example:8443",
            "",
        ] {
            assert!(!may(&post, &[cookie, ("origin", foreign)]), "{foreign}");
        }
        assert!(!may(&post, &[cookie]));
        assert!(may(&post, &[]));
        assert!(may(&Method::GET, &[cookie]));
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            assert!(!may(&method, &[cookie]), "{method}");
        }
        let token = ("authorization", "Bearer x");
        assert!(!may(&Method::GET, &[cookie, token]) && may(&post, &[token]));
    }
}
