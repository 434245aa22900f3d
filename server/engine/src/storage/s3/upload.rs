//! Objects of unknown length, sent in parts while they are made.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::{io::AsyncReadExt, runtime::Handle, task::JoinSet};

use super::{
    super::{ObjectKey, PutMode, Stored, Upload, cause, while_reading},
    bucket::Bucket,
    classify::failed,
    parts::{self, Ends},
    read,
    write::{self, Careful},
};
use crate::{Error, Kind, Result};

/// An upload. The store hears of it when the first part is full; less than one part goes as one small write.
pub(super) struct S3Upload {
    bucket: Arc<Bucket>,
    key: ObjectKey,
    /// The store's id for it, from the first part until it is completed or aborted.
    id: Option<String>,
    /// Number of the part that is being filled, from 1.
    number: u32,
    filling: BytesMut,
    sending: JoinSet<Result<CompletedPart>>,
    sent: Vec<CompletedPart>,
    hash: Sha256,
    size: u64,
    ends: Ends,
    /// A part failed: whatever comes next is refused.
    over: bool,
}

impl S3Upload {
    pub(super) fn new(bucket: Arc<Bucket>, key: ObjectKey) -> Self {
        Self {
            bucket,
            key,
            id: None,
            number: 1,
            filling: BytesMut::new(),
            sending: JoinSet::new(),
            sent: Vec::new(),
            hash: Sha256::new(),
            size: 0,
            ends: Ends::default(),
            over: false,
        }
    }

    fn attempt(&self) -> String {
        self.bucket.attempt("upload", &self.key)
    }

    async fn add(&mut self, mut chunk: Bytes) -> Result<()> {
        self.hash.update(&chunk);
        self.size += chunk.len() as u64;
        self.ends.add(&chunk);
        while !chunk.is_empty() {
            let room = parts::size(self.number) - self.filling.len();
            let piece = chunk.split_to(room.min(chunk.len()));
            self.filling.extend_from_slice(&piece);
            if self.filling.len() == parts::size(self.number) {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<()> {
        if self.number > parts::MOST_PARTS {
            return Err(Error::new(Kind::Storage, self.attempt(), "the object is longer than 351 GiB")
                .hint("S3 takes no more parts than 10 000. Divide the source."));
        }
        let id = self.begun().await?;
        while self.sending.len() >= parts::in_flight(self.number) {
            self.collect_one().await?;
        }
        let number = i32::try_from(self.number).unwrap_or(i32::MAX);
        self.number += 1;
        let body = std::mem::take(&mut self.filling).freeze();
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        self.sending.spawn(part(bucket, key, id, number, body));
        Ok(())
    }

    /// The store's id for this upload; asked for at the first part.
    async fn begun(&mut self) -> Result<String> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let answer = self
            .bucket
            .client
            .create_multipart_upload()
            .bucket(&self.bucket.name)
            .key(self.bucket.full(&self.key))
            .content_type("application/octet-stream")
            .set_checksum_algorithm(self.bucket.checksums.then_some(ChecksumAlgorithm::Sha256))
            .send()
            .await
            .map_err(|error| failed(self.attempt(), error).error)?;
        let id = answer.upload_id().map(str::to_owned).ok_or_else(|| {
            Error::new(Kind::Storage, self.attempt(), "the store began an upload without naming it").later()
        })?;
        self.id = Some(id.clone());
        Ok(id)
    }

    async fn collect_one(&mut self) -> Result<()> {
        match self.sending.join_next().await {
            Some(Ok(part)) => self.sent.push(part?),
            Some(Err(gone)) => {
                return Err(
                    Error::new(Kind::Cancelled, self.attempt(), "sending was stopped").caused_by(gone)
                );
            }
            None => {}
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<Stored> {
        if !self.filling.is_empty() {
            self.send_part().await?;
        }
        while !self.sending.is_empty() {
            self.collect_one().await?;
        }
        self.sent.sort_by_key(|part| part.part_number().unwrap_or_default());
        let conditional = self.bucket.seen().await?.create_new_is_atomic;
        if !conditional && read::head(&self.bucket, &self.key, None).await?.is_some() {
            return Err(cause::exists(self.attempt()));
        }
        let list = CompletedMultipartUpload::builder().set_parts(Some(self.sent.clone())).build();
        let request = || {
            self.bucket
                .client
                .complete_multipart_upload()
                .bucket(&self.bucket.name)
                .key(self.bucket.full(&self.key))
                .set_upload_id(self.id.clone())
                .set_if_none_match(conditional.then(|| "*".to_owned()))
                .multipart_upload(list.clone())
        };
        let mut careful = Careful::new();
        let version = loop {
            let failure = match request().customize().config_override(write::single_attempt()).send().await {
                Ok(done) => break read::real_version(done.version_id()),
                Err(error) => failed(self.attempt(), error),
            };
            if careful.may_be_done(&failure)
                && let Ok(Some(found)) = self.look(None).await
            {
                break found.version;
            }
            careful.again(failure).await?;
        };
        // 200 is a claim; what lies there is a fact.
        match self.look(version.as_deref()).await? {
            Some(stored) => {
                self.id = None;
                Ok(Stored { version, ..stored })
            }
            None => Err(Error::new(
                Kind::Integrity,
                self.attempt(),
                "the store reports success, but what lies there is not what was sent",
            )
            .later()
            .hint("If this stays so, do not trust this store.")),
        }
    }

    /// What lies under the key, if it has the length and both ends of what was sent.
    async fn look(&self, version: Option<&str>) -> Result<Option<Stored>> {
        let Some(seen) = read::head(&self.bucket, &self.key, version).await? else { return Ok(None) };
        if seen.size != self.size {
            return Ok(None);
        }
        let version = version.map(str::to_owned).or(seen.version);
        let last = self.size - self.ends.last.len() as u64;
        for (at, expected) in [(0, &self.ends.first), (last, &self.ends.last)] {
            let range = at..at + expected.len() as u64;
            let mut reader = read::object(&self.bucket, &self.key, version.as_deref(), Some(range)).await?;
            let mut back = Vec::with_capacity(expected.len());
            reader
                .read_to_end(&mut back)
                .await
                .map_err(|error| while_reading(self.bucket.attempt("read back", &self.key), error))?;
            if back != *expected {
                return Ok(None);
            }
        }
        Ok(Some(Stored { size: self.size, sha256: self.hash.clone().finalize().into(), version }))
    }

    /// Stops what is on the way and tells the store to forget it.
    async fn give_up(&mut self) -> Result<()> {
        self.sending.shutdown().await;
        match self.id.take() {
            Some(id) => write::abort(&self.bucket, &self.key, &id).await,
            None => Ok(()),
        }
    }
}

/// Sends one part.
async fn part(
    bucket: Arc<Bucket>,
    key: ObjectKey,
    id: String,
    number: i32,
    body: Bytes,
) -> Result<CompletedPart> {
    let checksum = bucket.checksums.then(|| BASE64_STANDARD.encode(Sha256::digest(&body)));
    let answer = bucket
        .client
        .upload_part()
        .bucket(&bucket.name)
        .key(bucket.full(&key))
        .upload_id(id)
        .part_number(number)
        .set_checksum_sha256(checksum.clone())
        .body(body.into())
        .send()
        .await
        .map_err(|error| failed(format!("{}, part {number}", bucket.attempt("upload", &key)), error).error)?;
    Ok(CompletedPart::builder()
        .part_number(number)
        .set_e_tag(answer.e_tag().map(str::to_owned))
        .set_checksum_sha256(checksum)
        .build())
}

#[async_trait]
impl Upload for S3Upload {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        if self.over {
            return Err(
                Error::new(Kind::Storage, self.attempt(), "the upload failed before and is over").later()
            );
        }
        // Set first: a caller that stops waiting in the middle must not be able to go on.
        self.over = true;
        self.add(chunk).await?;
        self.over = false;
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Stored> {
        if self.over {
            return Err(
                Error::new(Kind::Storage, self.attempt(), "the upload failed before and is over").later()
            );
        }
        if self.id.is_none() {
            let body = std::mem::take(&mut self.filling).freeze();
            return write::put(&self.bucket, &self.key, body, PutMode::CreateNew).await;
        }
        match self.complete().await {
            Ok(stored) => Ok(stored),
            Err(error) => {
                if let Err(left) = self.give_up().await {
                    tracing::warn!(error = %left.chain(), "an unfinished upload remains; a sweep will remove it");
                }
                Err(error)
            }
        }
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        self.give_up().await
    }
}

impl Drop for S3Upload {
    fn drop(&mut self) {
        self.sending.abort_all();
        let Some(id) = self.id.take() else { return };
        // Nobody waits for this. Where no runtime is left the store keeps the parts until a sweep or its own rule.
        let Ok(runtime) = Handle::try_current() else { return };
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let mut sending = std::mem::take(&mut self.sending);
        runtime.spawn(async move {
            // A part that arrives after the abort would stay for ever.
            while sending.join_next().await.is_some() {}
            if let Err(left) = write::abort(&bucket, &key, &id).await {
                tracing::warn!(error = %left.chain(), "an unfinished upload remains; a sweep will remove it");
            }
        });
    }
}
