//! Who acts, and from where.

use std::{fmt, net::IpAddr};

use uuid::Uuid;

use super::text::Plain;
use crate::UserId;

/// What kind of actor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhoKind {
    /// Somebody who signed in.
    Person,
    /// A program with a token that a person made.
    Token,
    /// Holdfast itself.
    System,
    /// Whoever sits at the machine.
    CommandLine,
    /// Nobody that is known.
    Stranger,
}

impl WhoKind {
    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Person => "user",
            Self::Token => "token",
            Self::System => "system",
            Self::CommandLine => "command_line",
            Self::Stranger => "stranger",
        }
    }
    /// The kind stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        [Self::Person, Self::Token, Self::System, Self::CommandLine, Self::Stranger]
            .into_iter()
            .find(|kind| kind.key() == key)
    }
}

/// Who acts. The name is the one that they had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub(super) kind: WhoKind,
    pub(super) id: Plain,
    pub(super) name: Plain,
    /// The person behind a token.
    pub(super) behind: Option<UserId>,
}

impl Who {
    fn new(kind: WhoKind, id: &str, name: &str) -> Self {
        Self { kind, id: Plain::cut(id), name: Plain::cut(name), behind: None }
    }
    /// A person.
    pub fn person(id: UserId, name: &str) -> Self {
        Self::new(WhoKind::Person, &id.to_string(), name)
    }
    /// A token, by its id and the name that it was given, and the person who made it.
    pub fn token(id: Uuid, name: &str, behind: UserId) -> Self {
        Self { behind: Some(behind), ..Self::new(WhoKind::Token, &id.to_string(), name) }
    }
    /// A task of Holdfast's own.
    pub fn system(task: &'static str) -> Self {
        Self::new(WhoKind::System, task, task)
    }
    /// The machine's own account.
    pub fn command_line(account: &str) -> Self {
        Self::new(WhoKind::CommandLine, account, "command line")
    }
    /// Somebody unknown.
    pub fn stranger() -> Self {
        Self::new(WhoKind::Stranger, "", "somebody unknown")
    }
    /// What kind.
    pub const fn kind(&self) -> WhoKind {
        self.kind
    }
    /// Which: a person's or token's id, a task, an account.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }
    /// Kind and id, which no other actor has.
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind.key(), self.id)
    }
    /// As it is shown.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
    /// The person behind a token.
    pub const fn behind(&self) -> Option<UserId> {
        self.behind
    }
}

/// From where somebody acts. What a browser calls itself is whatever it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub(super) address: Option<IpAddr>,
    pub(super) agent: Option<Plain>,
}

impl Origin {
    /// Over the network.
    pub fn network(address: IpAddr, agent: Option<&str>) -> Self {
        Self { address: Some(address.to_canonical()), agent: agent.map(Plain::cut) }
    }
    /// Here: background work, or the machine's own command line.
    pub const fn here() -> Self {
        Self { address: None, agent: None }
    }
    /// The address.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }
    /// What the browser or program calls itself.
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_ref().map(Plain::as_str)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
