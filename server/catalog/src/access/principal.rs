//! The proof types. Their fields are private and each has one way to be made, so that outside this crate a
//! forged principal or scope does not compile.

use std::marker::PhantomData;

use domain::{
    TenantId, UserId,
    access::{Permission, Role, may::May},
};
use thiserror::Error;

use crate::audit::Actor;

/// A role in one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Which organisation.
    pub tenant_id: TenantId,
    /// Its name.
    pub tenant: String,
    /// The role there.
    pub role: Role,
}

/// Who is asking. Made only by [`crate::Catalog::authenticate_session`] and [`crate::Catalog::command_line`].
#[derive(Debug, Clone)]
pub struct Principal {
    actor: Actor,
    user: Option<(UserId, String)>,
    memberships: Vec<Membership>,
}

/// Why a principal may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// Not a member: the same answer as for something that does not exist.
    #[error("there is no such organisation")]
    NotFound,
    /// A member without the role.
    #[error("the role does not allow this")]
    Forbidden,
}

/// A refusal, with what [`crate::Catalog::record_refusal`] writes about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Denied {
    /// Why.
    pub reason: Refused,
    pub(crate) actor: Actor,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) permission: Permission,
}

/// Proof that somebody may do `P` in one organisation. Only [`Principal::allow`] makes one.
pub struct Scope<P> {
    tenant: TenantId,
    role: Role,
    actor: Actor,
    permission: PhantomData<fn() -> P>,
}

impl Principal {
    pub(super) const fn new(
        actor: Actor,
        user: Option<(UserId, String)>,
        memberships: Vec<Membership>,
    ) -> Self {
        Self { actor, user, memberships }
    }
    /// Asks whether this principal may do `P` in `tenant`.
    pub fn allow<P: May>(&self, tenant: TenantId) -> Result<Scope<P>, Denied> {
        let denied = |reason| Denied {
            reason,
            actor: self.actor.clone(),
            tenant: Some(tenant),
            permission: P::PERMISSION,
        };
        let member = self.memberships.iter().find(|member| member.tenant_id == tenant);
        let role = member.ok_or_else(|| denied(Refused::NotFound))?.role;
        if !P::PERMISSION.allows(role) {
            return Err(denied(Refused::Forbidden));
        }
        Ok(Scope { tenant, role, actor: self.actor.clone(), permission: PhantomData })
    }
    /// Refuses everybody who does not run the installation.
    pub(crate) fn require_platform(&self, permission: Permission) -> Result<(), Denied> {
        if self.is_platform_operator() {
            return Ok(());
        }
        Err(Denied { reason: Refused::Forbidden, actor: self.actor.clone(), tenant: None, permission })
    }
    /// The person, if it is one.
    pub fn user_id(&self) -> Option<UserId> {
        self.user.as_ref().map(|user| user.0)
    }
    /// The person's address, if it is one.
    pub fn email(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.1.as_str())
    }
    /// The person's name, or `command line`.
    pub fn name(&self) -> &str {
        self.actor.name()
    }
    /// Who it is, for audit entries.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
    /// Organisations and roles, by name of the organisation.
    pub fn memberships(&self) -> &[Membership] {
        &self.memberships
    }
    /// Whether this principal runs the installation, and not only an organisation in it.
    pub fn is_platform_operator(&self) -> bool {
        self.memberships.iter().any(|member| member.role == Role::PlatformOperator)
            || self.actor.is_command_line()
    }
    /// The role in `tenant`, if any.
    pub fn role(&self, tenant: TenantId) -> Option<Role> {
        self.memberships.iter().find(|member| member.tenant_id == tenant).map(|member| member.role)
    }
}

impl<P> Clone for Scope<P> {
    fn clone(&self) -> Self {
        Self { tenant: self.tenant, role: self.role, actor: self.actor.clone(), permission: PhantomData }
    }
}
impl<P> std::fmt::Debug for Scope<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("tenant", &self.tenant)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

impl<P> Scope<P> {
    /// Which organisation.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// The role by which it is allowed.
    pub const fn role(&self) -> Role {
        self.role
    }
    /// Who.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}
