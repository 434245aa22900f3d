//! The text of a tenant's key, the same whether the engine reads it or a person types it.
//!
//! A database has one [`Spelling`], chosen from all the columns that name its tenants (see [`spelling`](super::spelling)):
//!
//! | tenants are named by | text | of `7`, ` Acme `, … |
//! |---|---|---|
//! | numbers: integers, DECIMAL, BIT, and text beside them | decimal digits without leading zeros | `7`, `-1`, `0` |
//! | text where the list of tenants ignores case | UTF-8 in lower case, without trailing spaces where a collation ignores them | `acme` |
//! | other text, ENUM, SET | UTF-8, trailing spaces as above | `Acme` |
//! | UUID (MariaDB), and text beside it | lower case with hyphens, as the server prints it | `0c9e…-…` |
//! | BINARY, VARBINARY, BLOB | hexadecimal digits in lower case | `0c9e…` |
//! | anything else | as the server prints it | `2024-01-01` |
//!
//! Lower case, because a foreign key finds `acme` when it looks for `Acme` where the collation ignores case: two
//! spellings are one tenant there. Accents are kept: spellings that differ in them are two tenants.
//!
//! A NULL, an empty text, one with control characters or with more than 255 characters is no key; such rows are
//! shared.

use std::fmt::Write as _;

use domain::{
    spelling::{LONGEST_NUMBER, Named, Spelling},
    tenancy::TenantKey,
};
use sha2::{Digest, Sha256};

use super::keys::KeyColumn;
use crate::format::Owner;

/// What kind of text a column's keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Integer { plain: bool },
    Decimal { plain: bool },
    Bit,
    Text { fold: bool, pad: bool },
    Uuid,
    Binary,
    Other,
}

impl Class {
    pub(super) const fn named(self) -> Named {
        match self {
            Self::Integer { .. } | Self::Decimal { .. } | Self::Bit => Named::Number,
            Self::Text { .. } => Named::Text,
            Self::Uuid => Named::Uuid,
            Self::Binary => Named::Bytes,
            Self::Other => Named::Other,
        }
    }
    pub(super) const fn folds(self) -> bool {
        matches!(self, Self::Text { fold: true, .. })
    }
}

pub(super) fn class(column: &KeyColumn) -> Class {
    let filled = column.definition.to_ascii_lowercase().contains("zerofill");
    match column.data_type.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Class::Integer { plain: !filled },
        // It is printed with four digits, the year 0 too.
        "year" => Class::Integer { plain: false },
        "decimal" => {
            let scale = column.definition.split_once(',').and_then(|(_, rest)| rest.split_once(')'));
            Class::Decimal { plain: !filled && scale.is_none_or(|(scale, _)| scale.trim() == "0") }
        }
        "bit" => Class::Bit,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Class::Binary,
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

/// Whether the column takes for one value texts that differ in case, and such as differ in spaces at the end.
pub fn folds(column: &KeyColumn) -> (bool, bool) {
    match class(column) {
        Class::Text { fold, pad } => (fold, pad),
        _ => (false, false),
    }
}

/// SQL whose value is the text of the key in UTF-8, or NULL. `reference` is the quoted column: `` t0.`TenantId` ``.
pub fn expression(column: &KeyColumn, reference: &str, spelling: Spelling) -> String {
    match class(column) {
        class if is_printed_so(class) => reference.to_owned(),
        Class::Decimal { .. } => plain_number(&format!("({reference}+0)")),
        Class::Integer { .. } | Class::Bit => format!("({reference}+0)"),
        Class::Binary => format!("LOWER(HEX({reference}))"),
        Class::Text { .. } => {
            let text = format!("CONVERT({reference} USING utf8mb4)");
            let mut folded = if spelling.fold { format!("LOWER({text})") } else { text.clone() };
            if spelling.trim {
                folded = format!("TRIM(TRAILING ' ' FROM {folded})");
            }
            if spelling.named != Named::Number {
                return folded;
            }
            let number = plain_number(&format!("(CAST(TRIM({text}) AS DECIMAL(65,30))+0)"));
            format!(
                "CASE WHEN CHAR_LENGTH(TRIM({text}))<={LONGEST_NUMBER} AND \
                 TRIM({text}) REGEXP '^[+-]?[0-9]+([.][0-9]*)?$' THEN {number} ELSE {folded} END"
            )
        }
        Class::Uuid | Class::Other => reference.to_owned(),
    }
}

/// The text of a DECIMAL with a fraction without the zeros at its end.
fn plain_number(decimal: &str) -> String {
    format!("TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM {decimal}))")
}

const fn is_printed_so(class: Class) -> bool {
    matches!(
        class,
        Class::Integer { plain: true } | Class::Decimal { plain: true } | Class::Uuid | Class::Other
    )
}

/// Whether the key's text is just what the server sends for the column itself, so that it need not be sent twice.
pub fn is_plain(column: &KeyColumn) -> bool {
    is_printed_so(class(column))
}

/// The key from what [`expression`] gave.
pub fn key(value: Option<&[u8]>) -> Option<TenantKey> {
    TenantKey::new(std::str::from_utf8(value?).ok()?).ok()
}

/// A condition that holds exactly for rows whose `reference` has this key. An index on the column is used where the
/// column's own comparison finds every spelling of it: the value is compared in the column's own type first, and for
/// text exactly besides.
pub fn condition(column: &KeyColumn, reference: &str, key: &TenantKey, spelling: Spelling) -> String {
    let text = key.as_str();
    let exact =
        || format!("CAST({} AS BINARY)={}", expression(column, reference, spelling), hex_literal(text));
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
        Class::Decimal { .. } => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_number = !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
                && digits.len() <= 66;
            if is_number { format!("{reference}={text} AND {}", exact()) } else { "FALSE".into() }
        }
        Class::Binary => match hex::decode(text) {
            Ok(bytes) if hex::encode(&bytes) == text => format!("{reference}=X'{text}'"),
            _ => "FALSE".into(),
        },
        Class::Uuid => match uuid::Uuid::parse_str(text) {
            Ok(id) if id.hyphenated().to_string() == text => format!("{reference}='{text}'"),
            _ => "FALSE".into(),
        },
        Class::Text { fold, pad }
            if spelling.named != Named::Number && (fold || !spelling.fold) && (pad || !spelling.trim) =>
        {
            format!("{reference}=_utf8mb4 {} AND {}", hex_literal(text), exact())
        }
        Class::Text { .. } | Class::Other => exact(),
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
