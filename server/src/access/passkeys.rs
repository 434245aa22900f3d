//! Passkeys (WebAuthn): registered, used as the second factor, and used alone.
//!
//! A passkey is bound to the host name by which people reach this installation, so that it works on no other site: the
//! configured `public_url`. Every use asks the person to unlock it, by finger, face or PIN; so it is two factors by
//! itself, and whoever signs in by one is asked for nothing else. What the browser has to answer is a random challenge
//! that stays here, in the session, and is good once.

use app::access::passkeys_api::{AddPasskey, PasskeyView, PasskeysPort, RemovePasskey, UsePasskey};
use async_trait::async_trait;
use catalog::{SESSION_USER, StoredPasskey};
use domain::{Fault, UserId, sources::Label};
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

use super::{
    letters::{self, Letter},
    sign_in,
};
use crate::{
    caller::Caller,
    fault::{Error, Result},
};

/// Keys of the session's data for the challenge that waits for its answer.
const SESSION_REGISTERING: &str = "passkey_registering";
const SESSION_ASKING: &str = "passkey_asking";
/// How long an answer may take, in milliseconds.
const WITHIN_MS: i64 = 5 * 60_000;
/// No answer of a browser is longer.
const LONGEST: usize = 64 << 10;

/// What was asked of the browser.
#[derive(Serialize, Deserialize)]
enum Asked {
    /// For one of the passkeys of this person, who is known by their password or session.
    Of(UserId, PasskeyAuthentication),
    /// For whatever passkey it has for this site.
    Any(DiscoverableAuthentication),
}

#[derive(Serialize, Deserialize)]
struct Timed<T> {
    since: i64,
    state: T,
}

fn relying_party(caller: &Caller) -> Result<Webauthn> {
    let public_url = &caller.services.config.web.public_url;
    let unusable = || {
        Fault::invalid(
            "passkey",
            "passkeys need a host name: whoever runs this installation has to set `public_url` under [web] to the \
             address by which people reach it, with https and a name instead of an IP address",
        )
    };
    let origin = Url::parse(public_url).map_err(|_| unusable())?;
    let host = origin.domain().ok_or_else(unusable)?.to_owned();
    let made = WebauthnBuilder::new(&host, &origin).and_then(|builder| builder.rp_name("Holdfast").build());
    Ok(made.map_err(|_| unusable())?)
}

fn keys(stored: &[StoredPasskey]) -> Result<Vec<Passkey>> {
    let read = |passkey: &StoredPasskey| {
        serde_json::from_str(&passkey.credential)
            .map_err(|_| Error::Impossible("a stored passkey cannot be read"))
    };
    stored.iter().map(read).collect()
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::Impossible("a challenge cannot be written"))
}

/// What the browser answered. Whatever is wrong with it is said in the same words.
fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    if text.len() > LONGEST {
        return Err(not_accepted().into());
    }
    serde_json::from_str(text).map_err(|_| not_accepted().into())
}

fn not_accepted() -> Fault {
    Fault::invalid("credential", "this passkey was not accepted; try again, or sign in another way")
}

async fn begin(caller: &Caller) -> Result<String> {
    caller.require_proof().await?;
    let principal = caller.principal()?;
    let (Some(user), Some(email)) = (principal.user_id(), principal.email()) else {
        return Err(Fault::Unauthenticated.into());
    };
    let present = keys(&caller.services.catalog.passkeys_of(user).await?)?;
    let known = present.iter().map(|passkey| passkey.cred_id().clone()).collect();
    let (challenge, state) = relying_party(caller)?
        .start_passkey_registration(user.uuid(), email, principal.name(), Some(known))
        .map_err(|_| Error::Impossible("a passkey cannot be asked for"))?;
    let since = caller.services.clock.now().0;
    caller.session.insert(SESSION_REGISTERING, Timed { since, state }).await?;
    json(&challenge)
}

fn in_time<T>(caller: &Caller, timed: Option<Timed<T>>) -> Result<T> {
    let now = caller.services.clock.now().0;
    let timed = timed.filter(|timed| (0..=WITHIN_MS).contains(&(now - timed.since)));
    Ok(timed.ok_or_else(not_accepted)?.state)
}

async fn add(caller: &Caller, request: AddPasskey) -> Result<()> {
    caller.require_proof().await?;
    let principal = caller.principal()?;
    let name = Label::new(request.name.trim()).map_err(|error| Fault::invalid("name", error.to_string()))?;
    let waiting: Option<Timed<PasskeyRegistration>> = caller.session.remove(SESSION_REGISTERING).await?;
    let state = in_time(caller, waiting)?;
    let answer: RegisterPublicKeyCredential = read(&request.credential)?;
    let passkey = relying_party(caller)?.finish_passkey_registration(&answer, &state).map_err(|error| {
        tracing::info!(%error, "a passkey was not accepted");
        not_accepted()
    })?;
    let catalog = &caller.services.catalog;
    let stored = (passkey.cred_id().as_ref(), json(&passkey)?);
    catalog.add_passkey(principal, &name, (stored.0, &stored.1), &caller.origin()).await?;
    if let (Some(user), Some(email)) = (principal.user_id(), principal.email()) {
        let text = "A passkey was added to your account: whoever holds it can sign in as you.\n\nIf it was not you, \
                    remove it, change your password and tell an administrator of your organisation at once."
            .into();
        let letter = Letter { subject: "a passkey was added", text, path: "/profile/security" };
        letters::send(&caller.services, email, user, letter);
    }
    Ok(())
}

async fn remove(caller: &Caller, request: RemovePasskey) -> Result<()> {
    caller.require_proof().await?;
    let principal = caller.principal()?;
    let user = principal.user_id().ok_or(Fault::Unauthenticated)?;
    let catalog = &caller.services.catalog;
    let factors = catalog.second_factors(user).await?;
    let is_last = factors.app_since.is_none() && factors.passkeys == 1;
    if is_last && catalog.asks_second_factor(user).await? {
        let why = "your organisation asks for a second factor; add another one before you remove this";
        return Err(Fault::invalid("id", why).into());
    }
    Ok(catalog.remove_passkey(principal, &request.id, &caller.origin()).await?)
}

/// Who is known by now: by a session, or by the password of the first step.
async fn known(caller: &Caller) -> Result<Option<UserId>> {
    if let Some(user) = caller.session.get::<UserId>(SESSION_USER).await? {
        return Ok(Some(user));
    }
    sign_in::waiting_user(caller).await
}

async fn ask(caller: &Caller) -> Result<String> {
    caller.gate.limits.from_address(caller.address)?;
    let party = relying_party(caller)?;
    let refused = |_| Error::Impossible("a passkey cannot be asked for");
    let (challenge, state) = if let Some(user) = known(caller).await? {
        let keys = keys(&caller.services.catalog.passkeys_of(user).await?)?;
        if keys.is_empty() {
            return Err(Fault::invalid("credential", "you have no passkey here").into());
        }
        let (challenge, state) = party.start_passkey_authentication(&keys).map_err(refused)?;
        (challenge, Asked::Of(user, state))
    } else {
        let (mut challenge, state) = party.start_discoverable_authentication().map_err(refused)?;
        // A button was pressed: the browser shows its dialogue, and not a suggestion at a field.
        challenge.mediation = None;
        (challenge, Asked::Any(state))
    };
    let since = caller.services.clock.now().0;
    caller.session.insert(SESSION_ASKING, Timed { since, state }).await?;
    json(&challenge)
}

/// Checks an answer: gives whose passkey it is.
async fn check(caller: &Caller, request: &UsePasskey) -> Result<Option<UserId>> {
    let waiting: Option<Timed<Asked>> = caller.session.remove(SESSION_ASKING).await?;
    let asked = in_time(caller, waiting)?;
    let answer: PublicKeyCredential = read(&request.credential)?;
    let party = relying_party(caller)?;
    let catalog = &caller.services.catalog;
    let Some((stored, _)) = catalog.find_passkey(answer.get_credential_id()).await? else { return Ok(None) };
    let mut passkey: Passkey = serde_json::from_str(&stored.credential)
        .map_err(|_| Error::Impossible("a stored passkey cannot be read"))?;
    let result = match asked {
        Asked::Of(user, _) if user != stored.user_id => return Ok(None),
        Asked::Of(_, state) => party.finish_passkey_authentication(&answer, &state),
        #[expect(deprecated, reason = "its successor wants the inside of a passkey, which is closed to us")]
        Asked::Any(state) => {
            // The passkey names its person; both have to say the same.
            let named = party.identify_discoverable_authentication(&answer).ok().map(|(user, _)| user);
            if named != Some(stored.user_id.uuid()) {
                return Ok(None);
            }
            party.finish_discoverable_authentication(&answer, state, &[DiscoverableKey::from(&passkey)])
        }
    };
    match result {
        Ok(result) if result.user_verified() => {
            passkey.update_credential(&result);
            Ok(catalog.passkey_used(&stored, &json(&passkey)?).await?.then_some(stored.user_id))
        }
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::info!(%error, "a passkey was not accepted");
            Ok(None)
        }
    }
}

/// Uses a passkey: to sign in, as the second step, or to prove that one is still oneself.
async fn used(caller: &Caller, request: UsePasskey) -> Result<()> {
    caller.gate.limits.from_address(caller.address)?;
    let catalog = &caller.services.catalog;
    let signed_in: Option<UserId> = caller.session.get(SESSION_USER).await?;
    let found = check(caller, &request).await?;
    if let Some(user) = signed_in {
        let is_proven = found == Some(user);
        catalog.record_proof(caller.principal()?, is_proven, &caller.origin()).await?;
        return if is_proven { caller.proven_now().await } else { Err(not_accepted().into()) };
    }
    let Some(user) = found else {
        catalog.record_sign_in_failure(None, &caller.origin()).await?;
        return Err(not_accepted().into());
    };
    catalog.record_sign_in(user, &caller.origin()).await?;
    sign_in::begin_session(caller, user).await
}

async fn list(caller: &Caller) -> Result<Vec<PasskeyView>> {
    let user = caller.principal()?.user_id().ok_or(Fault::Unauthenticated)?;
    let stored = caller.services.catalog.passkeys_of(user).await?;
    let view = |passkey: StoredPasskey| PasskeyView {
        id: passkey.id,
        name: passkey.name,
        created_at: passkey.created_at,
        last_used_at: passkey.last_used_at,
    };
    Ok(stored.into_iter().map(view).collect())
}

#[async_trait]
impl PasskeysPort for Caller {
    async fn passkeys(&self) -> Result<Vec<PasskeyView>, Fault> {
        self.answer("list your passkeys", list(self).await)
    }
    async fn begin_passkey(&self) -> Result<String, Fault> {
        self.answer("add a passkey", begin(self).await)
    }
    async fn add_passkey(&self, request: AddPasskey) -> Result<(), Fault> {
        self.answer("add a passkey", add(self, request).await)
    }
    async fn remove_passkey(&self, request: RemovePasskey) -> Result<(), Fault> {
        self.answer("remove a passkey", remove(self, request).await)
    }
    async fn ask_passkey(&self) -> Result<String, Fault> {
        self.answer("ask for a passkey", ask(self).await)
    }
    async fn use_passkey(&self, request: UsePasskey) -> Result<(), Fault> {
        self.answer("use a passkey", used(self, request).await)
    }
}
