//! The session the rows need, and the way back to an ordinary one.

use std::io::{self, Write};

use crate::family::{Family, quoted};

/// Creates the database and prepares the session: zero dates and a key of 0 are wanted, everything else is
/// strict, so that a value which does not fit fails the load instead of being clipped.
pub(super) fn open(out: &mut impl Write, database: &str, family: Family) -> io::Result<()> {
    let (database, collation) = (quoted(database), family.collation());
    write!(
        out,
        "-- Example database {database}, made by example-data. Load with the stock client:\n\
         --   {} --binary-mode --default-character-set=utf8mb4\n\
         SET NAMES utf8mb4 COLLATE {collation};\n\
         SET @old_time_zone=@@time_zone, time_zone='+00:00';\n\
         SET @old_foreign_key_checks=@@foreign_key_checks, foreign_key_checks=0;\n\
         SET @old_unique_checks=@@unique_checks, unique_checks=0;\n\
         SET @old_sql_mode=@@sql_mode, sql_mode='NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES';\n\
         CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE {collation};\n\
         USE {database};\n",
        family.choose("mariadb", "mysql"),
    )
}

/// Stored programs remember the mode they were made in: an ordinary one.
pub(super) fn before_objects(out: &mut impl Write) -> io::Result<()> {
    out.write_all(
        b"SET foreign_key_checks=1, unique_checks=1;\n\
          SET sql_mode='STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';\n",
    )
}

/// Restores the session. The last line tells a reader that nothing is missing.
pub(super) fn close(out: &mut impl Write, database: &str) -> io::Result<()> {
    write!(
        out,
        "SET sql_mode=@old_sql_mode, unique_checks=@old_unique_checks, \
         foreign_key_checks=@old_foreign_key_checks, time_zone=@old_time_zone;\n\
         -- Example database {} completed\n",
        quoted(database)
    )
}
