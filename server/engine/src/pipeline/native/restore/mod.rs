//! Restores a split backup over several connections at once.
//!
//! Tables are made first, the large ones without keys. Then every connection loads one table at a time in the order
//! of its primary key, whoever the rows belong to, and adds the keys when the table is full. While the server takes
//! one range, the next one is fetched. Rows go as LOAD DATA where the server lets us, which spares it the parsing of
//! SQL, and as INSERT elsewhere.
//!
//! Reading order: this file, [`part`] (what is restored), [`guard`] (what is checked before), [`queue`] (which range
//! is next), [`worker`] (rows to statements), [`session`] (connections, and what follows when one breaks). Memory:
//! two groups of 12 MiB a connection, and as much again while one is written as a file.

pub mod guard;
pub mod part;
mod queue;
mod session;
mod worker;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use domain::{
    backups::Progress,
    sources::{DatabaseName, ServerFamily, quote_identifier},
};
use tokio::{runtime::Handle, sync::mpsc, task::JoinSet};

use queue::Queue;
use session::Place;
use worker::{Coming, Worker};

use super::blocks::Blocks;
use crate::{
    Error, Kind, Result,
    pipeline::{Control, DatabaseContent, Split, count, failpoint, task_failed},
    source::mysql::{connect::Endpoint, native::ddl, wire::Wire},
};

/// Connections that load at the same time: one more than processors of a small server, because each waits for us while
/// its next rows are made ready.
pub const LOADERS: usize = 3;

/// Where and how it is loaded.
pub(in crate::pipeline) struct Target<'a> {
    /// The account that may touch the database and nothing else.
    pub loader: &'a Endpoint,
    /// The database, empty.
    pub database: &'a DatabaseName,
    /// Family of the server.
    pub family: ServerFamily,
}

/// What all workers share.
pub struct Shared {
    blocks: Arc<Blocks>,
    queue: Queue,
    place: Place,
    /// Rows go as LOAD DATA.
    by_file: bool,
    /// A single row may.
    can_file: bool,
    bytes: AtomicU64,
    tables: AtomicUsize,
    half: AtomicBool,
    start: Progress,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Shared {
    fn tell(&self, bytes: u64, table: &str, last: bool) {
        let bytes = self.bytes.fetch_add(bytes, Ordering::AcqRel) + bytes;
        let tables = self.tables.fetch_add(usize::from(last), Ordering::AcqRel) + usize::from(last);
        if bytes >= self.queue.bytes / 2 && !self.half.swap(true, Ordering::AcqRel) {
            failpoint("restore.half");
        }
        (self.progress)(Progress {
            bytes,
            tables: count(tables),
            table: Some(table.to_owned()),
            ..self.start.clone()
        });
    }
}

/// Makes the tables and loads the rows of those with a number in `chosen`. Returns the plain bytes that were loaded.
pub(in crate::pipeline) async fn load(
    content: &DatabaseContent,
    split: &Split,
    blocks: Arc<Blocks>,
    chosen: &BTreeSet<u32>,
    target: Target<'_>,
    start: Progress,
    control: &Control,
) -> Result<u64> {
    let queue = Queue::new(content, split, &blocks, chosen, LOADERS);
    let with_rows = queue.tables.iter().filter(|table| table.left.load(Ordering::Acquire) > 0).count();
    let start = Progress { bytes_expected: Some(queue.bytes), tables_expected: count(with_rows), ..start };
    let place = Place {
        endpoint: target.loader.clone(),
        database: target.database.clone(),
        family: target.family,
        stop: control.cancel.child_token(),
        open: Mutex::default(),
        began: Instant::now(),
    };
    let mut shared = Shared {
        blocks,
        queue,
        place,
        by_file: false,
        can_file: false,
        bytes: AtomicU64::new(0),
        tables: AtomicUsize::new(0),
        half: AtomicBool::new(false),
        start,
        progress: Arc::clone(&control.progress),
    };
    let stop = shared.place.stop.clone();
    let sequences: Vec<String> =
        split.sequences.iter().flat_map(|sequence| sequence.statements.iter().cloned()).collect();
    let (shared, made) = {
        let making = tokio::task::spawn_blocking(move || {
            let made = make(&mut shared, &sequences);
            (Arc::new(shared), made)
        });
        making.await.map_err(|error| task_failed("make the tables", error))?
    };
    made?;
    let result = run(&shared).await;
    if result.is_err() {
        stop.cancel();
        shared.place.end().await;
    }
    result?;
    let last = Arc::clone(&shared);
    tokio::task::spawn_blocking(move || foreign_keys(&last))
        .await
        .map_err(|error| task_failed("add foreign keys", error))??;
    Ok(shared.bytes.load(Ordering::Acquire))
}

/// Makes sequences and tables.
fn make(shared: &mut Shared, sequences: &[String]) -> Result<()> {
    let mut wire = shared.place.connect()?;
    for statement in sequences {
        wire.run(statement, "make a sequence")?;
    }
    shared.can_file = takes_files(&mut wire)?;
    shared.by_file = shared.can_file;
    make_tables(shared, wire)
}

/// Makes the tables, in any order: what refers to others is added when all are there. Over several connections,
/// because a server spends most of a CREATE TABLE waiting for its disk.
fn make_tables(shared: &Shared, wire: Wire) -> Result<()> {
    let next = AtomicUsize::new(0);
    let others = LOADERS.min(shared.queue.tables.len()).saturating_sub(1);
    std::thread::scope(|scope| {
        let others: Vec<_> =
            (0..others).map(|_| scope.spawn(|| make_some(shared, shared.place.connect()?, &next))).collect();
        let mut made = make_some(shared, wire, &next);
        for other in others {
            let result = other.join().unwrap_or_else(|_| {
                Err(Error::new(Kind::Integrity, "make the tables", "an internal task died").later())
            });
            made = made.and(result);
        }
        made
    })
}

/// Makes tables until none is left, or one of them could not be made.
fn make_some(shared: &Shared, mut wire: Wire, next: &AtomicUsize) -> Result<()> {
    let made = loop {
        let Some(table) = shared.queue.tables.get(next.fetch_add(1, Ordering::AcqRel)) else { break Ok(()) };
        let attempt = format!("make table {}", table.name);
        if shared.place.stop.is_cancelled() {
            break Err(Error::cancelled(attempt));
        }
        let create = &table.definition.create;
        let counting = table.auto_increment.and_then(|next| ddl::counting_from(create, next));
        let mut made = wire.run(counting.as_ref().unwrap_or(create), &attempt);
        if let (Some(next), None) = (table.auto_increment, counting) {
            let counting = format!("ALTER TABLE {} AUTO_INCREMENT={next}", quote_identifier(&table.name));
            made = made.and_then(|_| wire.run(counting, &attempt));
        }
        if let Err(error) = made {
            break Err(error);
        }
    };
    if made.is_err() {
        // Nobody begins another one.
        next.fetch_max(shared.queue.tables.len(), Ordering::AcqRel);
    }
    made
}

/// Whether the server lets clients send files.
fn takes_files(wire: &mut Wire) -> Result<bool> {
    let row = wire.first("SELECT @@GLOBAL.local_infile", "see whether the server takes files")?;
    Ok(row.and_then(|row| row.into_iter().next().flatten()).is_some_and(|value| value == b"1"))
}

/// Feeds the workers until all is loaded.
async fn run(shared: &Arc<Shared>) -> Result<()> {
    let mut tasks = JoinSet::new();
    for number in 0..LOADERS {
        let (sender, coming) = mpsc::channel(1);
        let (feeding, working) = (Arc::clone(shared), Arc::clone(shared));
        let runtime = Handle::current();
        tasks.spawn(async move { feed(&feeding, number, &sender).await });
        tasks.spawn_blocking(move || Worker::new(working, runtime)?.run(coming));
    }
    let stop = shared.place.stop.clone();
    let mut failure: Option<Error> = None;
    loop {
        let joined = tokio::select! {
            joined = tasks.join_next() => joined,
            () = stop.cancelled() => {
                shared.place.end().await;
                tasks.join_next().await
            }
        };
        let Some(joined) = joined else { break };
        if let Err(error) = joined.map_err(|error| task_failed("load rows", error)).and_then(|result| result)
        {
            stop.cancel();
            // What the others say is a consequence.
            if failure.as_ref().is_none_or(|first| first.kind() == Kind::Cancelled) {
                failure = Some(error);
            }
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    match shared.queue.tables.iter().find(|table| table.left.load(Ordering::Acquire) > 0) {
        None => Ok(()),
        Some(table) => {
            Err(Error::new(Kind::Integrity, "load rows", format!("rows of {} were left out", table.name)))
        }
    }
}

/// Fetches what a worker loads, one group ahead of it.
async fn feed(shared: &Shared, worker: usize, sender: &mpsc::Sender<(usize, u64, Coming)>) -> Result<()> {
    loop {
        // Room first, then bytes.
        let Ok(room) = sender.reserve().await else { return Ok(()) };
        if shared.place.stop.is_cancelled() {
            return Err(Error::cancelled("load rows"));
        }
        let Some((table, group)) = shared.queue.next(worker) else { return Ok(()) };
        let coming = if group.giant {
            Coming::Giant(group.blocks)
        } else {
            Coming::Rows(shared.blocks.fetch(&group.blocks).await?)
        };
        room.send((table, group.bytes, coming));
    }
}

/// Adds foreign keys that waited for the keys of other tables. Nothing is read for it: they held at the source.
fn foreign_keys(shared: &Shared) -> Result<()> {
    let mut waiting =
        shared.queue.tables.iter().filter_map(|table| Some((table, table.definition.foreign_keys.as_ref()?)));
    let Some(first) = waiting.next() else { return Ok(()) };
    let mut wire = shared.place.connect()?;
    for (table, statement) in std::iter::once(first).chain(waiting) {
        wire.run(statement, &format!("add the foreign keys of {}", table.name))?;
    }
    Ok(())
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.place.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
