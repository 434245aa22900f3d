//! The statements that change rows. Every one names its rows by all they are known by, and the tenant.

use domain::{sources::quote_identifier, tenancy::Route};

use super::{choose::Compared, tuple};
use crate::source::mysql::native::columns::Form;

/// Rows of one DELETE at most.
pub const ROWS: usize = 200;
/// Bytes of one statement at most, unless a single row is longer.
pub const BYTES: usize = 256 << 10;

/// A literal that means the same bytes in a comparison as in an INSERT: text that is written as hexadecimal digits
/// is text of its column's character set.
pub fn operand(out: &mut Vec<u8>, literal: &[u8], charset: Option<&str>) {
    if let Some(charset) = charset.filter(|_| literal.starts_with(b"0x")) {
        out.push(b'_');
        out.extend_from_slice(charset.as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(literal);
}

/// `(t0.a=1 AND t0.b='x')` for the values at some places of a row.
pub fn equal(
    table: &Compared,
    prefix: &str,
    columns: &[String],
    places: &[usize],
    literals: &[&[u8]],
) -> Vec<u8> {
    let mut out = vec![b'('];
    for (column, place) in columns.iter().zip(places) {
        if out.len() > 1 {
            out.extend_from_slice(b" AND ");
        }
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(quote_identifier(column).as_bytes());
        out.push(b'=');
        let charset = table.charsets.get(*place).and_then(Option::as_deref);
        operand(&mut out, literals.get(*place).copied().unwrap_or(b"NULL"), charset);
    }
    out.push(b')');
    out
}

/// The names of the key's columns.
fn key_columns(table: &Compared) -> Vec<String> {
    table.plan.key.iter().filter_map(|place| table.plan.columns.get(*place).cloned()).collect()
}

/// A row's key as a condition, for [`delete`].
pub fn key(table: &Compared, literals: &[&[u8]]) -> Vec<u8> {
    let prefix = if is_joined(table) { "t0." } else { "" };
    equal(table, prefix, &key_columns(table), &table.plan.key, literals)
}

const fn is_joined(table: &Compared) -> bool {
    matches!(table.route, Route::Paths { .. })
}

/// Deletes the rows with these keys, if they are the tenant's.
pub fn delete(table: &Compared, keys: &[Vec<u8>]) -> Vec<u8> {
    let mut out = if is_joined(table) {
        format!("DELETE t0 FROM {} WHERE ({}) AND (", table.of.from, table.of.condition)
    } else {
        let scope = table.scope.as_deref().unwrap_or("FALSE");
        format!("DELETE FROM {} WHERE ({scope}) AND (", quote_identifier(&table.plan.name))
    }
    .into_bytes();
    out.extend_from_slice(&keys.join(&b" OR "[..]));
    out.push(b')');
    out
}

/// Deletes one row of a table without a primary key, by all its values compared as bytes. That it is the tenant's
/// follows from them, because they are those of a row that was.
pub fn delete_whole(table: &Compared, literals: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("DELETE FROM {} WHERE ", quote_identifier(&table.plan.name)).into_bytes();
    for (index, (column, literal)) in table.plan.columns.iter().zip(literals).enumerate() {
        if index > 0 {
            out.extend_from_slice(b" AND ");
        }
        let name = quote_identifier(column);
        let definition =
            table.shape.get(index).and_then(|shape| shape.strip_prefix(column.as_str())).unwrap_or_default();
        let is_bit = definition.trim_start().starts_with("bit");
        let is_json = definition.trim_start().starts_with("json");
        if tuple::is_null(literal) {
            out.extend_from_slice(format!("{name} IS NULL").as_bytes());
            continue;
        }
        match table.plan.forms.get(index) {
            Some(Form::Bare | Form::Quoted) | None => {
                out.extend_from_slice(format!("{name}=").as_bytes());
                out.extend_from_slice(literal);
            }
            Some(Form::Real) => {
                out.extend_from_slice(format!("({name}*1e0)=(").as_bytes());
                out.extend_from_slice(literal);
                out.extend_from_slice(b"*1e0)");
            }
            Some(Form::Hex) if is_bit => {
                out.extend_from_slice(format!("({name}+0)=(").as_bytes());
                out.extend_from_slice(literal);
                out.extend_from_slice(b"+0)");
            }
            Some(Form::Utf8) if is_json => {
                out.extend_from_slice(format!("CAST(CAST({name} AS CHAR) AS BINARY)=CAST(").as_bytes());
                out.extend_from_slice(literal);
                out.extend_from_slice(b" AS BINARY)");
            }
            Some(Form::Utf8 | Form::Ascii | Form::Hex) => {
                out.extend_from_slice(format!("CAST({name} AS BINARY)=CAST(").as_bytes());
                out.extend_from_slice(literal);
                out.extend_from_slice(b" AS BINARY)");
            }
        }
    }
    out.extend_from_slice(b" LIMIT 1");
    out
}

/// Sets all values of the row with this key but the key itself.
pub fn update(table: &Compared, literals: &[&[u8]]) -> Vec<u8> {
    let joined = is_joined(table);
    let (prefix, from) =
        if joined { ("t0.", table.of.from.clone()) } else { ("", quote_identifier(&table.plan.name)) };
    let mut out = format!("UPDATE {from} SET ").into_bytes();
    let values = table.plan.columns.iter().zip(literals).enumerate();
    for (index, (_, (column, literal))) in values.filter(|(at, _)| !table.plan.key.contains(at)).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(format!("{prefix}{}=", quote_identifier(column)).as_bytes());
        out.extend_from_slice(literal);
    }
    let scope = if joined { table.of.condition.as_str() } else { table.scope.as_deref().unwrap_or("FALSE") };
    out.extend_from_slice(format!(" WHERE ({scope}) AND ").as_bytes());
    out.extend_from_slice(&key(table, literals));
    out
}

/// Puts rows in, as a backup is loaded.
pub fn insert(table: &Compared, tuples: &[Vec<u8>]) -> Vec<u8> {
    let mut out = table.plan.head.clone();
    out.extend_from_slice(&tuples.join(&b",\n"[..]));
    out
}
