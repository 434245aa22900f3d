use app::{
    access::security_api::{
        AppOffer, ConfirmIdentity, PolicyView, ProofAsked, SecondStep, SecurityPort, SecurityView, SetPolicy,
    },
    port::SecretText,
};
use async_trait::async_trait;
use domain::{Fault, sign_in::AskedOf};

use super::{
    data::{HOUR, NOW},
    script::Script,
};

#[async_trait]
impl SecurityPort for Script {
    async fn second_step_waits(&self) -> Result<bool, Fault> {
        Ok(true)
    }
    async fn second_step(&self, _: SecondStep) -> Result<(), Fault> {
        Err(Fault::invalid("code", "this is no code of yours"))
    }
    async fn proof_asked(&self) -> Result<ProofAsked, Fault> {
        self.answer(|| Ok(ProofAsked::Password), || ProofAsked::Code)
    }
    async fn confirm_identity(&self, _: ConfirmIdentity) -> Result<(), Fault> {
        Err(Fault::invalid("proof", "this is not your password"))
    }
    async fn security(&self) -> Result<SecurityView, Fault> {
        let none = SecurityView { app_since: None, codes_left: 0, is_asked: false, due: None };
        let some = SecurityView { app_since: Some(NOW.plus_ms(-HOUR)), codes_left: 8, ..none };
        self.answer(|| Ok(none), || some)
    }
    async fn offer_app(&self) -> Result<(), Fault> {
        Ok(())
    }
    async fn offered_app(&self) -> Result<AppOffer, Fault> {
        let offer = || AppOffer {
            rows: vec![vec![true, false], vec![false, true]],
            secret: SecretText("ABCD EFGH".into()),
        };
        self.answer(|| Ok(offer()), offer)
    }
    async fn confirm_app(&self, _: SecretText) -> Result<Vec<SecretText>, Fault> {
        Ok(vec![SecretText("ABCD-EFGH-JKMN".into())])
    }
    async fn remove_app(&self) -> Result<(), Fault> {
        Ok(())
    }
    async fn new_recovery_codes(&self) -> Result<Vec<SecretText>, Fault> {
        Ok(vec![SecretText("ABCD-EFGH-JKMN".into())])
    }
    async fn sign_in_policy(&self) -> Result<PolicyView, Fault> {
        let policy = |requires| PolicyView { requires, grace_days: 7 };
        self.answer(|| Ok(policy(AskedOf::Nobody)), || policy(AskedOf::Powerful))
    }
    async fn set_sign_in_policy(&self, _: SetPolicy) -> Result<(), Fault> {
        Err(Fault::Forbidden)
    }
}
