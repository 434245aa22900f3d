//! The one spelling of a tenant's key.
//!
//! A database may name the same tenant in several columns: as a number here and as text there, in capitals where a
//! collation ignores them. If each column's text were taken as it is, one tenant would be two, and a restore of the
//! one would miss the rows of the other. So there is one spelling per database, chosen from the columns that the
//! tenant map ends in, and everything is brought to it: rows while they are read, keys that a person types, keys that
//! were stored.

use serde::{Deserialize, Serialize};

use crate::tenancy::TenantKey;

/// What a database names its tenants by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// Numbers, in some columns perhaps written as text: `7`, `007` and `7.0` are one.
    Number,
    /// Text.
    Text,
    /// UUIDs: lower case, with hyphens.
    Uuid,
    /// Bytes: hexadecimal digits in lower case.
    Bytes,
    /// Anything else, as the server prints it.
    #[default]
    Other,
}

/// How the tenants of one database are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spelling {
    /// What they are named by.
    pub named: Named,
    /// Whether text is taken in lower case.
    #[serde(default)]
    pub fold: bool,
    /// Whether spaces at the end of text count for nothing.
    #[serde(default)]
    pub trim: bool,
}

/// Text longer than this is not taken for a number, so that every server can compute with it.
pub const LONGEST_NUMBER: usize = 30;

impl Spelling {
    /// The key that `text` means, from a row, a catalog or another backup. Doing it twice changes nothing.
    pub fn key(&self, text: &str) -> Option<TenantKey> {
        let spelled = match self.named {
            Named::Number => number(text.trim_matches(' ')).unwrap_or_else(|| self.text(text)),
            Named::Text => self.text(text),
            Named::Uuid => uuid(text).unwrap_or_else(|| self.text(text)),
            Named::Bytes => {
                let text = text.strip_prefix("0x").unwrap_or(text);
                let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
                if digits.len() == 32 { digits } else { text.to_owned() }.to_lowercase()
            }
            Named::Other => text.to_owned(),
        };
        TenantKey::new(spelled).ok()
    }

    /// The key that a person means who typed `text`: spaces around it are slips.
    pub fn typed(&self, text: &str) -> Option<TenantKey> {
        self.key(text.trim())
    }

    fn text(self, text: &str) -> String {
        let text = if self.trim { text.trim_end_matches(' ') } else { text };
        if self.fold { text.chars().map(lower).collect() } else { text.to_owned() }
    }
}

/// A number without what says nothing: plus sign, leading zeros, zeros at the end of a fraction.
fn number(text: &str) -> Option<String> {
    let (minus, digits) = match text.as_bytes() {
        [b'-', ..] => (true, text.get(1..)?),
        [b'+', ..] => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > LONGEST_NUMBER || whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let mut plain = if whole.is_empty() { "0".to_owned() } else { whole.to_owned() };
    if !fraction.is_empty() {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(if minus && plain != "0" { format!("-{plain}") } else { plain })
}

fn uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | '{' | '}' | ' ')).collect();
    Some(uuid::Uuid::parse_str(&digits).ok()?.hyphenated().to_string())
}

/// One character for one, as servers do it.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(named: Named, fold: bool, text: &str) -> String {
        let spelling = Spelling { named, fold, trim: true };
        let key = spelling.key(text).map(String::from).unwrap_or_default();
        assert_eq!(spelling.key(&key).map(String::from).unwrap_or_default(), key, "twice");
        key
    }

    #[test]
    fn every_spelling_of_a_number_is_one() {
        for text in ["7", "007", "7.0", "7.", " 7 ", "+7", "07.00"] {
            assert_eq!(spelled(Named::Number, false, text), "7", "{text:?}");
        }
        for (text, key) in [("-0", "0"), ("000", "0"), ("-07.50", "-7.5"), ("0.5", "0.5"), ("70", "70")] {
            assert_eq!(spelled(Named::Number, false, text), key);
        }
        for text in ["acme", "7a", ".5", "1e3", "--7", "7.0.0", "0000000000000000000000000000000007"] {
            assert_eq!(spelled(Named::Number, false, text), text);
        }
        assert_eq!(spelled(Named::Number, false, ""), "");
    }

    #[test]
    fn text_is_folded_as_its_columns_compare_it() {
        assert_eq!(spelled(Named::Text, true, "ÜNAL  "), "ünal");
        assert_eq!(spelled(Named::Text, false, "Acme  "), "Acme");
        let exact = Spelling { named: Named::Text, fold: false, trim: false };
        assert_eq!(exact.key("a ").map(String::from).as_deref(), Some("a "));
        assert_eq!(exact.typed(" a ").map(String::from).as_deref(), Some("a"));
    }

    #[test]
    fn identifiers_are_one_however_they_are_written() {
        let uuid = "0c9e1f2a-3b4c-5d6e-7f80-91a2b3c4d5e6";
        for text in ["0C9E1F2A-3B4C-5D6E-7F80-91A2B3C4D5E6", "{0c9e1f2a3b4c5d6e7f8091a2b3c4d5e6}", uuid] {
            assert_eq!(spelled(Named::Uuid, true, text), uuid);
        }
        let digits = "0c9e1f2a3b4c5d6e7f8091a2b3c4d5e6";
        for text in ["0x0C9E1F2A3B4C5D6E7F8091A2B3C4D5E6", "0C9E1F2A-3B4C-5D6E-7F80-91A2B3C4D5E6", digits] {
            assert_eq!(spelled(Named::Bytes, false, text), digits);
        }
        assert_eq!(spelled(Named::Bytes, false, "AB"), "ab");
    }
}
