//! Values of a row for people, from its text as a backup holds it: `(7,'it\'s',0xFF,NULL)`.

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

/// Characters that are shown of a value.
const SHOWN: usize = 256;

/// The value for people: long ones are cut, and say how long they are.
pub fn shown(literal: &[u8]) -> Option<String> {
    if is_null(literal) {
        return None;
    }
    if literal.starts_with(b"0x") {
        let digits = literal.len() - 2;
        let part =
            String::from_utf8_lossy(literal.get(..literal.len().min(SHOWN)).unwrap_or_default()).into_owned();
        return Some(if digits + 2 > SHOWN { format!("{part}… ({} bytes)", digits / 2) } else { part });
    }
    // A character has at most four bytes; one more tells whether something is cut.
    let beginning = unescaped(literal, SHOWN * 4 + 4);
    let text = String::from_utf8_lossy(&beginning);
    if text.chars().count() <= SHOWN {
        return Some(text.into_owned());
    }
    let part: String = text.chars().take(SHOWN).collect();
    let length = String::from_utf8_lossy(&unescaped(literal, usize::MAX)).chars().count();
    Some(format!("{part}… ({length} characters)"))
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
    fn long_values_are_cut_and_say_so() {
        let long = format!("'{}'", "ü".repeat(300));
        let text = shown(long.as_bytes()).unwrap();
        assert!(text.ends_with("… (300 characters)") && text.starts_with("üü"));
        assert_eq!(shown(b"'short'").as_deref(), Some("short"));
        let hex = format!("0x{}", "AB".repeat(500));
        assert!(shown(hex.as_bytes()).unwrap().ends_with("… (500 bytes)"));
    }
}
