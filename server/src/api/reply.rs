//! Answers in JSON.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Problem;

fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The answer could not be written.")
    })?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((status, kind, body).into_response())
}

/// Several things, or what was done at once.
pub fn found(value: &impl Serialize) -> Result<Response, Problem> {
    json(StatusCode::OK, value)
}

/// Something that was begun and goes on.
pub fn begun(value: &impl Serialize) -> Result<Response, Problem> {
    json(StatusCode::ACCEPTED, value)
}

/// One thing, with a mark of its content: who knows that already is told so and no more.
pub fn one(headers: &HeaderMap, value: &impl Serialize) -> Result<Response, Problem> {
    let response = json(StatusCode::OK, value)?;
    let content = serde_json::to_vec(value).unwrap_or_default();
    // A weak one: the answer may be compressed on its way.
    let tag = format!("W/\"{}\"", hex::encode(&Sha256::digest(&content)[..16]));
    let mut response = if is_known(headers, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        response
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let bare = tag.trim_start_matches("W/");
    let all = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || known.trim().trim_start_matches("W/") == bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_alone_in_a_list_and_as_a_strong_one() {
        let known = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(text))]);
            is_known(&headers, "W/\"ab\"")
        };
        for yes in ["W/\"ab\"", "\"ab\"", "\"x\", W/\"ab\"", "*"] {
            assert!(known(yes), "{yes}");
        }
        for no in ["", "ab", "W/\"abc\"", "\"a\", \"b\""] {
            assert!(!known(no), "{no}");
        }
    }
}
