//! Who may do what: one table. The interface hides by it, the server refuses by it.

use serde::{Deserialize, Serialize};

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $key:literal, $title:literal;)+) => {
        /// What a person is in one organisation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Role { $($(#[$doc])* $role),+ }
        impl Role {
            /// Every role, from the weakest to the strongest.
            pub const ALL: &'static [Self] = &[$(Self::$role),+];
            /// How it is stored and sent.
            pub const fn key(self) -> &'static str { match self { $(Self::$role => $key),+ } }
            /// How it is shown.
            pub const fn title(self) -> &'static str { match self { $(Self::$role => $title),+ } }
            /// The role stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$role),)+ _ => None } }
        }
    };
}

roles! {
    /// Sees, changes nothing.
    Viewer = "viewer", "Viewer";
    /// Runs backups and verifications.
    Operator = "operator", "Operator";
    /// Administers one organisation: its sources, users, restores.
    TenantAdmin = "tenant_admin", "Tenant admin";
    /// Agrees to restores that others ask for.
    Approver = "approver", "Approver";
    /// Reads everything that is evidence; changes nothing.
    ComplianceOfficer = "compliance_officer", "Compliance officer";
    /// Runs the installation.
    PlatformOperator = "platform_operator", "Platform operator";
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $permission:ident => $($role:ident)|+;)+) => {
        /// One thing that may be allowed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission { $($(#[$doc])* $permission),+ }
        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$permission),+];
            /// Who has it.
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$permission => &[$(Role::$role),+]),+ }
            }
            /// Its name, as tokens of programs carry it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$permission => stringify!($permission)),+ }
            }
            /// The permission of this name.
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.name() == name)
            }
            /// Whether `role` has it.
            pub fn allows(self, role: Role) -> bool { self.roles().contains(&role) }
        }
        /// The permissions as types, so that a function's signature states what its caller must have proven.
        pub mod may {
            use super::Permission;
            /// A permission as a type.
            pub trait May { /// The permission.
                const PERMISSION: Permission; }
            $($(#[$doc])* #[derive(Debug)] pub enum $permission {}
              impl May for $permission { const PERMISSION: Permission = Permission::$permission; })+
        }
    };
}

permissions! {
    /// See sources and connections (never their passwords).
    ReadSources => Viewer | Operator | TenantAdmin | Approver | ComplianceOfficer | PlatformOperator;
    /// Add, change and remove connections and sources; enter credentials.
    ManageSources => TenantAdmin | PlatformOperator;
    /// Test a connection: reaches out with the stored credentials.
    ProbeSources => Operator | TenantAdmin | PlatformOperator;
    /// See backups, runs and evidence.
    ReadBackups => Viewer | Operator | TenantAdmin | Approver | ComplianceOfficer | PlatformOperator;
    /// See rows of customers: what a restore of a tenant would change, old and new side by side.
    ReadContents => TenantAdmin | Approver | PlatformOperator;
    /// Start a backup, cancel one.
    StartBackup => Operator | TenantAdmin | PlatformOperator;
    /// Start a verification.
    VerifyBackup => Operator | TenantAdmin | ComplianceOfficer | PlatformOperator;
    /// Restore into a new database; ask for the restore of a tenant into the live one.
    RequestRestore => TenantAdmin | PlatformOperator;
    /// Say whose rows are whose in a database that tenants share.
    ManageTenantMap => TenantAdmin | PlatformOperator;
    /// Agree to, or refuse, a tenant restore that somebody else asked for.
    ApproveRestore => Approver | PlatformOperator;
    /// Change the rows of a live database as it was approved, and undo it.
    ApplyRestore => TenantAdmin | PlatformOperator;
    /// Agree to, or refuse, what others ask for that weakens protection, and the rules of approval themselves.
    ApproveChanges => TenantAdmin | Approver | PlatformOperator;
    /// Do in an emergency, without a second person, what needs one. It is told to all and reviewed.
    ActAlone => PlatformOperator;
    /// Take the content of a backup away as a file.
    ExportBackup => TenantAdmin | PlatformOperator;
    /// Change schedules.
    ManagePolicies => TenantAdmin | PlatformOperator;
    /// See people and their roles.
    ReadUsers => TenantAdmin | ComplianceOfficer | PlatformOperator;
    /// Invite people, give roles, reset passwords.
    ManageUsers => TenantAdmin | PlatformOperator;
    /// See settings of the installation: vaults, keys, notices.
    ReadSettings => TenantAdmin | ComplianceOfficer | PlatformOperator;
    /// Read the audit trail, and take it away as a file with its proofs.
    ReadAudit => TenantAdmin | ComplianceOfficer | PlatformOperator;
    /// Change where notices go.
    ManageAlerts => TenantAdmin | PlatformOperator;
}

impl Permission {
    /// Whether it is dangerous enough that a person has to have proven who they are a short while ago, and that a
    /// token has it only if whoever made the token had: it takes data away, changes live data, or weakens what protects.
    pub const fn needs_fresh_proof(self) -> bool {
        matches!(
            self,
            Self::ManageSources
                | Self::ApproveRestore
                | Self::ApproveChanges
                | Self::ActAlone
                | Self::ApplyRestore
                | Self::ExportBackup
                | Self::ManagePolicies
                | Self::ManageUsers
        )
    }
}

/// The matrix role × permission as text; committed as a file so that a change shows in review.
pub fn matrix() -> String {
    let mut text = String::new();
    for permission in Permission::ALL {
        let name = format!("{permission:?}");
        let roles = permission.roles().iter().map(|role| role.key()).collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{name:<16}{roles}\n"));
    }
    text
}
