//! Signing in, people and their roles.

use async_trait::async_trait;
use domain::{
    Fault, Page, TenantId, Timestamp, UserId,
    access::{Permission, Role},
    powers::{HeldRole, Powers},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::port::{ApiError, SecretText};

/// Whether somebody has set this installation up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setup {
    /// Nobody has: the first-run page is open.
    Needed,
    /// The first operator exists; the recovery key was shown and waits to be typed back.
    RecoveryKeyUnconfirmed,
    /// Done.
    Done,
}

/// First run: who the first operator is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FirstRun {
    /// Name of the organisation that runs the platform.
    pub organisation: String,
    /// The operator's name.
    pub name: String,
    /// Their address, with which they sign in.
    pub email: String,
    /// Their password, at least 12 characters.
    pub password: SecretText,
    /// The set-up code that `serve` printed, so that a stranger on the network cannot be first.
    pub code: SecretText,
}

/// What is written down in the first hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecoveryKey {
    /// The key itself.
    pub key: SecretText,
    /// The fingerprint of the key that signs every backup.
    pub signing_key: String,
}

/// One of one's own sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionView {
    /// By which it can be ended; nothing if it cannot be ended alone.
    pub handle: Option<String>,
    /// When one signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// The address one signed in from.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
    /// Whether it is this one.
    pub is_this: bool,
}

/// Ending one of one's own sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndSession {
    /// Which.
    pub handle: String,
}

/// Typing back the recovery key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfirmRecoveryKey {
    /// As it was shown; spaces and line breaks do not matter.
    pub recovery_key: SecretText,
}

/// Signing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// Address.
    pub email: String,
    /// Password.
    pub password: SecretText,
    /// Path to go to afterwards; only paths of this site are followed.
    #[serde(default)]
    pub next: Option<String>,
}

/// How far signing in came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedIn {
    /// The session has begun.
    Yes,
    /// The second factor is asked next.
    SecondStep,
}

/// Changing one's own password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The present one.
    pub current: SecretText,
    /// The new one, at least 12 characters.
    pub new: SecretText,
}

/// Setting a password by a link that an administrator handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResetPassword {
    /// The token of the link.
    pub token: SecretText,
    /// The new password.
    pub new: SecretText,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Which person.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// The organisation at work.
    pub tenant_id: TenantId,
    /// Its name.
    pub tenant: String,
    /// Their roles there that are in force, the strongest first.
    pub roles: Vec<HeldRole>,
    /// What all of them let do.
    pub powers: Powers,
    /// Where else they could be at work, by name; this one among them.
    pub organisations: Vec<Organisation>,
    /// By when they have to have a second factor, if one is asked and there is none.
    #[serde(default)]
    pub second_factor_due: Option<Timestamp>,
}

impl Me {
    /// Whether they may, in the organisation at work: the interface hides by it.
    pub const fn may(&self, permission: Permission) -> bool {
        self.powers.may(permission)
    }
    /// Their roles in words.
    pub fn titles(&self) -> String {
        titles(&self.roles)
    }
}

/// Roles in words.
pub fn titles(roles: &[HeldRole]) -> String {
    let mut titles: Vec<_> = roles.iter().map(|held| held.title.as_str()).collect();
    titles.dedup();
    if titles.is_empty() { "No role".into() } else { titles.join(", ") }
}

/// An organisation that somebody belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Which.
    pub id: TenantId,
    /// Its name.
    pub name: String,
}

/// Going to work in another of one's organisations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChooseOrganisation {
    /// Which.
    pub id: TenantId,
}

/// One person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Which.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Roles that are in force, the strongest first.
    pub roles: Vec<HeldRole>,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they have set a password yet.
    pub has_password: bool,
    /// When they last signed in.
    pub last_sign_in: Option<Timestamp>,
}

/// A person to add.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddUser {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role.
    pub role: Role,
}

/// A change to a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeUser {
    /// Whom.
    pub id: UserId,
    /// New role.
    pub role: Role,
    /// Whether they may sign in.
    #[serde(default)]
    pub enabled: bool,
}

/// One person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserRef {
    /// Whom.
    pub id: UserId,
}

/// A link by which a person sets a password; shown once, good for 24 hours and one use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasswordLink {
    /// For whom.
    pub email: String,
    /// Path and token, e.g. `/reset?token=…`.
    pub path: SecretText,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a page may ask about people and sessions.
#[async_trait]
pub trait AccessPort: Send + Sync {
    /// How far set-up is.
    async fn setup(&self) -> Result<Setup, Fault>;
    /// Creates the first operator, signs them in and gives the recovery key, this one time.
    async fn first_run(&self, request: FirstRun) -> Result<SecretText, Fault>;
    /// Gives the recovery key again while it is unconfirmed, to the operator who created it.
    async fn unconfirmed_recovery_key(&self) -> Result<RecoveryKey, Fault>;
    /// Checks that the recovery key was stored; afterwards it is forgotten here.
    async fn confirm_recovery_key(&self, request: ConfirmRecoveryKey) -> Result<(), Fault>;
    /// Starts a session, or its second step. The same answer for an unknown address and a wrong password.
    async fn sign_in(&self, request: SignIn) -> Result<SignedIn, Fault>;
    /// Ends this session.
    async fn sign_out(&self) -> Result<(), Fault>;
    /// Who is signed in, if anybody.
    async fn me(&self) -> Result<Option<Me>, Fault>;
    /// Goes to work in another of one's organisations.
    async fn choose_organisation(&self, request: ChooseOrganisation) -> Result<(), Fault>;
    /// One's own sessions, the last used first.
    async fn own_sessions(&self) -> Result<Vec<SessionView>, Fault>;
    /// Ends one of them.
    async fn end_session(&self, request: EndSession) -> Result<(), Fault>;
    /// Ends all of them but this one.
    async fn end_other_sessions(&self) -> Result<(), Fault>;
    /// Changes one's own password; ends all other sessions of this person.
    async fn change_password(&self, request: ChangePassword) -> Result<(), Fault>;
    /// Sets a password by a link; ends all sessions of this person.
    async fn reset_password(&self, request: ResetPassword) -> Result<(), Fault>;
    /// People of the organisation, by name.
    async fn list_users(&self, after: Option<domain::Cursor>) -> Result<Page<UserRow>, Fault>;
    /// Adds a person.
    async fn add_user(&self, request: AddUser) -> Result<PasswordLink, Fault>;
    /// Changes role or ability to sign in; ends the person's sessions.
    async fn change_user(&self, request: ChangeUser) -> Result<(), Fault>;
    /// Makes a new password link for a person.
    async fn make_password_link(&self, request: UserRef) -> Result<PasswordLink, Fault>;
}

/// First run, step one.
#[server(name = FirstRunFn, prefix = "/fn", endpoint = "access/first_run")]
pub async fn first_run(request: FirstRun) -> Result<SecretText, ApiError> {
    Ok(crate::redirect_to("/setup/recovery-key", backend()?.first_run(request).await?))
}

/// First run, step two.
#[server(name = ConfirmRecoveryKeyFn, prefix = "/fn", endpoint = "access/confirm_recovery_key")]
pub async fn confirm_recovery_key(request: ConfirmRecoveryKey) -> Result<(), ApiError> {
    backend()?.confirm_recovery_key(request).await?;
    crate::redirect_to("/", ());
    Ok(())
}

/// Signs in.
#[server(name = SignInFn, prefix = "/fn", endpoint = "access/sign_in")]
pub async fn sign_in(request: SignIn) -> Result<(), ApiError> {
    let next = crate::local_path(request.next.as_deref());
    let path = match backend()?.sign_in(request).await? {
        SignedIn::Yes => next,
        SignedIn::SecondStep => {
            format!("/sign-in/second?next={}", leptos_router::location::Url::escape(&next))
        }
    };
    crate::redirect_to(&path, ());
    Ok(())
}

/// Signs out.
#[server(name = SignOutFn, prefix = "/fn", endpoint = "access/sign_out")]
pub async fn sign_out() -> Result<(), ApiError> {
    backend()?.sign_out().await?;
    crate::redirect_to("/sign-in", ());
    Ok(())
}

/// Goes to work in another of one's organisations.
#[server(name = ChooseOrganisationFn, prefix = "/fn", endpoint = "access/choose_organisation")]
pub async fn choose_organisation(request: ChooseOrganisation) -> Result<(), ApiError> {
    backend()?.choose_organisation(request).await?;
    crate::redirect_to("/", ());
    Ok(())
}

/// Ends one of one's own sessions.
#[server(name = EndSessionFn, prefix = "/fn", endpoint = "access/end_session")]
pub async fn end_session(request: EndSession) -> Result<(), ApiError> {
    backend()?.end_session(request).await?;
    crate::redirect_to("/profile?done=session", ());
    Ok(())
}

/// Ends all of one's own sessions but this one.
#[server(name = EndOtherSessionsFn, prefix = "/fn", endpoint = "access/end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    backend()?.end_other_sessions().await?;
    crate::redirect_to("/profile?done=session", ());
    Ok(())
}

/// Changes one's own password.
#[server(name = ChangePasswordFn, prefix = "/fn", endpoint = "access/change_password")]
pub async fn change_password(request: ChangePassword) -> Result<(), ApiError> {
    backend()?.change_password(request).await?;
    crate::redirect_to("/profile?done=password", ());
    Ok(())
}

/// Sets a password by a link.
#[server(name = ResetPasswordFn, prefix = "/fn", endpoint = "access/reset_password")]
pub async fn reset_password(request: ResetPassword) -> Result<(), ApiError> {
    backend()?.reset_password(request).await?;
    crate::redirect_to("/sign-in?done=password", ());
    Ok(())
}

/// Changes a person.
#[server(name = ChangeUserFn, prefix = "/fn", endpoint = "access/change_user")]
pub async fn change_user(request: ChangeUser) -> Result<(), ApiError> {
    backend()?.change_user(request).await?;
    crate::redirect_to("/settings/people?done=user", ());
    Ok(())
}
