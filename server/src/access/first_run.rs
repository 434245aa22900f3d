//! The first hour: who runs this installation, and the key that opens everything when the rest is lost.

use app::{
    access::api::{ConfirmRecoveryKey, FirstRun, RecoveryKey, Setup},
    port::SecretText,
};
use catalog::{FirstOperator, Sealed, SetupState};
use domain::{Fault, Refusal, sources::Label};
use engine::seal::recovery;
use secrecy::SecretString;

use super::{password, pending, people::check_email, sign_in::begin_session};
use crate::{
    caller::Caller,
    fault::{Error, Result, Wrong},
};

/// How far set-up is.
pub async fn setup(caller: &Caller) -> Result<Setup> {
    Ok(match caller.services.catalog.installation().await?.setup {
        SetupState::Needed => Setup::Needed,
        SetupState::RecoveryKeyUnconfirmed => Setup::RecoveryKeyUnconfirmed,
        SetupState::Done => Setup::Done,
    })
}

/// Creates the first operator, signs them in, and gives the recovery key.
pub async fn first_run(caller: &Caller, request: FirstRun) -> Result<SecretText> {
    if setup(caller).await? != Setup::Needed {
        return Err(Refusal::AlreadySetUp.into());
    }
    caller.gate.check_code(caller.address, &request.code.0)?;
    let password = SecretString::from(request.password.0);
    let mut wrong = Wrong::default();
    let organisation = wrong.check("organisation", Label::new(request.organisation.trim()));
    let name = wrong.check("name", Label::new(request.name.trim()));
    let email = wrong.check("email", check_email(&request.email));
    if let Err(Fault::Invalid(faults)) = password::check_rules(
        &caller.services.config,
        "password",
        &password,
        request.email.trim(),
        request.name.trim(),
    ) {
        for fault in faults {
            wrong.note(&fault.field, fault.message);
        }
    }
    wrong.finish()?;
    let (Some(organisation), Some(name), Some(email)) = (organisation, name, email) else {
        return Err(Error::Impossible("a field was neither right nor wrong"));
    };
    let services = &caller.services;
    let wrapped = pending::find(services.vault.storage()).await?.ok_or(Error::Impossible(
        "the recovery key made by `holdfast migrate` is not in the vault any more",
    ))?;
    let key = pending::open(services.root.as_ref(), services.vault.installation(), &wrapped).await?;
    let first = FirstOperator {
        organisation: organisation.into(),
        name: name.into(),
        email,
        password_hash: caller.gate.passwords.hash(password).await?,
        recovery_public: services.vault.recovery_public().0.to_vec(),
        recovery_pending: Sealed(wrapped),
    };
    let (_, user) = services.catalog.first_run(first, &caller.origin()).await?;
    services.catalog.record_sign_in(user, &caller.origin()).await?;
    begin_session(caller, user).await?;
    if let Err(error) = pending::forget(services.vault.storage()).await {
        tracing::warn!(%error, "the wrapped recovery key stays in the vault; it is removed when it is confirmed");
    }
    Ok(SecretText(key.as_str().to_owned()))
}

/// The recovery key while nobody has typed it back.
pub async fn unconfirmed(caller: &Caller) -> Result<RecoveryKey> {
    let services = &caller.services;
    let sealed = services.catalog.unconfirmed_recovery_key(caller.principal()?).await?;
    let key = pending::open(services.root.as_ref(), services.vault.installation(), &sealed.0).await?;
    Ok(RecoveryKey {
        key: SecretText(key.as_str().to_owned()),
        signing_key: services.vault.signing_fingerprint(),
    })
}

/// Checks that what was typed is the recovery key; then it is forgotten here.
pub async fn confirm(caller: &Caller, request: ConfirmRecoveryKey) -> Result<()> {
    let principal = caller.principal()?;
    caller.gate.limits.from_address(caller.address)?;
    let services = &caller.services;
    // Only who has the key before them is told whether what they typed is it.
    services.catalog.unconfirmed_recovery_key(principal).await?;
    let typed = recovery::from_text(&request.recovery_key.0)
        .map_err(|error| Fault::invalid("recovery_key", error.message()))?;
    if typed.public()? != *services.vault.recovery_public() {
        return Err(Refusal::RecoveryKeyMismatch.into());
    }
    pending::forget(services.vault.storage()).await?;
    services.catalog.confirm_recovery_key(principal, &caller.origin()).await?;
    Ok(())
}
