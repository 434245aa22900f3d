//! Signing in and out.
//!
//! An unknown address, a wrong password, a person without a password and one who may not sign in get the same answer
//! after the same work. A session that existed before gets a new id, so that one that was planted is worth nothing. It is
//! written down before the session begins: what cannot be audited does not happen.

use app::access::api::SignIn;
use catalog::{SESSION_ADDRESS, SESSION_AGENT, SESSION_SIGNED_IN_AT, SESSION_USER};
use domain::{Fault, UserId};
use secrecy::SecretString;

use crate::{caller::Caller, fault::Result};

/// Addresses of people are no longer.
const LONGEST_ADDRESS: usize = 254;

/// Checks address and password and begins a session.
pub async fn sign_in(caller: &Caller, request: SignIn) -> Result<()> {
    caller.gate.limits.from_address(caller.address)?;
    caller.gate.limits.for_account(&request.email)?;
    let email: String = request.email.trim().chars().take(LONGEST_ADDRESS).collect();
    let catalog = &caller.services.catalog;
    let found = catalog.find_sign_in(&email).await?;
    let account = found.as_ref().map(|found| found.user_id);
    let known = found.filter(|known| known.enabled);
    let stored = known.as_ref().and_then(|known| known.password_hash.clone());
    let fits = caller.gate.passwords.fits(SecretString::from(request.password.0), stored).await?;
    match known {
        Some(known) if fits => {
            catalog.record_sign_in(known.user_id, &caller.origin()).await?;
            begin_session(caller, known.user_id).await
        }
        _ => {
            catalog.record_sign_in_failure(account, &caller.origin()).await?;
            Err(Fault::invalid("password", "this address and this password do not belong together").into())
        }
    }
}

/// Makes the request's session that of a person, under a new id.
pub async fn begin_session(caller: &Caller, user: UserId) -> Result<()> {
    let session = &caller.session;
    session.clear().await;
    session.insert(SESSION_USER, user).await?;
    session.insert(SESSION_SIGNED_IN_AT, caller.services.clock.now().millis()).await?;
    session.insert(SESSION_ADDRESS, caller.address).await?;
    if let Some(agent) = &caller.agent {
        session.insert(SESSION_AGENT, agent).await?;
    }
    session.cycle_id().await?;
    Ok(())
}

/// Ends the request's session, here and in the browser.
pub async fn sign_out(caller: &Caller) -> Result<()> {
    caller.session.flush().await?;
    Ok(())
}
