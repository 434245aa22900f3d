//! Whose rows are whose, in a database that many tenants share.
//!
//! A [`TenantMap`] says for every base table how a row is led to its tenant: by a column of its own, by
//! following foreign keys to a table that has one, not at all (reference data), or not backed up. It is inferred
//! from the schema and confirmed by a person, because a schema cannot tell a forgotten column from shared data.
//!
//! A *tenant* here is a value in the protected database ([`TenantKey`]), which Holdfast did not choose and which
//! has nothing to do with the organisation that owns the source in Holdfast.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The column that most Django applications use.
pub const DEFAULT_TENANT_COLUMN: &str = "TenantId";

/// A tenant as the protected database names it: the value of its tenant column as text, `7` or a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantKey(String);

/// Why a text names no tenant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TenantKeyError {
    /// Nothing was entered.
    #[error("enter the tenant's id as it stands in the database")]
    Empty,
    /// Longer than an indexed column can be.
    #[error("a tenant's id has at most 255 characters")]
    TooLong,
    /// No id has control characters.
    #[error("control characters cannot be part of a tenant's id")]
    Control,
}

impl TenantKey {
    /// Checks and wraps a value.
    pub fn new(key: impl Into<String>) -> Result<Self, TenantKeyError> {
        let key = key.into();
        if key.is_empty() {
            Err(TenantKeyError::Empty)
        } else if key.chars().count() > 255 {
            Err(TenantKeyError::TooLong)
        } else if key.chars().any(char::is_control) {
            Err(TenantKeyError::Control)
        } else {
            Ok(Self(key))
        }
    }
    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TenantKey {
    type Error = TenantKeyError;
    fn try_from(key: String) -> Result<Self, TenantKeyError> {
        Self::new(key)
    }
}
impl From<TenantKey> for String {
    fn from(key: TenantKey) -> Self {
        key.0
    }
}
impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One foreign key on the way to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Columns here, in the key's order.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub table: String,
    /// Its columns, in the same order.
    pub references: Vec<String>,
}

/// A way over foreign keys to a column that names the tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Path {
    /// At least one.
    pub steps: Vec<Step>,
    /// The tenant column of the last table.
    pub column: String,
}

/// How the rows of a table are led to their tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Route {
    /// A column of the table itself. Rows where it is NULL are shared.
    Column {
        /// Its name.
        column: String,
    },
    /// Foreign keys. A row whose paths lead to two tenants, or to none, is shared.
    Paths {
        /// At least one; several for a table that links two owned tables.
        paths: Vec<Path>,
    },
    /// Reference data of everybody.
    Shared,
    /// Left out of every backup.
    Excluded {
        /// Why: shown wherever somebody might miss it.
        reason: String,
    },
}

impl Route {
    /// Whether rows of it can belong to a tenant.
    pub const fn leads_to_tenants(&self) -> bool {
        matches!(self, Self::Column { .. } | Self::Paths { .. })
    }
    /// Whether both lead every row to the same tenants, in whatever order their paths are written.
    pub fn leads_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Paths { paths: one }, Self::Paths { paths: other }) => {
                one.iter().collect::<BTreeSet<_>>() == other.iter().collect()
            }
            _ if !self.leads_to_tenants() => !other.leads_to_tenants(),
            _ => self == other,
        }
    }
}

/// The four ways on their own, for choices and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// See [`Route::Column`].
    Column,
    /// See [`Route::Paths`].
    Paths,
    /// See [`Route::Shared`].
    Shared,
    /// See [`Route::Excluded`].
    Excluded,
}

impl RouteKind {
    /// Every way.
    pub const ALL: &'static [Self] = &[Self::Column, Self::Paths, Self::Shared, Self::Excluded];
    /// How it is sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Paths => "paths",
            Self::Shared => "shared",
            Self::Excluded => "excluded",
        }
    }
    /// How it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Column => "Own column",
            Self::Paths => "Foreign keys",
            Self::Shared => "Shared",
            Self::Excluded => "Excluded",
        }
    }
    /// The way sent as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.key() == key)
    }
}

impl Route {
    /// Which of the four it is.
    pub const fn kind(&self) -> RouteKind {
        match self {
            Self::Column { .. } => RouteKind::Column,
            Self::Paths { .. } => RouteKind::Paths,
            Self::Shared => RouteKind::Shared,
            Self::Excluded { .. } => RouteKind::Excluded,
        }
    }
}

/// The form of a file that takes a tenant's rows away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExportFormat {
    /// Statements that a stock client loads, compressed.
    #[serde(rename = "sql.gz")]
    SqlGz,
    /// One CSV file per table, with the schema.
    #[serde(rename = "csv")]
    Csv,
    /// One file of JSON Lines per table, with the schema.
    #[serde(rename = "jsonl")]
    JsonLines,
}

impl ExportFormat {
    /// Every form.
    pub const ALL: &'static [Self] = &[Self::SqlGz, Self::Csv, Self::JsonLines];
    /// How it is stored and sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::SqlGz => "sql.gz",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
    /// How it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SqlGz => "SQL (.sql.gz)",
            Self::Csv => "CSV, one file per table",
            Self::JsonLines => "JSON Lines, one file per table",
        }
    }
    /// The form stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.key() == key)
    }
}

/// The route of one table, and the shape that the table had when it was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// How its rows are led.
    pub route: Route,
    /// What a person should know of it, e.g. that rows between two tenants are shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Digest of the table's columns and foreign keys, in hex; another one means that the table has changed.
    pub shape: String,
}

/// The routes of all base tables of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantMap {
    /// Name of the column that was looked for.
    pub tenant_column: String,
    /// By table.
    pub tables: BTreeMap<String, Mapping>,
}

/// What no longer fits between a map and the schema that a run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Drift {
    /// A table without a mapping: its rows are kept as shared until somebody decides.
    Unmapped {
        /// The table.
        table: String,
    },
    /// A mapped table that is gone.
    Gone {
        /// The table.
        table: String,
    },
    /// A table whose columns or foreign keys changed since the map was confirmed; its route still works.
    Changed {
        /// The table.
        table: String,
    },
    /// A route that cannot be followed any more: its rows are kept as shared until somebody decides.
    Broken {
        /// The table.
        table: String,
        /// The column or key that is missing.
        missing: String,
    },
    /// A table that names tenants in another way than the others, so that nobody can tell which of its rows are
    /// whose: its rows are kept as shared until somebody decides.
    Apart {
        /// The table.
        table: String,
        /// Both columns, and what to do.
        why: String,
    },
}

impl Drift {
    /// The table it is about.
    pub fn table(&self) -> &str {
        match self {
            Self::Unmapped { table }
            | Self::Gone { table }
            | Self::Changed { table }
            | Self::Broken { table, .. }
            | Self::Apart { table, .. } => table,
        }
    }
    /// Whether rows of tenants may lie among the shared ones because of it: no tenant's backup is complete then.
    pub const fn breaks_coverage(&self) -> bool {
        matches!(self, Self::Unmapped { .. } | Self::Broken { .. } | Self::Apart { .. })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmapped { table } => write!(f, "table {table} is not in the tenant map"),
            Self::Gone { table } => write!(f, "table {table} of the tenant map is gone"),
            Self::Changed { table } => {
                write!(f, "table {table} has changed since the tenant map was confirmed")
            }
            Self::Broken { table, missing } => {
                write!(f, "the route of table {table} is broken: {missing} is missing")
            }
            Self::Apart { table, why } => {
                write!(f, "table {table} names tenants in another way than the others: {why}")
            }
        }
    }
}

/// What is to be said about one table of a map that a person has edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The table.
    pub table: String,
    /// A sentence.
    pub text: String,
    /// Whether the map cannot be confirmed because of it.
    pub refused: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_key_is_what_a_column_can_hold() {
        assert!(TenantKey::new("0").is_ok());
        assert_eq!(TenantKey::new(""), Err(TenantKeyError::Empty));
        assert_eq!(TenantKey::new("a\n"), Err(TenantKeyError::Control));
        assert_eq!(TenantKey::new("x".repeat(256)), Err(TenantKeyError::TooLong));
    }
}
