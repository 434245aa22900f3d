//! Locks that cannot be forgotten.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use domain::sources::{DatabaseName, quote_identifier};

use super::{HOLD, LOCK_WAIT_SECONDS, SILENT_SECONDS};
use crate::source::mysql::faults;
use crate::source::mysql::wire::{Stopper, Wire};
use crate::{Error, Kind, Result};

const ATTEMPT: &str = "take a short read lock";

/// How long we wait for the server to give a lock or to refuse it.
const WAIT: Duration = Duration::from_secs(LOCK_WAIT_SECONDS as u64 * 2);

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Everything.
    Global,
    /// The tables of the database.
    Tables,
}

/// What came of it.
pub(super) enum Held<T> {
    /// The work was done under the lock.
    Done(T),
    /// There was no lock, or not for long enough: why.
    Not(&'static str),
}

/// Does `work` under `lock`, and releases it whatever comes.
pub(super) fn hold<T>(
    lock: Lock,
    control: &mut Wire,
    readers: &mut [Wire],
    database: &DatabaseName,
    work: impl FnOnce(&mut Wire, &mut [Wire]) -> Result<T>,
) -> Result<Held<T>> {
    let statement = match lock {
        Lock::Global => "FLUSH TABLES WITH READ LOCK".to_owned(),
        Lock::Tables => match every_table(control, database)? {
            Some(statement) => statement,
            None => return Ok(Held::Not("the database has no tables")),
        },
    };
    // Without autocommit InnoDB locks the tables itself, too, and so waits for those who have written to them.
    control.run(
        format!(
            "SET SESSION lock_wait_timeout={LOCK_WAIT_SECONDS}, innodb_lock_wait_timeout={LOCK_WAIT_SECONDS}, \
             wait_timeout={SILENT_SECONDS}, autocommit=0"
        ),
        ATTEMPT,
    )?;
    // The server's limit holds for every single table, ours for all of them.
    let (locked, too_long) =
        watched(WAIT, vec![control.stopper()], || control.run(&statement, ATTEMPT).map(drop));
    if too_long {
        return Ok(Held::Not(busy(lock)));
    }
    if let Err(error) = locked {
        return match control.refused() {
            Some(code) if faults::is_denied(code) => Ok(Held::Not(denied(lock))),
            Some(1205 | 1213) => Ok(Held::Not(busy(lock))),
            // A table went since they were listed.
            Some(1146) if lock == Lock::Tables => Ok(Held::Not("a table went while the tables were locked")),
            _ => Err(error),
        };
    }
    let stoppers = readers.iter().map(Wire::stopper).chain([control.stopper()]).collect();
    let (done, too_long) = watched(HOLD, stoppers, || work(control, readers));
    if too_long {
        return Ok(Held::Not("the server took too long to open snapshots under a lock"));
    }
    // Where this fails the connection is closed, which releases the lock as well.
    let released = control.run("UNLOCK TABLES", "release the read lock");
    let done = done?;
    released?;
    control.run("SET SESSION autocommit=1, wait_timeout=86400", ATTEMPT)?;
    Ok(Held::Done(done))
}

const fn denied(lock: Lock) -> &'static str {
    match lock {
        Lock::Global => "the account may not take a global read lock (RELOAD)",
        Lock::Tables => "the account may not lock the tables (LOCK TABLES)",
    }
}

const fn busy(lock: Lock) -> &'static str {
    match lock {
        Lock::Global => "a statement ran too long to wait with a global read lock",
        Lock::Tables => "a transaction ran too long to wait with read locks on the tables",
    }
}

/// Runs `work`; if it takes longer than `limit`, the connections are closed, which ends it. Returns whether it did.
fn watched<T>(limit: Duration, stoppers: Vec<Stopper>, work: impl FnOnce() -> T) -> (T, bool) {
    std::thread::scope(|scope| {
        let (done, waiting) = channel::<()>();
        let watch = scope.spawn(move || {
            let late = waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if late {
                stoppers.iter().for_each(Stopper::stop);
            }
            late
        });
        let outcome = work();
        drop(done);
        (outcome, watch.join().unwrap_or(true))
    })
}

/// The statement that locks all tables of `database`, if it has any.
fn every_table(control: &mut Wire, database: &DatabaseName) -> Result<Option<String>> {
    let name = database.as_str();
    let literal = name.replace('\\', "\\\\").replace('\'', "''");
    let rows = control.all(
        format!(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA='{literal}' \
             AND TABLE_TYPE IN ('BASE TABLE','SYSTEM VERSIONED') ORDER BY 1"
        ),
        "list the tables to lock",
    )?;
    let mut tables = Vec::new();
    for row in rows {
        let table = row.into_iter().next().flatten().unwrap_or_default();
        let table = String::from_utf8(table).map_err(|error| {
            Error::new(Kind::Source, ATTEMPT, "a table's name is no text").caused_by(error)
        })?;
        tables.push(format!("{}.{} READ", quote_identifier(name), quote_identifier(&table)));
    }
    Ok((!tables.is_empty()).then(|| format!("LOCK TABLES {}", tables.join(","))))
}
