//! Accepting an invitation: by whoever has the link, before anybody knows them, or by somebody who is signed in.

use domain::{
    InvitationId, TenantId, UserId,
    audit::{Act, Deed, Field, Origin},
};

use super::{
    people::canonical,
    principal::Principal,
    setup::{Person, give, join},
};
use crate::{
    Catalog, Conflict, GivenRole, TenantCatalog,
    audit::Actor,
    db::{AsConn, Tx, exec, first},
    decode::{id, json, storable},
    error::Result,
};

const TABLE: &str = "invitations";

/// What a link that is good says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Where to.
    pub tenant_id: TenantId,
    /// What it is called.
    pub tenant: String,
    /// Whom.
    pub email: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    tenant: String,
    id: String,
    email: String,
    roles: String,
    invited_by: String,
}

async fn find(on: &mut impl AsConn, token_sha256: &[u8], now: i64) -> Result<Row> {
    let row = first!(
        on,
        Row,
        "select i.tenant_id, t.name as tenant, i.id, i.email, i.roles, i.invited_by from invitations i \
         join tenants t on t.tenant_id = i.tenant_id where i.token_hash = $1 and i.expires_at > $2 \
         and i.accepted_at is null and i.revoked_at is null",
        token_sha256.to_vec(),
        now,
    )?;
    Ok(row.ok_or(Conflict::LinkSpent)?)
}

impl Catalog {
    /// What an invitation's link says. [`Conflict::LinkSpent`] if it is unknown, used, taken back or too old.
    pub async fn find_invitation(&self, token_sha256: &[u8]) -> Result<Invited> {
        let mut reader = self.db.read().await?;
        let row = find(&mut reader, token_sha256, self.clock.now().0).await?;
        Ok(Invited { tenant_id: id(TABLE, &row.tenant_id)?, tenant: row.tenant, email: row.email })
    }

    /// Accepts for somebody without an account, or with one that no organisation knows any more: gives it a name and a
    /// password. [`Conflict::SignInFirst`] for an account in use: who has only the link is not yet who the account is.
    pub async fn accept_invitation(
        &self,
        token_sha256: &[u8],
        name: &str,
        password_hash: &str,
        origin: &Origin,
    ) -> Result<UserId> {
        let now = self.clock.now().0;
        let mut tx = self.db.begin().await?;
        let invitation = find(&mut tx, token_sha256, now).await?;
        let tenant: TenantId = id(TABLE, &invitation.tenant_id)?;
        let account = first!(
            &mut tx,
            (String, i64),
            "select u.id, (select count(m.tenant_id) from memberships m where m.user_id = u.id) \
             from users u where u.email = $1",
            &invitation.email,
        )?;
        let user = match account {
            Some((user, 0)) => {
                exec!(
                    &mut tx,
                    "update users set name = $2, password_hash = $3, enabled = 1 where id = $1",
                    &user,
                    storable(name),
                    password_hash,
                )?;
                id("users", &user)?
            }
            Some(_) => return Err(Conflict::SignInFirst.into()),
            None => {
                let user = UserId::new(self.clock.uuid());
                let (email, by) = (invitation.email.as_str(), invitation.invited_by.as_str());
                let (password_hash, added_by) = (Some(password_hash), Some(by));
                let person = Person { id: user, name, email, password_hash, added_by };
                person.insert(&mut tx, tenant, now).await?;
                user
            }
        };
        // Whoever made the link can be this person.
        let by = invitation.invited_by.clone();
        exec!(&mut tx, "update users set password_by = $2 where id = $1", user.to_string(), by)?;
        self.settle(&mut tx, &invitation, (user, name), origin).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Accepts for a person who is signed in. The invitation has to be for their address.
    pub async fn accept_invitation_as(
        &self,
        principal: &Principal,
        token_sha256: &[u8],
        origin: &Origin,
    ) -> Result<TenantId> {
        let mut tx = self.db.begin().await?;
        let invitation = find(&mut tx, token_sha256, self.clock.now().0).await?;
        let user = principal.user_id().filter(|_| !principal.is_token());
        let is_theirs = principal.email().is_some_and(|email| canonical(email) == invitation.email);
        let user = user.filter(|_| is_theirs).ok_or(Conflict::OtherAddress)?;
        self.settle(&mut tx, &invitation, (user, principal.name()), origin).await?;
        tx.commit().await?;
        id(TABLE, &invitation.tenant_id)
    }

    async fn settle(
        &self,
        tx: &mut Tx,
        invitation: &Row,
        (user, name): (UserId, &str),
        origin: &Origin,
    ) -> Result<()> {
        let now = self.clock.now().0;
        let tenant: TenantId = id(TABLE, &invitation.tenant_id)?;
        let which: InvitationId = id(TABLE, &invitation.id)?;
        // Of two who accept at once, one finds it accepted.
        let accepted = exec!(
            tx,
            "update invitations set accepted_at = $3 where tenant_id = $1 and id = $2 and accepted_at is null \
             and revoked_at is null",
            &invitation.tenant_id,
            &invitation.id,
            now,
        )?;
        if accepted == 0 {
            return Err(Conflict::LinkSpent.into());
        }
        let by = Some(invitation.invited_by.as_str());
        join(tx, (tenant, user), (now, by)).await?;
        let roles: Vec<GivenRole> = json(TABLE, &invitation.roles)?;
        for given in &roles {
            give(tx, (tenant, user), given.role, given.expires_at, (now, by)).await?;
        }
        let rows = TenantCatalog::new(self, tenant, None, Actor::user(user, name)).seen_from(origin.clone());
        let mut deed = Deed::done(Act::InvitationAccept, which).after(Field::Person, user);
        if let Some(given) = roles.first() {
            deed = deed.after(Field::Role, given.role);
        }
        rows.audit(tx, deed).await
    }
}
