//! Turns one [`Gen`] into one SQL literal.

use std::fmt::Write as _;

use crate::calendar;
use crate::rng::Rng;
use crate::spec::Gen;
use crate::tenancy::Ownership;
use crate::words;

/// What is known about the row being written.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Number of the row in its table, from 0.
    pub number: u64,
    /// Its primary key.
    pub id: u64,
    /// Its owner.
    pub tenant: usize,
    /// How many rows of the same owner came before it.
    pub ordinal: u64,
    /// When it was made, in microseconds since 1970.
    pub created: i64,
    /// The two ends when the table links two others.
    pub link: (u64, u64),
}

/// The other tables, as far as a foreign key needs them.
pub trait Parents {
    /// Ownership and first key of a table.
    fn parent(&self, table: &str) -> Option<(Ownership, u64)>;
    /// Ownership and first key of the table being written.
    fn own(&self) -> (Ownership, u64);
}

/// Appends the literal.
pub fn write(out: &mut String, values: &Gen, row: &Row, rng: &mut Rng, parents: &dyn Parents) {
    match values {
        Gen::Id => number(out, row.id),
        Gen::Tenant => number(out, row.tenant),
        Gen::Ref(to) => match parents.parent(to) {
            Some((ownership, first)) => {
                let k = rng.below(ownership.count(row.tenant));
                number(out, first + ownership.nth(row.tenant, k));
            }
            None => out.push_str("NULL"),
        },
        Gen::Same(to) => number(out, parents.parent(to).map_or(0, |(_, first)| first) + row.number),
        Gen::Earlier if row.ordinal == 0 => out.push_str("NULL"),
        Gen::Earlier => {
            let (ownership, first) = parents.own();
            number(out, first + ownership.nth(row.tenant, rng.below(row.ordinal)));
        }
        Gen::LinkLeft => number(out, row.link.0),
        Gen::LinkRight => number(out, row.link.1),
        Gen::Code(prefix) => text(out, &format!("{prefix}-{:06}", row.id)),
        Gen::Phrase(templates) => {
            let template = rng.pick(templates);
            text(out, &words::fill(template, rng));
        }
        Gen::Text(templates, low, high) => {
            let sentences = rng.between(*low, *high);
            text(out, &words::prose(templates, sentences, rng));
        }
        Gen::Pick(from) => text(out, rng.pick(from)),
        Gen::Int(low, high) => number(out, rng.between(*low, *high)),
        Gen::Decimal(low, high, digits) => {
            let unit = 10_i64.saturating_pow(u32::from(*digits));
            let value = rng.between(low.saturating_mul(unit), high.saturating_mul(unit));
            let sign = if value < 0 { "-" } else { "" };
            let value = value.unsigned_abs();
            let unit = unit.unsigned_abs();
            let width = usize::from(*digits);
            number(out, format_args!("{sign}{}.{:0width$}", value / unit, value % unit));
        }
        Gen::Eighths(low, high) => {
            let value = rng.between(low * 8, high * 8);
            let sign = if value < 0 { "-" } else { "" };
            let value = value.unsigned_abs();
            number(out, format_args!("{sign}{}.{:03}", value / 8, value % 8 * 125));
        }
        Gen::Flag(percent) => out.push(if rng.chance(*percent) { '1' } else { '0' }),
        Gen::Created => moment(out, row.created),
        Gen::After(days) => {
            let later = rng.between(0, days * calendar::DAY);
            moment(out, row.created + later);
        }
        Gen::Date(from, to) => {
            let day = row.created / calendar::DAY + rng.between(*from, *to);
            number(out, format_args!("'{}'", calendar::date(day)));
        }
        Gen::Uuid => hex(out, "'", 16, rng),
        Gen::Hex(bytes) => hex(out, "'", *bytes, rng),
        Gen::Digest => hex(out, "x'", 32, rng),
        Gen::Blob(low, high) => blob(out, rng.between(*low, *high), row.number, rng),
        Gen::Sql(build) => out.push_str(&build(row, rng)),
        Gen::Written(build) => text(out, &build(row, rng)),
        Gen::Maybe(percent, inner) => {
            if rng.chance(*percent) {
                out.push_str("NULL");
            } else {
                write(out, inner, row, rng, parents);
            }
        }
    }
}

/// Appends a quoted string. Escapes what the server and the stock client want escaped, and nothing else.
pub fn text(out: &mut String, value: &str) {
    out.push('\'');
    for c in value.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{1a}' => out.push_str("\\Z"),
            c => out.push(c),
        }
    }
    out.push('\'');
}

fn number(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

fn moment(out: &mut String, micros: i64) {
    number(out, format_args!("'{}'", calendar::moment(micros)));
}

fn hex(out: &mut String, open: &str, bytes: usize, rng: &mut Rng) {
    let mut random = vec![0; bytes];
    rng.fill(&mut random);
    out.push_str(open);
    push_hex(out, &random);
    out.push('\'');
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Small files as users attach them: a known head, then bytes no compressor can shrink. Every sixteenth
/// begins with all 256 byte values in order.
fn blob(out: &mut String, size: i64, number: u64, rng: &mut Rng) {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    rng.fill(&mut bytes);
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let head: &[u8] = match number % 16 {
        0 => &every,
        1..=9 => b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n",
        10..=13 => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0",
        _ => b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml",
    };
    let kept = head.len().min(bytes.len());
    bytes[..kept].copy_from_slice(&head[..kept]);
    out.push_str("x'");
    push_hex(out, &bytes);
    out.push('\'');
}
