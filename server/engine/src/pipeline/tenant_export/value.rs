//! Values as a person or a program elsewhere reads them.

use super::{charsets::decode, schema::ExportedTable};
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
