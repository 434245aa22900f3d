//! What the copying program notes about its copy: log positions and the place in the binary log.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::source::mysql::snapshot::Position;
use crate::{Error, Kind, Result};

/// Positions in InnoDB's redo log, in bytes since the server was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPositions {
    /// Pages older than this are in an earlier copy; 0 for a full one.
    pub from: u64,
    /// From here the next incremental copy continues.
    pub to: u64,
    /// Up to here the copied log reaches.
    pub last: u64,
}

/// Everything that it noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    /// Log positions.
    pub log: LogPositions,
    /// Where the copy stands in the binary log; nothing if the server writes none.
    pub position: Option<Position>,
}

fn damaged(what: &str) -> Error {
    Error::new(Kind::Source, "read the notes of the copying program", what.to_owned())
        .later()
        .hint("It is tried again; if it stays so, the program is of a version that is not known here.")
}

impl Notes {
    /// Reads the notes in `directory`. `incremental` says from where the copy must begin.
    pub fn read(directory: &Path, incremental: Option<u64>) -> Result<Self> {
        let file = |name: &str| {
            std::fs::read_to_string(directory.join(name))
                .map_err(|error| damaged(&format!("{name} is not there")).caused_by(error))
        };
        Self::parse(&file("xtrabackup_checkpoints")?, &file("xtrabackup_info")?, incremental)
    }

    fn parse(checkpoints: &str, info: &str, incremental: Option<u64>) -> Result<Self> {
        let number = |name: &str| {
            value(checkpoints, name)
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| damaged(&format!("xtrabackup_checkpoints has no {name}")))
        };
        let log =
            LogPositions { from: number("from_lsn")?, to: number("to_lsn")?, last: number("last_lsn")? };
        let kind = value(checkpoints, "backup_type").unwrap_or_default();
        let expected = if incremental.is_some() { "incremental" } else { "full-backuped" };
        if kind != expected || log.from != incremental.unwrap_or(0) || log.to < log.from || log.last < log.to
        {
            return Err(damaged(&format!(
                "it made another copy than it was asked for: {kind} from {} to {} with log up to {}",
                log.from, log.to, log.last
            )));
        }
        Ok(Self { log, position: position(info) })
    }
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// `binlog_pos = filename 'bin.000001', position '961', GTID of the last change '0-11-4'`. The GTIDs of MySQL may
/// continue on further lines.
fn position(info: &str) -> Option<Position> {
    let at = info.find("binlog_pos = ")?;
    let rest = &info[at..];
    let quoted = |word: &str| {
        let start = rest.find(word)? + word.len();
        let text = rest[start..].trim_start().strip_prefix('\'')?;
        text.split_once('\'').map(|(inside, _)| inside.replace(['\n', '\r'], ""))
    };
    let file = quoted("filename").filter(|file| !file.is_empty())?;
    Some(Position {
        file,
        position: quoted("position")?.parse().ok()?,
        gtid: quoted("GTID of the last change").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const INFO: &str = "tool_name = mariadb-backup\nbinlog_pos = filename 'bin.000001', position '961', \
                        GTID of the last change '0-11-4'\ninnodb_from_lsn = 0\n";

    #[test]
    fn notes_are_read_and_must_be_of_the_copy_that_was_asked_for() {
        let full = "backup_type = full-backuped\nfrom_lsn = 0\nto_lsn = 44848\nlast_lsn = 46749\n";
        let notes = Notes::parse(full, INFO, None).unwrap();
        assert_eq!(notes.log, LogPositions { from: 0, to: 44848, last: 46749 });
        let position = notes.position.unwrap();
        assert_eq!(
            (position.file.as_str(), position.position, position.gtid.as_str()),
            ("bin.000001", 961, "0-11-4")
        );
        assert!(Notes::parse(full, INFO, Some(44848)).is_err());
        let increment =
            full.replace("full-backuped", "incremental").replace("from_lsn = 0", "from_lsn = 40000");
        assert!(Notes::parse(&increment, INFO, Some(40000)).is_ok());
        assert!(Notes::parse(&increment, INFO, Some(40001)).is_err());
        assert!(Notes::parse("backup_type = full-backuped\n", INFO, None).is_err());
        assert_eq!(Notes::parse(full, "tool_name = x\n", None).unwrap().position, None);
        let mysql = "binlog_pos = filename 'b.1', position '4', GTID of the last change 'u:1-5,\nv:1-2'\n";
        assert_eq!(Notes::parse(full, mysql, None).unwrap().position.unwrap().gtid, "u:1-5,v:1-2");
    }
}
