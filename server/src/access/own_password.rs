//! A person's own password: changed by who knows the old one, set by who holds a link.

use app::access::api::{ChangePassword, ResetPassword};
use domain::Fault;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::password;
use crate::{caller::Caller, fault::Result};

/// Changes one's own password. This session gets a new id; all others of the person end.
pub async fn change(caller: &Caller, request: ChangePassword) -> Result<()> {
    let principal = caller.principal()?;
    let (Some(user), Some(email)) = (principal.user_id(), principal.email()) else {
        return Err(Fault::Unauthenticated.into());
    };
    caller.gate.limits.from_address(caller.address)?;
    caller.gate.limits.for_account(email)?;
    let catalog = &caller.services.catalog;
    let stored = catalog.find_sign_in(email).await?.and_then(|known| known.password_hash);
    if !caller.gate.passwords.fits(SecretString::from(request.current.0), stored).await? {
        return Err(Fault::invalid("current", "this is not your present password").into());
    }
    let new = SecretString::from(request.new.0);
    password::check_rules(&caller.services.config, "new", &new, email, principal.name())?;
    let hash = caller.gate.passwords.hash(new).await?;
    catalog.set_own_password(principal, &hash, &caller.origin()).await?;
    caller.session.cycle_id().await?;
    caller.session.save().await?;
    catalog.end_sessions(user, caller.session.id().as_ref()).await?;
    Ok(())
}

/// Sets a password by a link. All sessions of the person end.
pub async fn reset(caller: &Caller, request: ResetPassword) -> Result<()> {
    caller.gate.limits.from_address(caller.address)?;
    let new = SecretString::from(request.new.0);
    // Whose link it is comes out only when it is used, so the name cannot be compared here.
    password::check_rules(&caller.services.config, "new", &new, "", "")?;
    let hash = caller.gate.passwords.hash(new).await?;
    let token = Sha256::digest(request.token.0.trim().as_bytes());
    caller.services.catalog.use_password_link(&token, &hash, &caller.origin()).await?;
    Ok(())
}
