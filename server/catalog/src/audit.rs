//! Who acts, as the trail knows them, and entries as pages list them.

use domain::{
    Timestamp, TokenId, UserId,
    audit::{Who, WhoKind},
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
