//! From stored text to domain words and back; what cannot be read is an error that names the table, never a
//! panic.

use std::fmt::Display;

use domain::{Cursor, Page, Timestamp, id::Id, tenancy::TenantKey};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// Rows on a page when the caller names no number.
const PAGE: u32 = 50;
/// Rows on a page at most, whatever its limit.
pub const PAGE_MAX: u32 = 200;

pub(crate) fn corrupt(table: &'static str, problem: impl Display) -> Error {
    Error::Corrupt { table, problem: problem.to_string() }
}

pub(crate) fn id<T>(table: &'static str, text: &str) -> Result<Id<T>> {
    text.parse().map_err(|error| corrupt(table, format!("id {text:?}: {error}")))
}

pub(crate) fn maybe_id<T>(table: &'static str, text: Option<&str>) -> Result<Option<Id<T>>> {
    text.map(|text| id(table, text)).transpose()
}

pub(crate) fn tenant_key(table: &'static str, text: String) -> Result<TenantKey> {
    TenantKey::new(text).map_err(|error| corrupt(table, error))
}

pub(crate) fn maybe_key(table: &'static str, text: Option<String>) -> Result<Option<TenantKey>> {
    text.map(|text| tenant_key(table, text)).transpose()
}

pub(crate) fn word<T>(table: &'static str, text: &str, find: impl Fn(&str) -> Option<T>) -> Result<T> {
    find(text).ok_or_else(|| corrupt(table, format!("unknown word {text:?}")))
}

pub(crate) fn json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(table, error))
}

pub(crate) fn maybe_json<T: DeserializeOwned>(table: &'static str, text: Option<&str>) -> Result<Option<T>> {
    text.map(|text| json(table, text)).transpose()
}

pub(crate) fn to_json(table: &'static str, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| corrupt(table, error))
}

pub(crate) fn number<T: TryFrom<i64>>(table: &'static str, value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| corrupt(table, format!("{value} is out of range")))
}

/// Amounts are stored as 64 bits with a sign; what does not fit is stored as the largest that does.
pub(crate) fn amount(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Text of tools and servers without NUL, which Postgres refuses.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A pattern for LIKE that matches `text` anywhere, with the pattern's own signs taken literally.
pub(crate) fn contains(text: &str) -> String {
    let literal = storable(text).to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{literal}%")
}

/// The number of rows of a page.
pub(crate) fn page_size(limit: u32) -> u32 {
    if limit == 0 { PAGE } else { limit.min(PAGE_MAX) }
}

/// Where a page begins: a key and an id that breaks ties.
pub(crate) struct After {
    pub key: String,
    pub id: String,
}

impl After {
    pub fn read(cursor: Option<&Cursor>) -> Result<Option<Self>> {
        let split = |cursor: &Cursor| {
            let (id, key) = cursor.0.split_once('~').ok_or(Error::NotFound { what: "page" })?;
            Ok(Self { key: storable(key), id: storable(id) })
        };
        cursor.map(split).transpose()
    }
    /// The key as an instant.
    pub fn at(&self) -> Result<Timestamp> {
        self.key.parse().map(Timestamp).map_err(|_| Error::NotFound { what: "page" })
    }
}

/// A page of at most `limit` of the `limit + 1` rows that were asked for.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> (String, String)) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| cursor(key(row)));
    Page { rows, next }
}

/// Where a page goes on behind a row: its key, and the id that breaks ties.
pub(crate) fn cursor((key, id): (String, String)) -> Cursor {
    Cursor(format!("{id}~{key}"))
}
