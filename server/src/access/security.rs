//! The port of the pages about second factors and what an organisation asks.

use app::{
    access::security_api::{
        AppOffer, ConfirmIdentity, PolicyView, ProofAsked, SecondStep, SecurityPort, SecurityView, SetPolicy,
    },
    port::SecretText,
};
use async_trait::async_trait;
use catalog::Scope;
use domain::{
    Fault,
    access::may,
    sign_in::{AskedOf, MOST_GRACE_DAYS},
};

use super::{proof, second_factor, sign_in};
use crate::{caller::Caller, fault::Result};

async fn policy(caller: &Caller, scope: Scope<may::ReadSettings>) -> Result<PolicyView> {
    let policy = caller.rows(&scope).sign_in_policy().await?;
    Ok(policy.map_or(PolicyView { requires: AskedOf::Nobody, grace_days: 7 }, |policy| PolicyView {
        requires: policy.requires,
        grace_days: policy.grace_days,
    }))
}

async fn set_policy(caller: &Caller, scope: Scope<may::ManageUsers>, request: SetPolicy) -> Result<()> {
    if request.grace_days > MOST_GRACE_DAYS {
        let why = format!("at most {MOST_GRACE_DAYS} days; who needs longer should not be asked yet");
        return Err(Fault::invalid("grace_days", why).into());
    }
    Ok(caller.rows(&scope).set_sign_in_policy(request.requires, request.grace_days).await?)
}

impl Caller {
    async fn policy_now(&self) -> Result<PolicyView> {
        policy(self, self.allow().await?).await
    }
    async fn policy_changed(&self, request: SetPolicy) -> Result<()> {
        set_policy(self, self.allow().await?, request).await
    }
}

fn secrets(codes: Vec<String>) -> Vec<SecretText> {
    codes.into_iter().map(SecretText).collect()
}

#[async_trait]
impl SecurityPort for Caller {
    async fn second_step_waits(&self) -> Result<bool, Fault> {
        self.answer("look whether a second factor is asked", sign_in::waits(self).await)
    }
    async fn second_step(&self, request: SecondStep) -> Result<(), Fault> {
        self.answer("sign in", sign_in::second_step(self, request).await)
    }
    async fn proof_asked(&self) -> Result<ProofAsked, Fault> {
        self.answer("look how you prove who you are", proof::asked(self).await)
    }
    async fn confirm_identity(&self, request: ConfirmIdentity) -> Result<(), Fault> {
        self.answer("confirm your identity", proof::confirm(self, request).await)
    }
    async fn security(&self) -> Result<SecurityView, Fault> {
        self.answer("look at your second factors", second_factor::view(self).await)
    }
    async fn offer_app(&self) -> Result<(), Fault> {
        self.answer("set up an authenticator app", second_factor::offer(self).await)
    }
    async fn offered_app(&self) -> Result<AppOffer, Fault> {
        self.answer("set up an authenticator app", second_factor::offered(self).await)
    }
    async fn confirm_app(&self, code: SecretText) -> Result<Vec<SecretText>, Fault> {
        self.answer("check the code of an app", second_factor::confirm(self, &code.0).await.map(secrets))
    }
    async fn remove_app(&self) -> Result<(), Fault> {
        self.answer("remove an authenticator app", second_factor::remove(self).await)
    }
    async fn new_recovery_codes(&self) -> Result<Vec<SecretText>, Fault> {
        self.answer("make recovery codes", second_factor::new_codes(self).await.map(secrets))
    }
    async fn sign_in_policy(&self) -> Result<PolicyView, Fault> {
        self.answer("look who needs a second factor", self.policy_now().await)
    }
    async fn set_sign_in_policy(&self, request: SetPolicy) -> Result<(), Fault> {
        self.answer("change who needs a second factor", self.policy_changed(request).await)
    }
}
