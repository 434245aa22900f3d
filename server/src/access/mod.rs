//! Who may come in: signing in, people, set-up.

pub mod breached;
pub mod first_run;
pub mod gate;
pub mod invitations;
pub mod letters;
pub mod limits;
pub mod own_password;
pub mod own_sessions;
pub mod passkeys;
pub mod password;
pub mod pending;
pub mod people;
pub mod proof;
pub mod roles;
pub mod second_factor;
pub mod secrets;
pub mod security;
pub mod sign_in;
pub mod sweep;
pub mod token_text;
pub mod tokens;

use app::{
    access::api::{
        AccessPort, AddUser, ChangePassword, ChangeUser, ChooseOrganisation, ConfirmRecoveryKey, EndSession,
        FirstRun, Me, Organisation, PasswordLink, RecoveryKey, ResetPassword, SessionView, Setup, SignIn,
        SignedIn, UserRef, UserRow,
    },
    port::SecretText,
};
use async_trait::async_trait;
use domain::{Cursor, Fault, Page};

use crate::{caller::Caller, fault::Result};

impl Caller {
    fn who(&self) -> Option<Me> {
        let principal = self.principal().ok()?;
        let member = self.member().ok()?;
        let organisations = principal.memberships().iter();
        let organisations =
            organisations.map(|member| Organisation { id: member.tenant_id, name: member.tenant.clone() });
        Some(Me {
            id: principal.user_id()?,
            name: principal.name().to_owned(),
            email: principal.email()?.to_owned(),
            tenant_id: member.tenant_id,
            tenant: member.tenant.clone(),
            roles: member.roles.clone(),
            powers: member.powers(),
            organisations: organisations.collect(),
            second_factor_due: principal.second_factor_due(member.tenant_id),
        })
    }

    async fn listed_people(&self, after: Option<Cursor>) -> Result<Page<UserRow>> {
        people::list(self, self.allow().await?, after).await
    }
    async fn added_person(&self, request: AddUser) -> Result<PasswordLink> {
        people::add(self, self.allow().await?, request).await
    }
    async fn changed_person(&self, request: ChangeUser) -> Result<()> {
        people::change(self, self.allow().await?, request).await
    }
    async fn new_link(&self, request: UserRef) -> Result<PasswordLink> {
        people::link(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl AccessPort for Caller {
    async fn setup(&self) -> Result<Setup, Fault> {
        self.answer("look how far set-up is", first_run::setup(self).await)
    }
    async fn first_run(&self, request: FirstRun) -> Result<SecretText, Fault> {
        self.answer("set this installation up", first_run::first_run(self, request).await)
    }
    async fn unconfirmed_recovery_key(&self) -> Result<RecoveryKey, Fault> {
        self.answer("show the recovery key", first_run::unconfirmed(self).await)
    }
    async fn confirm_recovery_key(&self, request: ConfirmRecoveryKey) -> Result<(), Fault> {
        self.answer("check the recovery key", first_run::confirm(self, request).await)
    }
    async fn sign_in(&self, request: SignIn) -> Result<SignedIn, Fault> {
        let has_begun = self.answer("sign in", sign_in::sign_in(self, request).await)?;
        Ok(if has_begun { SignedIn::Yes } else { SignedIn::SecondStep })
    }
    async fn sign_out(&self) -> Result<(), Fault> {
        self.answer("sign out", sign_in::sign_out(self).await)
    }
    async fn me(&self) -> Result<Option<Me>, Fault> {
        Ok(self.who())
    }
    async fn choose_organisation(&self, request: ChooseOrganisation) -> Result<(), Fault> {
        self.answer("go to another organisation", self.go_to(request.id).await)
    }
    async fn own_sessions(&self) -> Result<Vec<SessionView>, Fault> {
        self.answer("list your sessions", own_sessions::list(self).await)
    }
    async fn end_session(&self, request: EndSession) -> Result<(), Fault> {
        self.answer("end a session", own_sessions::end(self, request).await)
    }
    async fn end_other_sessions(&self) -> Result<(), Fault> {
        self.answer("end your other sessions", own_sessions::end_others(self).await)
    }
    async fn change_password(&self, request: ChangePassword) -> Result<(), Fault> {
        self.answer("change a password", own_password::change(self, request).await)
    }
    async fn reset_password(&self, request: ResetPassword) -> Result<(), Fault> {
        self.answer("set a password by a link", own_password::reset(self, request).await)
    }
    async fn list_users(&self, after: Option<Cursor>) -> Result<Page<UserRow>, Fault> {
        self.answer("list people", self.listed_people(after).await)
    }
    async fn add_user(&self, request: AddUser) -> Result<PasswordLink, Fault> {
        self.answer("add a person", self.added_person(request).await)
    }
    async fn change_user(&self, request: ChangeUser) -> Result<(), Fault> {
        self.answer("change a person", self.changed_person(request).await)
    }
    async fn make_password_link(&self, request: UserRef) -> Result<PasswordLink, Fault> {
        self.answer("make a password link", self.new_link(request).await)
    }
}
