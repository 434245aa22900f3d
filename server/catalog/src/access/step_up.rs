//! What is written down when a person proves once more who they are, or would have had to.

use domain::{
    TenantId,
    access::Permission,
    audit::{Act, Deed, Field, Object, Origin},
};

use super::principal::Principal;
use crate::{
    Catalog,
    error::{Error, Result},
};

/// Why a dangerous act was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// The last proof is too old.
    Stale,
    /// The organisation asks for a second factor and the person has none.
    NoSecondFactor,
}

impl Unproven {
    const fn word(self) -> &'static str {
        match self {
            Self::Stale => "proof_too_old",
            Self::NoSecondFactor => "no_second_factor",
        }
    }
}

impl Catalog {
    /// Writes down that somebody may do something but had not proven who they are.
    pub async fn record_unproven(
        &self,
        principal: &Principal,
        tenant: TenantId,
        permission: Permission,
        why: Unproven,
        origin: &Origin,
    ) -> Result<()> {
        let deed = Deed::refused(Act::Allow, tenant, why.word()).after(Field::Permission, permission.name());
        self.record_in(tenant, (principal.actor(), origin), deed).await
    }

    /// Writes down that somebody proved, or failed to prove, that it is still them.
    pub async fn record_proof(&self, principal: &Principal, is_proven: bool, origin: &Origin) -> Result<()> {
        let user = principal.user_id().ok_or(Error::NotFound { what: "person" })?;
        let on = Object::from(user);
        let deed = if is_proven {
            Deed::done(Act::SessionConfirm, on)
        } else {
            Deed::failed(Act::SessionConfirm, on, "credentials")
        };
        self.record(principal.actor(), origin, deed).await
    }
}
