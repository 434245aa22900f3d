//! Writes values as SQL.
//!
//! Backslash escapes, therefore the session that loads must not have NO_BACKSLASH_ESCAPES; the preamble of every
//! segment sees to that. Line breaks inside values are escaped, so that in what is written a line is a row.

use super::columns::Form;
use crate::Result;

/// Writes one value.
pub fn value(out: &mut Vec<u8>, value: Option<&[u8]>, form: Form) {
    let Some(bytes) = value else {
        out.extend_from_slice(b"NULL");
        return;
    };
    match form {
        Form::Real if bytes == b"-0" => out.extend_from_slice(b"-0e0"),
        Form::Bare | Form::Real => out.extend_from_slice(bytes),
        Form::Quoted => {
            out.push(b'\'');
            out.extend_from_slice(bytes);
            out.push(b'\'');
        }
        Form::Utf8 if simdutf8::basic::from_utf8(bytes).is_ok() => quoted(out, bytes),
        Form::Ascii if bytes.is_ascii() => quoted(out, bytes),
        Form::Utf8 | Form::Ascii | Form::Hex => hexadecimal(out, bytes),
    }
}

/// Bytes of a value that are written before the writer is asked whether it wants to go on.
const PART: usize = 256 << 10;

/// Writes one value of any length in parts; `more` is called after each and may take what is in `out`.
pub fn in_parts(
    bytes: Option<&[u8]>,
    form: Form,
    out: &mut Vec<u8>,
    more: &mut dyn FnMut(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let Some(long) = bytes.filter(|bytes| bytes.len() > PART) else {
        value(out, bytes, form);
        return more(out);
    };
    let is_text = match form {
        Form::Utf8 => simdutf8::basic::from_utf8(long).is_ok(),
        Form::Ascii => long.is_ascii(),
        Form::Hex => false,
        // No value of these is long.
        Form::Bare | Form::Real | Form::Quoted => {
            value(out, bytes, form);
            return more(out);
        }
    };
    out.extend_from_slice(if is_text { b"'" } else { b"0x" });
    for part in long.chunks(PART) {
        if is_text {
            escaped(out, part);
        } else {
            hex_digits(out, part);
        }
        more(out)?;
    }
    if is_text {
        out.push(b'\'');
    }
    Ok(())
}

fn quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'\'');
    escaped(out, bytes);
    out.push(b'\'');
}

/// Bytes looked at together: enough for vector instructions, few enough that a hit costs little.
const LOOK: usize = 32;

/// What may need an escape: more than does, so that one look is a few instructions.
const fn is_suspect(byte: u8) -> bool {
    byte < 0x20 || byte == b'\'' || byte == b'\\'
}

/// Writes the inside of a quoted string.
pub fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        let clean = clean(rest);
        let (plain, tail) = rest.split_at(clean);
        out.extend_from_slice(plain);
        let Some((byte, tail)) = tail.split_first() else { return };
        match byte {
            0 => out.extend_from_slice(b"\\0"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x1a => out.extend_from_slice(b"\\Z"),
            b'\'' => out.extend_from_slice(b"\\'"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            other => out.push(*other),
        }
        rest = tail;
    }
}

/// How many bytes at the beginning need no look.
fn clean(bytes: &[u8]) -> usize {
    let mut length = 0;
    for piece in bytes.chunks(LOOK) {
        // Without a branch inside, so that it becomes vector instructions.
        if piece.iter().fold(false, |seen, byte| seen | is_suspect(*byte)) {
            return length + piece.iter().position(|byte| is_suspect(*byte)).unwrap_or(piece.len());
        }
        length += piece.len();
    }
    length
}

fn hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    // `0x` alone is an error.
    if bytes.is_empty() {
        out.extend_from_slice(b"''");
        return;
    }
    out.extend_from_slice(b"0x");
    hex_digits(out, bytes);
}

/// Writes hexadecimal digits.
pub fn hex_digits(out: &mut Vec<u8>, bytes: &[u8]) {
    const fn digit(nibble: u8) -> u8 {
        nibble + if nibble < 10 { b'0' } else { b'A' - 10 }
    }
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    for (pair, byte) in room.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8], form: Form) -> String {
        let mut out = Vec::new();
        value(&mut out, Some(bytes), form);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_are_written_so_that_they_come_back() {
        assert_eq!(written(b"-0", Form::Real), "-0e0");
        assert_eq!(written(b"-0.5", Form::Real), "-0.5");
        assert_eq!(written(b"", Form::Hex), "''");
        assert_eq!(written(b"\x00\xff", Form::Hex), "0x00FF");
        assert_eq!(written(b"\xff", Form::Utf8), "0xFF");
        assert_eq!(written("é".as_bytes(), Form::Ascii), "0xC3A9");
        assert_eq!(written("é".as_bytes(), Form::Utf8), "'é'");
        assert_eq!(written(b"it's\n\\\r\0\x1a\t", Form::Utf8), "'it\\'s\\n\\\\\\r\\0\\Z\t'");
    }

    #[test]
    fn the_place_of_a_special_byte_does_not_matter() {
        for length in 0..100 {
            for at in 0..length {
                let mut bytes = vec![b'x'; length];
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = b'\'';
                }
                let mut out = Vec::new();
                escaped(&mut out, &bytes);
                let expected = String::from_utf8_lossy(&bytes).replace('\'', "\\'");
                assert_eq!(String::from_utf8_lossy(&out), expected);
            }
        }
    }
}
