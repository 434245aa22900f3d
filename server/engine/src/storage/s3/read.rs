//! Reading: objects by version, what is known of them, lists, and uploads that never ended.

use std::ops::Range;

use aws_sdk_s3::primitives::DateTime;
use domain::Timestamp;
use tokio::io::AsyncRead;

use super::{
    super::{BoxReader, ObjectKey, ObjectMeta, ObjectPage, Unfinished, cause, exact::Exact},
    bucket::Bucket,
    classify::failed,
};
use crate::{Error, Kind, Result};

/// Stores without versions, or with versions suspended, say "null".
pub(super) fn real_version(version: Option<&str>) -> Option<String> {
    version.filter(|version| *version != "null").map(str::to_owned)
}

fn timestamp(at: Option<&DateTime>) -> Timestamp {
    Timestamp(at.and_then(|at| at.to_millis().ok()).unwrap_or_default())
}

fn size(length: Option<i64>, attempt: impl Fn() -> String) -> Result<u64> {
    length.and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
        Error::new(Kind::Storage, attempt(), "the store does not say how long the object is").later()
    })
}

pub(super) async fn object(
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<&str>,
    range: Option<Range<u64>>,
) -> Result<BoxReader> {
    let attempt = || bucket.attempt("read", key);
    if let Some(range) = &range {
        if range.start > range.end {
            return Err(Error::new(Kind::Input, attempt(), "the range ends before it begins"));
        }
        if range.is_empty() {
            return empty(bucket, key, version, range.start).await;
        }
    }
    let header = range.as_ref().map(|range| format!("bytes={}-{}", range.start, range.end - 1));
    let answer = bucket
        .client
        .get_object()
        .bucket(&bucket.name)
        .key(bucket.full(key))
        .set_version_id(version.map(str::to_owned))
        .set_range(header)
        .send()
        .await
        .map_err(|error| failed(attempt(), error).error)?;
    let announced = size(answer.content_length(), attempt)?;
    if let Some(range) = range {
        if announced < range.end - range.start {
            return Err(cause::beyond(attempt()));
        }
        let from = format!("bytes {}-{}/", range.start, range.end - 1);
        if !answer.content_range().is_some_and(|said| said.starts_with(&from)) {
            return Err(Error::new(
                Kind::Storage,
                attempt(),
                "the store sent other bytes than it was asked for",
            )
            .hint("It does not know ranges, or something in between changes requests."));
        }
    }
    let body: Box<dyn AsyncRead + Send + Unpin> = Box::new(answer.body.into_async_read());
    Ok(Box::new(Exact::new(body, announced, attempt())))
}

/// No bytes; but from an object that is there and long enough.
async fn empty(bucket: &Bucket, key: &ObjectKey, version: Option<&str>, at: u64) -> Result<BoxReader> {
    match head(bucket, key, version).await? {
        None => Err(cause::missing(bucket.attempt("read", key))),
        Some(seen) if seen.size < at => Err(cause::beyond(bucket.attempt("read", key))),
        Some(_) => Ok(Box::new(tokio::io::empty())),
    }
}

pub(super) async fn head(
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<&str>,
) -> Result<Option<ObjectMeta>> {
    let attempt = || bucket.attempt("look at", key);
    let answer = bucket
        .client
        .head_object()
        .bucket(&bucket.name)
        .key(bucket.full(key))
        .set_version_id(version.map(str::to_owned))
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(Some(ObjectMeta {
            key: key.clone(),
            size: size(answer.content_length(), attempt)?,
            version: real_version(answer.version_id()),
            modified: timestamp(answer.last_modified()),
        })),
        Err(error) => {
            let failure = failed(attempt(), error);
            if !failure.not_found() {
                return Err(failure.error);
            }
            // The answer has no body: it may be the bucket that is missing, and "no such object" would hide that.
            match bucket.client.head_bucket().bucket(&bucket.name).send().await {
                Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404) => {
                    Err(Error::new(Kind::Storage, attempt(), "there is no such bucket")
                        .caused_by(error)
                        .hint("Make the bucket, or correct `bucket`, `region` and `endpoint`."))
                }
                _ => Ok(None),
            }
        }
    }
}

pub(super) async fn list(
    bucket: &Bucket,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<ObjectPage> {
    let attempt = || format!("list {prefix}… in {}", bucket.place);
    let answer = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .prefix(format!("{}{prefix}", bucket.prefix))
        .set_start_after(after.map(|after| format!("{}{after}", bucket.prefix)))
        .max_keys(i32::try_from(limit.clamp(1, 1000)).unwrap_or(1000))
        .send()
        .await
        .map_err(|error| failed(attempt(), error).error)?;
    let last =
        answer.contents().last().and_then(|object| object.key()).and_then(|k| k.strip_prefix(&bucket.prefix));
    if last.zip(after).is_some_and(|(last, after)| last <= after) {
        return Err(Error::new(
            Kind::Storage,
            attempt(),
            "the store begins its lists anew instead of going on",
        )
        .hint("It does not know `start-after`; Holdfast cannot use it."));
    }
    let next = if answer.is_truncated() == Some(true) { last.map(str::to_owned) } else { None };
    let mut objects = Vec::with_capacity(answer.contents().len());
    for object in answer.contents() {
        // Keys that Holdfast cannot have written are somebody else's and stay out of sight.
        let Some(key) = object.key().and_then(|full| bucket.key(full)) else { continue };
        if after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        objects.push(ObjectMeta {
            key,
            size: size(object.size(), attempt)?,
            version: None,
            modified: timestamp(object.last_modified()),
        });
    }
    Ok(ObjectPage { objects, next })
}

pub(super) async fn unfinished(bucket: &Bucket, prefix: &str) -> Result<Option<Vec<Unfinished>>> {
    let attempt = || format!("look for unfinished uploads of {prefix}… in {}", bucket.place);
    let mut found = Vec::new();
    let (mut key_marker, mut id_marker) = (None, None);
    loop {
        let answer = bucket
            .client
            .list_multipart_uploads()
            .bucket(&bucket.name)
            .prefix(format!("{}{prefix}", bucket.prefix))
            .set_key_marker(key_marker)
            .set_upload_id_marker(id_marker)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = failed(attempt(), error);
                return if failure.not_implemented() { Ok(None) } else { Err(failure.error) };
            }
        };
        for upload in answer.uploads() {
            let Some(key) = upload.key().and_then(|full| bucket.key(full)) else { continue };
            let Some(id) = upload.upload_id() else { continue };
            // Some stores ignore the prefix; somebody else's upload must not be aborted.
            if key.as_str().starts_with(prefix) {
                let started = upload.initiated().map(|at| timestamp(Some(at)));
                found.push(Unfinished { key, id: id.to_owned(), started });
            }
        }
        (key_marker, id_marker) = match (answer.is_truncated(), answer.next_key_marker()) {
            (Some(true), Some(next)) => {
                (Some(next.to_owned()), answer.next_upload_id_marker().map(str::to_owned))
            }
            _ => return Ok(Some(found)),
        };
    }
}
