//! Sums over rows, by which a restored table is compared with its source.
//!
//! A row count says little: a dump in the wrong character set keeps every row. So each row is encoded, hashed
//! with XXH3-128 under a seed that only this installation knows, and the hashes are added modulo 2^128. The
//! sum does not depend on the order of rows, needs constant memory, and duplicates count. The seed keeps
//! somebody who can write rows from making two different tables sum alike.
//!
//! # The encoding (a format: never change it, add a new [`Method`])
//!
//! Rows are read through the binary protocol, so that numbers arrive as bits and text as the bytes that are
//! stored (`character_set_results` is NULL), with `time_zone='+00:00'`. Columns in their order, invisible and
//! generated ones too, each as one tag byte and its value, numbers little-endian:
//!
//! | tag | value |
//! |---|---|
//! | 0 | NULL, nothing follows |
//! | 1 | bytes: length as u64, then the bytes (text, DECIMAL, BIT, ENUM, SET, JSON, geometry, blobs) |
//! | 2 | negative integer: i64 |
//! | 3 | integer from zero up: u64 |
//! | 4 | DOUBLE: the bits, -0 as 0 |
//! | 5 | date or time of day: year u16, month, day, hour, minute, second u8, microsecond u32 |
//! | 6 | TIME: 1 if negative u8, days u32, hours, minutes, seconds u8, microseconds u32 |
//! | 7 | FLOAT: the bits (only in the sums of columns) |
//!
//! FLOAT columns and those computed from them are left out of the row, and so are columns that the server
//! keeps itself. Each FLOAT, DOUBLE and computed column has sums of its own over
//! `hash of the row (16 bytes) + tag and value`: `exact` over the bits, and for FLOAT `six_digits` over the
//! tag 1 form of its value printed with six significant digits (`-1.23457e3`, zero without sign), which is what
//! survives a dump through the stock client.
//!
//! The third method ([`Method::TextRows`]) hashes the row as the text protocol sends it: each value as a
//! length-encoded string (the protocol's own: one byte below 251, or 0xFC, 0xFD, 0xFE and 2, 3, 8 bytes), NULL as
//! 0xFB; values are those of [`super::mysql::native::columns`], in the session of a native reader. It is as exact
//! as the first, FLOAT included, and costs no second read; generated columns are not part of it.
//!
//! The second method hashes the text between the parentheses of each INSERT tuple as the dump has it. It proves
//! that the dump was loaded whole, not that it equals the source.

use std::collections::BTreeMap;
use std::fmt;

use mysql_async::Value;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::inventory::ColumnClass;

/// What the sums are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Rows of the tables themselves, read at the dump's own position.
    Rows,
    /// Tuples of the dump's text.
    DumpTuples,
    /// Rows of the tables themselves as the text protocol sends them, summed by the read that made the dump.
    TextRows,
}

/// A sum modulo 2^128; 32 hexadecimal digits when serialised.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sum(u128);

impl Sum {
    /// Adds one hash.
    pub const fn add(&mut self, hash: u128) {
        self.0 = self.0.wrapping_add(hash);
    }
    /// Adds the sum of other rows.
    pub const fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl From<Sum> for String {
    fn from(sum: Sum) -> Self {
        sum.to_string()
    }
}
impl TryFrom<String> for Sum {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// Sums of one column that a dump may not bring back bit for bit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSum {
    /// Name of the column.
    pub column: String,
    /// Its class: FLOAT, DOUBLE or computed from FLOAT.
    pub class: ColumnClass,
    /// Over the bits.
    pub exact: Sum,
    /// FLOAT only: over six significant digits.
    pub six_digits: Sum,
}

/// What was counted and summed of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// How many rows.
    pub rows: u64,
    /// Over all rows.
    pub sum: Sum,
    /// Columns with sums of their own.
    #[serde(default)]
    pub columns: Vec<ColumnSum>,
    /// Columns of JSON, and in how many rows a dump loses something of them; counted at a source only, compared with
    /// nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub narrowed: BTreeMap<String, u64>,
}

/// Sums of a whole database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSums {
    /// What they are over.
    pub method: Method,
    /// By table.
    pub tables: BTreeMap<String, TableSum>,
}

/// Sums the rows of one table.
#[derive(Debug)]
pub struct RowSummer {
    seed: u64,
    classes: Vec<ColumnClass>,
    /// For each column with sums of its own: its position among the columns, and its place in `total.columns`.
    apart: Vec<usize>,
    buffer: Vec<u8>,
    total: TableSum,
}

impl RowSummer {
    /// For a table with these columns, in the order in which they are read.
    pub fn new<'a>(seed: u64, columns: impl IntoIterator<Item = (&'a str, ColumnClass)>) -> Self {
        let mut summer = Self {
            seed,
            classes: Vec::new(),
            apart: Vec::new(),
            buffer: Vec::new(),
            total: TableSum::default(),
        };
        for (position, (name, class)) in columns.into_iter().enumerate() {
            summer.classes.push(class);
            if matches!(class, ColumnClass::Float | ColumnClass::Double | ColumnClass::FromFloat) {
                summer.apart.push(position);
                summer.total.columns.push(ColumnSum {
                    column: name.to_owned(),
                    class,
                    exact: Sum::default(),
                    six_digits: Sum::default(),
                });
            }
        }
        summer
    }

    /// Adds one row.
    pub fn add(&mut self, row: &[Value]) {
        self.buffer.clear();
        for (value, class) in row.iter().zip(&self.classes) {
            match class {
                ColumnClass::Exact => encode(value, &mut self.buffer),
                ColumnClass::Double => encode(&without_sign_of_zero(value), &mut self.buffer),
                ColumnClass::Float | ColumnClass::FromFloat | ColumnClass::ServerKept => {}
            }
        }
        let hash = xxh3_128_with_seed(&self.buffer, self.seed);
        self.total.rows += 1;
        self.total.sum.add(hash);
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        for (position, sums) in self.apart.iter().zip(&mut self.total.columns) {
            let Some(value) = row.get(*position) else { continue };
            self.buffer.clear();
            self.buffer.extend_from_slice(&hash.to_le_bytes());
            encode(value, &mut self.buffer);
            sums.exact.add(xxh3_128_with_seed(&self.buffer, self.seed));
            if sums.class == ColumnClass::Float {
                self.buffer.truncate(16);
                encode(&six_digits(value), &mut self.buffer);
                sums.six_digits.add(xxh3_128_with_seed(&self.buffer, self.seed));
            }
        }
    }

    /// The sums.
    pub fn finish(self) -> TableSum {
        self.total
    }
}

fn without_sign_of_zero(value: &Value) -> Value {
    match value {
        Value::Double(number) if *number == 0.0 => Value::Double(0.0),
        other => other.clone(),
    }
}

fn six_digits(value: &Value) -> Value {
    match value {
        Value::Float(number) if *number == 0.0 => Value::Bytes(b"0.00000e0".to_vec()),
        Value::Float(number) => Value::Bytes(format!("{number:.5e}").into_bytes()),
        other => other.clone(),
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::NULL => out.push(0),
        Value::Bytes(bytes) => {
            out.push(1);
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        Value::Int(number) => {
            if let Ok(number) = u64::try_from(*number) {
                encode(&Value::UInt(number), out);
            } else {
                out.push(2);
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        Value::UInt(number) => {
            out.push(3);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Double(number) => {
            out.push(4);
            out.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        Value::Date(year, month, day, hour, minute, second, microsecond) => {
            out.push(5);
            out.extend_from_slice(&year.to_le_bytes());
            out.extend_from_slice(&[*month, *day, *hour, *minute, *second]);
            out.extend_from_slice(&microsecond.to_le_bytes());
        }
        Value::Time(negative, days, hours, minutes, seconds, microseconds) => {
            out.extend_from_slice(&[6, u8::from(*negative)]);
            out.extend_from_slice(&days.to_le_bytes());
            out.extend_from_slice(&[*hours, *minutes, *seconds]);
            out.extend_from_slice(&microseconds.to_le_bytes());
        }
        Value::Float(number) => {
            out.push(7);
            out.extend_from_slice(&number.to_bits().to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn sum(rows: &[Vec<Value>], classes: &[ColumnClass]) -> TableSum {
        let mut summer = RowSummer::new(7, classes.iter().map(|class| ("c", *class)));
        for row in rows {
            summer.add(row);
        }
        summer.finish()
    }

    #[test]
    fn the_encoding_stays_as_it_is() {
        let row = [
            Value::NULL,
            Value::Bytes(b"ab".to_vec()),
            Value::Int(-2),
            Value::Int(2),
            Value::UInt(3),
            Value::Double(-0.0),
            Value::Date(2026, 11, 24, 22, 5, 33, 7),
            Value::Time(true, 34, 22, 59, 59, 1),
        ];
        let mut out = Vec::new();
        for value in &row {
            encode(&without_sign_of_zero(value), &mut out);
        }
        assert_eq!(
            hex::encode(out),
            "00010200000000000000616202feffffffffffffff030200000000000000030300000000000000040000000000000000\
             05ea070b1816052107000000060122000000163b3b01000000"
        );
    }

    #[test]
    fn order_does_not_matter_and_boundaries_do() {
        let exact = [ColumnClass::Exact, ColumnClass::Exact];
        let row = |a: &str, b: &str| vec![Value::from(a), Value::from(b)];
        assert_eq!(
            sum(&[row("a", "b"), row("c", "d")], &exact),
            sum(&[row("c", "d"), row("a", "b")], &exact)
        );
        assert_ne!(sum(&[row("ab", "")], &exact), sum(&[row("a", "b")], &exact));
        assert_ne!(sum(&[vec![Value::NULL, Value::from("")]], &exact), sum(&[row("", "")], &exact));
        assert_ne!(sum(&[row("a", "b")], &exact), sum(&[row("a", "b"), row("a", "b")], &exact));
    }

    #[test]
    fn float_is_told_from_its_six_digits() {
        let classes = [ColumnClass::Exact, ColumnClass::Float];
        let of = |number: f32| sum(&[vec![Value::Int(1), Value::Float(number)]], &classes);
        let (source, target) = (of(1.234_567_9), of(1.23457));
        assert_eq!(source.sum, target.sum);
        assert_ne!(source.columns[0].exact, target.columns[0].exact);
        assert_eq!(source.columns[0].six_digits, target.columns[0].six_digits);
        assert_ne!(source.columns[0].six_digits, of(1.23458).columns[0].six_digits);
        // Swapped between two rows is not the same.
        let swap = |a: f32, b: f32| {
            sum(&[vec![Value::Int(1), Value::Float(a)], vec![Value::Int(2), Value::Float(b)]], &classes)
        };
        assert_ne!(swap(1.0, 2.0).columns[0].exact, swap(2.0, 1.0).columns[0].exact);
    }

    #[test]
    fn sums_survive_json() {
        let sums = sum(&[vec![Value::Double(-0.0)]], &[ColumnClass::Double]);
        let text = serde_json::to_string(&sums).unwrap();
        assert_eq!(serde_json::from_str::<TableSum>(&text).unwrap(), sums);
    }
}
