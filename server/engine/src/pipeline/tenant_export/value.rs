//! Values as a person or a program elsewhere reads them.

use super::schema::ExportedTable;
use crate::{
    Error, Kind, Result,
    source::mysql::native::literal::{self, Literal},
};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// A number, as its digits.
    Number(String),
    /// Text.
    Text(String),
    /// Bytes that are no text; written as `0x…`.
    Binary(Vec<u8>),
}

impl Value {
    /// As text; nothing is NULL.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Number(text) | Self::Text(text) => Some(text.clone()),
            Self::Binary(bytes) => Some(format!("0x{}", hex::encode(bytes))),
        }
    }
}

/// The values of a tuple of `table`.
pub fn of(tuple: &[u8], table: &ExportedTable) -> Result<Vec<Value>> {
    let literals = literal::tuple(tuple)?;
    if literals.len() != table.columns.len() {
        return Err(Error::new(
            Kind::Integrity,
            format!("read a row of {}", table.name),
            "it has another number of values than the table has columns",
        ));
    }
    Ok(literals
        .into_iter()
        .zip(&table.columns)
        .map(|(literal, column)| match literal {
            Literal::Null => Value::Null,
            Literal::Bare(digits) => Value::Number(digits),
            Literal::Text(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Value::Text(text),
                Err(error) => Value::Binary(error.into_bytes()),
            },
            // An empty binary string is written between quotes; the other way round nothing is.
            Literal::Binary(bytes) => {
                match column.charset.as_deref().and_then(|charset| decode(charset, &bytes)) {
                    Some(text) => Value::Text(text),
                    None => Value::Binary(bytes),
                }
            }
        })
        .collect())
}

/// All of them as text.
pub fn texts(values: &[Value]) -> Vec<Option<String>> {
    values.iter().map(Value::text).collect()
}

/// Text of a character set that is not UTF-8, where its bytes are told to characters by rule.
fn decode(charset: &str, bytes: &[u8]) -> Option<String> {
    match charset {
        "latin1" => Some(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
        "ucs2" | "utf16" => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
        }
        "utf16le" => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
        }
        "utf32" => {
            bytes.chunks(4).map(|four| char::from_u32(u32::from_be_bytes(four.try_into().ok()?))).collect()
        }
        _ => None,
    }
}

/// What servers call latin1 is Windows-1252, with the five bytes that it leaves open standing for themselves.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
        '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}',
        '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}',
        '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    match byte {
        0x80..=0x9f => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_character_sets_become_readable() {
        assert_eq!(decode("latin1", b"d\xe9j\xe0 \x80").as_deref(), Some("d\u{e9}j\u{e0} \u{20ac}"));
        assert_eq!(decode("ucs2", b"\x00\xe9\x4e\x2d").as_deref(), Some("\u{e9}\u{4e2d}"));
        assert_eq!(decode("utf32", b"\x00\x01\xf6\x00").as_deref(), Some("\u{1f600}"));
        assert_eq!(decode("ucs2", b"\x00"), None);
        assert_eq!(decode("gbk", b"\xc4\xe3"), None);
    }
}
