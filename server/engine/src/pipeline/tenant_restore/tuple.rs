//! Values of a row for people, from its text as a backup holds it: `(7,'it\'s',0xFF,NULL)`.

use domain::restores::Cell;

use crate::source::mysql::native::literal;
pub use crate::source::mysql::native::literal::split as literals;

/// Whether a literal is NULL.
pub fn is_null(literal: &[u8]) -> bool {
    literal == b"NULL"
}

/// The value as text; hexadecimal literals stay as they are. Nothing is NULL.
pub fn text(literal: &[u8]) -> Option<String> {
    if is_null(literal) {
        return None;
    }
    Some(String::from_utf8_lossy(&unescaped(literal, usize::MAX)).into_owned())
}

/// The bytes between quotes without their escapes, about `limit`; anything else as it is.
fn unescaped(literal: &[u8], limit: usize) -> Vec<u8> {
    let inside = literal.strip_prefix(b"'").and_then(|inside| inside.strip_suffix(b"'"));
    inside
        .and_then(|inside| literal::unescaped(inside, limit))
        .unwrap_or_else(|| literal.iter().take(limit).copied().collect())
}

/// Characters that are shown of a text.
const CHARACTERS: usize = 200;
/// Bytes that are shown of what is no text.
const BYTES: usize = 64;

/// The value as a column compares it that ignores case, spaces at the end, or both; of other text than UTF-8 the case
/// of ASCII's letters.
pub fn folded(literal: &[u8], (fold, pad): (bool, bool)) -> Vec<u8> {
    let bytes = literal
        .strip_prefix(b"0x")
        .and_then(|digits| hex::decode(digits).ok())
        .unwrap_or_else(|| unescaped(literal, usize::MAX));
    let end = if pad {
        bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1)
    } else {
        bytes.len()
    };
    let bytes = bytes.get(..end).unwrap_or(&bytes);
    if !fold {
        return bytes.to_vec();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => bytes.to_ascii_lowercase(),
    }
}

/// The value for people: its beginning, and how long it is. Takes no memory for what is not shown.
pub fn shown(literal: &[u8]) -> Cell {
    if is_null(literal) {
        return Cell::Null;
    }
    if let Some(digits) = literal.strip_prefix(b"0x") {
        let hex = String::from_utf8_lossy(digits.get(..digits.len().min(2 * BYTES)).unwrap_or_default());
        return Cell::Binary { hex: hex.into_owned(), length: digits.len() as u64 / 2 };
    }
    // A character has at most four bytes.
    let beginning = unescaped(literal, CHARACTERS * 4);
    let text = String::from_utf8_lossy(&beginning).chars().take(CHARACTERS).collect();
    let inside = literal.strip_prefix(b"'").and_then(|inside| inside.strip_suffix(b"'"));
    let length = inside.map_or(literal.len(), literal::plain_length);
    Cell::Text { text, length: length as u64 }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::source::mysql::native::{columns::Form, render};

    #[test]
    fn what_was_rendered_is_taken_apart_again() {
        let values: [(Option<&[u8]>, Form); 8] = [
            (Some(b"-7"), Form::Bare),
            (None, Form::Utf8),
            (Some("a,b)('\\\n\0\x1a😀".as_bytes()), Form::Utf8),
            (Some(b""), Form::Hex),
            (Some(b"\x00,\xff"), Form::Hex),
            (Some(b"2024-01-01"), Form::Quoted),
            (Some(b"\\'"), Form::Ascii),
            (Some(b"NULL"), Form::Utf8),
        ];
        let mut tuple = Vec::new();
        for (index, (value, form)) in values.iter().enumerate() {
            tuple.push(if index == 0 { b'(' } else { b',' });
            render::value(&mut tuple, *value, *form);
        }
        tuple.push(b')');
        let parts = literals(&tuple).unwrap();
        assert_eq!(parts.len(), values.len());
        let texts: Vec<_> = parts.iter().map(|part| text(part)).collect();
        assert_eq!(texts[0].as_deref(), Some("-7"));
        assert_eq!(texts[1], None);
        assert_eq!(texts[2].as_deref(), Some("a,b)('\\\n\0\x1a😀"));
        assert_eq!(texts[3].as_deref(), Some(""));
        assert_eq!(texts[4].as_deref(), Some("0x002CFF"));
        assert_eq!(texts[6].as_deref(), Some("\\'"));
        assert_eq!(texts[7].as_deref(), Some("NULL"));
        for broken in [&b"(1,2"[..], b"1,2)", b"('a)", b"('a'b)", b"(,)", b"()", b"('a\\')"] {
            assert!(literals(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn long_values_are_cut_and_say_how_long_they_are() {
        let text = |text: &str, length| Cell::Text { text: text.into(), length };
        let long = format!("'{}\\n'", "ü".repeat(300));
        assert_eq!(shown(long.as_bytes()), text(&"ü".repeat(200), 601));
        assert_eq!(shown(b"'short\\''"), text("short'", 6));
        assert_eq!((shown(b"-7"), shown(b"''"), shown(b"NULL")), (text("-7", 2), text("", 0), Cell::Null));
        let binary = |hex: String, length| Cell::Binary { hex, length };
        let hex = format!("0x{}", "AB".repeat(500));
        assert_eq!(shown(hex.as_bytes()), binary("AB".repeat(64), 500));
        assert_eq!(shown(b"0x00"), binary("00".into(), 1));
        // Every character is escaped, and the whole is longer than what is shown.
        let escaped = format!("'{}'", "\\0".repeat(1000));
        assert_eq!(shown(escaped.as_bytes()), text(&"\0".repeat(200), 1000));
    }
}
