//! From specifications to a stream of SQL that the stock client loads.

mod insert;
mod preamble;
mod structure;

use std::io::{self, Write};

use crate::family::Family;
use crate::schema::Schema;

/// Writes the whole database to `out`: structure, rows, then views, triggers, routines and events.
///
/// Memory does not grow with `scale`: at most one statement of about a megabyte is held.
pub fn write(out: &mut impl Write, schema: &Schema, family: Family, scale: f64) -> io::Result<()> {
    preamble::open(out, schema.name, family)?;
    for table in &schema.tables {
        out.write_all(structure::create(table, family).as_bytes())?;
    }
    for table in &schema.tables {
        insert::rows(out, schema, table, scale)?;
    }
    preamble::before_objects(out)?;
    for object in &schema.objects {
        object.write(out)?;
    }
    preamble::close(out, schema.name)
}
