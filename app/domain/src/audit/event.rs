//! One entry's content.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    act::Act,
    chain::Chain,
    fact::{Fact, Facts, Field},
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

/// What a use case says of what it did. Who did it, from where and when, the catalog knows by itself and adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    act: Act,
    outcome: Outcome,
    on: Object,
    approval: Option<Uuid>,
    before: Facts,
    after: Facts,
}

impl Deed {
    fn new(act: Act, outcome: Outcome, on: impl Into<Object>) -> Self {
        let (before, after) = (Facts::none(), Facts::none());
        Self { act, outcome, on: on.into(), approval: None, before, after }
    }
    /// It is done.
    pub fn done(act: Act, on: impl Into<Object>) -> Self {
        Self::new(act, Outcome::Done, on)
    }
    /// It was refused, for this reason: a word of the program.
    pub fn refused(act: Act, on: impl Into<Object>, reason: &'static str) -> Self {
        Self::new(act, Outcome::Refused, on).after(Field::Reason, reason)
    }
    /// It was tried without success, for this reason: a word of the program.
    pub fn failed(act: Act, on: impl Into<Object>, reason: &'static str) -> Self {
        Self::new(act, Outcome::Failed, on).after(Field::Reason, reason)
    }
    /// What was before.
    #[must_use]
    pub fn before(mut self, field: Field, fact: impl Into<Fact>) -> Self {
        self.before = self.before.with(field, fact);
        self
    }
    /// What is after.
    #[must_use]
    pub fn after(mut self, field: Field, fact: impl Into<Fact>) -> Self {
        self.after = self.after.with(field, fact);
        self
    }
    /// What is after, if it is known.
    #[must_use]
    pub fn maybe(self, field: Field, fact: Option<impl Into<Fact>>) -> Self {
        match fact {
            Some(fact) => self.after(field, fact),
            None => self,
        }
    }
    /// Which approval allowed it.
    #[must_use]
    pub const fn approved(mut self, approval: Uuid) -> Self {
        self.approval = Some(approval);
        self
    }
    /// As an event.
    pub fn event(self, id: Uuid, chain: Chain, at: Timestamp, who: Who, from: Origin) -> Event {
        let Self { act, outcome, on, approval, before, after } = self;
        Event { id, chain, at, who, from, act, outcome, on, approval, before, after }
    }
}
