//! Second factors, the proof that one is still oneself, and what an organisation asks of its people.

use async_trait::async_trait;
use domain::{Fault, Timestamp, sign_in::AskedOf};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::port::{ApiError, SecretText};

/// Where a person proves once more who they are.
pub const CONFIRM_PATH: &str = "/confirm-identity";
/// Where second factors are set up.
pub const SECURITY_PATH: &str = "/profile/security";

/// The page that asks who one is, and leads back.
pub fn confirm_path(back: &str) -> String {
    format!("{CONFIRM_PATH}?return={}", leptos_router::location::Url::escape(back))
}

/// By what one proves that one is still oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofAsked {
    /// A code of the app, or a recovery code.
    Code,
    /// The password, for whoever has no second factor.
    Password,
}

/// Proving that one is still oneself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfirmIdentity {
    /// The code or the password.
    pub proof: SecretText,
    /// Path to go back to; only paths of this site are followed.
    #[serde(default)]
    pub back: Option<String>,
}

/// The second step of signing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecondStep {
    /// A code of the app, or a recovery code.
    pub code: SecretText,
    /// Path to go to afterwards; only paths of this site are followed.
    #[serde(default)]
    pub next: Option<String>,
}

/// What one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecurityView {
    /// Since when an authenticator app.
    pub app_since: Option<Timestamp>,
    /// Recovery codes that were not used.
    pub codes_left: u32,
    /// Whether an organisation asks this person for a second factor.
    pub is_asked: bool,
    /// By when it has to be there, if it is not.
    pub due: Option<Timestamp>,
}

/// The secret of an authenticator app that is being set up.
#[derive(Debug, Clone)]
pub struct AppOffer {
    /// The picture to scan: rows of dark and light.
    pub rows: Vec<Vec<bool>>,
    /// The same as text, to be typed.
    pub secret: SecretText,
}

/// What an organisation asks of its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyView {
    /// Of whom a second factor is asked.
    pub requires: AskedOf,
    /// For how many days one may work without it.
    pub grace_days: u32,
}

/// Changing it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetPolicy {
    /// Of whom a second factor is asked.
    pub requires: AskedOf,
    /// For how many days one may work without it.
    pub grace_days: u32,
}

/// What a page may ask about how people sign in.
#[async_trait]
pub trait SecurityPort: Send + Sync {
    /// Whether this session waits for a second factor.
    async fn second_step_waits(&self) -> Result<bool, Fault>;
    /// Proves the second factor and begins the session.
    async fn second_step(&self, request: SecondStep) -> Result<(), Fault>;
    /// By what one proves that one is still oneself.
    async fn proof_asked(&self) -> Result<ProofAsked, Fault>;
    /// Proves it.
    async fn confirm_identity(&self, request: ConfirmIdentity) -> Result<(), Fault>;
    /// What one has.
    async fn security(&self) -> Result<SecurityView, Fault>;
    /// Begins to set up an authenticator app.
    async fn offer_app(&self) -> Result<(), Fault>;
    /// The secret that waits for its first code.
    async fn offered_app(&self) -> Result<AppOffer, Fault>;
    /// Confirms it by a code. Gives recovery codes, this one time.
    async fn confirm_app(&self, code: SecretText) -> Result<Vec<SecretText>, Fault>;
    /// Takes the app away.
    async fn remove_app(&self) -> Result<(), Fault>;
    /// Makes recovery codes, shown this one time; the old ones end.
    async fn new_recovery_codes(&self) -> Result<Vec<SecretText>, Fault>;
    /// What the organisation asks of its people.
    async fn sign_in_policy(&self) -> Result<PolicyView, Fault>;
    /// Changes it.
    async fn set_sign_in_policy(&self, request: SetPolicy) -> Result<(), Fault>;
}

/// The second step of signing in.
#[server(name = SecondStepFn, prefix = "/fn", endpoint = "access/second_step")]
pub async fn second_step(request: SecondStep) -> Result<(), ApiError> {
    let next = crate::local_path(request.next.as_deref());
    backend()?.second_step(request).await?;
    crate::redirect_to(&next, ());
    Ok(())
}

/// Proves that one is still oneself.
#[server(name = ConfirmIdentityFn, prefix = "/fn", endpoint = "access/confirm_identity")]
pub async fn confirm_identity(request: ConfirmIdentity) -> Result<(), ApiError> {
    let back = crate::local_path(request.back.as_deref());
    backend()?.confirm_identity(request).await?;
    crate::redirect_to(&back, ());
    Ok(())
}

/// Begins to set up an authenticator app.
#[server(name = OfferAppFn, prefix = "/fn", endpoint = "access/offer_app")]
pub async fn offer_app() -> Result<(), ApiError> {
    backend()?.offer_app().await?;
    crate::redirect_to("/profile/security/app", ());
    Ok(())
}

/// Takes the app away.
#[server(name = RemoveAppFn, prefix = "/fn", endpoint = "access/remove_app")]
pub async fn remove_app() -> Result<(), ApiError> {
    backend()?.remove_app().await?;
    crate::redirect_to("/profile/security?done=removed", ());
    Ok(())
}

/// Changes what the organisation asks of its people.
#[server(name = SetPolicyFn, prefix = "/fn", endpoint = "access/set_sign_in_policy")]
pub async fn set_sign_in_policy(request: SetPolicy) -> Result<(), ApiError> {
    backend()?.set_sign_in_policy(request).await?;
    crate::redirect_to("/settings/sign-in?done=policy", ());
    Ok(())
}
