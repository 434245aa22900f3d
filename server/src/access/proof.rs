//! Before something dangerous a person proves once more that it is still them, so that a session that was left open or
//! stolen does not open everything.
//!
//! What is dangerous is said in the table of permissions. Signing in is such a proof, and so is typing a code (or, of
//! whoever has no second factor, the password) on the page to which a refused form leads; it holds for ten minutes in
//! this session. A program cannot prove anything: a token has dangerous permissions only if its maker had proven who
//! they are when they made it.

use app::access::security_api::{ConfirmIdentity, ProofAsked};
use catalog::{SESSION_PROVED_AT, Unproven};
use domain::{Fault, access::Permission};
use secrecy::SecretString;

use super::second_factor;
use crate::{caller::Caller, fault::Result};

/// How long a proof holds, in milliseconds.
pub const HOLDS_MS: i64 = 10 * 60_000;

impl Caller {
    /// Whether the person of this session has proven a short while ago who they are.
    pub async fn is_proven(&self) -> Result<bool> {
        let proved_at: Option<i64> = self.session.get(SESSION_PROVED_AT).await?;
        let now = self.services.clock.now().0;
        Ok(proved_at.is_some_and(|at| (0..=HOLDS_MS).contains(&(now - at))))
    }

    /// Refuses whoever has not, and every program.
    pub async fn require_proof(&self) -> Result<()> {
        if !self.principal()?.is_token() && self.is_proven().await? {
            return Ok(());
        }
        Err(Fault::ProofNeeded.into())
    }

    /// What stands between having a permission and using it: the second factor that the organisation asks for, and the
    /// proof that it is still the same person. What is refused is written down.
    pub async fn require_standing(&self, permission: Permission) -> Result<()> {
        let (principal, tenant) = (self.principal()?, self.tenant()?);
        let is_overdue =
            principal.second_factor_due(tenant).is_some_and(|due| due <= self.services.clock.now());
        let (why, fault) = if is_overdue {
            (Unproven::NoSecondFactor, Fault::SecondFactorNeeded)
        } else {
            let is_enough = if !permission.needs_fresh_proof() {
                true
            } else if principal.is_token() {
                principal.was_proven_when_made()
            } else {
                self.is_proven().await?
            };
            if is_enough {
                return Ok(());
            }
            (Unproven::Stale, Fault::ProofNeeded)
        };
        let catalog = &self.services.catalog;
        catalog.record_unproven(principal, tenant, permission, why, &self.origin()).await?;
        Err(fault.into())
    }

    /// From now on the session is proven.
    pub async fn proven_now(&self) -> Result<()> {
        self.session.insert(SESSION_PROVED_AT, self.services.clock.now().0).await?;
        Ok(())
    }
}

/// By what the person proves who they are.
pub async fn asked(caller: &Caller) -> Result<ProofAsked> {
    let user = caller.principal()?.user_id().ok_or(Fault::Unauthenticated)?;
    let factors = caller.services.catalog.second_factors(user).await?;
    Ok(if factors.is_any() { ProofAsked::Code } else { ProofAsked::Password })
}

/// Proves it.
pub async fn confirm(caller: &Caller, request: ConfirmIdentity) -> Result<()> {
    let principal = caller.principal()?;
    let (Some(user), Some(email)) = (principal.user_id(), principal.email()) else {
        return Err(Fault::Unauthenticated.into());
    };
    caller.gate.limits.from_address(caller.address)?;
    let catalog = &caller.services.catalog;
    let refusal = match asked(caller).await? {
        ProofAsked::Code => {
            caller.gate.limits.for_account(&format!("code of {user}"))?;
            let used = second_factor::use_code(caller, user, email, &request.proof.0).await?;
            used.is_none().then_some("this is no code of yours, or it was used; wait for the next one")
        }
        ProofAsked::Password => {
            caller.gate.limits.for_account(email)?;
            let stored = catalog.find_sign_in(email).await?.and_then(|known| known.password_hash);
            let fits = caller.gate.passwords.fits(SecretString::from(request.proof.0), stored).await?;
            (!fits).then_some("this is not your password")
        }
    };
    catalog.record_proof(principal, refusal.is_none(), &caller.origin()).await?;
    match refusal {
        Some(why) => Err(Fault::invalid("proof", why).into()),
        None => caller.proven_now().await,
    }
}
