//! The dump's text on its way, read along.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::process::ChildStdout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::lexer::DumpLexer;
use crate::source::inventory::Table;
use crate::source::tool::Running;
use crate::source::{OnProgress, OpenRequest, SourceProgress};
use crate::{Error, Kind, Result};

/// Progress is told at least every so many bytes.
const TELL_EVERY: u64 = 1 << 20;

/// How much may be read ahead while waiting for the first table.
const AHEAD: usize = 4 << 20;

/// What the reader of the stream and the end check both know.
pub struct Shared {
    state: Mutex<SharedState>,
}

/// The lexer and whether the text has ended.
pub struct SharedState {
    /// What was read so far.
    pub lexer: DumpLexer,
    /// The program closed its output.
    pub ended: bool,
}

impl Shared {
    /// What is known now.
    pub fn get(&self) -> MutexGuard<'_, SharedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The dump's text.
pub struct DumpStream {
    source: Option<ChildStdout>,
    ahead: Vec<u8>,
    given: usize,
    shared: Arc<Shared>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    cancel: CancellationToken,
    progress: OnProgress,
    bytes: u64,
    told: u64,
    tables_told: usize,
    tables_total: usize,
}

impl DumpStream {
    /// Nothing attached yet.
    pub fn new(request: &OpenRequest<'_>, tables: &[Table]) -> Self {
        let state = SharedState { lexer: DumpLexer::new(request.seed, tables), ended: false };
        Self {
            source: None,
            ahead: Vec::new(),
            given: 0,
            shared: Arc::new(Shared { state: Mutex::new(state) }),
            stopped: Box::pin(request.cancel.clone().cancelled_owned()),
            cancel: request.cancel.clone(),
            progress: Arc::clone(&request.progress),
            bytes: 0,
            told: 0,
            tables_told: 0,
            tables_total: tables.len(),
        }
    }
    /// For the end check.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
    /// The position that the program noted at its beginning.
    pub fn position(&self) -> Option<(String, u64)> {
        self.shared.get().lexer.position.clone()
    }

    /// Takes the program's output and reads until its snapshot is surely open: it opens that before it writes
    /// about the first table.
    pub async fn attach(&mut self, running: &mut Running, who: &str) -> Result<()> {
        let Some(mut source) = running.take_stdout() else {
            return Err(Error::new(Kind::Source, format!("dump as {who}"), "the program has no output"));
        };
        let mut buffer = vec![0u8; 64 * 1024];
        loop {
            let length = source.read(&mut buffer).await.map_err(|error| {
                Error::new(Kind::Source, format!("dump as {who}"), "its output cannot be read")
                    .later()
                    .caused_by(error)
            })?;
            let mut state = self.shared.get();
            state.lexer.feed(&buffer[..length]);
            self.ahead.extend_from_slice(&buffer[..length]);
            if length == 0 {
                state.ended = true;
                return Ok(());
            }
            let begun = !state.lexer.created.is_empty() || !state.lexer.sequences.is_empty();
            if begun || self.ahead.len() > AHEAD {
                break;
            }
        }
        self.source = Some(source);
        Ok(())
    }

    fn tell(&mut self, force: bool) {
        let (seen, current) = {
            let state = self.shared.get();
            (state.lexer.created.len(), state.lexer.current().map(str::to_owned))
        };
        if force || seen != self.tables_told || self.bytes - self.told >= TELL_EVERY {
            self.told = self.bytes;
            self.tables_told = seen;
            let tables_done = if force { seen } else { seen.saturating_sub(1) };
            let current_table = if force { None } else { current };
            (self.progress)(SourceProgress {
                bytes: self.bytes,
                tables_done,
                tables_total: self.tables_total,
                current_table,
            });
        }
    }
}

impl AsyncRead for DumpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.cancel.is_cancelled() || this.stopped.as_mut().poll(cx).is_ready() {
            // Not the kind `Interrupted`: readers would try again for ever.
            return Poll::Ready(Err(io::Error::other(Error::cancelled("read the dump"))));
        }
        let waiting = &this.ahead[this.given..];
        if !waiting.is_empty() {
            let length = waiting.len().min(out.remaining());
            out.put_slice(&waiting[..length]);
            this.given += length;
            this.bytes += length as u64;
            if this.given == this.ahead.len() {
                this.ahead = Vec::new();
                this.given = 0;
            }
            this.tell(false);
            return Poll::Ready(Ok(()));
        }
        let Some(source) = this.source.as_mut() else {
            this.tell(true);
            return Poll::Ready(Ok(()));
        };
        let before = out.filled().len();
        match Pin::new(source).poll_read(cx, out) {
            Poll::Ready(Ok(())) => {}
            other => return other,
        }
        let fresh = &out.filled()[before..];
        this.bytes += fresh.len() as u64;
        let ended = fresh.is_empty();
        {
            let mut state = this.shared.get();
            state.lexer.feed(fresh);
            state.ended |= ended;
        }
        if ended {
            this.source = None;
        }
        this.tell(ended);
        Poll::Ready(Ok(()))
    }
}
