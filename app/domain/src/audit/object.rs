//! On which data: what kind of thing, and its id. Never its contents.

use std::fmt;

use super::text::Plain;
use crate::{
    AbsenceId, ApprovalId, BackupId, ConnectionId, GroupId, InstallationId, InvitationId, RestoreId, RoleId,
    RunId, SourceId, TenantId, TokenId, UserId, approvals::Class, id::WebhookId, tenancy::TenantKey,
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $key:literal $(of $id:ty)?;)+) => {
        /// What kind of thing it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ObjectKind { $($(#[$doc])* $kind),+ }
        impl ObjectKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];
            /// How it is stored and hashed. Never changed once released.
            pub const fn key(self) -> &'static str { match self { $(Self::$kind => $key),+ } }
            /// The kind stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$kind),)+ _ => None } }
        }
        $($(impl From<$id> for Object {
            fn from(id: $id) -> Self { Self::new(ObjectKind::$kind, &id.to_string()) }
        })?)+
    };
}

kinds! {
    /// This installation.
    Installation = "installation" of InstallationId;
    /// An organisation.
    Organisation = "tenant" of TenantId;
    /// A person.
    Person = "user" of UserId;
    /// An account that nobody has.
    Account = "account";
    /// A role that an organisation made.
    CustomRole = "role" of RoleId;
    /// A group of people.
    Group = "group" of GroupId;
    /// An invitation.
    Invitation = "invitation" of InvitationId;
    /// A session of a person.
    Session = "session";
    /// A token of a program.
    Token = "token" of TokenId;
    /// A database server.
    Connection = "connection" of ConnectionId;
    /// A protected database.
    Source = "source" of SourceId;
    /// A run.
    Run = "run" of RunId;
    /// A recovery point.
    Backup = "backup" of BackupId;
    /// The request of a tenant's restore.
    Restore = "restore" of RestoreId;
    /// A request that somebody else has to agree to.
    Approval = "approval" of ApprovalId;
    /// A time in which somebody is away.
    Absence = "absence" of AbsenceId;
    /// A rule of approval, by its class.
    ApprovalRule = "approval_rule";
    /// The rows of a tenant in a source.
    TenantRows = "tenant_rows";
    /// Where notices go.
    Channels = "channels";
    /// Where programs are told what happens.
    Webhook = "webhook" of WebhookId;
    /// The audit trail.
    Trail = "audit";
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub(super) kind: ObjectKind,
    pub(super) id: Plain,
}

impl Object {
    fn new(kind: ObjectKind, id: &str) -> Self {
        Self { kind, id: Plain::cut(id) }
    }
    /// An account that somebody tried and nobody has. What was typed is not said: it may have been a password.
    pub fn unknown_account() -> Self {
        Self::new(ObjectKind::Account, "unknown")
    }
    /// The installation as a whole, for what is asked of it and refused.
    pub fn installation() -> Self {
        Self::new(ObjectKind::Installation, "installation")
    }
    /// A session, by its handle (not its key).
    pub fn session(handle: &str) -> Self {
        Self::new(ObjectKind::Session, handle)
    }
    /// A tenant's rows in a source.
    pub fn tenant_rows(source: SourceId, tenant: &TenantKey) -> Self {
        Self::new(ObjectKind::TenantRows, &format!("{source}/{tenant}"))
    }
    /// The rule of a class of approvals.
    pub fn approval_rule(class: Class) -> Self {
        Self::new(ObjectKind::ApprovalRule, class.key())
    }
    /// That an organisation of one person works alone.
    pub fn working_alone() -> Self {
        Self::new(ObjectKind::ApprovalRule, "alone")
    }
    /// Where the organisation's notices go.
    pub fn channels() -> Self {
        Self::new(ObjectKind::Channels, "channels")
    }
    /// The organisation's audit trail.
    pub fn trail() -> Self {
        Self::new(ObjectKind::Trail, "audit")
    }
    /// The thing of this key, as [`Object::key`] writes it.
    pub fn find(key: &str) -> Option<Self> {
        let (kind, id) = key.split_once(':')?;
        Some(Self {
            kind: ObjectKind::find(kind)?,
            id: Plain::strict(id).filter(|id| !id.as_str().is_empty())?,
        })
    }
    /// What kind.
    pub const fn kind(&self) -> ObjectKind {
        self.kind
    }
    /// Which.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }
    /// Kind and id in one, by which it is searched.
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind.key(), self.id)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.key(), self.id)
    }
}
