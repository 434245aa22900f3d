//! A directory as a vault: a disk, a mount, a share.
//!
//! What makes it safe: an object is written under a hidden name beside its place, flushed to the disk, moved into
//! its place by an operation that cannot overwrite, and the directory is flushed as well; a power cut at any moment
//! leaves the old state or the new one. Paths are walked one directory at a time without following symbolic links,
//! so that whoever can write into the vault cannot make Holdfast write elsewhere.

mod directory;
mod partial;
mod walk;

use std::{ops::Range, path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{
    BoxReader, Capabilities, ObjectKey, ObjectMeta, ObjectPage, PutMode, Space, Storage, Stored, Unfinished,
    Upload, cause, exact::Exact,
};
use crate::{Error, Kind, Result};
use directory::Root;
use partial::Partial;

/// A vault in a directory.
#[derive(Debug, Clone)]
pub struct Local(Arc<Root>);

impl Local {
    /// Opens the directory; makes it, private to this account, if its parent exists.
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || Root::open(&path)).await.map(|root| Self(Arc::new(root)))
    }
    fn attempt(&self, verb: &str, key: &ObjectKey) -> String {
        cause::attempt(verb, key, &self.describe())
    }
}

/// Runs file system calls where they may wait for a disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|gone| {
        Err(Error::new(Kind::Cancelled, "work on the vault's directory", "the work was stopped")
            .caused_by(gone))
    })
}

#[async_trait]
impl Storage for Local {
    fn describe(&self) -> String {
        format!("directory {}", self.0.path().display())
    }

    async fn begin(&self, key: &ObjectKey) -> Result<Box<dyn Upload>> {
        let attempt = self.attempt("write", key);
        let (root, key, what) = (self.0.clone(), key.clone(), attempt.clone());
        let partial = blocking(move || Partial::begin(&root, &key, what)).await?;
        Ok(Box::new(LocalUpload { partial: Some(partial), attempt }))
    }

    async fn put(&self, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored> {
        let (root, key, attempt) = (self.0.clone(), key.clone(), self.attempt("write", key));
        blocking(move || {
            let mut partial = Partial::begin(&root, &key, attempt)?;
            partial.write(&body)?;
            partial.publish(mode)
        })
        .await
    }

    async fn read(&self, key: &ObjectKey, _: Option<&str>, range: Option<Range<u64>>) -> Result<BoxReader> {
        let attempt = self.attempt("read", key);
        let (root, key, what) = (self.0.clone(), key.clone(), attempt.clone());
        let found = blocking(move || root.open_object(&key, &what)).await?;
        let Some((file, meta)) = found else { return Err(cause::missing(attempt)) };
        let range = range.unwrap_or(0..meta.len());
        if range.start > range.end || range.end > meta.len() {
            return Err(cause::beyond(attempt));
        }
        let mut file = tokio::fs::File::from_std(file);
        file.seek(std::io::SeekFrom::Start(range.start))
            .await
            .map_err(|error| directory::failure(attempt.clone(), error))?;
        let length = range.end - range.start;
        Ok(Box::new(Exact::new(file.take(length), length, attempt)))
    }

    async fn head(&self, key: &ObjectKey, _: Option<&str>) -> Result<Option<ObjectMeta>> {
        let (root, key, attempt) = (self.0.clone(), key.clone(), self.attempt("look at", key));
        blocking(move || {
            let found = root.open_object(&key, &attempt)?;
            Ok(found.map(|(_, meta)| ObjectMeta {
                size: meta.len(),
                version: None,
                modified: directory::modified(&meta),
                key,
            }))
        })
        .await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<ObjectPage> {
        let (root, prefix, after) = (self.0.clone(), prefix.to_owned(), after.map(str::to_owned));
        blocking(move || walk::page(&root, &prefix, after.as_deref(), limit)).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        let (root, key, attempt) = (self.0.clone(), key.clone(), self.attempt("delete", key));
        blocking(move || root.delete(&key, &attempt)).await
    }

    async fn unfinished(&self, prefix: &str) -> Result<Option<Vec<Unfinished>>> {
        let (root, prefix) = (self.0.clone(), prefix.to_owned());
        blocking(move || walk::unfinished(&root, &prefix, false)).await.map(Some)
    }

    async fn abort_unfinished(&self, prefix: &str) -> Result<Option<usize>> {
        let (root, prefix) = (self.0.clone(), prefix.to_owned());
        blocking(move || walk::unfinished(&root, &prefix, true)).await.map(|gone| Some(gone.len()))
    }

    async fn space(&self) -> Result<Option<Space>> {
        let root = self.0.clone();
        blocking(move || root.space()).await.map(Some)
    }

    async fn capabilities(&self) -> Result<Capabilities> {
        Ok(Capabilities { create_new_is_atomic: true, versioned: false })
    }
}

/// The file moves to a thread that may wait for the disk and back; if the caller gives up meanwhile, it is dropped
/// there and takes its hidden name with it.
struct LocalUpload {
    partial: Option<Partial>,
    attempt: String,
}

impl LocalUpload {
    fn take(&mut self) -> Result<Partial> {
        self.partial.take().ok_or_else(|| {
            Error::new(Kind::Storage, self.attempt.clone(), "the upload failed before and is over").later()
        })
    }
}

#[async_trait]
impl Upload for LocalUpload {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        let mut partial = self.take()?;
        let partial = blocking(move || partial.write(&chunk).map(|()| partial)).await?;
        self.partial = Some(partial);
        Ok(())
    }
    async fn finish(mut self: Box<Self>) -> Result<Stored> {
        let partial = self.take()?;
        blocking(move || partial.publish(PutMode::CreateNew)).await
    }
    async fn abort(mut self: Box<Self>) -> Result<()> {
        let partial = self.partial.take();
        blocking(move || partial.map_or(Ok(()), Partial::discard)).await
    }
}
