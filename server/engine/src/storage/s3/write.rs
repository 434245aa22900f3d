//! Small writes, and the rule for requests whose repetition is not harmless.
//!
//! "Create only if there is nothing" may be done while its answer is lost; asked again, the store refuses because of
//! our own object, and "complete the upload" says that it knows no such upload. The SDK's retries cannot tell the two
//! cases apart. So these two requests go out once per attempt ([`single_attempt`]), we repeat them ourselves, and a
//! refusal after a lost answer is settled by looking at what lies there.

use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::{
    super::{ObjectKey, PutMode, Stored, cause, while_reading},
    bucket::Bucket,
    classify::{Failure, failed},
    read,
    settings::ATTEMPTS,
};
use crate::{Error, Kind, Result, Retry};

/// No retries by the SDK for this request.
pub(super) fn single_attempt() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder().retry_config(RetryConfig::disabled())
}

/// The pause before attempt `next` (2, 3 …): 100 ms doubling, each up to half shorter by chance.
pub(super) async fn pause(next: u32) {
    let longest = 100u64 << next.saturating_sub(2).min(6);
    let mut chance = [0u8; 1];
    // Without random bytes the pause is just not shortened.
    let _ = getrandom::fill(&mut chance);
    let shorter = longest * u64::from(chance[0]) / 512;
    tokio::time::sleep(Duration::from_millis(longest - shorter)).await;
}

/// The state of a request that must not be repeated blindly.
pub(super) struct Careful {
    unsure: bool,
    attempt: u32,
}

impl Careful {
    pub(super) const fn new() -> Self {
        Self { unsure: false, attempt: 1 }
    }
    /// Whether it may have been carried out, now or in an attempt before: then look what lies there.
    pub(super) const fn may_be_done(&mut self, failure: &Failure) -> bool {
        self.unsure |= failure.unsure;
        self.unsure
    }
    /// Waits before the next attempt, or gives the failure back if there is none to be.
    pub(super) async fn again(&mut self, failure: Failure) -> Result<()> {
        if failure.error.retry() == Retry::Never || self.attempt >= ATTEMPTS {
            return Err(failure.error);
        }
        self.attempt += 1;
        pause(self.attempt).await;
        Ok(())
    }
}

pub(super) async fn put(bucket: &Bucket, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored> {
    let attempt = || bucket.attempt("write", key);
    let sha256: [u8; 32] = Sha256::digest(&body).into();
    let request = |conditional: bool| {
        bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key(bucket.full(key))
            .content_type("application/octet-stream")
            .set_if_none_match(conditional.then(|| "*".to_owned()))
            .set_checksum_sha256(bucket.checksums.then(|| BASE64_STANDARD.encode(sha256)))
            .body(body.clone().into())
    };
    let conditional = mode == PutMode::CreateNew && bucket.seen().await?.create_new_is_atomic;
    let version = if conditional {
        let mut careful = Careful::new();
        loop {
            let failure = match request(true).customize().config_override(single_attempt()).send().await {
                Ok(written) => break read::real_version(written.version_id()),
                Err(error) => failed(attempt(), error),
            };
            if careful.may_be_done(&failure)
                && let Ok(Some(version)) = written_already(bucket, key, &body).await
            {
                break version;
            }
            careful.again(failure).await?;
        }
    } else {
        if mode == PutMode::CreateNew && read::head(bucket, key, None).await?.is_some() {
            return Err(cause::exists(attempt()));
        }
        let written = request(false).send().await.map_err(|error| failed(attempt(), error).error)?;
        read::real_version(written.version_id())
    };
    if !same(bucket, key, version.as_deref(), &body).await? {
        return Err(Error::new(Kind::Integrity, attempt(), "the store gives back other bytes than it was given")
            .later()
            .hint("Another writer may have been there in the same instant. If it stays so, do not trust this store."));
    }
    Ok(Stored { size: body.len() as u64, sha256, version })
}

/// The version that has exactly `body`, if that is what lies there.
async fn written_already(bucket: &Bucket, key: &ObjectKey, body: &Bytes) -> Result<Option<Option<String>>> {
    let Some(seen) = read::head(bucket, key, None).await? else { return Ok(None) };
    let version = seen.version;
    Ok(same(bucket, key, version.as_deref(), body).await?.then_some(version))
}

/// Whether the object is exactly `body`.
async fn same(bucket: &Bucket, key: &ObjectKey, version: Option<&str>, body: &Bytes) -> Result<bool> {
    let reader = read::object(bucket, key, version, None).await?;
    let mut back = Vec::with_capacity(body.len());
    reader
        .take(body.len() as u64 + 1)
        .read_to_end(&mut back)
        .await
        .map_err(|error| while_reading(bucket.attempt("read back", key), error))?;
    Ok(back == *body)
}

pub(super) async fn delete(bucket: &Bucket, key: &ObjectKey) -> Result<()> {
    match bucket.client.delete_object().bucket(&bucket.name).key(bucket.full(key)).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = failed(bucket.attempt("delete", key), error);
            if failure.not_found() { Ok(()) } else { Err(failure.error) }
        }
    }
}

/// Gives up an upload; the store's knowing none is fine.
pub(super) async fn abort(bucket: &Bucket, key: &ObjectKey, id: &str) -> Result<()> {
    let request =
        bucket.client.abort_multipart_upload().bucket(&bucket.name).key(bucket.full(key)).upload_id(id);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = failed(bucket.attempt("abort the upload of", key), error);
            if failure.not_found() { Ok(()) } else { Err(failure.error) }
        }
    }
}

/// Sends a body with the checksum of another one.
pub(super) async fn refuses_wrong_checksum(bucket: &Bucket, key: &ObjectKey) -> Result<bool> {
    let answer = bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(bucket.full(key))
        .checksum_sha256(BASE64_STANDARD.encode(Sha256::digest(b"something else")))
        .body(Bytes::from_static(b"holdfast").into())
        .customize()
        .config_override(single_attempt())
        .send()
        .await;
    match answer {
        Ok(_) => Ok(false),
        Err(error) => {
            let failure = failed(bucket.attempt("write with a wrong checksum", key), error);
            match failure.status {
                Some(400..=499) => Ok(true),
                _ => Err(failure.error),
            }
        }
    }
}
