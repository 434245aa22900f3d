//! What was before and what is after: a few named values.
//!
//! No value can be made from a `String`. A name comes from a type that checks names, a word from the program's own
//! text; passwords and keys have types from which nothing leads here. It is the compiler that keeps secrets out.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use uuid::Uuid;

use super::{hash::Hash, text::Plain};
use crate::{
    ByteSize, Timestamp,
    access::{Permission, Role},
    backups::RunError,
    id::Id,
    policies::schedule::Schedule,
    powers::RoleRef,
    sources::{AccountName, ColumnName, DatabaseName, HostName, Label, TableName},
    tenancy::TenantKey,
};

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $key:literal;)+) => {
        /// What a value is of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field { $($(#[$doc])* $field),+ }
        impl Field {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$field),+];
            /// How it is stored and hashed. Never changed once released.
            pub const fn key(self) -> &'static str { match self { $(Self::$field => $key),+ } }
            /// The field stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$field),)+ _ => None } }
        }
    };
}

fields! {
    /// Why it was refused or failed, as a word.
    Reason = "reason";
    /// Which permission was asked for.
    Permission = "permission";
    /// A role.
    Role = "role";
    /// Whether somebody or something may act.
    Enabled = "enabled";
    /// A state of a life cycle.
    State = "state";
    /// A label.
    Label = "label";
    /// A database.
    Database = "database";
    /// A server.
    Host = "host";
    /// A port.
    Port = "port";
    /// An account of a server.
    Account = "account";
    /// How a connection is protected.
    Tls = "tls";
    /// A tenant, by the value of its column.
    Tenant = "tenant";
    /// A source.
    Source = "source";
    /// A connection.
    Connection = "connection";
    /// A backup.
    Backup = "backup";
    /// A run.
    Run = "run";
    /// An organisation.
    Organisation = "organisation";
    /// A person.
    Person = "person";
    /// A digest of what was agreed to.
    Digest = "digest";
    /// A version.
    Version = "version";
    /// How it was read or written.
    Engine = "engine";
    /// A form of a file.
    Format = "format";
    /// How many.
    Count = "count";
    /// Rows.
    Rows = "rows";
    /// Tables.
    Tables = "tables";
    /// Bytes.
    Bytes = "bytes";
    /// A beginning.
    From = "from";
    /// An end.
    Until = "until";
    /// Days or other spans, in milliseconds.
    Duration = "duration_ms";
    /// When something is due, as a cron expression.
    Schedule = "schedule";
    /// Which of several kinds.
    Kind = "kind";
    /// A table of a protected database.
    Table = "table";
    /// A column of a protected database.
    Column = "column";
    /// Whether notices go out by e-mail.
    Email = "email";
    /// Whether notices go to a webhook.
    Webhook = "webhook";
    /// Whether what was restored is what was backed up.
    Equal = "equal";
    /// Whether a password was given; never which.
    Password = "password_given";
    /// A condition that narrows what was read, e.g. an act that was searched for.
    Filter = "filter";
    /// What kind of thing was asked about.
    About = "about";
    /// Which thing was asked about.
    AboutId = "about_id";
    /// A signed head, by its number.
    Head = "head";
    /// An entry of a trail, by its number.
    Entry = "entry";
}

impl PartialOrd for Field {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Field {
    /// By key, which is the order of their bytes.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(other.key())
    }
}

/// A word of the program, e.g. the key of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(pub(super) Cow<'static, str>);

impl From<&'static str> for Word {
    fn from(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }
}

/// A name that was checked by its own type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(pub(super) Plain);

macro_rules! names {
    ($($name:ty),+) => { $(
        impl From<&$name> for Fact {
            fn from(name: &$name) -> Self { Self::Name(Name(Plain::cut(name.as_str()))) }
        }
    )+ };
}
names!(DatabaseName, TableName, ColumnName, HostName, AccountName, Label, TenantKey);

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    At(Timestamp),
    /// An id.
    Id(Uuid),
    /// A digest.
    Digest(Hash),
    /// A word of the program.
    Word(Word),
    /// A name.
    Name(Name),
}

impl From<i64> for Fact {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
impl From<u16> for Fact {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}
impl From<u32> for Fact {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}
impl From<u64> for Fact {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
impl From<ByteSize> for Fact {
    fn from(size: ByteSize) -> Self {
        size.0.into()
    }
}
impl From<bool> for Fact {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
impl From<Timestamp> for Fact {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}
impl From<Uuid> for Fact {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}
impl<T> From<Id<T>> for Fact {
    fn from(id: Id<T>) -> Self {
        Self::Id(id.uuid())
    }
}
impl From<Hash> for Fact {
    fn from(digest: Hash) -> Self {
        Self::Digest(digest)
    }
}
impl From<&'static str> for Fact {
    fn from(word: &'static str) -> Self {
        Self::Word(word.into())
    }
}
impl From<Role> for Fact {
    fn from(role: Role) -> Self {
        role.key().into()
    }
}

impl From<Permission> for Fact {
    fn from(permission: Permission) -> Self {
        permission.name().into()
    }
}
impl From<&Schedule> for Fact {
    fn from(schedule: &Schedule) -> Self {
        Self::Name(Name(Plain::cut(schedule.expression())))
    }
}
/// Of an error only the key of its kind: its message tells what a server answered, and stays with the run.
impl From<&RunError> for Fact {
    fn from(error: &RunError) -> Self {
        let is_key = !error.kind.is_empty()
            && error.kind.len() <= 40
            && error.kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if is_key { Self::Word(Word(Cow::Owned(error.kind.clone()))) } else { "other".into() }
    }
}
impl From<RoleRef> for Fact {
    fn from(role: RoleRef) -> Self {
        match role {
            RoleRef::BuiltIn(role) => role.into(),
            RoleRef::Custom(id) => id.into(),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::At(at) => f.write_str(&at.rfc3339()),
            Self::Id(id) => write!(f, "{id}"),
            Self::Digest(hash) => write!(f, "{hash}"),
            Self::Word(word) => f.write_str(&word.0),
            Self::Name(name) => write!(f, "{}", name.0),
        }
    }
}

/// Some values, each field once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(pub(super) BTreeMap<Field, Fact>);

impl Facts {
    /// Nothing to say.
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }
    /// These and one more. The same field again takes the place of the first.
    #[must_use]
    pub fn with(mut self, field: Field, fact: impl Into<Fact>) -> Self {
        self.0.insert(field, fact.into());
        self
    }
    /// In order of the fields' keys.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Fact)> {
        self.0.iter().map(|(field, fact)| (*field, fact))
    }
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
