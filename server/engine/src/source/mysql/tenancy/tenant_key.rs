//! The text of a tenant's key, the same whether the engine reads it or a person types it.
//!
//! | column | text | of `7`, ` Acme `, … |
//! |---|---|---|
//! | integers, BIT | decimal digits without leading zeros | `7`, `-1`, `0` |
//! | text whose collation ignores case | UTF-8 in lower case, without trailing spaces where the collation ignores them | `acme` |
//! | other text, ENUM, SET | UTF-8, trailing spaces as above | `Acme` |
//! | UUID (MariaDB) | lower case with hyphens, as the server prints it | `0c9e…-…` |
//! | BINARY, VARBINARY, BLOB | hexadecimal digits in lower case | `0c9e…` |
//! | anything else | as the server prints it | `2024-01-01` |
//!
//! Lower case, because a foreign key finds `acme` when it looks for `Acme` where the collation ignores case: two
//! spellings are one tenant there. Accents are kept: spellings that differ in them are two tenants.
//!
//! A NULL, an empty text, one with control characters or with more than 255 characters is no key; such rows are
//! shared.

use std::fmt::Write as _;

use domain::tenancy::TenantKey;
use sha2::{Digest, Sha256};

use super::keys::KeyColumn;
use crate::format::Owner;

/// What kind of text a column's keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Integer { plain: bool },
    Bit,
    Text { fold: bool, pad: bool },
    Uuid,
    Binary { sixteen: bool },
    Other,
}

fn class(column: &KeyColumn) -> Class {
    match column.data_type.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => {
            Class::Integer { plain: !column.definition.to_ascii_lowercase().contains("zerofill") }
        }
        "bit" => Class::Bit,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            Class::Binary { sixteen: column.definition.eq_ignore_ascii_case("binary(16)") }
        }
        "uuid" => Class::Uuid,
        _ if column.charset.is_some() => {
            let collation = column.collation.as_deref().unwrap_or_default().to_ascii_lowercase();
            let pad =
                !collation.contains("_nopad_") && !collation.contains("_0900_") && collation != "binary";
            Class::Text { fold: collation.ends_with("_ci"), pad }
        }
        _ => Class::Other,
    }
}

/// SQL whose value is the text of the key in UTF-8, or NULL. `reference` is the quoted column: `` t0.`TenantId` ``.
pub fn expression(column: &KeyColumn, reference: &str) -> String {
    match class(column) {
        Class::Integer { plain: true } | Class::Uuid | Class::Other => reference.to_owned(),
        Class::Integer { plain: false } | Class::Bit => format!("({reference}+0)"),
        Class::Binary { .. } => format!("LOWER(HEX({reference}))"),
        Class::Text { fold, pad } => {
            let mut text = format!("CONVERT({reference} USING utf8mb4)");
            if fold {
                text = format!("LOWER({text})");
            }
            if pad { format!("TRIM(TRAILING ' ' FROM {text})") } else { text }
        }
    }
}

/// Whether the key's text is just what the server sends for the column itself, so that it need not be sent twice.
pub fn is_plain(column: &KeyColumn) -> bool {
    matches!(class(column), Class::Integer { plain: true } | Class::Uuid | Class::Other)
}

/// The key from what [`expression`] gave.
pub fn key(value: Option<&[u8]>) -> Option<TenantKey> {
    TenantKey::new(std::str::from_utf8(value?).ok()?).ok()
}

/// The key from a value of `column` as the text protocol sends it with `character_set_results` NULL, that is,
/// from the stored bytes. Text in a character set other than UTF-8, ASCII and Latin-1 gives nothing if it is not
/// ASCII: let the server convert it, with [`expression`].
pub fn canonical(value: &[u8], column: &KeyColumn) -> Option<TenantKey> {
    let text = match class(column) {
        Class::Bit => value
            .iter()
            .try_fold(0_u64, |n, byte| n.checked_mul(256)?.checked_add(u64::from(*byte)))?
            .to_string(),
        Class::Binary { .. } => hex::encode(value),
        Class::Text { .. } => {
            let utf8 = column.charset.as_deref().is_some_and(|name| name.starts_with("utf8"));
            if !utf8 && !value.is_ascii() {
                return None;
            }
            std::str::from_utf8(value).ok()?.to_owned()
        }
        _ => std::str::from_utf8(value).ok()?.to_owned(),
    };
    TenantKey::new(folded(text, class(column))).ok()
}

/// The key that a person means who typed `text`. A UUID may be written with or without hyphens and braces.
pub fn typed(text: &str, column: &KeyColumn) -> Option<TenantKey> {
    let text = text.trim();
    let digits = || text.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect::<String>().to_lowercase();
    let text = match class(column) {
        Class::Binary { sixteen: true } if digits().len() == 32 => digits(),
        Class::Binary { .. } => text.to_lowercase(),
        Class::Uuid => uuid::Uuid::parse_str(&digits()).ok()?.hyphenated().to_string(),
        Class::Bit | Class::Integer { .. } => text.parse::<i128>().ok()?.to_string(),
        other => folded(text.to_owned(), other),
    };
    TenantKey::new(text).ok()
}

fn folded(text: String, class: Class) -> String {
    match class {
        Class::Text { fold, pad } => {
            let text = if fold { text.chars().map(lower).collect() } else { text };
            if pad { text.trim_end_matches(' ').to_owned() } else { text }
        }
        Class::Integer { plain: false } => {
            let digits = text.trim_start_matches('0');
            if digits.is_empty() && !text.is_empty() { "0".into() } else { digits.to_owned() }
        }
        _ => text,
    }
}

/// One character for one, as servers do it.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// A condition that holds exactly for rows whose `reference` has this key. An index on the column is used: the
/// value is compared in the column's own type first, and for text exactly besides.
pub fn condition(column: &KeyColumn, reference: &str, key: &TenantKey) -> String {
    let text = key.as_str();
    let exact = || format!("CAST({} AS BINARY)={}", expression(column, reference), hex_literal(text));
    match class(column) {
        // Whoever asks for a key that no such column can hold gets no row, and no conversion of the column.
        Class::Integer { .. } | Class::Bit => match text.parse::<i128>() {
            Ok(number) if number.to_string() == text && i64::try_from(number).is_ok() => {
                format!("{reference}={number}")
            }
            Ok(number) if number.to_string() == text && u64::try_from(number).is_ok() => {
                format!("{reference}={number}")
            }
            _ => "FALSE".into(),
        },
        Class::Binary { .. } => match hex::decode(text) {
            Ok(bytes) if hex::encode(&bytes) == text => format!("{reference}=X'{text}'"),
            _ => "FALSE".into(),
        },
        Class::Uuid => match uuid::Uuid::parse_str(text) {
            Ok(id) if id.hyphenated().to_string() == text => format!("{reference}='{text}'"),
            _ => "FALSE".into(),
        },
        Class::Text { .. } => format!("{reference}=_utf8mb4 {} AND {}", hex_literal(text), exact()),
        Class::Other => exact(),
    }
}

/// Bytes that no setting of quotes or backslashes can change.
fn hex_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() * 2 + 3);
    literal.push_str("X'");
    for byte in text.bytes() {
        let _infallible = write!(literal, "{byte:02x}");
    }
    literal.push('\'');
    literal
}

/// Whose key seals a tenant's segment: the key itself where it can be part of a name, else `x-` and the first
/// half of its SHA-256. Keys that begin with `x-` are always hashed, so that no tenant can pose as another.
pub fn owner_of(key: &TenantKey) -> Owner {
    let text = key.as_str();
    let fits = text.len() <= 64
        && !text.starts_with("x-")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    Owner::Tenant(if fits {
        text.to_owned()
    } else {
        format!("x-{}", &hex::encode(Sha256::digest(text))[..32])
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_owner_is_the_key_itself_or_a_digest_that_no_key_can_imitate() {
        let owner = |text: &str| owner_of(&TenantKey::new(text).unwrap()).to_string();
        assert_eq!(owner("7"), "tenant-7");
        assert_eq!(owner("0c9e1f2a-3b4c"), "tenant-0c9e1f2a-3b4c");
        let (odd, long) = (owner("../ü"), owner(&"a".repeat(65)));
        let imitation = owner(odd.strip_prefix("tenant-").unwrap());
        for owner in [&odd, &long, &imitation] {
            assert!(owner.starts_with("tenant-x-") && owner.len() == "tenant-x-".len() + 32, "{owner}");
            assert!(owner.parse::<Owner>().is_ok());
        }
        assert_ne!(odd, imitation);
    }
}
