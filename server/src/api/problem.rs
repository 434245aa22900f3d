//! What a program is told when something is not done (RFC 9457).
//!
//! Whatever answers with a status of 400 or more leaves here as one of these: also what the router, a limit or a panic
//! answers. Each says whether the same request may be sent again.

use std::panic::AssertUnwindSafe;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Fault, fault::FieldFault};
use futures::FutureExt;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    fault::incident,
    http::{WebState, guard::RequestId},
};

/// A problem. Made by a handler as its error; written out by [`finish`].
#[derive(Debug, Clone)]
pub struct Problem(Box<Told>);

#[derive(Debug, Clone, Serialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    hint: String,
    /// `never`: the same request fails again; `later`: it may succeed.
    retry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldFault>,
    request_id: String,
}

impl Problem {
    /// A problem with a stable word for programs.
    pub fn new(status: StatusCode, word: &str, detail: impl Into<String>) -> Self {
        let told = Told {
            kind: format!("urn:holdfast:problem:{word}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            hint: String::new(),
            retry: "never",
            retry_after_s: None,
            errors: Vec::new(),
            request_id: String::new(),
        };
        Self(Box::new(told))
    }
    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }
    /// The same request may succeed after so many seconds.
    #[must_use]
    pub fn later(mut self, seconds: Option<u32>) -> Self {
        self.0.retry = "later";
        self.0.retry_after_s = seconds;
        self
    }
    /// What a use case answered.
    pub fn of_fault(fault: &Fault) -> Self {
        let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let of = |word: &str| Self::new(status, word, format!("{fault}."));
        match fault {
            Fault::Unauthenticated => of("unauthenticated").hint("Send a token that is in force."),
            Fault::NotFound => {
                Self::new(status, "not_found", "There is no such thing here, or it is not yours.")
                    .hint("Look at the id and at the organisation of the token.")
            }
            Fault::Forbidden => {
                Self::new(status, "forbidden", "The token, or the role of its person, does not allow this.")
                    .hint("Use a token with the scopes that the documentation names for this route.")
            }
            Fault::ProofNeeded => Self::new(
                status,
                "fresh_proof_required",
                "Whoever made this token had not just confirmed who they are.",
            )
            .hint(
                "Confirm your identity in the browser, make a new token with this scope there and use that.",
            ),
            Fault::SecondFactorNeeded => of("second_factor_required").hint(
                "The person of this token has to sign in to the browser and set a second factor up first.",
            ),
            Fault::Invalid(errors) => {
                let mut problem = Self::new(status, "invalid", "Some of the request cannot be accepted.")
                    .hint("Mend the fields that `errors` names.");
                problem.0.errors.clone_from(errors);
                problem
            }
            Fault::Conflict => of("conflict").hint("Read it again, then decide anew."),
            Fault::Refused(refusal) => of(&word_of(refusal)).hint(refusal.hint()),
            Fault::RateLimited { retry_after_s } => {
                of("rate_limited").hint("Wait, then send fewer requests.").later(Some(*retry_after_s))
            }
            Fault::Busy { retry_after_s, .. } => {
                of("busy").hint("Wait for what is at work.").later(Some(*retry_after_s))
            }
            Fault::Unavailable { .. } => of("unavailable").hint("Send the same request again.").later(None),
            Fault::Internal { .. } => {
                of("internal").hint("Give the incident to whoever runs this installation.").later(None)
            }
        }
    }
    /// What something below the handlers answered with no more than a status.
    fn of_status(status: StatusCode) -> Self {
        let of = |word, detail: &str| Self::new(status, word, detail);
        match status {
            StatusCode::METHOD_NOT_ALLOWED => {
                of("method_not_allowed", "This path does not take that method.")
                    .hint("The header Allow names those that it takes.")
            }
            StatusCode::PAYLOAD_TOO_LARGE => of("too_large", "The body of the request is too large.")
                .hint("A body has at most 1 MiB; name whole tables instead of many rows."),
            StatusCode::NOT_FOUND => Self::of_fault(&Fault::NotFound),
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::of_fault(&Fault::Unavailable { what: "the server".into() })
            }
            _ if status.is_client_error() => {
                of("bad_request", "The request could not be read.").hint("Compare it with the documentation.")
            }
            _ => of("internal", "Something went wrong on our side.")
                .hint("Give the request id to whoever runs this installation.")
                .later(None),
        }
    }
    /// Its stable word.
    pub fn word(&self) -> &str {
        self.0.kind.rsplit(':').next().unwrap_or_default()
    }
    /// What happened and what to do, in words.
    pub fn texts(&self) -> (&str, &str) {
        (&self.0.detail, &self.0.hint)
    }
}

/// The name under which a refusal is stored and sent.
fn word_of(refusal: &domain::Refusal) -> String {
    match serde_json::to_value(refusal) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        _ => "refused".into(),
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::of_fault(&fault)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(self);
        response
    }
}

/// The outermost of the API: answers a panic, and writes every problem out.
pub async fn finish(State(web): State<WebState>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        let incident = incident(web.services.clock.as_ref());
        tracing::error!(incident, "a request of a program made the server panic");
        Problem::of_fault(&Fault::Internal { incident }).into_response()
    });
    if response.status().as_u16() < 400 {
        return response;
    }
    let told = response.extensions_mut().remove::<Problem>();
    let mut problem = told.unwrap_or_else(|| Problem::of_status(response.status()));
    problem.0.request_id = id;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.0.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    *response.body_mut() = Body::from(serde_json::to_vec(&*problem.0).unwrap_or_default());
    response
}
