//! Rows as INSERT statements of about a megabyte.

use std::io::{self, Write};

use crate::calendar;
use crate::cell::{self, Parents, Row};
use crate::family::quoted;
use crate::rng::Rng;
use crate::schema::Schema;
use crate::spec::Table;
use crate::tenancy::{Ownership, tenants};

/// Well below the smallest default of max_allowed_packet, 16 MiB, and what mysqldump itself aims for.
const STATEMENT: usize = 1_000_000;

struct Around<'a> {
    schema: &'a Schema,
    table: &'a Table,
    scale: f64,
}

impl Parents for Around<'_> {
    fn parent(&self, name: &str) -> Option<(Ownership, u64)> {
        self.schema.table(name).map(|table| (table.ownership(self.scale), table.first_id))
    }

    fn own(&self) -> (Ownership, u64) {
        (self.table.ownership(self.scale), self.table.first_id)
    }
}

/// Writes every row of `table`.
pub(super) fn rows(out: &mut impl Write, schema: &Schema, table: &Table, scale: f64) -> io::Result<()> {
    let filled: Vec<_> = table.columns.iter().filter(|column| column.values.is_some()).collect();
    let names: Vec<String> = filled.iter().map(|column| quoted(column.name)).collect();
    let mut batch = Batch::new(format!("INSERT INTO {} ({}) VALUES\n", quoted(table.name), names.join(",")));
    if let Some(fixed) = &table.fixed {
        for row in fixed {
            batch.begin();
            batch.text.push_str(row);
            batch.end(out)?;
        }
        return batch.finish(out);
    }
    let mut rng = Rng::for_label(&format!("{}.{}", schema.name, table.name));
    let around = Around { schema, table, scale };
    let ownership = table.ownership(scale);
    let mut seen = vec![0_u64; tenants()];
    for number in 0..ownership.rows {
        let tenant = ownership.of(number);
        let ordinal = seen[tenant];
        seen[tenant] += 1;
        let link = match table.link {
            None => (0, 0),
            Some(sides) => match pair(&around, sides, tenant, ordinal) {
                Some(pair) => pair,
                // Every pair of this tenant exists already, which happens at very small scales.
                None => continue,
            },
        };
        let created = created(number, ownership.rows, &mut rng);
        let row = Row { number, id: table.first_id + number, tenant, ordinal, created, link };
        batch.begin();
        for (at, values) in filled.iter().filter_map(|column| column.values.as_ref()).enumerate() {
            if at > 0 {
                batch.text.push(',');
            }
            cell::write(&mut batch.text, values, &row, &mut rng, &around);
        }
        batch.end(out)?;
    }
    batch.finish(out)
}

/// The `ordinal`-th pair of a many-to-many relation of one tenant: walks every left side once, then again
/// with the right side moved on, so that no pair comes twice and nothing need be remembered.
fn pair(around: &Around<'_>, sides: (&str, &str), tenant: usize, ordinal: u64) -> Option<(u64, u64)> {
    let (left, first_left) = around.parent(sides.0)?;
    let (right, first_right) = around.parent(sides.1)?;
    let (lefts, rights) = (left.count(tenant), right.count(tenant));
    if ordinal >= lefts.checked_mul(rights)? {
        return None;
    }
    let k = ordinal % lefts;
    let offset = k.wrapping_mul(0x9e37_79b9) % rights;
    let l = (ordinal / lefts + offset) % rights;
    Some((first_left + left.nth(tenant, k), first_right + right.nth(tenant, l)))
}

fn created(number: u64, rows: u64, rng: &mut Rng) -> i64 {
    let step = calendar::SPAN / i64::try_from(rows.max(1)).unwrap_or(i64::MAX);
    calendar::EPOCH + i64::try_from(number).unwrap_or(0) * step + rng.between(0, step - 1)
}

/// One statement in the making.
struct Batch {
    head: String,
    text: String,
}

impl Batch {
    fn new(head: String) -> Self {
        Self { head, text: String::new() }
    }

    fn begin(&mut self) {
        if self.text.is_empty() {
            self.text.push_str(&self.head);
        } else {
            self.text.push_str(",\n");
        }
        self.text.push('(');
    }

    fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.text.push(')');
        if self.text.len() >= STATEMENT { self.finish(out) } else { Ok(()) }
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.text.is_empty() {
            self.text.push_str(";\n");
            out.write_all(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }
}
