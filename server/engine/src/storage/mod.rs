//! Where copies are kept: one contract, whatever the place.
//!
//! A store is not trusted. It may be down, full, slow, cut off in the middle, or say that it does what it does
//! not; therefore the contract is small and every implementation proves what it reports:
//!
//! * an object appears whole or not at all, and never in place of another ([`PutMode::CreateNew`], [`Upload`]);
//! * what is read is as long as announced, or the reader fails: a cut body never looks like an end;
//! * every failure says whether trying again may help, because only the store's own code can know.
//!
//! [`local`] is a directory, [`s3`] a bucket, [`memory`] is for tests; [`faulty`] wraps any of them to fail on
//! purpose; [`probe`] finds out what a store really does. The same contract tests run against all.

mod cause;
mod exact;
pub mod faulty;
mod key;
pub mod local;
pub mod memory;
pub mod probe;
pub mod s3;

use std::{ops::Range, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use domain::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt};

pub use cause::{already_exists, is_missing, while_reading};
pub use key::ObjectKey;
pub use s3::S3Config;

use crate::{Error, Kind, Result};

/// The content of an object, or of a part of it. Fails with [`std::io::ErrorKind::UnexpectedEof`] when the store
/// delivers less than it announced; [`while_reading`] gives back the engine's error.
pub type BoxReader = Box<dyn AsyncRead + Send + Unpin>;

/// What a store knows about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key.
    pub key: ObjectKey,
    /// Bytes.
    pub size: u64,
    /// Which version, where the store keeps versions.
    pub version: Option<String>,
    /// When the store says it was written.
    pub modified: Timestamp,
}

/// What was really stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes handed to the store.
    pub sha256: [u8; 32],
    /// Which version it became, where the store keeps versions. Read it back by this.
    pub version: Option<String>,
}

/// Some objects in order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<ObjectMeta>,
    /// Pass it as `after` for the next page; none if this was the last.
    pub next: Option<String>,
}

/// What an upload left behind that never ended: takes room and can be read by nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The key that it was for.
    pub key: ObjectKey,
    /// The store's own name for it.
    pub id: String,
    /// When it began, if the store says so.
    pub started: Option<Timestamp>,
}

/// Room in a store, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What can still be written.
    pub free: u64,
    /// All there is.
    pub total: u64,
}

/// What the store was seen to do, not what it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Two writers that create the same key at once: exactly one succeeds. Without it [`PutMode::CreateNew`]
    /// looks first and writes then, and a second writer in that instant is not noticed.
    pub create_new_is_atomic: bool,
    /// Every write becomes a version that can be read by its own name.
    pub versioned: bool,
}

/// What happens when there is an object under the key already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// The write is refused; see [`already_exists`].
    CreateNew,
    /// The new object takes its place, atomically for readers.
    Replace,
}

/// A place for objects.
#[async_trait]
pub trait Storage: Send + Sync {
    /// For people and logs; without secrets.
    fn describe(&self) -> String;
    /// Begins an object of unknown length. It creates, never replaces: [`Upload::finish`] fails if the key is taken.
    async fn begin(&self, key: &ObjectKey) -> Result<Box<dyn Upload>>;
    /// Writes a small object at once.
    async fn put(&self, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored>;
    /// Reads an object, or exactly the bytes of `range`. A range that reaches beyond the object is an error.
    /// Stores without versions ignore `version`, so that a vault copied out of a bucket stays readable.
    async fn read(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<BoxReader>;
    /// What is known of an object; `None` if there is none.
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObjectMeta>>;
    /// At most `limit` objects whose keys begin with `prefix` and come after `after`, in byte order of their keys.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<ObjectPage>;
    /// Removes an object; there being none is fine. In a store with versions this hides it, and the versions
    /// go by the store's own rules: a worker should not be able to destroy them.
    async fn delete(&self, key: &ObjectKey) -> Result<()>;
    /// Uploads under `prefix` that never ended; `None` if the store cannot tell. A store that can see that a
    /// writer is alive leaves that one out; a bucket cannot, so choose the prefix of an attempt that is over.
    async fn unfinished(&self, prefix: &str) -> Result<Option<Vec<Unfinished>>>;
    /// Removes what [`Storage::unfinished`] lists and says how many; `None` if the store cannot tell.
    async fn abort_unfinished(&self, prefix: &str) -> Result<Option<usize>>;
    /// Room left, where the store can say.
    async fn space(&self) -> Result<Option<Space>>;
    /// What the store does, found out by trying it the first time.
    async fn capabilities(&self) -> Result<Capabilities>;
    /// Whether the store refuses a body that does not match the checksum sent with it; `None` if there is no such
    /// thing here. Tries it with a small object under `key`, which may remain.
    async fn refuses_wrong_checksum(&self, _key: &ObjectKey) -> Result<Option<bool>> {
        Ok(None)
    }
}

/// An object that is being written. Dropped before [`Upload::finish`] it leaves nothing that can be read.
#[async_trait]
pub trait Upload: Send {
    /// Adds bytes. After an error the upload is over.
    async fn write(&mut self, chunk: Bytes) -> Result<()>;
    /// Makes the object appear, durably, and says what was stored. Fails if the key is taken.
    async fn finish(self: Box<Self>) -> Result<Stored>;
    /// Gives up and removes what was written so far.
    async fn abort(self: Box<Self>) -> Result<()>;
}

/// Where a vault is.
#[derive(Debug, Clone)]
pub enum VaultConfig {
    /// A directory on this machine or mounted here.
    Local {
        /// The directory. Made if its parent exists.
        path: PathBuf,
    },
    /// A bucket.
    S3(S3Config),
}

/// Opens a vault. For a bucket nothing is sent yet: [`probe::probe`] tells whether it answers.
pub async fn open(config: &VaultConfig) -> Result<Arc<dyn Storage>> {
    Ok(match config {
        VaultConfig::Local { path } => Arc::new(local::Local::open(path).await?),
        VaultConfig::S3(config) => Arc::new(s3::S3::open(config).await?),
    })
}

/// Reads a whole small object into memory; more than `limit` bytes is an error.
pub async fn read_small(
    storage: &dyn Storage,
    key: &ObjectKey,
    version: Option<&str>,
    limit: u64,
) -> Result<Bytes> {
    let attempt = || format!("read {key} from {}", storage.describe());
    let reader = storage.read(key, version, None).await?;
    let mut body = Vec::new();
    reader.take(limit + 1).read_to_end(&mut body).await.map_err(|error| while_reading(attempt(), error))?;
    if body.len() as u64 > limit {
        return Err(Error::new(Kind::Integrity, attempt(), format!("it is longer than {limit} bytes")).hint(
            "Something that Holdfast did not write lies under this key. Look at it before removing it.",
        ));
    }
    Ok(body.into())
}
