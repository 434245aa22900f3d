//! A bucket as a vault, on AWS or on anything that speaks S3.
//!
//! Stores that speak S3 differ in what they mean by it: some ignore `If-None-Match` and overwrite, some answer 200
//! and put an error into the body, some ignore checksums. So nothing is believed that can be looked at: whether a
//! conditional write holds is tried once per process, every write is read back (whole when small; length and both
//! ends when large), and versions are read by their id.
//!
//! Retries are the SDK's own, once, except for the two writes whose repetition is not harmless ([`write`]).

mod bucket;
mod classify;
mod parts;
mod read;
mod settings;
mod upload;
mod write;

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    BoxReader, Capabilities, ObjectKey, ObjectMeta, ObjectPage, PutMode, Space, Storage, Stored, Unfinished,
    Upload,
};
use crate::Result;
use bucket::Bucket;
pub use settings::S3Config;

/// A vault in a bucket, under a prefix.
#[derive(Clone)]
pub struct S3(Arc<Bucket>);

impl S3 {
    /// Prepares the client. Sends nothing to the store; looks for ambient credentials if none are configured.
    pub async fn open(config: &S3Config) -> Result<Self> {
        Ok(Self(Arc::new(settings::connect(config).await?)))
    }
}

#[async_trait]
impl Storage for S3 {
    fn describe(&self) -> String {
        self.0.place.clone()
    }
    async fn begin(&self, key: &ObjectKey) -> Result<Box<dyn Upload>> {
        Ok(Box::new(upload::S3Upload::new(self.0.clone(), key.clone())))
    }
    async fn put(&self, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored> {
        write::put(&self.0, key, body, mode).await
    }
    async fn read(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<BoxReader> {
        read::object(&self.0, key, version, range).await
    }
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObjectMeta>> {
        read::head(&self.0, key, version).await
    }
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<ObjectPage> {
        read::list(&self.0, prefix, after, limit).await
    }
    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        write::delete(&self.0, key).await
    }
    async fn unfinished(&self, prefix: &str) -> Result<Option<Vec<Unfinished>>> {
        read::unfinished(&self.0, prefix).await
    }
    async fn abort_unfinished(&self, prefix: &str) -> Result<Option<usize>> {
        let Some(found) = read::unfinished(&self.0, prefix).await? else { return Ok(None) };
        for upload in &found {
            write::abort(&self.0, &upload.key, &upload.id).await?;
        }
        Ok(Some(found.len()))
    }
    async fn space(&self) -> Result<Option<Space>> {
        Ok(None)
    }
    async fn capabilities(&self) -> Result<Capabilities> {
        self.0.seen().await
    }
    async fn refuses_wrong_checksum(&self, key: &ObjectKey) -> Result<Option<bool>> {
        write::refuses_wrong_checksum(&self.0, key).await.map(Some)
    }
}
