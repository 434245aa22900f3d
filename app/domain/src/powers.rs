//! What somebody may in one organisation: the union of their roles that are in force.
//!
//! A role is built in, with the permissions of the one table, or made by the organisation as a set of them. Whoever gives
//! a role to somebody has to be able to answer for all that is in it: otherwise a second account would be a way to more.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    RoleId, Timestamp,
    access::{Permission, Role},
};

const _: () = assert!(Permission::ALL.len() <= 64, "a permission is a bit of a u64");

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// None of them.
    pub const NONE: Self = Self(0);

    const fn bit(permission: Permission) -> u64 {
        1 << permission as u32
    }
    /// Those of a built-in role.
    pub fn of(role: Role) -> Self {
        Permission::ALL.iter().copied().filter(|permission| permission.allows(role)).collect()
    }
    /// Whether it is among them.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }
    /// Whether nothing is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether `other` has all of these.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// What is in these and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// In the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
    /// Their names, in the order of the table.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::name).collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | Self::bit(permission)))
    }
}
impl From<PermissionSet> for Vec<String> {
    fn from(set: PermissionSet) -> Self {
        set.iter().map(|permission| permission.name().to_owned()).collect()
    }
}
impl From<Vec<String>> for PermissionSet {
    /// Names that this program does not know, of a newer or an older one, give nothing.
    fn from(names: Vec<String>) -> Self {
        names.iter().filter_map(|name| Permission::find(name)).collect()
    }
}
impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What somebody may in one organisation, by all of their roles there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Powers {
    /// What they may.
    pub permissions: PermissionSet,
    /// Whether one of the roles is that of an admin of the organisation, or a stronger one.
    pub administers: bool,
    /// Whether one of them is the role that runs the installation.
    pub runs_installation: bool,
}

impl Powers {
    /// Those of a member without any role.
    pub const NONE: Self =
        Self { permissions: PermissionSet::NONE, administers: false, runs_installation: false };

    /// Those of a built-in role.
    pub fn of(role: Role) -> Self {
        Self {
            permissions: PermissionSet::of(role),
            administers: matches!(role, Role::TenantAdmin | Role::PlatformOperator),
            runs_installation: role == Role::PlatformOperator,
        }
    }
    /// Those of a role that an organisation made.
    pub const fn custom(permissions: PermissionSet) -> Self {
        Self { permissions, administers: false, runs_installation: false }
    }
    /// Whether they may.
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }
    /// These and others.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            permissions: self.permissions.or(other.permissions),
            administers: self.administers || other.administers,
            runs_installation: self.runs_installation || other.runs_installation,
        }
    }
    /// What is left of them for a program that acts by a token: what the token names, and nothing by virtue of a role.
    #[must_use]
    pub const fn limited_to(self, scopes: PermissionSet) -> Self {
        Self::custom(self.permissions.and(scopes))
    }
    /// Whether somebody with these may give, change or take away `role`. Who runs the installation is made only by
    /// somebody who does; an admin appoints every other role of the organisation, also those whose permissions are kept
    /// from admins so that two people are needed; everybody else gives what they have.
    pub const fn may_give(&self, role: &Self) -> bool {
        if role.runs_installation {
            return self.runs_installation;
        }
        self.administers || (!role.administers && role.permissions.is_within(self.permissions))
    }
}

/// Which role: a built-in one, or one that the organisation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RoleRef {
    /// One of the table.
    BuiltIn(Role),
    /// One of the organisation.
    Custom(RoleId),
}

impl RoleRef {
    /// How it is stored and sent.
    pub fn key(self) -> String {
        match self {
            Self::BuiltIn(role) => role.key().to_owned(),
            Self::Custom(id) => id.to_string(),
        }
    }
    /// The role stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Role::find(key).map(Self::BuiltIn).or_else(|| RoleId::from_str(key).ok().map(Self::Custom))
    }
}
impl From<RoleRef> for String {
    fn from(role: RoleRef) -> Self {
        role.key()
    }
}
impl TryFrom<String> for RoleRef {
    type Error = &'static str;
    fn try_from(key: String) -> Result<Self, Self::Error> {
        Self::find(&key).ok_or("there is no such role")
    }
}
impl From<Role> for RoleRef {
    fn from(role: Role) -> Self {
        Self::BuiltIn(role)
    }
}

/// A role that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRole {
    /// Which.
    pub role: RoleRef,
    /// How it is shown.
    pub title: String,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The group that it comes from; none if it is their own.
    pub group: Option<String>,
    /// What is in it.
    pub powers: Powers,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_set_is_written_by_names_and_unknown_ones_give_nothing() {
        let set: PermissionSet = [Permission::ReadUsers, Permission::ReadSources].into_iter().collect();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, r#"["ReadSources","ReadUsers"]"#);
        assert_eq!(serde_json::from_str::<PermissionSet>(&text).unwrap(), set);
        assert_eq!(serde_json::from_str::<PermissionSet>(r#"["Everything"]"#).unwrap(), PermissionSet::NONE);
        assert!(PermissionSet::of(Role::Viewer).is_within(PermissionSet::of(Role::Operator)));
    }

    #[test]
    fn nobody_gives_what_they_do_not_answer_for() {
        let clerk = Powers::custom([Permission::ManageUsers, Permission::ReadUsers].into_iter().collect());
        let admin = Powers::of(Role::TenantAdmin);
        let operator = Powers::of(Role::PlatformOperator);
        assert!(clerk.may_give(&Powers::custom([Permission::ReadUsers].into_iter().collect())));
        for role in Role::ALL {
            assert!(!clerk.may_give(&Powers::of(*role)), "{role:?}");
            assert_eq!(admin.may_give(&Powers::of(*role)), *role != Role::PlatformOperator, "{role:?}");
            assert!(operator.may_give(&Powers::of(*role)), "{role:?}");
            // By a token an admin gives what the token names, and is no admin by it.
            let by_token = admin.limited_to(clerk.permissions);
            assert!(!by_token.may_give(&Powers::of(*role)), "{role:?}");
        }
    }

    #[test]
    fn a_role_is_found_by_its_key() {
        for role in Role::ALL {
            assert_eq!(RoleRef::find(role.key()), Some(RoleRef::BuiltIn(*role)));
        }
        let custom = RoleRef::Custom(RoleId::new(uuid::Uuid::from_u128(7)));
        assert_eq!(RoleRef::find(&custom.key()), Some(custom));
        assert_eq!(RoleRef::find("emperor"), None);
    }
}
