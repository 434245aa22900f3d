//! Invitations: made, mailed or handed over, accepted; and organisations, which begin with one person.
//!
//! Whether an address has an account makes no difference to whoever invites it, nor to the page that the link opens.

use app::{
    access::people_api::{
        AcceptInvitation, AddOrganisation, InvitationLink, InvitationRef, InvitationView, InvitationsPort,
        Invite, InvitedView, JoinOrganisation, OrganisationRow,
    },
    port::SecretText,
};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use catalog::{Conflict, GivenRole, NewInvitation, Scope};
use domain::{Fault, Timestamp, access::may, powers::RoleRef, sources::Label};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{
    password,
    people::check_email,
    roles::{all_roles, answered, end_after},
};
use crate::{
    alerts::channels::{Message, email},
    caller::Caller,
    fault::{Error, Result, Wrong},
};

/// How long an invitation's link is good, in milliseconds.
const LINK_MS: i64 = 7 * 24 * 3_600_000;

struct Token {
    text: String,
    sha256: Vec<u8>,
    expires_at: Timestamp,
}

fn fresh_token(caller: &Caller) -> Result<Token> {
    let mut random = [0u8; 32];
    getrandom::fill(&mut random)
        .map_err(|_| Error::Impossible("the operating system gave no random bytes"))?;
    let text = URL_SAFE_NO_PAD.encode(random);
    let sha256 = hash(&text);
    Ok(Token { text, sha256, expires_at: caller.services.clock.now().plus_ms(LINK_MS) })
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.trim().as_bytes()).to_vec()
}

/// Sends the link by mail, or gives it to be handed over: where no mail server is configured, and where it did not take
/// the letter.
async fn hand_over(caller: &Caller, email: String, token: Token) -> Result<InvitationLink> {
    let path = format!("/invitation?token={}", token.text);
    let config = &caller.services.config;
    let mut is_sent = false;
    if let Some(server) = &config.smtp {
        let organisation = &caller.member()?.tenant;
        let clock = &caller.services.clock;
        let message = Message {
            id: clock.uuid().to_string(),
            kind: "invitation",
            subject: format!("Invitation to {organisation} in Holdfast"),
            text: format!(
                "{} invites you to {organisation} in Holdfast. Open this link, which is for you alone; it works once \
                 and until {}.",
                caller.principal()?.name(),
                token.expires_at.exact()
            ),
            url: Some(format!("{}{path}", config.web.public_url.trim_end_matches('/'))),
            at: clock.now(),
        };
        match email::send(&message, &email, server).await {
            Ok(()) => is_sent = true,
            // The link is shown instead; the reason is for whoever runs the server.
            Err(error) => tracing::warn!(%error, "an invitation was not mailed"),
        }
    }
    let path = (!is_sent).then_some(SecretText(path));
    Ok(InvitationLink { email, path, expires_at: token.expires_at })
}

async fn list(caller: &Caller, scope: Scope<may::ReadUsers>) -> Result<Vec<InvitationView>> {
    let known = all_roles(caller, &scope).await?;
    let invitations = caller.rows(&scope).list_invitations().await?;
    let named = |given: &GivenRole| {
        let role = known.iter().find(|role| role.role == given.role)?;
        Some(match given.expires_at {
            Some(at) => format!("{} until {}", role.name, at.exact()),
            None => role.name.clone(),
        })
    };
    let view = |invitation: catalog::Invitation| InvitationView {
        id: invitation.id,
        email: invitation.email,
        roles: invitation.roles.iter().filter_map(named).collect(),
        invited_by: invitation.invited_by,
        sent_at: invitation.sent_at,
        expires_at: invitation.expires_at,
    };
    Ok(invitations.into_iter().map(view).collect())
}

async fn invite(caller: &Caller, scope: Scope<may::ManageUsers>, request: Invite) -> Result<InvitationLink> {
    let mut wrong = Wrong::default();
    let email = wrong.check("email", check_email(&request.email));
    let role = RoleRef::find(&request.role);
    if role.is_none() {
        wrong.note("role", "choose a role");
    }
    wrong.finish()?;
    let (Some(email), Some(role)) = (email, role) else {
        return Err(Error::Impossible("a field was neither right nor wrong"));
    };
    let expires_at = end_after(caller, role, &request.days)?;
    let token = fresh_token(caller)?;
    let new = NewInvitation {
        email: email.clone(),
        roles: vec![GivenRole { role, expires_at }],
        token_sha256: token.sha256.clone(),
        expires_at: token.expires_at,
    };
    match caller.rows(&scope).create_invitation(&new).await {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => {
            let why = "somebody with this address is here already, or an invitation waits for them";
            return Err(Fault::invalid("email", why).into());
        }
        result => result?,
    };
    hand_over(caller, email, token).await
}

async fn renew(
    caller: &Caller,
    scope: Scope<may::ManageUsers>,
    request: InvitationRef,
) -> Result<InvitationLink> {
    let token = fresh_token(caller)?;
    let rows = caller.rows(&scope);
    let email = rows.renew_invitation(request.id, &token.sha256, token.expires_at).await?;
    hand_over(caller, email, token).await
}

async fn revoke(caller: &Caller, scope: Scope<may::ManageUsers>, request: InvitationRef) -> Result<()> {
    Ok(caller.rows(&scope).revoke_invitation(request.id).await?)
}

async fn invited(caller: &Caller, token: &SecretText) -> Result<InvitedView> {
    caller.gate.limits.from_address(caller.address)?;
    let found = caller.services.catalog.find_invitation(&hash(&token.0)).await?;
    Ok(InvitedView { organisation: found.tenant, email: found.email })
}

async fn accept(caller: &Caller, request: AcceptInvitation) -> Result<()> {
    caller.gate.limits.from_address(caller.address)?;
    let catalog = &caller.services.catalog;
    let token = hash(&request.token.0);
    // Asked first, so that nobody without a link makes this server hash passwords.
    let invited = catalog.find_invitation(&token).await?;
    let mut wrong = Wrong::default();
    let name = wrong.check("name", Label::new(request.name.trim()));
    wrong.finish()?;
    let name = name.ok_or(Error::Impossible("a field was neither right nor wrong"))?;
    let password = SecretString::from(request.password.0);
    password::check_rules(&caller.services.config, "password", &password, &invited.email, name.as_str())?;
    let hash = caller.gate.passwords.hash(password).await?;
    catalog.accept_invitation(&token, name.as_str(), &hash, &caller.origin()).await?;
    Ok(())
}

async fn join(caller: &Caller, request: JoinOrganisation) -> Result<()> {
    let catalog = &caller.services.catalog;
    let token = hash(&request.token.0);
    let tenant = catalog.accept_invitation_as(caller.principal()?, &token, &caller.origin()).await?;
    caller.work_in(tenant).await
}

async fn organisations(caller: &Caller) -> Result<Vec<OrganisationRow>> {
    let all = caller.services.catalog.list_organisations(caller.principal()?).await?;
    let row = |organisation: catalog::Organisation| OrganisationRow {
        id: organisation.id,
        name: organisation.name,
        people: organisation.people,
        sources: organisation.sources,
        restorable_at: organisation.restorable_at,
    };
    Ok(all.into_iter().map(row).collect())
}

async fn add_organisation(caller: &Caller, request: AddOrganisation) -> Result<()> {
    let name = Label::new(request.name.trim()).map_err(|error| Fault::invalid("name", error.to_string()))?;
    let principal = caller.principal()?;
    let made = caller.services.catalog.create_organisation(principal, name.as_str(), &caller.origin()).await;
    match made {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => {
            Err(Fault::invalid("name", "there is an organisation with this name already").into())
        }
        result => result.map(drop).map_err(Error::from),
    }
}

#[async_trait]
impl InvitationsPort for Caller {
    async fn invitations(&self) -> Result<Vec<InvitationView>, Fault> {
        answered!(self, "list invitations", list())
    }
    async fn invite(&self, request: Invite) -> Result<InvitationLink, Fault> {
        answered!(self, "invite somebody", invite(request))
    }
    async fn renew_invitation(&self, request: InvitationRef) -> Result<InvitationLink, Fault> {
        answered!(self, "renew an invitation", renew(request))
    }
    async fn revoke_invitation(&self, request: InvitationRef) -> Result<(), Fault> {
        answered!(self, "take an invitation back", revoke(request))
    }
    async fn invited(&self, token: SecretText) -> Result<InvitedView, Fault> {
        self.answer("look at an invitation", invited(self, &token).await)
    }
    async fn accept_invitation(&self, request: AcceptInvitation) -> Result<(), Fault> {
        self.answer("accept an invitation", accept(self, request).await)
    }
    async fn join_organisation(&self, request: JoinOrganisation) -> Result<(), Fault> {
        self.answer("join an organisation", join(self, request).await)
    }
    async fn organisations(&self) -> Result<Vec<OrganisationRow>, Fault> {
        self.answer("list organisations", organisations(self).await)
    }
    async fn add_organisation(&self, request: AddOrganisation) -> Result<(), Fault> {
        self.answer("add an organisation", add_organisation(self, request).await)
    }
}
