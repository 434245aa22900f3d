//! Where the server's log stands, and what that proves.

use domain::sources::ServerFamily;

use crate::source::mysql::faults;
use crate::source::mysql::snapshot::Position;
use crate::source::mysql::wire::{Row, Wire};
use crate::{Error, Kind, Result};

const ATTEMPT: &str = "read the server's position";

/// The server's binary log, as far as this account may know of it.
pub(super) struct Log {
    family: ServerFamily,
    /// How this server is asked for its position; nothing if it does not tell this account, or has no log.
    statement: Option<&'static str>,
    no_proof: Option<&'static str>,
}

impl Log {
    /// Finds out what can be asked and what the answers are worth.
    pub(super) fn find(control: &mut Wire, family: ServerFamily) -> Result<Self> {
        let mut log = Self { family, statement: None, no_proof: None };
        let mut status = None;
        // MySQL renamed the statement in 8.4 and dropped the old name.
        for statement in ["SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"] {
            status = answer(control, statement)?;
            if status.is_some() {
                log.statement = Some(statement);
                break;
            }
        }
        let filtered = status.is_some_and(|row| !text(&row, 2).is_empty() || !text(&row, 3).is_empty());
        let switches = match family {
            // MariaDB does not log what it replicates unless told to, which matters only where it replicates.
            ServerFamily::Mariadb => {
                "SELECT @@log_bin, @@log_slave_updates OR (SELECT VARIABLE_VALUE FROM \
                 information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='SLAVES_RUNNING')=0, 1"
            }
            ServerFamily::Mysql => "SELECT @@log_bin, @@log_replica_updates, @@gtid_mode='ON'",
        };
        let switches = match control.first(switches, ATTEMPT) {
            // Before MySQL 8.0.26.
            Err(_) if control.refused() == Some(1193) => {
                control.first("SELECT @@log_bin, @@log_slave_updates, @@gtid_mode='ON'", ATTEMPT)?
            }
            answer => answer?,
        };
        let on = |at| switches.as_ref().is_some_and(|row| text(row, at) == "1");
        log.no_proof = if !on(0) {
            Some("the server writes no binary log by which snapshots could be compared")
        } else if filtered {
            Some("the server keeps databases out of its binary log")
        } else if !on(1) {
            Some("the server does not log what it replicates")
        } else if !on(2) {
            Some("the server gives no GTIDs by which snapshots could be compared (gtid_mode)")
        } else if log.statement.is_none() {
            // It is also what would tell that databases are kept out of the log.
            Some(match family {
                ServerFamily::Mysql => "the account may not see the server's position (REPLICATION CLIENT)",
                ServerFamily::Mariadb => "the account may not see the server's position (BINLOG MONITOR)",
            })
        } else {
            None
        };
        Ok(log)
    }

    /// Why the log is no proof of anything, if so.
    pub(super) const fn is_no_proof(&self) -> Option<&'static str> {
        self.no_proof
    }

    /// Where the log stands now.
    pub(super) fn position(&mut self, control: &mut Wire) -> Result<Option<Position>> {
        let Some(statement) = self.statement else { return Ok(None) };
        let Some(row) = answer(control, statement)? else { return Ok(None) };
        let gtid = match self.family {
            ServerFamily::Mysql => text(&row, 4).replace(['\n', '\r'], ""),
            ServerFamily::Mariadb => control
                .first("SELECT @@gtid_binlog_pos", ATTEMPT)?
                .map_or_else(String::new, |row| text(&row, 0)),
        };
        Ok(Some(Position { file: text(&row, 0), position: text(&row, 1).parse().unwrap_or_default(), gtid }))
    }
}

/// A row; nothing if there is none, the account may not, or the server does not know the statement.
fn answer(control: &mut Wire, statement: &str) -> Result<Option<Row>> {
    match control.first(statement, ATTEMPT) {
        Err(_) if control.refused().is_some_and(|code| code == 1064 || faults::is_denied(code)) => Ok(None),
        answer => answer,
    }
}

fn text(row: &Row, at: usize) -> String {
    let value = row.get(at).and_then(Option::as_deref).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

/// One address may lead to several servers, whose positions say nothing about each other: a proxy, a name of several
/// replicas.
pub(super) fn refuse_several_servers(
    control: &mut Wire,
    readers: &mut [Wire],
    family: ServerFamily,
) -> Result<()> {
    let identity = match family {
        ServerFamily::Mysql => "SELECT @@server_uuid",
        ServerFamily::Mariadb => "SELECT @@server_id, @@hostname, @@port, @@datadir, @@pid_file",
    };
    let attempt = "see whether all connections lead to one server";
    let first = control.first(identity, attempt)?;
    for reader in readers {
        if reader.first(identity, attempt)? != first {
            return Err(Error::new(Kind::Source, attempt, "they lead to several").later().hint(
                "Give the address of one server as the source's host, not that of a proxy or of all replicas: a \
                 backup must not mix what several servers hold.",
            ));
        }
    }
    Ok(())
}

/// No transaction stands between the log and the engine (MySQL).
pub(super) fn nothing_owned(control: &mut Wire) -> Result<bool> {
    let row = control.first("SELECT @@global.gtid_owned", ATTEMPT)?;
    Ok(row.is_some_and(|row| text(&row, 0).is_empty()))
}

/// The position of the snapshot that a reader holds (MariaDB).
pub(super) fn of_snapshot(reader: &mut Wire) -> Result<Option<(String, u64)>> {
    let rows = reader.all("SHOW STATUS LIKE 'binlog_snapshot_%'", ATTEMPT)?;
    let find =
        |name: &str| rows.iter().find(|row| text(row, 0).eq_ignore_ascii_case(name)).map(|row| text(row, 1));
    let (file, position) = (find("binlog_snapshot_file"), find("binlog_snapshot_position"));
    Ok(file.filter(|file| !file.is_empty()).zip(position.and_then(|text| text.parse().ok())))
}

/// The GTID of a position (MariaDB); empty if the server does not say.
pub(super) fn gtid_of(control: &mut Wire, file: &str, position: u64) -> Result<String> {
    let quoted = file.replace('\\', "\\\\").replace('\'', "''");
    match control.first(format!("SELECT BINLOG_GTID_POS('{quoted}',{position})"), ATTEMPT) {
        Err(_) if control.refused().is_some() => Ok(String::new()),
        answer => Ok(answer?.map_or_else(String::new, |row| text(&row, 0))),
    }
}

/// The server's clock, in milliseconds since 1970.
pub(super) fn clock(control: &mut Wire) -> Result<i64> {
    let row =
        control.first("SELECT CAST(UNIX_TIMESTAMP(NOW(3))*1000 AS UNSIGNED)", "read the server's clock")?;
    Ok(row.and_then(|row| text(&row, 0).parse().ok()).unwrap_or_default())
}
