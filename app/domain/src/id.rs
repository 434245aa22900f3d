//! One id type per entity, all UUIDv7: sortable by creation, unguessable enough, never reused.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// An id of one kind of entity. Ids of different kinds do not mix.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// Wraps a UUID made by a [`crate::Clock`].
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
    /// The UUID itself.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
    /// First and last characters, for lists: `019ab3…e41f`. Never use it to look something up.
    pub fn short(self) -> String {
        let text = self.0.to_string();
        format!("{}…{}", &text[..6], &text[text.len() - 4..])
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self::new)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $alias:ident of $marker:ident;)+) => {
        /// Markers that keep the ids apart.
        pub mod kind { $($(#[$doc])* #[derive(Debug)] pub enum $marker {})+ }
        $($(#[$doc])* pub type $alias = Id<kind::$marker>;)+
    };
}

ids! {
    /// This installation of Holdfast; part of every archive's identity.
    InstallationId of Installation;
    /// An organisation. The one that runs the platform is an organisation like the others.
    TenantId of Tenant;
    /// A person.
    UserId of User;
    /// A database server with the account that reads it.
    ConnectionId of Connection;
    /// Something protected: one database of a connection.
    SourceId of Source;
    /// When a source is backed up.
    ScheduleId of Schedule;
    /// One execution with state, log and lease.
    RunId of Run;
    /// A recovery point.
    BackupId of Backup;
    /// A request to restore a tenant into the live database.
    RestoreId of Restore;
    /// What a verification found.
    EvidenceId of Evidence;
    /// A place where copies are kept.
    VaultId of Vault;
    /// A token by which a program acts for a person.
    TokenId of Token;
    /// A role that an organisation made.
    RoleId of CustomRole;
    /// A group of people.
    GroupId of Group;
    /// An invitation.
    InvitationId of Invitation;
    /// A message to be delivered.
    NoticeId of Notice;
    /// Where programs are told what happens.
    WebhookId of Webhook;
    /// A request that somebody else has to agree to.
    ApprovalId of Approval;
    /// A time in which somebody is away.
    AbsenceId of Absence;
}
