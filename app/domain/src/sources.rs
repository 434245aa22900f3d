//! What is protected: databases, the servers they live on, and what an account can do there.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ConnectionId, SourceId, Timestamp, files::FilesCopy};

/// The two families of servers. They are not interchangeable: clients, GTIDs and statements differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerFamily {
    /// MariaDB.
    Mariadb,
    /// MySQL, Percona Server, Aurora MySQL, RDS for MySQL.
    Mysql,
}

impl ServerFamily {
    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mariadb => "mariadb",
            Self::Mysql => "mysql",
        }
    }
    /// The family stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        match key {
            "mariadb" => Some(Self::Mariadb),
            "mysql" => Some(Self::Mysql),
            _ => None,
        }
    }
}

impl fmt::Display for ServerFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mariadb => "MariaDB",
            Self::Mysql => "MySQL",
        })
    }
}

/// How the connection to a server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Encrypted, certificate and host name checked. The default.
    Verify,
    /// Encrypted, certificate not checked: safe against listening, not against an impostor.
    Encrypt,
    /// In clear. For servers on the same machine or behind a tunnel.
    Off,
}

impl TlsMode {
    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Encrypt => "encrypt",
            Self::Off => "off",
        }
    }
    /// The mode stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        match key {
            "verify" => Some(Self::Verify),
            "encrypt" => Some(Self::Encrypt),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing was entered.
    #[error("enter a name")]
    Empty,
    /// More than the 64 characters that a server accepts.
    #[error("a name has at most {max} characters; this one has {length}")]
    TooLong {
        /// Characters that were entered.
        length: usize,
        /// Characters allowed.
        max: usize,
    },
    /// Control characters, line breaks and NUL are never part of a name we accept.
    #[error("control characters and line breaks cannot be part of this")]
    Control,
    /// A leading dash could be taken for an option by a client program.
    #[error("this cannot begin with a dash")]
    LeadingDash,
    /// Spaces at either end are nearly always a slip, and servers trim them.
    #[error("remove the spaces at the beginning or end")]
    OuterSpace,
}

fn check_name(name: &str, max: usize) -> Result<(), NameError> {
    let length = name.chars().count();
    if name.is_empty() {
        Err(NameError::Empty)
    } else if length > max {
        Err(NameError::TooLong { length, max })
    } else if name.chars().any(char::is_control) {
        Err(NameError::Control)
    } else if name.starts_with('-') {
        Err(NameError::LeadingDash)
    } else if name.trim() != name {
        Err(NameError::OuterSpace)
    } else {
        Ok(())
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        impl $name {
            /// Checks and wraps a name.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                check_name(&name, $max)?;
                Ok(Self(name))
            }
            /// The name as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> { Self::new(name) }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self { name.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    };
}

name_type! {
    /// Name of a database. At most 64 characters, no control characters, no leading dash: it goes to client
    /// programs as an argument and into statements between backticks.
    DatabaseName, 64
}
name_type! {
    /// Name of a table, as far as it is worth writing down: a server accepts others, which stay unnamed.
    TableName, 64
}
name_type! {
    /// Name of a column, likewise.
    ColumnName, 64
}
name_type! {
    /// Host name or address of a server.
    HostName, 253
}
name_type! {
    /// Name of a database account.
    AccountName, 80
}
name_type! {
    /// A label that a person gives to something.
    Label, 120
}

impl DatabaseName {
    /// Between backticks, with backticks inside doubled: safe in a statement.
    pub fn quoted(&self) -> String {
        quote_identifier(&self.0)
    }
}

/// An identifier between backticks, with backticks inside doubled.
pub fn quote_identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A database server and the account that reads it. The password is elsewhere, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// What people call it.
    pub name: Label,
    /// Where it is.
    pub host: HostName,
    /// TCP port.
    pub port: u16,
    /// The account.
    pub user: AccountName,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// Whether a password is stored that is bound to this very host, port and user.
    pub has_credentials: bool,
    /// What the last probe found.
    pub capabilities: Option<Capabilities>,
    /// When that was.
    pub probed_at: Option<Timestamp>,
    /// For optimistic locking.
    pub version: i64,
}

/// What a source protects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protected {
    /// One database.
    Database(DatabaseName),
    /// Every database of the server at once, by its files: which they are, only a backup says.
    Server {
        /// How it is shown: `server` and the label of its connection.
        name: String,
    },
}

impl Protected {
    /// The one database, if it is one.
    pub const fn database(&self) -> Option<&DatabaseName> {
        match self {
            Self::Database(database) => Some(database),
            Self::Server { .. } => None,
        }
    }
    /// The server of a connection with this label.
    pub fn server(label: &Label) -> Self {
        Self::Server { name: format!("server {label}") }
    }
    /// Its name, for people.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Database(database) => database.as_str(),
            Self::Server { name } => name,
        }
    }
}

impl fmt::Display for Protected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something protected: one database of a connection, or all of its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// The server it lives on.
    pub connection_id: ConnectionId,
    /// The database, or the whole server.
    pub protects: Protected,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What reads a source's rows and writes them into a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// Our own: parallel, one segment per tenant.
    Native,
    /// The dump client of the server's family; one stream, tenants mixed.
    Mysqldump,
    /// The copying program of the server's family: the files of a whole server, full or what changed since.
    Physical,
}

impl EngineKind {
    /// Every engine.
    pub const ALL: &'static [Self] = &[Self::Native, Self::Mysqldump, Self::Physical];
    /// Those among which a source that is one database can choose. The files of a server are never those of one
    /// database, so a source that is a server has no choice.
    pub const OF_A_DATABASE: &'static [Self] = &[Self::Native, Self::Mysqldump];
    /// How it is stored and sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Mysqldump => "mysqldump",
            Self::Physical => "physical",
        }
    }
    /// How it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Native => "Native, split by tenant",
            Self::Mysqldump => "mysqldump",
            Self::Physical => "Physical, the files of the whole server",
        }
    }
    /// The engine stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|engine| engine.key() == key)
    }
}

/// How far a server version is known to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tested {
    /// Our tests run against this series.
    Yes,
    /// Nobody has tested this series; it may well work.
    Never,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Fine.
    Good,
    /// Works, but less well than it could.
    Warn,
    /// A backup would fail or be worth little.
    Bad,
}

/// One thing a probe checked, with the exact statement or setting that mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Short stable key, e.g. `binlog_row`.
    pub key: String,
    /// What was checked, e.g. `Binary log format`.
    pub title: String,
    /// How it stands.
    pub severity: Severity,
    /// What was found, e.g. `STATEMENT`.
    pub found: String,
    /// Why it matters, one sentence.
    pub why: String,
    /// Exact SQL or configuration lines that mend it; empty if nothing is to be done.
    pub remedy: String,
}

/// What this account can do on this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Which family.
    pub family: ServerFamily,
    /// `10.11.14-MariaDB-0+deb12u2-log`
    pub version: String,
    /// Whether our tests run against this series.
    pub tested: Tested,
    /// MariaDB: `server_id` as text with the domain; MySQL: `server_uuid`.
    pub server_uuid: String,
    /// Databases that the account can see, without the server's own.
    pub databases: Vec<String>,
    /// Everything that was checked, worst first.
    pub findings: Vec<Finding>,
    /// Whether equal positions of dump and comparison can be proven (needs a short global read lock).
    pub can_prove_position: bool,
    /// Whether its files can be copied; none if nobody has looked.
    #[serde(default)]
    pub files: Option<FilesCopy>,
}

impl Capabilities {
    /// The worst of the findings.
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Good)
    }
}

/// Where a consistent read stands in the server's history; replay continues from exactly here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coordinate {
    /// Binary log file; empty if the server writes none.
    pub file: String,
    /// Byte position in it.
    pub position: u64,
    /// GTID set in the server's own notation; empty if the server has none.
    pub gtid: String,
    /// Which server.
    pub server_uuid: String,
    /// The server's clock at that moment.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_options_or_break_lines_are_refused() {
        assert_eq!(DatabaseName::new("--help"), Err(NameError::LeadingDash));
        assert_eq!(DatabaseName::new("a\nb"), Err(NameError::Control));
        assert_eq!(DatabaseName::new("a\0b"), Err(NameError::Control));
        assert_eq!(DatabaseName::new(""), Err(NameError::Empty));
        assert_eq!(DatabaseName::new(" a"), Err(NameError::OuterSpace));
        assert_eq!(DatabaseName::new("x".repeat(65)), Err(NameError::TooLong { length: 65, max: 64 }));
        assert!(DatabaseName::new("it's `quoted` \u{1f600}").is_ok());
    }

    #[test]
    fn backticks_are_doubled() {
        assert_eq!(quote_identifier("a`b"), "`a``b`");
    }
}
