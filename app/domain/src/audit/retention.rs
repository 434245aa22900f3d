//! How entries leave the trail: not before their time, from the beginning of a chain, whole heads at a time.
//!
//! What is taken away must not look like what was cut off. So first an entry is written that says what will go
//! ([`Removed::deed`]); it has to be under a signed head before anything goes. And of what goes one thing stays: the mark
//! of its last entry with the way to the root of the head that covered it. That head is kept (heads always are), it is
//! signed, and it is older than seven years: so nobody can pass off younger entries as expired.

use super::{
    act::Act,
    chain::Link,
    event::{Deed, Event},
    fact::{Facts, Field},
    hash::Hash,
    head::{Mark, TreeHead},
    object::Object,
    tree,
};
use crate::Timestamp;

/// How long an entry stays at least: seven years, of which two may be leap years, in milliseconds.
pub const KEPT_MS: i64 = 2557 * 24 * 3_600_000;

/// The beginning of a chain that was removed, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The mark of its last entry.
    pub mark: Mark,
    /// The head over it.
    pub head: u64,
    /// Which leaf of the head's tree the mark is.
    pub index: u64,
    /// The hashes beside the way up.
    pub path: Vec<Hash>,
    /// The entry that says so.
    pub entry: u64,
}

impl Removed {
    /// Whether what a head covers has been kept long enough.
    pub const fn is_over(head: Timestamp, now: Timestamp) -> bool {
        now.since_ms(head) >= KEPT_MS
    }
    /// Where the chain begins now.
    pub const fn begins(&self) -> Link {
        Link { sequence: self.mark.last, hash: self.mark.hash }
    }
    fn facts(mark: &Mark, head: u64) -> Facts {
        Facts::none().with(Field::Entry, mark.last).with(Field::Digest, mark.hash).with(Field::Head, head)
    }
    /// What is written down before it goes.
    pub fn deed(mark: &Mark, head: u64) -> Deed {
        Deed::done(Act::AuditExpire, Object::trail())
            .after(Field::Entry, mark.last)
            .after(Field::Digest, mark.hash)
            .after(Field::Head, head)
    }
    /// Whether the entry that says so and the head that covered it (whose signature the caller has checked) prove that it
    /// could go.
    pub fn is_proven(&self, says: &Event, head: &TreeHead) -> bool {
        says.act == Act::AuditExpire
            && says.chain == self.mark.chain
            && says.after == Self::facts(&self.mark, self.head)
            && head.number == self.head
            && Self::is_over(head.at, says.at)
            && tree::leads(self.mark.leaf(), self.index, head.leaves, &self.path, head.root)
    }
}
