//! What a table is: its columns, each with the way to make its values, its keys, and its number of rows.
//!
//! The schemas are written as such specifications so that they read like Django models; everything that
//! turns them into SQL lives elsewhere and exists once.

mod build;

pub use build::table;

use crate::cell::Row;
use crate::family::Family;
use crate::rng::Rng;
use crate::tenancy::{Ownership, tenants};

/// How the values of one column are made.
#[derive(Clone, Debug)]
pub enum Gen {
    /// The row's own primary key.
    Id,
    /// The tenant that owns the row.
    Tenant,
    /// The key of a row of another table that the same tenant owns.
    Ref(&'static str),
    /// The key of the row of another table with the same number: a one-to-one relation.
    Same(&'static str),
    /// An earlier row of the same table and tenant, or NULL for the first one.
    Earlier,
    /// The left and right halves of a many-to-many link (see [`Table::link`]).
    LinkLeft,
    /// See `LinkLeft`.
    LinkRight,
    /// A prefix and the row's key: unique, and readable as such identifiers are.
    Code(&'static str),
    /// One of the templates, filled in.
    Phrase(&'static [&'static str]),
    /// So many sentences made from the templates.
    Text(&'static [&'static str], i64, i64),
    /// One of the values, as text.
    Pick(&'static [&'static str]),
    /// A whole number in the range, both ends included.
    Int(i64, i64),
    /// A number in the range with so many digits after the point.
    Decimal(i64, i64, u8),
    /// A number in the range in steps of 1/8, which binary floating point and six printed digits hold exactly.
    Eighths(i64, i64),
    /// 1 in so many percent of rows, else 0.
    Flag(u8),
    /// When the row was made: rises with its number over five years, microseconds included.
    Created,
    /// Up to so many days after it was made.
    After(i64),
    /// A date from so many days before to so many days after it was made.
    Date(i64, i64),
    /// 128 random bits as Django writes them, 32 hexadecimal digits.
    Uuid,
    /// So many random bytes in hexadecimal.
    Hex(usize),
    /// A SHA-256 digest as 32 bytes.
    Digest,
    /// A blob of a size in the range, in bytes.
    Blob(i64, i64),
    /// Built by code, as a finished SQL literal: JSON, geometry and the like.
    Sql(fn(&Row, &mut Rng) -> String),
    /// Built by code, as text still to be quoted.
    Written(fn(&Row, &mut Rng) -> String),
    /// NULL in so many percent of rows.
    Maybe(u8, Box<Gen>),
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name, unquoted.
    pub name: &'static str,
    /// Type and attributes as in CREATE TABLE.
    pub sql: &'static str,
    /// How its values are made; `None` for a column the server computes or defaults.
    pub values: Option<Gen>,
}

/// One table and how to fill it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Name, unquoted.
    pub name: &'static str,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Key, constraint and check clauses of CREATE TABLE.
    pub clauses: Vec<String>,
    /// Clauses that one family alone understands.
    pub family_clauses: Vec<(Family, String)>,
    /// Text after the closing bracket, such as partitions.
    pub options: &'static str,
    /// Rows at scale 1.
    pub base_rows: u64,
    /// Whether the number of rows follows the scale.
    pub scales: bool,
    /// Rows belong to nobody.
    pub shared: bool,
    /// The key of the first row.
    pub first_id: u64,
    /// Both sides of a many-to-many relation: every pair occurs once.
    pub link: Option<(&'static str, &'static str)>,
    /// Rows written out by hand, as SQL tuples, instead of generated ones.
    pub fixed: Option<Vec<String>>,
}

impl Table {
    /// Ownership of the rows at `scale`.
    pub fn ownership(&self, scale: f64) -> Ownership {
        let rows = if let Some(fixed) = &self.fixed {
            fixed.len() as u64
        } else if self.scales {
            scaled(self.base_rows, scale).max(tenants() as u64)
        } else {
            self.base_rows
        };
        Ownership { rows, shared: self.shared }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "row counts are far below 2^52 and the scale is checked to be positive"
)]
fn scaled(rows: u64, scale: f64) -> u64 {
    (rows as f64 * scale).round() as u64
}
