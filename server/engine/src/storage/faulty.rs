//! A store that fails on purpose, for proving that nothing above it takes a failure for a success.
//!
//! Fail call 1, run, look; fail call 2, run, look; and so on until a run ends without having met the fault
//! ([`Faulty::met`]): then every place where the store can fail has been tried.

use std::{
    ops::Range,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::{
    BoxReader, Capabilities, ObjectKey, ObjectMeta, ObjectPage, PutMode, Space, Storage, Stored, Unfinished,
    Upload, exact::Exact,
};
use crate::{Error, Kind, Result};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is not carried out and fails, worth retrying.
    Refuse,
    /// The call is not carried out and fails for want of room.
    Full,
    /// The call is carried out, and fails all the same: its answer was lost.
    LoseAnswer,
    /// What is read ends after so many bytes, with the failure that a store's own reader gives.
    CutRead(u64),
    /// One bit of what is read differs, at this offset: nothing fails, the bytes are wrong.
    FlipRead(u64),
}

/// Which calls go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Only this call, counted from 1.
    Once(u64),
    /// This call and all after it.
    From(u64),
}

#[derive(Debug)]
struct Plan {
    fault: Fault,
    when: When,
    calls: AtomicU64,
    met: AtomicBool,
}

impl Plan {
    /// Counts a call of the sort that the fault can strike, and says whether it strikes.
    fn strikes(&self, reading: bool) -> bool {
        if matches!(self.fault, Fault::CutRead(_) | Fault::FlipRead(_)) && !reading {
            return false;
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let strikes = match self.when {
            When::Once(nth) => call == nth,
            When::From(nth) => call >= nth,
        };
        if strikes {
            self.met.store(true, Ordering::SeqCst);
        }
        strikes
    }

    fn error(&self, what: &str) -> Error {
        let attempt = format!("{what} (a fault on purpose)");
        match self.fault {
            Fault::Full => Error::new(Kind::Space, attempt, "the store is full").hint("Enlarge it."),
            Fault::LoseAnswer => Error::new(Kind::Storage, attempt, "the answer was lost").later(),
            _ => Error::new(Kind::Storage, attempt, "the store does not answer").later(),
        }
    }

    async fn call<T>(&self, what: &str, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        if !self.strikes(false) {
            return call.await;
        }
        if self.fault == Fault::LoseAnswer {
            call.await?;
        }
        Err(self.error(what))
    }
}

/// Wraps a store. For [`Fault::CutRead`] and [`Fault::FlipRead`] only reads count as calls, for the others every
/// call that reaches the store, the writes of an upload among them.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn Storage>,
    plan: Arc<Plan>,
}

impl Faulty {
    /// `inner`, failing with `fault` when `when` says.
    pub fn new(inner: Arc<dyn Storage>, fault: Fault, when: When) -> Self {
        Self {
            inner,
            plan: Arc::new(Plan { fault, when, calls: AtomicU64::new(0), met: AtomicBool::new(false) }),
        }
    }
    /// Whether the fault has struck.
    pub fn met(&self) -> bool {
        self.plan.met.load(Ordering::SeqCst)
    }
    /// Calls counted so far.
    pub fn calls(&self) -> u64 {
        self.plan.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Storage for Faulty {
    fn describe(&self) -> String {
        self.inner.describe()
    }
    async fn begin(&self, key: &ObjectKey) -> Result<Box<dyn Upload>> {
        let upload = self.plan.call("begin an upload", self.inner.begin(key)).await?;
        Ok(Box::new(FaultyUpload { inner: upload, plan: self.plan.clone() }))
    }
    async fn put(&self, key: &ObjectKey, body: Bytes, mode: PutMode) -> Result<Stored> {
        self.plan.call("write an object", self.inner.put(key, body, mode)).await
    }
    async fn read(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
        range: Option<Range<u64>>,
    ) -> Result<BoxReader> {
        if !self.plan.strikes(true) {
            return self.inner.read(key, version, range).await;
        }
        match self.plan.fault {
            Fault::CutRead(at) => {
                let reader = self.inner.read(key, version, range).await?;
                Ok(Box::new(Exact::new(reader.take(at), u64::MAX, "read (a fault on purpose)".into())))
            }
            Fault::FlipRead(at) => {
                let reader = self.inner.read(key, version, range).await?;
                Ok(Box::new(Flipped { inner: reader, until: Some(at) }))
            }
            _ => Err(self.plan.error("read an object")),
        }
    }
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObjectMeta>> {
        self.plan.call("look at an object", self.inner.head(key, version)).await
    }
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<ObjectPage> {
        self.plan.call("list objects", self.inner.list(prefix, after, limit)).await
    }
    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.plan.call("delete an object", self.inner.delete(key)).await
    }
    async fn unfinished(&self, prefix: &str) -> Result<Option<Vec<Unfinished>>> {
        self.plan.call("list unfinished uploads", self.inner.unfinished(prefix)).await
    }
    async fn abort_unfinished(&self, prefix: &str) -> Result<Option<usize>> {
        self.plan.call("abort unfinished uploads", self.inner.abort_unfinished(prefix)).await
    }
    async fn space(&self) -> Result<Option<Space>> {
        self.plan.call("ask for the room left", self.inner.space()).await
    }
    async fn capabilities(&self) -> Result<Capabilities> {
        self.inner.capabilities().await
    }
    async fn refuses_wrong_checksum(&self, key: &ObjectKey) -> Result<Option<bool>> {
        self.inner.refuses_wrong_checksum(key).await
    }
}

struct FaultyUpload {
    inner: Box<dyn Upload>,
    plan: Arc<Plan>,
}

#[async_trait]
impl Upload for FaultyUpload {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        self.plan.call("write a part of an upload", self.inner.write(chunk)).await
    }
    async fn finish(self: Box<Self>) -> Result<Stored> {
        self.plan.call("finish an upload", self.inner.finish()).await
    }
    async fn abort(self: Box<Self>) -> Result<()> {
        self.plan.call("abort an upload", self.inner.abort()).await
    }
}

/// Flips a bit of one byte.
struct Flipped {
    inner: BoxReader,
    /// Bytes still to pass before it; none once it is done.
    until: Option<u64>,
}

impl AsyncRead for Flipped {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(cx, buf);
        let got = &mut buf.filled_mut()[before..];
        if let Some(until) = this.until {
            match usize::try_from(until).ok().and_then(|at| got.get_mut(at)) {
                Some(byte) => {
                    *byte ^= 1;
                    this.until = None;
                }
                None => this.until = Some(until - got.len() as u64),
            }
        }
        polled
    }
}
