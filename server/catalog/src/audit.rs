//! Who did what, when, and how it ended. Append only; written inside the transaction of the change itself, so
//! that neither exists without the other.
//!
//! This is the plain trail. Acts move from here, one after the other, to the one that nobody can rewrite
//! (`trail`), whose entries say more.

use domain::{
    TenantId, Timestamp, TokenId, UserId,
    audit::{Who, WhoKind},
};

use crate::{
    db::{Tx, exec},
    decode::storable,
    error::Result,
};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(Who);

impl Actor {
    pub(crate) fn user(id: UserId, name: &str) -> Self {
        Self(Who::person(id, name))
    }
    /// A program that acts for a person. The name says by which token.
    pub(crate) fn token(token: TokenId, user: UserId, name: &str, prefix: &str) -> Self {
        Self(Who::token(token.uuid(), &format!("{name} (token {prefix}…)"), user))
    }
    pub(crate) fn command_line(account: &str) -> Self {
        Self(Who::command_line(account))
    }
    pub(crate) fn system(task: &'static str) -> Self {
        Self(Who::system(task))
    }
    pub(crate) fn stranger() -> Self {
        Self(Who::stranger())
    }
    /// As the trail knows them.
    pub const fn who(&self) -> &Who {
        &self.0
    }
    /// Kind and id, which nobody else has: to tell whether two are the same. A token's is its person's: whoever asked by
    /// a token is no second person beside themselves.
    pub fn key(&self) -> String {
        self.0.behind().map_or_else(|| self.0.key(), |person| Who::person(person, "").key())
    }
    pub(crate) fn is_command_line(&self) -> bool {
        self.0.kind() == WhoKind::CommandLine
    }
    /// As it is shown: a person's name, `command line`, `schedule`.
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused by a rule or for want of a permission.
    Refused,
    /// Attempted without success.
    Failed,
}

impl Outcome {
    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// One entry as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, by name.
    pub actor: String,
    /// What, e.g. `run.create`.
    pub action: String,
    /// On what: kind and id, e.g. `source 019ab3…`.
    pub subject: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// Particulars, in words.
    pub detail: String,
}

/// What is written.
pub(crate) struct Note<'a> {
    pub tenant: Option<TenantId>,
    pub actor: &'a Actor,
    pub action: &'static str,
    pub subject: String,
    pub outcome: Outcome,
    pub detail: String,
}

/// Writes an entry.
pub(crate) async fn record(tx: &mut Tx, clock: &dyn domain::Clock, note: Note<'_>) -> Result<()> {
    exec!(
        tx,
        "insert into audit (id, tenant_id, at, actor_kind, actor_id, actor, action, subject, outcome, detail) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        clock.uuid().to_string(),
        note.tenant.map(|tenant| tenant.to_string()),
        clock.now().0,
        note.actor.who().kind().key(),
        note.actor.who().id(),
        note.actor.name(),
        note.action,
        storable(&note.subject),
        note.outcome.key(),
        storable(&note.detail),
    )
    .map(drop)
}
