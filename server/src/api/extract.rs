//! What a request says: read strictly, and refused in words.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::BytesRejection},
};
use domain::{Fault, id::Id};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Problem;

/// The body, which has to be JSON.
pub struct Body<T>(pub T);
/// The fields after `?`.
pub struct Asked<T>(pub T);
/// A body that may be left out; what is sent has to be an empty object.
pub struct Nothing;

/// An id of the path. What is no id names nothing.
pub fn id<T>(text: &str) -> Result<Id<T>, Problem> {
    text.parse().map_err(|_| Problem::of_fault(&Fault::NotFound))
}

/// A body that did not arrive whole.
pub fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body of the request is too large.")
                .hint("A body has at most 1 MiB; name whole tables instead of many rows.")
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "bad_request", "The body did not arrive whole.")
            .hint("Send the request again.")
            .later(None),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn no_json() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "The body of a request has to be JSON.")
        .hint("Send the header `Content-Type: application/json`.")
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        match error.classify() {
            Category::Data => {
                // The words are about the fields of the request; values in them are the sender's own.
                let words: String = error.to_string().chars().take(300).collect();
                Problem::of_fault(&Fault::invalid("body", words))
            }
            _ => Problem::new(StatusCode::BAD_REQUEST, "bad_json", format!("The body is no JSON: {place}."))
                .hint("Mend it there. It may not be nested deeper than 128 levels."),
        }
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(no_json());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        read(&bytes).map(Self)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl<S: Send + Sync> FromRequest<S> for Nothing {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        if bytes.is_empty() {
            return Ok(Self);
        }
        if !is_json {
            return Err(no_json());
        }
        read::<Empty>(&bytes).map(|_| Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<T>::from_request_parts(parts, state).await.map_err(|rejection| {
            let words: String = rejection.body_text().chars().take(300).collect();
            Problem::new(StatusCode::BAD_REQUEST, "bad_query", words)
                .hint("Look at the fields after `?`; the documentation lists them.")
        })?;
        Ok(Self(asked))
    }
}
