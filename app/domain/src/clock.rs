//! Time and ids are passed in, so that every rule can be tested at any instant.

use chrono::{DateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// An instant in UTC, in unix milliseconds: what both catalogs store and the wire carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// As a chrono value. Instants out of chrono's range become the epoch.
    pub fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or_default()
    }
    /// Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// This instant moved by `ms` milliseconds.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// Milliseconds from `earlier` to this instant; negative if it is later.
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    /// `24 Nov 2026, 07:18:05 UTC`
    pub fn exact(self) -> String {
        self.utc().format("%-d %b %Y, %H:%M:%S UTC").to_string()
    }
    /// RFC 3339 with milliseconds.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }
    /// The beginning of a day in UTC, written `2026-11-28`.
    pub fn of_day(text: &str) -> Option<Self> {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        day.and_hms_opt(0, 0, 0).map(|midnight| midnight.and_utc().into())
    }
    /// An instant as RFC 3339 writes it.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc).into())
    }
    /// `3 h ago`, `in 20 min`, `just now`, relative to `now`.
    pub fn relative(self, now: Self) -> String {
        let ms = now.since_ms(self);
        let text = human_duration_ms(ms.abs());
        match ms {
            -999..=999 => "just now".into(),
            1000.. => format!("{text} ago"),
            _ => format!("in {text}"),
        }
    }
}

/// `41 s`, `12 min`, `3 h 10 min`, `4 d`: at most two units, for people.
pub fn human_duration_ms(ms: i64) -> String {
    let s = ms / 1000;
    match s {
        0 => format!("{ms} ms"),
        1..=99 => format!("{s} s"),
        100..=5999 => format!("{} min", (s + 30) / 60),
        6000..=172_799 => match (s / 3600, s % 3600 / 60) {
            (h, 0) => format!("{h} h"),
            (h, m) => format!("{h} h {m} min"),
        },
        _ => format!("{} d", s / 86_400),
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// Where time and ids come from. The real one lives at the edge (`server`, `holdfast-recover`).
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
    /// A fresh UUIDv7 of the present.
    fn uuid(&self) -> Uuid;
}

/// A clock for tests: stands still until told otherwise; ids count up.
#[derive(Debug)]
pub struct FixedClock {
    now: std::sync::atomic::AtomicI64,
    ids: std::sync::atomic::AtomicU64,
}

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { now: now.0.into(), ids: 0.into() }
    }
    /// Moves the clock.
    pub fn advance_ms(&self, ms: i64) {
        self.now.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(std::sync::atomic::Ordering::SeqCst))
    }
    fn uuid(&self) -> Uuid {
        let n = self.ids.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut random = [0u8; 10];
        random[2..].copy_from_slice(&n.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(self.now().0.unsigned_abs(), &random).into_uuid()
    }
}
