//! Rows as they lie in a backup: one tuple of SQL a line. Found, ordered by key, turned into the form of LOAD DATA.
//!
//! Rows of many owners lie in as many blocks. Brought back into the order of the primary key they load in two thirds
//! of the server's time. LOAD DATA saves the server the parsing of SQL, and binary values their double length.

use super::literal;
use crate::{Error, Kind, Result};

/// A tuple: which text it is in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    key: i128,
    text: u32,
    start: u32,
    length: u32,
}

fn damaged() -> Error {
    Error::new(Kind::Integrity, "read rows of the backup", "a block does not hold rows as they are written")
        .hint("Use another copy of this backup, or an older backup.")
}

/// The tuples of statements that begin with `head`, in the order of the value number `key` of each, if it is given.
pub fn ordered(texts: &[Vec<u8>], head: &[u8], key: Option<usize>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (number, text) in (0u32..).zip(texts) {
        find(text, number, head, key, &mut lines)?;
    }
    if key.is_none() || texts.len() < 2 {
        return Ok(lines);
    }
    if lines.iter().any(|line| line.key == NO_INTEGER) {
        let value = |line: &Line| key.and_then(|key| value(tuple(texts, line), key)).unwrap_or_default();
        if !lines.is_sorted_by(|a, b| value(a) <= value(b)) {
            lines.sort_by(|a, b| value(a).cmp(value(b)));
        }
    } else if !lines.is_sorted_by_key(|line| line.key) {
        lines.sort_by_key(|line| line.key);
    }
    Ok(lines)
}

/// Beyond every integer of a server.
const NO_INTEGER: i128 = i128::MAX;

fn find(text: &[u8], number: u32, head: &[u8], key: Option<usize>, lines: &mut Vec<Line>) -> Result<()> {
    let rows = text.strip_prefix(head).ok_or_else(damaged)?;
    let mut start = head.len();
    for line in rows.split_inclusive(|byte| *byte == b'\n') {
        let tuple = line.strip_suffix(b",\n").or_else(|| line.strip_suffix(b";\n")).ok_or_else(damaged)?;
        if tuple.len() < 2 || tuple.first() != Some(&b'(') || tuple.last() != Some(&b')') {
            return Err(damaged());
        }
        let leading = key.and_then(|key| value(tuple, key)).and_then(integer).unwrap_or(NO_INTEGER);
        let narrow = |value: usize| u32::try_from(value).map_err(|_| damaged());
        lines.push(Line { key: leading, text: number, start: narrow(start)?, length: narrow(tuple.len())? });
        start += line.len();
    }
    Ok(())
}

/// The text of a tuple, with its parentheses.
pub fn tuple<'t>(texts: &'t [Vec<u8>], line: &Line) -> &'t [u8] {
    let (start, length) = (line.start as usize, line.length as usize);
    texts.get(line.text as usize).and_then(|text| text.get(start..start + length)).unwrap_or_default()
}

/// The literal of value number `index` of a tuple.
pub fn value(tuple: &[u8], index: usize) -> Option<&[u8]> {
    let mut rest = tuple.strip_prefix(b"(")?;
    for _ in 0..index {
        rest = rest.get(literal::length(rest)? + 1..)?;
    }
    rest.get(..literal::length(rest)?)
}

fn integer(literal: &[u8]) -> Option<i128> {
    let (negative, digits) = match literal.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, literal),
    };
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let value = digits.iter().try_fold(0i128, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i128::from(digit - b'0'))
    })?;
    Some(if negative { -value } else { value })
}

/// Turns tuples into the form of LOAD DATA, in as many parts as they come.
#[derive(Debug, Default)]
pub struct Infile {
    state: State,
    /// The first digit of a byte whose second one has not come yet.
    half: Option<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a tuple, and after it.
    #[default]
    Outside,
    /// Where a value begins.
    Value,
    /// After a `0`, which may be a number or the beginning of `0x`.
    Zero,
    /// In a number.
    Bare,
    /// In a string.
    Text,
    /// After a backslash in a string.
    Escaped,
    /// In hexadecimal digits.
    Hex,
    /// In NULL.
    Null,
    /// After a string.
    After,
}

impl Infile {
    /// Writes what comes next of tuples.
    pub fn write(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<()> {
        loop {
            match self.state {
                State::Text => {
                    let clean = text
                        .iter()
                        .position(|byte| matches!(byte, b'\'' | b'\\' | b'\t'))
                        .unwrap_or(text.len());
                    let (plain, rest) = text.split_at(clean);
                    out.extend_from_slice(plain);
                    text = rest;
                }
                State::Hex => text = self.hex(text, out)?,
                _ => {}
            }
            let Some((byte, rest)) = text.split_first() else { return Ok(()) };
            self.step(*byte, out)?;
            text = rest;
        }
    }

    /// Takes pairs of digits; leaves what is none.
    fn hex<'t>(&mut self, text: &'t [u8], out: &mut Vec<u8>) -> Result<&'t [u8]> {
        let mut rest = text;
        if let Some(high) = self.half {
            let Some((low, after)) = rest.split_first() else { return Ok(rest) };
            byte(out, high << 4 | digit(*low).ok_or_else(damaged)?);
            self.half = None;
            rest = after;
        }
        while let [high, low, after @ ..] = rest {
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { break };
            byte(out, high << 4 | low);
            rest = after;
        }
        if let [high] = rest
            && let Some(high) = digit(*high)
        {
            self.half = Some(high);
            rest = &[];
        }
        Ok(rest)
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<()> {
        self.state = match (self.state, byte) {
            (State::Outside, b'(') => State::Value,
            (State::Outside, b',' | b';' | b'\n') => State::Outside,
            (State::Value, b'\'') => State::Text,
            (State::Value, b'N') => {
                out.extend_from_slice(b"\\N");
                State::Null
            }
            (State::Null, b'U' | b'L') => State::Null,
            (State::Value, b'0') => State::Zero,
            (State::Zero, b'x') => State::Hex,
            (State::Text, b'\'') => State::After,
            (State::Text, b'\\') => State::Escaped,
            (State::Text, b'\t') => {
                out.extend_from_slice(b"\\t");
                State::Text
            }
            (State::Escaped, _) => {
                out.extend_from_slice(&[b'\\', byte]);
                State::Text
            }
            (state, b',' | b')')
                if !matches!(state, State::Outside | State::Value) && self.half.is_none() =>
            {
                if state == State::Zero {
                    out.push(b'0');
                }
                out.push(if byte == b',' { b'\t' } else { b'\n' });
                if byte == b',' { State::Value } else { State::Outside }
            }
            (
                state @ (State::Value | State::Zero | State::Bare),
                b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E',
            ) => {
                if state == State::Zero {
                    out.push(b'0');
                }
                out.push(byte);
                State::Bare
            }
            _ => return Err(damaged()),
        };
        Ok(())
    }

    /// Whether a tuple has ended and no other has begun.
    pub const fn is_between(&self) -> bool {
        matches!(self.state, State::Outside)
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// A byte of a value that was hexadecimal.
fn byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\\' => out.extend_from_slice(b"\\\\"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn shown(texts: &[Vec<u8>], lines: &[Line]) -> Vec<String> {
        lines.iter().map(|line| String::from_utf8_lossy(tuple(texts, line)).into_owned()).collect()
    }

    #[test]
    fn tuples_come_in_the_order_of_the_key() {
        let texts = [b"H\n('a',10),\n('),(\\'',-2);\n".to_vec(), b"H\n('b',3);\n".to_vec()];
        let lines = ordered(&texts, b"H\n", Some(1)).unwrap();
        assert_eq!(shown(&texts, &lines), ["('),(\\'',-2)", "('b',3)", "('a',10)"]);
        let lines = ordered(&texts, b"H\n", Some(0)).unwrap();
        assert_eq!(shown(&texts, &lines), ["('),(\\'',-2)", "('a',10)", "('b',3)"]);
        let lines = ordered(&texts, b"H\n", None).unwrap();
        assert_eq!(shown(&texts, &lines), ["('a',10)", "('),(\\'',-2)", "('b',3)"]);
        assert!(ordered(&texts, b"I\n", None).is_err(), "another table's statement");
        assert!(ordered(&[b"H\n(1); DROP DATABASE x\n".to_vec()], b"H\n", None).is_err());
    }

    #[test]
    fn tuples_become_lines_wherever_they_are_cut() {
        let text =
            b"('it\\'s\t\\n\\\\',NULL,0x09FF5C0A,-0e0,0,0.5,'',12),\n(NULL,0x00,'x',1e-5,10,0,'\\0',2);\n";
        let expected =
            b"it\\'s\\t\\n\\\\\t\\N\t\\t\xff\\\\\\n\t-0e0\t0\t0.5\t\t12\n\\N\t\x00\tx\t1e-5\t10\t0\t\\0\t2\n";
        for size in 1..text.len() {
            let (mut infile, mut out) = (Infile::default(), Vec::new());
            for part in text.chunks(size) {
                infile.write(part, &mut out).unwrap();
            }
            assert_eq!(out, expected, "{size}: {}", String::from_utf8_lossy(&out));
            assert!(infile.is_between());
        }
        assert!(Infile::default().write(b"(1) ON DUPLICATE", &mut Vec::new()).is_err());
        assert!(Infile::default().write(b"(0xABC)", &mut Vec::new()).is_err());
        assert!(Infile::default().write(b"(SLEEP(1))", &mut Vec::new()).is_err());
    }
}
