//! The proof types. Their fields are private and each has one way to be made, so that outside this crate a
//! forged principal or scope does not compile.

use std::marker::PhantomData;

use domain::{
    TenantId, Timestamp, UserId,
    access::{Permission, may::May},
    powers::{HeldRole, PermissionSet, Powers},
};
use thiserror::Error;

use super::held::together;
use crate::audit::Actor;

/// What somebody is in one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Which organisation.
    pub tenant_id: TenantId,
    /// Its name.
    pub tenant: String,
    /// The roles there that are in force, the strongest first.
    pub roles: Vec<HeldRole>,
}

impl Membership {
    /// What all of them let do.
    pub fn powers(&self) -> Powers {
        together(&self.roles)
    }
}

/// Who is asking. Made only by [`crate::Catalog::authenticate_session`], [`crate::Catalog::authenticate_token`] and
/// [`crate::Catalog::command_line`].
#[derive(Debug, Clone)]
pub struct Principal {
    actor: Actor,
    user: Option<(UserId, String)>,
    memberships: Vec<Membership>,
    /// What a token is limited to; nothing for people, whom their roles alone limit.
    scopes: Scopes,
    /// Of a token, whether its maker had just proven who they are.
    is_proven: bool,
    /// By when a second factor is due, where one is asked and there is none.
    due: Vec<(TenantId, Timestamp)>,
}

type Scopes = Option<PermissionSet>;

/// What is left of powers for whoever is limited to `scopes`.
const fn limited(powers: Powers, scopes: Scopes) -> Powers {
    match scopes {
        Some(scopes) => powers.limited_to(scopes),
        None => powers,
    }
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
    powers: Powers,
    actor: Actor,
    permission: PhantomData<fn() -> P>,
}

impl Principal {
    pub(super) const fn new(
        actor: Actor,
        user: Option<(UserId, String)>,
        memberships: Vec<Membership>,
    ) -> Self {
        Self { actor, user, memberships, scopes: None, is_proven: false, due: Vec::new() }
    }
    /// A token's: its person in one organisation, and there only what the token names.
    pub(super) fn of_token(
        actor: Actor,
        user: (UserId, String),
        member: Membership,
        scopes: &[Permission],
    ) -> Self {
        Self {
            actor,
            user: Some(user),
            memberships: vec![member],
            scopes: Some(scopes.iter().copied().collect()),
            is_proven: false,
            due: Vec::new(),
        }
    }
    pub(super) fn with_second_factor_due(mut self, due: Vec<(TenantId, Timestamp)>) -> Self {
        self.due = due;
        self
    }
    /// By when this person has to have a second factor in `tenant`; nothing if none is asked, or there is one.
    pub fn second_factor_due(&self, tenant: TenantId) -> Option<Timestamp> {
        self.due.iter().find(|due| due.0 == tenant).map(|due| due.1)
    }
    pub(super) fn proven_when_made(mut self, is_proven: bool) -> Self {
        self.is_proven = is_proven;
        self
    }
    /// Whether it is a token whose maker had just proven who they are.
    pub const fn was_proven_when_made(&self) -> bool {
        self.is_proven
    }
    /// Whether a program asks, by a token.
    pub const fn is_token(&self) -> bool {
        self.scopes.is_some()
    }
    /// Whether this principal has a permission in `tenant`: for what is shown, not as a proof.
    pub fn permits(&self, tenant: TenantId, permission: Permission) -> bool {
        self.powers(tenant).is_some_and(|powers| powers.may(permission))
    }
    /// Asks whether this principal may do `P` in `tenant`.
    pub fn allow<P: May>(&self, tenant: TenantId) -> Result<Scope<P>, Denied> {
        let denied = |reason| Denied {
            reason,
            actor: self.actor.clone(),
            tenant: Some(tenant),
            permission: P::PERMISSION,
        };
        let powers = self.powers(tenant).ok_or_else(|| denied(Refused::NotFound))?;
        if !powers.may(P::PERMISSION) {
            return Err(denied(Refused::Forbidden));
        }
        Ok(Scope { tenant, powers, actor: self.actor.clone(), permission: PhantomData })
    }
    /// Refuses everybody who does not run the installation.
    pub fn require_platform(&self, permission: Permission) -> Result<(), Denied> {
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
    /// Organisations and roles in them, by name of the organisation.
    pub fn memberships(&self) -> &[Membership] {
        &self.memberships
    }
    /// Whether this principal runs the installation, and not only an organisation in it. A token never does.
    pub fn is_platform_operator(&self) -> bool {
        !self.is_token() && self.runs_the_installation()
    }
    fn runs_the_installation(&self) -> bool {
        self.memberships.iter().any(|member| member.powers().runs_installation)
            || self.actor.is_command_line()
    }
    /// What they may in `tenant`; nothing at all if they are no member of it.
    pub fn powers(&self, tenant: TenantId) -> Option<Powers> {
        let member = self.memberships.iter().find(|member| member.tenant_id == tenant)?;
        Some(limited(member.powers(), self.scopes))
    }
}

impl<P> Clone for Scope<P> {
    fn clone(&self) -> Self {
        Self { tenant: self.tenant, powers: self.powers, actor: self.actor.clone(), permission: PhantomData }
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
    /// What whoever holds this proof may there, by all of their roles; by a token, what that leaves of it.
    pub const fn powers(&self) -> Powers {
        self.powers
    }
    /// Who.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
    /// Whether whoever holds this proof has another permission too: role and, of a program, its token.
    pub const fn permits(&self, permission: Permission) -> bool {
        self.powers.may(permission)
    }
}
