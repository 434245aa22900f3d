//! The example databases of the demo, the tests and the benchmarks: `grc2` and `tprm_integration`.
//!
//! Both look like what Django applications leave behind after five years with 25 customers, and both hold
//! everything that makes backups go wrong. The same scale always gives the same bytes.

mod calendar;
mod cell;
mod django;
mod documents;
mod edge;
mod family;
mod grc;
mod object;
mod rng;
mod schema;
mod spec;
mod sql;
mod tenancy;
mod tprm;
mod words;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use family::Family;
pub use schema::Database;
pub use tenancy::choose as choose_tenants;

/// Writes `database` as SQL for servers of `family`. Scale 1 is 30 to 60 MB; fractions are allowed.
/// Fails only when `out` does.
pub fn write(out: &mut impl Write, database: Database, family: Family, scale: f64) -> io::Result<()> {
    sql::write(out, &schema::Schema::of(database, family), family, scale)
}
