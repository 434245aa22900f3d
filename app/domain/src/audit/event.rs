//! One entry's content.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    act::Act,
    chain::Chain,
    fact::Facts,
    object::Object,
    who::{Origin, Who},
};
use crate::Timestamp;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused by a rule or for want of a permission.
    Refused,
    /// Attempted without success.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[Self::Done, Self::Refused, Self::Failed];

    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
    /// The outcome stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|outcome| outcome.key() == key)
    }
}

/// Who did what to which data, from where, by whose agreement, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, a fresh one for each entry: nobody can guess an event from its hash.
    pub id: Uuid,
    /// In whose trail it stands.
    pub chain: Chain,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// From where.
    pub from: Origin,
    /// What.
    pub act: Act,
    /// How it ended.
    pub outcome: Outcome,
    /// On which data.
    pub on: Object,
    /// Which approval allowed it, if it needed one.
    pub approval: Option<Uuid>,
    /// What was before.
    pub before: Facts,
    /// What is after; of a refusal or failure, the reason.
    pub after: Facts,
}
