//! When a schedule is due.
//!
//! Cron expressions have five fields and are read in UTC only: in a zone with daylight saving 02:30 does not
//! exist on one night and comes twice on another. Due times are *slots*; a slot becomes at most one run, because
//! the run carries the slot as a unique key. A server that slept through several slots catches up with one run
//! for the newest of them; the others are missed and counted as such.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::Cron;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Timestamp;

/// The daily full backup that a new source gets.
pub const DAILY_FULL: &str = "0 2 * * *";

/// When a source that is a whole server gets its full copy to begin with: on Sundays.
pub const WEEKLY_FULL: &str = "0 2 * * 0";

/// When it gets what changed since: on all other days.
pub const DAILY_INCREMENTAL: &str = "0 2 * * 1-6";

/// What a schedule asks for. A source has at most one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// A full backup.
    Full,
    /// What changed since the newest one; of whole servers only.
    Incremental,
}

impl ScheduleKind {
    /// How it is stored. Full ones were called so before there were others.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Full => "backup",
            Self::Incremental => "incremental",
        }
    }
    /// The kind stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        [Self::Full, Self::Incremental].into_iter().find(|kind| kind.key() == key)
    }
}

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CronError {
    /// Not a cron expression.
    #[error("{0} is not a cron expression with five fields (minute hour day month weekday), e.g. 0 2 * * *")]
    Unreadable(String),
    /// Never due, e.g. on 31 February.
    #[error("this never becomes due")]
    Never,
}

/// A cron expression of five fields, read in UTC.
#[derive(Debug, Clone)]
pub struct Schedule {
    expression: String,
    cron: Cron,
}

/// What became due since the last look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// The newest slot that is due: one run is owed for it.
    pub run: Option<Timestamp>,
    /// Older slots that nobody ran: recorded as missed.
    pub missed: u32,
}

impl Schedule {
    /// Reads an expression; refuses those that are never due.
    pub fn parse(expression: &str, now: Timestamp) -> Result<Self, CronError> {
        let unreadable = || CronError::Unreadable(expression.chars().take(80).collect());
        if expression.split_whitespace().count() != 5 {
            return Err(unreadable());
        }
        let cron = Cron::from_str(expression).map_err(|_| unreadable())?;
        let schedule = Self { expression: expression.trim().into(), cron };
        schedule.next_after(now).ok_or(CronError::Never)?;
        Ok(schedule)
    }
    /// The expression.
    pub fn expression(&self) -> &str {
        &self.expression
    }
    /// The first slot later than `at`.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.cron.find_next_occurrence(&at.utc(), false).ok().map(Timestamp::from)
    }
    /// The longest time from one slot to the next, over the next two hundred slots and a year at most, in milliseconds.
    pub fn longest_gap_ms(&self, now: Timestamp) -> i64 {
        let horizon = now.plus_ms(366 * 86_400_000);
        let (mut longest, mut last) = (0, now);
        for slot in self.cron.iter_after(now.utc()).take(200).map(Timestamp::from) {
            longest = longest.max(slot.since_ms(last));
            last = slot;
            if slot > horizon {
                break;
            }
        }
        longest
    }
    /// What is owed at `now` if `last` was the last slot that was dealt with.
    pub fn due(&self, last: Timestamp, now: Timestamp) -> Due {
        let mut due = Due::default();
        let slots = self.cron.iter_after(last.utc()).take_while(|slot: &DateTime<Utc>| *slot <= now.utc());
        for slot in slots.take(100_000) {
            due.missed += u32::from(due.run.is_some());
            due.run = Some(slot.into());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime<Utc>>().map(Timestamp::from).unwrap_or_default()
    }

    fn daily() -> Schedule {
        Schedule::parse(DAILY_FULL, at("2026-01-01T00:00:00Z")).unwrap_or_else(|_| unreachable!())
    }

    #[test]
    fn a_slot_is_due_once_it_has_come_and_not_before() {
        let last = at("2026-11-23T02:00:00Z");
        assert_eq!(daily().due(last, at("2026-11-24T01:59:59Z")), Due::default());
        assert_eq!(
            daily().due(last, at("2026-11-24T02:00:00Z")),
            Due { run: Some(at("2026-11-24T02:00:00Z")), missed: 0 }
        );
    }

    #[test]
    fn a_week_of_sleep_owes_one_run_and_counts_the_rest() {
        let due = daily().due(at("2026-11-17T02:00:00Z"), at("2026-11-24T12:00:00Z"));
        assert_eq!(due, Due { run: Some(at("2026-11-24T02:00:00Z")), missed: 6 });
    }

    #[test]
    fn every_slot_of_four_hundred_days_fires_once_across_every_change_of_clocks() {
        let (mut last, end, mut fired) = (at("2026-01-01T02:00:00Z"), at("2027-02-05T02:00:00Z"), 0);
        let mut now = last;
        while now < end {
            now = now.plus_ms(10 * 60_000);
            if let Some(slot) = daily().due(last, now).run {
                (last, fired) = (slot, fired + 1);
            }
        }
        assert_eq!(fired, 400);
    }

    #[test]
    fn nonsense_and_never_are_refused() {
        for bad in ["", "* * * *", "61 * * * *", "0 0 0 2 * *", "@daily", "a b c d e", "0 2 * * * ; rm"] {
            assert!(Schedule::parse(bad, at("2026-01-01T00:00:00Z")).is_err(), "{bad}");
        }
        assert!(Schedule::parse("0 0 31 2 *", at("2026-01-01T00:00:00Z")).is_err());
    }
}
