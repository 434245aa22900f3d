//! Several readers on one snapshot, by the least that it takes.
//!
//! Reading in parallel needs connections that all see the same instant. No server gives that for the asking, so the
//! ways are tried from the gentlest on, and which one it was is said in the run log:
//!
//! 1. **Without a lock.** All snapshots are opened at once, and it is then proven that nothing was committed between
//!    the first and the last; if something was, it is tried again. MariaDB opens a snapshot and its log position in
//!    one step and tells each snapshot's position: equal positions are one instant.
//!    MySQL tells only where its log stands, and equal log positions before and after are no proof: a transaction is
//!    written to the log first and committed in the engine later, so one that was in the log before the first reading
//!    could become visible between two snapshots. But with `gtid_mode=ON` its GTID is owned from before it is written
//!    until after the engine has committed it. So the order is: log position, then `gtid_owned` (must be empty), then
//!    the snapshots, then the log position again (must be equal). A transaction that became visible between two
//!    snapshots was either in the log at the first reading, and then its GTID was still owned at the second; or it
//!    was not, and then the position has moved.
//!    Neither holds for changes that are kept out of the log: a server that filters databases, or that replicates
//!    without logging what it applies, is not asked this way.
//! 2. **A global read lock** for the moments in which the snapshots are opened.
//! 3. **Read locks on the tables** of the database, for the same moments, where the account may not lock everything.
//! 4. **One reader**, which needs to agree with nobody.
//!
//! A lock is never a danger to the source: it waits [`LOCK_WAIT_SECONDS`] at most, because writers queue behind it;
//! it is held for [`HOLD`] at most, by a watch that closes the connection; and should this process freeze, the server
//! closes the silent connection after [`SILENT_SECONDS`].

mod hold;
mod place;
mod snapshots;

use std::time::{Duration, Instant};

use domain::Timestamp;
use domain::sources::{Coordinate, DatabaseName, ServerFamily};
use tokio_util::sync::CancellationToken;

use super::connect::Endpoint;
use super::snapshot::Position;
use super::wire::Wire;
use crate::source::inventory::ServerFacts;
use crate::{Error, Result};
use hold::{Held, Lock};
use place::Log;

pub use super::snapshot::{HOLD, LOCK_WAIT_SECONDS, SILENT_SECONDS};

/// How often it is tried without a lock.
const TRIES: u32 = 40;

/// How long it is tried without a lock at most.
const PATIENCE: Duration = Duration::from_secs(3);

/// How readers came to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The server proves it; nobody had to wait.
    NoLock,
    /// A global read lock for a moment.
    GlobalLock,
    /// Read locks on the database's tables for a moment.
    TableLocks,
    /// There is only one reader.
    OneReader,
}

/// Readers on one snapshot.
pub struct Agreed {
    /// Each in a read-only transaction on that snapshot; at least one.
    pub readers: Vec<Wire>,
    /// Where the snapshot stands; without file and GTID where nobody can tell.
    pub coordinate: Coordinate,
    /// How they agreed.
    pub way: Way,
    /// The same as a sentence, for the run log.
    pub said: String,
}

/// What the ways have in common.
struct Asking<'a> {
    facts: &'a ServerFacts,
    database: &'a DatabaseName,
    control: Wire,
    readers: Vec<Wire>,
    cancel: &'a CancellationToken,
    /// Why the ways tried so far did not lead there.
    reasons: Vec<&'static str>,
}

/// Opens `count` readers of `database` on one snapshot, or one where no more can agree. Blocks.
pub fn agree(
    endpoint: &Endpoint,
    facts: &ServerFacts,
    database: &DatabaseName,
    count: usize,
    cancel: &CancellationToken,
) -> Result<Agreed> {
    let (control, readers) = connect(endpoint, facts, count)?;
    let mut asking = Asking { facts, database, control, readers, cancel, reasons: Vec::new() };
    let mut log = Log::find(&mut asking.control, facts.family)?;
    if let Some(position) = asking.without_lock(&mut log)? {
        return asking.agreed(Way::NoLock, Some(position));
    }
    for (lock, way) in [(Lock::Global, Way::GlobalLock), (Lock::Tables, Way::TableLocks)] {
        // One reader alone gains only its position, for which nobody shall be kept from writing to single tables.
        if asking.readers.len() == 1 && way == Way::TableLocks {
            continue;
        }
        if let Some(position) = asking.under(lock, &mut log)? {
            return asking.agreed(way, position);
        }
        // Held for too long, the connections were closed.
        if asking.readers.iter().any(|reader| !reader.is_open()) || !asking.control.is_open() {
            (asking.control, asking.readers) = connect(endpoint, facts, count)?;
        }
    }
    asking.readers.truncate(1);
    let position = asking.alone()?;
    asking.agreed(Way::OneReader, position)
}

fn connect(endpoint: &Endpoint, facts: &ServerFacts, count: usize) -> Result<(Wire, Vec<Wire>)> {
    let mut control = Wire::connect(endpoint)?;
    let mut readers = snapshots::connect(endpoint, facts.family, count.max(1))?;
    place::refuse_several_servers(&mut control, &mut readers, facts.family)?;
    Ok((control, readers))
}

impl Asking<'_> {
    fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::cancelled(snapshots::ATTEMPT)) } else { Ok(()) }
    }

    /// The first way. Nothing if the server cannot prove it, or never stood still for long enough.
    fn without_lock(&mut self, log: &mut Log) -> Result<Option<Position>> {
        if let Some(reason) = log.is_no_proof() {
            self.reasons.push(reason);
            return Ok(None);
        }
        let until = Instant::now() + PATIENCE;
        for _ in 0..TRIES {
            self.check()?;
            if let Some(position) = self.one_try(log)? {
                return Ok(Some(position));
            }
            if Instant::now() > until {
                break;
            }
        }
        self.reasons.push("it is written to so much that no two snapshots met without a lock");
        Ok(None)
    }

    fn one_try(&mut self, log: &mut Log) -> Result<Option<Position>> {
        match self.facts.family {
            ServerFamily::Mariadb => {
                snapshots::open(&mut self.readers)?;
                let mut common = None;
                for reader in &mut self.readers {
                    let Some(own) = place::of_snapshot(reader)? else { return Ok(None) };
                    if common.get_or_insert_with(|| own.clone()) != &own {
                        return Ok(None);
                    }
                }
                let Some((file, position)) = common else { return Ok(None) };
                let gtid = place::gtid_of(&mut self.control, &file, position)?;
                Ok(Some(Position { file, position, gtid }))
            }
            ServerFamily::Mysql => {
                // The order is the proof; see above.
                let before = log.position(&mut self.control)?;
                if before.is_none() || !place::nothing_owned(&mut self.control)? {
                    return Ok(None);
                }
                snapshots::open(&mut self.readers)?;
                let after = log.position(&mut self.control)?;
                Ok(before.filter(|before| after.as_ref() == Some(before)))
            }
        }
    }

    #[expect(clippy::option_option, reason = "whether it agreed, and whether the position is known")]
    /// The second and third way: nothing if the lock could not be had or held. Inside, the position if it is known.
    fn under(&mut self, lock: Lock, log: &mut Log) -> Result<Option<Option<Position>>> {
        self.check()?;
        let Self { control, readers, facts, database, .. } = self;
        let held = hold::hold(lock, control, readers, database, |control, readers| {
            let position = log.position(control)?;
            snapshots::open(readers)?;
            let own = match facts.family {
                ServerFamily::Mariadb => readers.first_mut().map_or(Ok(None), place::of_snapshot)?,
                ServerFamily::Mysql => None,
            };
            // Asked last, so that the connection is known to have held its lock until now.
            let after = log.position(control)?;
            control.run("DO 1", snapshots::ATTEMPT)?;
            let moved = lock == Lock::Global && position != after;
            Ok((position, own, moved))
        })?;
        let (position, own) = match held {
            Held::Done((position, own, false)) => (position, own),
            Held::Done((.., true)) => {
                self.reasons.push("its log moved under a global read lock");
                return Ok(None);
            }
            Held::Not(reason) => {
                self.reasons.push(reason);
                return Ok(None);
            }
        };
        // Other databases may have been written to; to this one nothing happened from the first position on.
        Ok(Some(match (position, own) {
            (Some(position), _) => Some(position),
            (None, Some((file, position))) => {
                let gtid = place::gtid_of(&mut self.control, &file, position)?;
                Some(Position { file, position, gtid })
            }
            (None, None) => None,
        }))
    }

    /// The last way: a snapshot, and its position if the server tells it.
    fn alone(&mut self) -> Result<Option<Position>> {
        self.check()?;
        snapshots::open(&mut self.readers)?;
        if self.facts.family == ServerFamily::Mysql {
            return Ok(None);
        }
        match self.readers.first_mut().map_or(Ok(None), place::of_snapshot)? {
            Some((file, position)) => {
                let gtid = place::gtid_of(&mut self.control, &file, position)?;
                Ok(Some(Position { file, position, gtid }))
            }
            None => Ok(None),
        }
    }

    fn agreed(mut self, way: Way, position: Option<Position>) -> Result<Agreed> {
        let at = place::clock(&mut self.control)?;
        let place = position.as_ref().map_or_else(
            || "on one snapshot".to_owned(),
            |position| format!("at {}:{}", position.file, position.position),
        );
        let who = match self.readers.len() {
            1 => "The only reader stands".to_owned(),
            count => format!("All {count} readers stand"),
        };
        let said = match way {
            Way::NoLock => format!("{who} {place}, agreed without a lock."),
            Way::GlobalLock => format!("{who} {place}, agreed under a short global read lock."),
            Way::TableLocks => format!("{who} {place}, agreed under short read locks on the tables."),
            Way::OneReader => {
                format!("One reader reads everything, {place}, because {}.", self.reasons.join(", and "))
            }
        };
        let position = position.unwrap_or(Position { file: String::new(), position: 0, gtid: String::new() });
        Ok(Agreed {
            readers: self.readers,
            coordinate: Coordinate {
                file: position.file,
                position: position.position,
                gtid: position.gtid,
                server_uuid: self.facts.server_uuid.clone(),
                at: Timestamp(at),
            },
            way,
            said,
        })
    }
}
