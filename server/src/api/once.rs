//! A request that carries an `Idempotency-Key` is done once, however often it is sent.
//!
//! What changes something goes on although its client has gone: otherwise a lost connection would leave something done
//! and no answer to give to the repetition. If the server itself dies in between, the key is free again after two
//! minutes; what was begun then shows in the lists, and a second backup of a source at work is refused as ever.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use catalog::{AnswerSlot, StoredAnswer};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use super::{Problem, extract};
use crate::{caller::Caller, fault::Result};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 100;
/// Bytes of an answer that is kept, at most.
const LONGEST_ANSWER: usize = 1 << 20;

/// Lets a request with a key pass once.
pub async fn once(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    match keyed(request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn keyed(request: Request, next: Next) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().cloned();
    let caller = caller.ok_or(Problem::of_fault(&domain::Fault::Unauthenticated))?;
    let key = key_of(&request)?;
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(whole, &()).await.map_err(|rejection| extract::unreadable(&rejection))?;
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let hash =
        Sha256::new().chain_update(&target).chain_update([0u8]).chain_update(&body).finalize().to_vec();
    let slot = caller.answer("look for an earlier answer", taken(&caller, &key, &hash).await)?;
    match slot {
        AnswerSlot::Answered(answer) => Ok(replayed(answer)),
        AnswerSlot::AtWork => {
            Err(Problem::new(StatusCode::CONFLICT, "at_work", "The first request with this key is at work.")
                .hint("Send the same request again to get its answer.")
                .later(Some(1)))
        }
        AnswerSlot::Other => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_used",
            "This Idempotency-Key was used for another request.",
        )
        .hint("Use a new key for each thing that is to be done.")),
        AnswerSlot::Taken => {
            let request = Request::from_parts(parts, Body::from(body));
            let done = tokio::spawn(async move {
                let response = next.run(request).await;
                settled(&caller, &key, response).await
            });
            done.await.map_err(|_| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The request broke down.")
                    .hint("Wait two minutes, then send the same request again.")
                    .later(Some(120))
            })
        }
    }
}

async fn taken(caller: &Caller, key: &str, hash: &[u8]) -> Result<AnswerSlot> {
    let catalog = &caller.services.catalog;
    Ok(catalog.take_answer(caller.principal()?, caller.tenant()?, key, hash).await?)
}

fn key_of(request: &Request) -> Result<String, Problem> {
    let mut keys = request.headers().get_all(KEY).iter();
    let key = keys.next().filter(|_| keys.next().is_none()).and_then(|key| key.to_str().ok());
    key.filter(|key| (1..=LONGEST_KEY).contains(&key.len())).map(str::to_owned).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "bad_key", "The Idempotency-Key cannot be used.")
            .hint("Send one key of 1 to 100 visible ASCII characters, a UUID for example.")
    })
}

/// Keeps what was done; what was refused changed nothing, and its key is free again.
async fn settled(caller: &Caller, key: &str, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_ANSWER).await.unwrap_or_default();
    let answer = parts.status.is_success().then(|| StoredAnswer {
        status: parts.status.as_u16(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let kept = caller.answer("keep an answer", keep(caller, key, answer.as_ref()).await);
    // The answer is given all the same: what was asked for is done. The log has the reason.
    drop(kept);
    Response::from_parts(parts, Body::from(body))
}

async fn keep(caller: &Caller, key: &str, answer: Option<&StoredAnswer>) -> Result<()> {
    let catalog = &caller.services.catalog;
    Ok(catalog.settle_answer(caller.principal()?, caller.tenant()?, key, answer).await?)
}

fn replayed(answer: StoredAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
