//! A store in memory, for tests: the contract at its plainest.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use domain::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    BoxReader, Capabilities, ObjectKey, ObjectMeta, ObjectPage, PutMode, Space, Storage, Stored, Unfinished,
    Upload, cause,
};
use crate::Result;

type Objects = BTreeMap<ObjectKey, Bytes>;

/// Objects of one process. Clones share them. All objects carry the time zero: no clock is asked.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Objects>>);

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Puts `body` under `key`, whatever was there: for tests that damage a vault.
    pub fn tamper(&self, key: &ObjectKey, body: Bytes) {
        self.objects().insert(key.clone(), body);
    }
    /// All keys, in order.
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.objects().keys().cloned().collect()
    }
    fn insert(&self, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored> {
        let mut objects = self.objects();
        if mode == PutMode::CreateNew && objects.contains_key(key) {
            return Err(cause::exists(cause::attempt("create", key, PLACE)));
        }
        let stored = Stored { size: body.len() as u64, sha256: Sha256::digest(&body).into(), version: None };
        objects.insert(key.clone(), body);
        Ok(stored)
    }
}

const PLACE: &str = "memory";

fn meta(key: &ObjectKey, body: &Bytes) -> ObjectMeta {
    ObjectMeta { key: key.clone(), size: body.len() as u64, version: None, modified: Timestamp(0) }
}

#[async_trait]
impl Storage for Memory {
    fn describe(&self) -> String {
        PLACE.into()
    }
    async fn begin(&self, key: &ObjectKey) -> Result<Box<dyn Upload>> {
        Ok(Box::new(MemoryUpload { store: self.clone(), key: key.clone(), body: BytesMut::new() }))
    }
    async fn put(&self, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored> {
        self.insert(key, body, mode)
    }
    async fn read(&self, key: &ObjectKey, _: Option<&str>, range: Option<Range<u64>>) -> Result<BoxReader> {
        let attempt = || cause::attempt("read", key, PLACE);
        let body = self.objects().get(key).cloned().ok_or_else(|| cause::missing(attempt()))?;
        let body = match range {
            None => body,
            Some(range) => {
                let start = usize::try_from(range.start).unwrap_or(usize::MAX);
                let end = usize::try_from(range.end).unwrap_or(usize::MAX);
                if start > end || end > body.len() {
                    return Err(cause::beyond(attempt()));
                }
                body.slice(start..end)
            }
        };
        Ok(Box::new(std::io::Cursor::new(body)))
    }
    async fn head(&self, key: &ObjectKey, _: Option<&str>) -> Result<Option<ObjectMeta>> {
        Ok(self.objects().get(key).map(|body| meta(key, body)))
    }
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<ObjectPage> {
        let objects = self.objects();
        let mut rest = objects.iter().filter(|(key, _)| {
            key.as_str().starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
        });
        let page: Vec<_> = rest.by_ref().take(limit).map(|(key, body)| meta(key, body)).collect();
        let next = rest.next().and(page.last()).map(|last| last.key.as_str().to_owned());
        Ok(ObjectPage { objects: page, next })
    }
    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.objects().remove(key);
        Ok(())
    }
    async fn unfinished(&self, _: &str) -> Result<Option<Vec<Unfinished>>> {
        Ok(Some(Vec::new()))
    }
    async fn abort_unfinished(&self, _: &str) -> Result<Option<usize>> {
        Ok(Some(0))
    }
    async fn space(&self) -> Result<Option<Space>> {
        Ok(None)
    }
    async fn capabilities(&self) -> Result<Capabilities> {
        Ok(Capabilities { create_new_is_atomic: true, versioned: false })
    }
}

struct MemoryUpload {
    store: Memory,
    key: ObjectKey,
    body: BytesMut,
}

#[async_trait]
impl Upload for MemoryUpload {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.body.extend_from_slice(&chunk);
        Ok(())
    }
    async fn finish(self: Box<Self>) -> Result<Stored> {
        self.store.insert(&self.key, self.body.freeze(), PutMode::CreateNew)
    }
    async fn abort(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
