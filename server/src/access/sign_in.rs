//! Signing in and out.
//!
//! An unknown address, a wrong password, a person without a password and one who may not sign in get the same answer
//! after the same work. Who has a second factor is asked for it next: until then the session belongs to nobody, and only
//! remembers whose password was right. A session that existed before gets a new id, so that one that was planted is worth
//! nothing. It is written down before the session begins: what cannot be audited does not happen.

use app::access::{api::SignIn, security_api::SecondStep};
use catalog::{
    SESSION_ADDRESS, SESSION_AGENT, SESSION_PROVED_AT, SESSION_SIGNED_IN_AT, SESSION_USER, SignInRecord,
};
use domain::{Fault, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    letters::{self, Letter},
    second_factor,
};
use crate::{caller::Caller, fault::Result};

/// Addresses of people are no longer.
const LONGEST_ADDRESS: usize = 254;
/// Key of the session's data for who waits to prove their second factor.
const SESSION_WAITING: &str = "waiting";
/// How long the second step may take, in milliseconds.
const SECOND_STEP_MS: i64 = 10 * 60_000;
/// Wrong codes after which the password is asked again.
const TRIES: u8 = 5;

/// Whose password was right.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Waiting {
    user: UserId,
    email: String,
    since: i64,
    tries: u8,
}

/// Checks address and password. True if the session has begun, false if the second factor is asked next.
pub async fn sign_in(caller: &Caller, request: SignIn) -> Result<bool> {
    caller.gate.limits.from_address(caller.address)?;
    let email: String = request.email.trim().chars().take(LONGEST_ADDRESS).collect();
    let catalog = &caller.services.catalog;
    if let Err(fault) = caller.gate.limits.for_account(&request.email) {
        tell_of_guessing(caller, &email).await?;
        return Err(fault.into());
    }
    let found = catalog.find_sign_in(&email).await?;
    let account = found.as_ref().map(|found| found.user_id);
    let known = found.filter(|known| known.enabled);
    let stored = known.as_ref().and_then(|known| known.password_hash.clone());
    let fits = caller.gate.passwords.fits(SecretString::from(request.password.0), stored).await?;
    match known {
        Some(known) if fits => first_step_done(caller, known, email).await,
        _ => {
            catalog.record_sign_in_failure(account, &caller.origin()).await?;
            Err(Fault::invalid("password", "this address and this password do not belong together").into())
        }
    }
}

/// Writes to the person whose account is guessed at, once. Nobody hears from the answer whether there is such a person.
async fn tell_of_guessing(caller: &Caller, email: &str) -> Result<()> {
    if !caller.gate.limits.is_told_now(email) {
        return Ok(());
    }
    let Some(known) = caller.services.catalog.find_sign_in(email).await? else { return Ok(()) };
    let text = format!(
        "Somebody tried to sign in as you many times, last from {}. Nobody can for a while; afterwards you can again.\n\n\
         If it was not you, nothing is to be done. An authenticator app or a passkey makes guessing hopeless.",
        caller.address
    );
    let letter = Letter { subject: "many attempts to sign in as you", text, path: "/profile/security" };
    letters::send(&caller.services, email, known.user_id, letter);
    Ok(())
}

async fn first_step_done(caller: &Caller, known: SignInRecord, email: String) -> Result<bool> {
    let user = known.user_id;
    if !caller.services.catalog.second_factors(user).await?.is_any() {
        caller.services.catalog.record_sign_in(user, &caller.origin()).await?;
        begin_session(caller, user).await?;
        return Ok(true);
    }
    let since = caller.services.clock.now().0;
    caller.session.clear().await;
    caller.session.insert(SESSION_WAITING, Waiting { user, email, since, tries: 0 }).await?;
    caller.session.cycle_id().await?;
    Ok(false)
}

async fn waiting(caller: &Caller) -> Result<Option<Waiting>> {
    let waiting: Option<Waiting> = caller.session.get(SESSION_WAITING).await?;
    let now = caller.services.clock.now().0;
    Ok(waiting.filter(|waiting| (0..=SECOND_STEP_MS).contains(&(now - waiting.since))))
}

/// Whether this session waits for a second factor.
pub async fn waits(caller: &Caller) -> Result<bool> {
    Ok(waiting(caller).await?.is_some())
}

/// Whose password was right, while their second factor is asked.
pub async fn waiting_user(caller: &Caller) -> Result<Option<UserId>> {
    Ok(waiting(caller).await?.map(|waiting| waiting.user))
}

/// Checks the second factor and begins the session.
pub async fn second_step(caller: &Caller, request: SecondStep) -> Result<()> {
    caller.gate.limits.from_address(caller.address)?;
    let Some(mut waiting) = waiting(caller).await? else { return Err(Fault::Unauthenticated.into()) };
    caller.gate.limits.for_account(&format!("code of {}", waiting.user))?;
    let catalog = &caller.services.catalog;
    // Whoever was shut out since the first step is shut out.
    let known = catalog.find_sign_in(&waiting.email).await?;
    let is_known = known.is_some_and(|known| known.enabled && known.user_id == waiting.user);
    let used = if is_known {
        second_factor::use_code(caller, waiting.user, &waiting.email, &request.code.0).await?
    } else {
        None
    };
    if used.is_some() {
        catalog.record_sign_in(waiting.user, &caller.origin()).await?;
        return begin_session(caller, waiting.user).await;
    }
    catalog.record_sign_in_failure(Some(waiting.user), &caller.origin()).await?;
    waiting.tries += 1;
    if waiting.tries >= TRIES {
        caller.session.flush().await?;
        return Err(Fault::Unauthenticated.into());
    }
    caller.session.insert(SESSION_WAITING, waiting).await?;
    Err(Fault::invalid("code", "this is no code of yours, or it was used; wait for the next one").into())
}

/// Makes the request's session that of a person, under a new id. It counts as proven: whoever signs in has just shown
/// all that they have.
pub async fn begin_session(caller: &Caller, user: UserId) -> Result<()> {
    let (session, now) = (&caller.session, caller.services.clock.now().millis());
    session.clear().await;
    session.insert(SESSION_USER, user).await?;
    session.insert(SESSION_SIGNED_IN_AT, now).await?;
    session.insert(SESSION_PROVED_AT, now).await?;
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
