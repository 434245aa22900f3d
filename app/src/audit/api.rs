//! What a page may ask about the audit trail. Whatever is read of it is written down in it, before it is shown.

use async_trait::async_trait;
use domain::{
    Cursor, Fault, Timestamp,
    audit::{Act, Object, Outcome},
};

/// Day in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

/// An instant as people and programs ask for it: a day, or RFC 3339. A day as an end is meant whole.
pub fn instant(field: &str, text: Option<&str>, is_end: bool) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let day = Timestamp::of_day(text).map(|day| if is_end { day.plus_ms(DAY_MS) } else { day });
    day.or_else(|| Timestamp::parse(text)).map(Some).ok_or_else(|| {
        Fault::invalid(field, "write a day, e.g. 2026-11-28, or an instant, e.g. 2026-11-28T06:00:00Z")
    })
}

/// Which entries to list, newest first; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailFilter {
    /// Of the installation's own trail: signing in, setting up, what belongs to no organisation.
    pub of_installation: bool,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Whose acts: kind and id, e.g. `user:019ab3…`.
    pub who: Option<String>,
    /// What.
    pub act: Option<Act>,
    /// On which data.
    pub object: Option<Object>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// How many; 0 for the usual number.
    pub limit: u32,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRow {
    /// Its number in its trail.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Kind and id of who.
    pub who: String,
    /// By the name that they had then.
    pub name: String,
    /// The person behind a token: kind and id.
    pub behind: Option<String>,
    /// From which address; nothing for background work and the command line.
    pub address: Option<String>,
    /// What the browser or program there calls itself.
    pub agent: Option<String>,
    /// What, by its key.
    pub act: String,
    /// On which data: kind and id.
    pub object: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Which approval allowed it.
    pub approval: Option<String>,
    /// What was before: field and value.
    pub before: Vec<(String, String)>,
    /// What is after; of a refusal or failure, the reason.
    pub after: Vec<(String, String)>,
    /// Whether a newer version wrote it, so that its particulars cannot be shown here.
    pub is_newer: bool,
    /// Its hash.
    pub hash: String,
}

/// Some entries. There may be none and still a next page: then this part of the trail was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailList {
    /// Newest first.
    pub rows: Vec<TrailRow>,
    /// Where to go on.
    pub next: Option<Cursor>,
}

/// The signed head that covers an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadView {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The entries that were new in it.
    pub entries: (u64, u64),
    /// In which vaults it was seen, and since when.
    pub vaults: Vec<(String, Timestamp)>,
}

/// One entry with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailDetail {
    /// The entry.
    pub row: TrailRow,
    /// Hash of the entry before it.
    pub previous: String,
    /// The first entry of the trail that is kept.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// The signed head over it; nothing if none was made yet.
    pub head: Option<HeadView>,
    /// How an export is checked without this server.
    pub verify_command: String,
}

/// What a page may ask about the audit trail.
#[async_trait]
pub trait AuditPort: Send + Sync {
    /// Entries, newest first.
    async fn list_trail(&self, filter: TrailFilter) -> Result<TrailList, Fault>;
    /// One entry and its place in the trail.
    async fn get_trail_entry(&self, of_installation: bool, number: u64) -> Result<TrailDetail, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_as_an_end_is_meant_whole() {
        let read = |text, is_end| instant("from", Some(text), is_end);
        assert_eq!(read("1970-01-02", false), Ok(Some(Timestamp(DAY_MS))));
        assert_eq!(read("1970-01-02", true), Ok(Some(Timestamp(2 * DAY_MS))));
        assert_eq!(read("1970-01-02T00:00:01Z", true), Ok(Some(Timestamp(DAY_MS + 1000))));
        assert_eq!(read(" ", true), Ok(None));
        assert_eq!(instant("from", None, true), Ok(None));
        assert_eq!(read("yesterday", false).map_err(|fault| fault.status()), Err(422));
    }
}
