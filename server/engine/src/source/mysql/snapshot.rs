//! One position for all readers.
//!
//! The dump runs on a connection of the client program's, the sums on ours. To compare them, all must see the
//! same instant. A global read lock, held for the moments it takes to open the snapshots, stands everything
//! still; the position before and after proves that it did. Nobody may be made to wait for a lock that waits
//! itself, so it is given up after [`LOCK_WAIT_SECONDS`] and released after [`HOLD`] at the latest.
//!
//! MariaDB also tells each snapshot's own position, so there even an account without the lock can prove equal
//! positions if nothing happens to be written meanwhile.

use std::time::Duration;

use domain::Timestamp;
use domain::sources::{Coordinate, ServerFamily};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::connect::Endpoint;
use super::inspect::{Session, number, text};
use super::{faults, rows};
use crate::Result;
use crate::source::inventory::ServerFacts;

/// How long the lock may stay in the queue, in seconds: writers queue behind it.
pub const LOCK_WAIT_SECONDS: u32 = 2;

/// How long it is held at most.
pub const HOLD: Duration = Duration::from_secs(8);

/// After this long without a word from us the server closes the connection that holds the lock, in seconds: a worker
/// that was cut off or frozen must not leave a source without writes until somebody notices. More than [`HOLD`].
pub const SILENT_SECONDS: u32 = 15;

/// What became of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Everything stands still.
    Held,
    /// The account may not.
    Denied,
    /// Something ran too long to wait for.
    Busy,
}

/// A place in the binary log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Binary log file.
    pub file: String,
    /// Byte in it.
    pub position: u64,
    /// GTID set in the server's notation.
    pub gtid: String,
}

/// Tries to lock.
pub async fn lock(control: &mut Conn, who: &str) -> Result<Lock> {
    let failed = |error| faults::from_driver("take a short read lock", who, error);
    let limits = format!("SET SESSION lock_wait_timeout={LOCK_WAIT_SECONDS}, wait_timeout={SILENT_SECONDS}");
    control.query_drop(limits).await.map_err(failed)?;
    match control.query_drop("FLUSH TABLES WITH READ LOCK").await {
        Ok(()) => Ok(Lock::Held),
        Err(error) => match faults::code_of(&error) {
            Some(code) if faults::is_denied(code) => Ok(Lock::Denied),
            Some(1205) => Ok(Lock::Busy),
            _ => Err(failed(error)),
        },
    }
}

/// Releases it.
pub async fn unlock(control: &mut Conn, who: &str) -> Result<()> {
    control
        .query_drop("UNLOCK TABLES")
        .await
        .map_err(|error| faults::from_driver("release the read lock", who, error))
}

/// Where the server stands; nothing if it writes no binary log or the account may not know.
pub async fn position(control: &mut Conn, who: &str, family: ServerFamily) -> Result<Option<Position>> {
    let mut last = None;
    // MySQL renamed the statement in 8.4 and dropped the old name.
    for statement in ["SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"] {
        match control.query_first::<mysql_async::Row, _>(statement).await {
            Ok(None) => return Ok(None),
            Ok(Some(row)) => {
                let gtid = match family {
                    ServerFamily::Mysql => text(&row, 4).replace(['\n', '\r'], ""),
                    ServerFamily::Mariadb => {
                        let mut session =
                            Session { conn: control, who, attempt: "read the GTID position".into() };
                        text(&session.row("SELECT @@gtid_binlog_pos").await?, 0)
                    }
                };
                return Ok(Some(Position { file: text(&row, 0), position: number(&row, 1), gtid }));
            }
            Err(error) => match faults::code_of(&error) {
                Some(code) if faults::is_denied(code) => return Ok(None),
                Some(1064) => last = Some(error),
                _ => return Err(faults::from_driver("read the server's position", who, error)),
            },
        }
    }
    match last {
        Some(error) => Err(faults::from_driver("read the server's position", who, error)),
        None => Ok(None),
    }
}

/// Connections that each hold a consistent snapshot of this moment.
pub async fn readers(endpoint: &Endpoint, family: ServerFamily, count: usize) -> Result<Vec<Conn>> {
    let who = endpoint.shown();
    let mut readers = Vec::new();
    for _ in 0..count {
        let mut conn = endpoint.connect().await?;
        let unlimited = match family {
            ServerFamily::Mariadb => "SET SESSION max_statement_time=0",
            ServerFamily::Mysql => "SET SESSION max_execution_time=0",
        };
        for sql in [
            unlimited,
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        ] {
            conn.query_drop(sql)
                .await
                .map_err(|error| faults::from_driver("open a snapshot", &who, error))?;
        }
        rows::prepare(&mut conn, &who).await?;
        readers.push(conn);
    }
    Ok(readers)
}

/// The position of a snapshot itself (MariaDB), if the account may know it.
pub async fn of_snapshot(reader: &mut Conn) -> Option<(String, u64)> {
    let rows: Vec<(String, String)> = reader.query("SHOW STATUS LIKE 'binlog_snapshot_%'").await.ok()?;
    let find = |name: &str| {
        rows.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let file = find("binlog_snapshot_file").filter(|file| !file.is_empty())?;
    Some((file, find("binlog_snapshot_position")?.parse().ok()?))
}

/// The GTID of a binary log position (MariaDB); empty if the server does not say.
pub async fn gtid_of(control: &mut Conn, file: &str, position: u64) -> String {
    control
        .exec_first::<String, _, _>("SELECT BINLOG_GTID_POS(?,?)", (file, position))
        .await
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// A coordinate, with the server's clock.
pub async fn coordinate(
    control: &mut Conn,
    who: &str,
    facts: &ServerFacts,
    position: Option<Position>,
) -> Result<Coordinate> {
    let mut session = Session { conn: control, who, attempt: "read the server's clock".into() };
    let row = session.row("SELECT CAST(UNIX_TIMESTAMP(NOW(3))*1000 AS UNSIGNED)").await?;
    let at = Timestamp(i64::try_from(number(&row, 0)).unwrap_or_default());
    let position = position.unwrap_or(Position { file: String::new(), position: 0, gtid: String::new() });
    Ok(Coordinate {
        file: position.file,
        position: position.position,
        gtid: position.gtid,
        server_uuid: facts.server_uuid.clone(),
        at,
    })
}
