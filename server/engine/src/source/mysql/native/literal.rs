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

/// The length of the literal at the beginning of `text`; a comma or a parenthesis follows it. Quotes inside a string
/// are escaped, never doubled.
pub fn length(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'\'') {
        return text.iter().position(|byte| matches!(byte, b',' | b')'));
    }
    let mut at = 1;
    loop {
        at += text.get(at..)?.iter().position(|byte| matches!(byte, b'\'' | b'\\'))?;
        if text.get(at) == Some(&b'\'') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The literals of a tuple with its parentheses, as they stand; nothing if it is not one.
pub fn split(tuple: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut all, mut rest) = (Vec::new(), tuple.strip_prefix(b"(")?);
    loop {
        let (literal, after) = rest.split_at_checked(length(rest)?)?;
        if literal.is_empty() {
            return None;
        }
        all.push(literal);
        match after {
            [b',', next @ ..] => rest = next,
            [b')'] => return Some(all),
            _ => return None,
        }
    }
}

/// What stands between quotes without its escapes, about `limit` bytes of it at most; nothing if an escape is none of ours.
pub fn unescaped(mut inside: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    while plain.len() < limit {
        let end = inside.iter().position(|byte| *byte == b'\\').unwrap_or(inside.len());
        let (clean, rest) = inside.split_at(end.min(limit - plain.len()));
        plain.extend_from_slice(clean);
        match rest {
            [] => break,
            [b'\\', escaped, tail @ ..] => {
                plain.push(match escaped {
                    b'0' => 0,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b'Z' => 0x1a,
                    b'\'' | b'\\' => *escaped,
                    _ => return None,
                });
                inside = tail;
            }
            [b'\\'] => return None,
            rest => inside = rest,
        }
    }
    Some(plain)
}

/// How many bytes [`unescaped`] gives of the whole, without giving them.
pub fn plain_length(inside: &[u8]) -> usize {
    let (mut escapes, mut rest) = (0, inside);
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        escapes += 1;
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    inside.len() - escapes
}

/// The values of a tuple with its parentheses.
pub fn tuple(text: &[u8]) -> Result<Vec<Literal>> {
    split(text).ok_or_else(damaged)?.into_iter().map(value).collect()
}

fn value(literal: &[u8]) -> Result<Literal> {
    if let Some(inside) = literal.strip_prefix(b"'").and_then(|inside| inside.strip_suffix(b"'")) {
        return Ok(Literal::Text(unescaped(inside, usize::MAX).ok_or_else(damaged)?));
    }
    if literal == b"NULL" {
        return Ok(Literal::Null);
    }
    if let Some(digits) = literal.strip_prefix(b"0x") {
        return Ok(Literal::Binary(hex::decode(digits).map_err(|_| damaged())?));
    }
    if literal.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)) {
        return Ok(Literal::Bare(String::from_utf8_lossy(literal).into_owned()));
    }
    Err(damaged())
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
