//! What a database consists of, written down so that a restored copy can be compared with it.
//!
//! It is sealed into a backup's index as JSON: new fields need `#[serde(default)]`, and none may change its
//! meaning.

use std::collections::{BTreeMap, BTreeSet};

use domain::sources::ServerFamily;
use serde::{Deserialize, Serialize};

/// Everything in a database that a backup has to bring back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Default character set of the database.
    pub charset: String,
    /// Default collation of the database.
    pub collation: String,
    /// Base tables, by name.
    pub tables: Vec<Table>,
    /// Views, by name.
    pub views: Vec<String>,
    /// Triggers, by name.
    pub triggers: Vec<String>,
    /// Procedures, functions and packages, as `kind name`.
    pub routines: Vec<String>,
    /// Events, by name.
    pub events: Vec<String>,
    /// Sequences (MariaDB), by name. They are part of the dump.
    #[serde(default)]
    pub sequences: Vec<String>,
}

impl Inventory {
    /// Tables whose engine takes part in no snapshot: what was read of them is not consistent with the rest.
    pub fn inconsistent(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| !table.transactional)
    }
    /// Tables whose rows have a history, which no statement brings back.
    pub fn versioned(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.system_versioned)
    }
    /// Tables in an order in which they can be made: those that show the rows of others come after these.
    pub fn in_order(&self) -> impl Iterator<Item = &Table> {
        let shows = |shows: bool| self.tables.iter().filter(move |table| table.shows_others() == shows);
        shows(false).chain(shows(true))
    }
    /// Whether `other` describes the same definitions.
    pub fn same_definitions(&self, other: &Self) -> bool {
        self.changed(other).is_empty()
    }
    /// What `other` defines in another way, by name; estimates and counters may differ.
    pub fn changed(&self, other: &Self) -> BTreeSet<String> {
        let tables = |inventory: &Self| -> BTreeMap<String, Table> {
            let reduce = |table: &Table| Table {
                rows_estimate: 0,
                bytes_estimate: 0,
                auto_increment: None,
                ..table.clone()
            };
            inventory.tables.iter().map(|table| (table.name.clone(), reduce(table))).collect()
        };
        let (own, others) = (tables(self), tables(other));
        let mut changed: BTreeSet<String> = own
            .keys()
            .chain(others.keys())
            .filter(|name| own.get(*name) != others.get(*name))
            .cloned()
            .collect();
        for (own, others) in [
            (&self.views, &other.views),
            (&self.triggers, &other.triggers),
            (&self.routines, &other.routines),
            (&self.events, &other.events),
            (&self.sequences, &other.sequences),
        ] {
            let (own, others): (BTreeSet<_>, BTreeSet<_>) = (own.iter().collect(), others.iter().collect());
            changed.extend(own.symmetric_difference(&others).map(|name| (*name).clone()));
        }
        changed
    }
}

/// A base table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// `InnoDB`
    pub engine: String,
    /// Whether the engine takes part in a consistent snapshot.
    pub transactional: bool,
    /// Whether it is system-versioned (MariaDB). A dump carries its present rows; the history is not part of it.
    #[serde(default)]
    pub system_versioned: bool,
    /// Default collation.
    pub collation: String,
    /// The server's estimate.
    pub rows_estimate: u64,
    /// The server's estimate of data and indexes, in bytes.
    pub bytes_estimate: u64,
    /// Next automatic number: at least that of the instant that was read.
    pub auto_increment: Option<u64>,
    /// Columns in their order, invisible ones too.
    pub columns: Vec<Column>,
    /// What SHOW CREATE TABLE said, without the next automatic number.
    pub create_sql: String,
}

impl Table {
    /// Whether it has no rows of its own, but shows those of other tables (MERGE).
    pub fn shows_others(&self) -> bool {
        self.engine.eq_ignore_ascii_case("MRG_MyISAM")
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `decimal(10,2) unsigned`
    pub definition: String,
    /// Character set, if it holds text.
    pub charset: Option<String>,
    /// How it is compared.
    pub class: ColumnClass,
    /// Whether its values are computed.
    pub generated: bool,
    /// Whether `SELECT *` leaves it out.
    pub invisible: bool,
}

/// How a column's values are compared; see [`super::sums`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnClass {
    /// Bit for bit, in the sum of the row.
    Exact,
    /// FLOAT: apart, because the dump prints six digits of it.
    Float,
    /// DOUBLE: in the sum of the row but for the sign of zero, which a dump does not keep.
    Double,
    /// Computed from a FLOAT: apart, for the same reason.
    FromFloat,
    /// Kept by the server itself, such as the times of row versions: never equal after a restore, not compared.
    ServerKept,
}

/// What kind of stored object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A stored function.
    Function,
    /// A stored procedure.
    Procedure,
    /// A package's declaration (MariaDB, Oracle mode).
    Package,
    /// A package's body (MariaDB, Oracle mode).
    PackageBody,
    /// A view.
    View,
    /// A trigger.
    Trigger,
    /// A scheduled event.
    Event,
}

impl ObjectKind {
    /// As in a statement: `PACKAGE BODY`.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Function => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Package => "PACKAGE",
            Self::PackageBody => "PACKAGE BODY",
            Self::View => "VIEW",
            Self::Trigger => "TRIGGER",
            Self::Event => "EVENT",
        }
    }
}

/// A view, trigger, routine or event: one statement, and what it needs around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// The account that it ran as at the source, `user@host`. On restore it belongs to the restoring account, unless
    /// somebody chooses otherwise.
    pub definer: String,
    /// SQL mode under which it was created; empty for views.
    pub sql_mode: String,
    /// Character set of its text when it was created.
    pub character_set_client: String,
    /// Collation of its literals.
    pub collation: String,
    /// One CREATE statement, without the definer; an event is always DISABLE here.
    pub create_sql: String,
    /// Trigger: its table.
    #[serde(default)]
    pub table: Option<String>,
    /// Trigger: place among those of the same table, time and event, from 1.
    #[serde(default)]
    pub order: Option<u32>,
    /// Event: its time zone.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Event: `ENABLED`, `DISABLED` or `SLAVESIDE_DISABLED` at the source.
    #[serde(default)]
    pub status: Option<String>,
}

/// The server and the session that were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Which family.
    pub family: ServerFamily,
    /// `10.11.19-MariaDB-0+deb12u1-log`
    pub version: String,
    /// What the dump program said of itself.
    pub client_version: String,
    /// Which server: MySQL's `server_uuid`, MariaDB's `domain-server_id`.
    pub server_uuid: String,
    /// The server's global SQL mode.
    pub sql_mode: String,
    /// The server's own character set.
    pub charset: String,
    /// The server's own collation.
    pub collation: String,
    /// How names are compared: `lower_case_table_names`.
    pub lower_case_table_names: u8,
}

impl ServerFacts {
    /// `10.11` or `9.7`: versions of one series print definitions alike.
    pub fn series(&self) -> &str {
        series(&self.version)
    }
}

/// The first two numbers of a version.
pub fn series(version: &str) -> &str {
    let mut dots = version.match_indices('.').map(|(at, _)| at);
    let _first = dots.next();
    let end = dots.next().unwrap_or(version.len());
    version[..end].split(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_series_is_two_numbers() {
        assert_eq!(super::series("10.11.19-MariaDB-log"), "10.11");
        assert_eq!(super::series("9.7.0"), "9.7");
        assert_eq!(super::series("8.4"), "8.4");
        assert_eq!(super::series("9.7-debug"), "9.7");
    }
}
