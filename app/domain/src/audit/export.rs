//! One organisation's trail as a file: a line of JSON each, to be read by people, spreadsheets and the verifier.
//!
//! `begin`, then for every head the new `entry` lines and the `head` that covers them, then entries that no head covers
//! yet, then `end`. An entry carries its bytes in hex (they are what is proven) and the same in words (`says`), which
//! the verifier compares. Of other organisations there is nothing but the hashes in `path`.

use serde::{Deserialize, Serialize};

use super::{
    chain::Chain,
    encoding::to_hex,
    event::Event,
    fact::Facts,
    hash::Hash,
    head::{Mark, TreeHead},
};
use crate::{InstallationId, Timestamp};

/// The only format there is.
pub const FORMAT: &str = "holdfast audit export 1";

/// A line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first.
    Begin {
        /// [`FORMAT`].
        format: String,
        /// By which installation.
        installation: InstallationId,
        /// Whose trail: an organisation's id, or `platform`.
        chain: String,
        /// Under which key heads are signed, in hex. To be compared with the fingerprint that is kept elsewhere.
        signing_key: String,
        /// When it was written.
        at: Timestamp,
        /// Entries before the first one here.
        before: u64,
        /// Hash of the entry before the first one here.
        previous: Hash,
    },
    /// An entry.
    Entry {
        /// Its number.
        sequence: u64,
        /// Its hash.
        hash: Hash,
        /// Its bytes, in hex.
        event: String,
        /// The same in words.
        says: Says,
    },
    /// A signed head, and the way from the entries before it to its root.
    Head {
        /// The head.
        head: TreeHead,
        /// Its signature, in hex.
        signature: String,
        /// The first entry that is new in it.
        first: u64,
        /// The last one.
        last: u64,
        /// Which leaf the mark of these entries is.
        index: u64,
        /// The hashes beside the way up.
        path: Vec<Hash>,
    },
    /// The last.
    End {
        /// Entries in the file.
        entries: u64,
        /// Heads in the file.
        heads: u64,
    },
}

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// RFC 3339.
    pub at: String,
    /// Kind and id.
    pub actor: String,
    /// By name.
    pub name: String,
    /// The person behind a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the program there calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What.
    pub act: String,
    /// How it ended.
    pub outcome: String,
    /// On which data: kind and id.
    pub object: String,
    /// By which approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// What was before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<(String, String)>,
    /// What is after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<(String, String)>,
}

fn words(facts: &Facts) -> Vec<(String, String)> {
    facts.iter().map(|(field, fact)| (field.key().to_owned(), fact.to_string())).collect()
}

impl Says {
    /// What an event says.
    pub fn of(event: &Event) -> Self {
        Self {
            at: event.at.rfc3339(),
            actor: event.who.key(),
            name: event.who.name().to_owned(),
            behind: event.who.behind().map(|user| user.to_string()),
            address: event.from.address().map(|address| address.to_string()),
            agent: event.from.agent().map(str::to_owned),
            act: event.act.key().to_owned(),
            outcome: event.outcome.key().to_owned(),
            object: event.on.key(),
            approval: event.approval.map(|approval| approval.to_string()),
            before: words(&event.before),
            after: words(&event.after),
        }
    }
}

impl Line {
    /// The first line of a trail from its `before`th entry on.
    pub fn begin(
        installation: InstallationId,
        chain: Chain,
        signing_key: &[u8; 32],
        at: Timestamp,
        before: super::Link,
    ) -> Self {
        Self::Begin {
            format: FORMAT.to_owned(),
            installation,
            chain: chain.key(),
            signing_key: to_hex(signing_key),
            at,
            before: before.sequence,
            previous: before.hash,
        }
    }
    /// An entry's line.
    pub fn entry(link: super::Link, event: &Event) -> Self {
        Self::Entry {
            sequence: link.sequence,
            hash: link.hash,
            event: to_hex(&event.encode()),
            says: Says::of(event),
        }
    }
    /// A head's line.
    pub fn head(head: TreeHead, signature: &[u8; 64], mark: &Mark, index: u64, path: Vec<Hash>) -> Self {
        Self::Head { head, signature: to_hex(signature), first: mark.first, last: mark.last, index, path }
    }
}
