//! The way back from a tuple of SQL to its values.
//!
//! It reads exactly what [`super::render`] writes and refuses everything else: what lies in a backup was written here.

use crate::{Error, Kind, Result};

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// NULL.
    Null,
    /// A number, as its digits.
    Bare(String),
    /// A quoted string, without its escapes.
    Text(Vec<u8>),
    /// A hexadecimal literal.
    Binary(Vec<u8>),
}

fn damaged() -> Error {
    Error::new(Kind::Integrity, "read rows of the backup", "a row is not written as rows are written")
        .hint("Use another copy of this backup, or an older backup.")
}

/// The values of a tuple with its parentheses.
pub fn tuple(text: &[u8]) -> Result<Vec<Literal>> {
    let mut rest = text.strip_prefix(b"(").ok_or_else(damaged)?;
    let mut values = Vec::new();
    loop {
        let (value, tail) = literal(rest)?;
        values.push(value);
        match tail.split_first() {
            Some((b',', tail)) => rest = tail,
            Some((b')', [])) => return Ok(values),
            _ => return Err(damaged()),
        }
    }
}

fn literal(text: &[u8]) -> Result<(Literal, &[u8])> {
    if let Some(inside) = text.strip_prefix(b"'") {
        return quoted(inside);
    }
    let end = text.iter().position(|byte| matches!(byte, b',' | b')')).ok_or_else(damaged)?;
    let (word, tail) = text.split_at(end);
    let value = if word == b"NULL" {
        Literal::Null
    } else if let Some(digits) = word.strip_prefix(b"0x") {
        Literal::Binary(hex::decode(digits).map_err(|_| damaged())?)
    } else if !word.is_empty()
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    {
        Literal::Bare(String::from_utf8_lossy(word).into_owned())
    } else {
        return Err(damaged());
    };
    Ok((value, tail))
}

fn quoted(mut rest: &[u8]) -> Result<(Literal, &[u8])> {
    let mut text = Vec::new();
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b'\'' | b'\\')).ok_or_else(damaged)?;
        let (plain, tail) = rest.split_at(end);
        text.extend_from_slice(plain);
        match tail {
            [b'\'', tail @ ..] => return Ok((Literal::Text(text), tail)),
            [b'\\', escaped, tail @ ..] => {
                text.push(match escaped {
                    b'0' => 0,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b'Z' => 0x1a,
                    b'\'' | b'\\' => *escaped,
                    _ => return Err(damaged()),
                });
                rest = tail;
            }
            _ => return Err(damaged()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::source::mysql::native::{columns::Form, render};

    proptest! {
        #[test]
        fn what_was_written_is_read(values in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)), 1..6)) {
            let mut text = Vec::new();
            for value in &values {
                text.push(if text.is_empty() { b'(' } else { b',' });
                render::value(&mut text, value.as_deref(), Form::Utf8);
            }
            text.push(b')');
            let read: Vec<_> = tuple(&text).unwrap().into_iter().map(|literal| match literal {
                Literal::Null => None,
                Literal::Bare(text) => Some(text.into_bytes()),
                Literal::Text(bytes) | Literal::Binary(bytes) => Some(bytes),
            }).collect();
            prop_assert_eq!(read, values);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "()", "(1", "(1)x", "(1,)", "('a)", "('a\\x')", "(0xF)", "(1;2)", "(NOW())", "(1) ,(2)"]
        {
            assert!(tuple(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(tuple(b"(-0e0,NULL)").unwrap(), [Literal::Bare("-0e0".into()), Literal::Null]);
    }
}
