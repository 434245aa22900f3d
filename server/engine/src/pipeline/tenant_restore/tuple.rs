//! The text of a row as a backup holds it: `(7,'it\'s',0xFF,NULL)`.

/// The literals of a tuple, in order; nothing if it is not one.
pub fn literals(tuple: &[u8]) -> Option<Vec<&[u8]>> {
    let inner = tuple.strip_prefix(b"(")?.strip_suffix(b")")?;
    let (mut all, mut rest) = (Vec::new(), inner);
    loop {
        let end = if rest.first() == Some(&b'\'') { quoted_end(rest)? } else { bare_end(rest) };
        let (literal, after) = rest.split_at_checked(end)?;
        if literal.is_empty() {
            return None;
        }
        all.push(literal);
        match after.split_first() {
            None => return Some(all),
            Some((b',', next)) => rest = next,
            Some(_) => return None,
        }
    }
}

fn bare_end(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b',').unwrap_or(text.len())
}

/// Behind the closing quote. Quotes inside are escaped, never doubled.
fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'\'' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

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

/// The bytes between quotes without their escapes, at most `limit`; anything else as it is.
fn unescaped(literal: &[u8], limit: usize) -> Vec<u8> {
    let Some(inner) = literal.strip_prefix(b"'").and_then(|inner| inner.strip_suffix(b"'")) else {
        return literal.iter().take(limit).copied().collect();
    };
    let (mut plain, mut bytes) = (Vec::new(), inner.iter());
    while plain.len() < limit {
        let Some(byte) = bytes.next() else { break };
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'0') => 0,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b'Z') => 0x1a,
                Some(other) => *other,
                None => break,
            },
            other => *other,
        });
    }
    plain
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
