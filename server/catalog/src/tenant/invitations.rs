//! Invitations: who was asked to come, with which roles, until when. Of the link only the hash of its token is kept.

use domain::{
    InvitationId, Timestamp,
    audit::{Act, Deed, Field},
};

use super::GivenRole;
use crate::{
    Conflict, TenantCatalog,
    access::canonical,
    db::{Tx, all, exec, first},
    decode::{id, json, storable, to_json},
    error::{Error, Result},
};

const TABLE: &str = "invitations";

/// An invitation that nobody has accepted or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// Whom.
    pub email: String,
    /// Roles that they get.
    pub roles: Vec<GivenRole>,
    /// Who made its link.
    pub invited_by: String,
    /// When its link was made.
    pub sent_at: Timestamp,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

/// An invitation to make.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Whom.
    pub email: String,
    /// Roles that they get.
    pub roles: Vec<GivenRole>,
    /// SHA-256 of the link's token.
    pub token_sha256: Vec<u8>,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

impl TenantCatalog<'_> {
    /// Invitations that wait, the newest first. Those whose link is too old are among them: they can be renewed.
    pub async fn list_invitations(&self) -> Result<Vec<Invitation>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, String, i64, i64),
            "select id, email, roles, invited_by_name, sent_at, expires_at from invitations where tenant_id = $1 \
             and accepted_at is null and revoked_at is null order by sent_at desc, id desc",
            self.key(),
        )?;
        let read = |(key, email, roles, invited_by, sent_at, expires_at): (
            String,
            String,
            String,
            String,
            i64,
            i64,
        )| {
            Ok(Invitation {
                id: id(TABLE, &key)?,
                email,
                roles: json(TABLE, &roles)?,
                invited_by,
                sent_at: Timestamp(sent_at),
                expires_at: Timestamp(expires_at),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Invites somebody. [`Conflict::Duplicate`] if they are a member already or an invitation waits for them. Whether
    /// the address has an account elsewhere makes no difference, and nobody is told.
    pub async fn create_invitation(&self, new: &NewInvitation) -> Result<InvitationId> {
        let invitation = InvitationId::new(self.catalog.clock.uuid());
        let email = canonical(&new.email);
        let mut tx = self.begin().await?;
        for given in &new.roles {
            self.may_give(&self.powers_of_role(&mut tx, given.role).await?)?;
        }
        let member = first!(
            &mut tx,
            (String,),
            "select m.user_id from memberships m join users u on u.id = m.user_id \
             where m.tenant_id = $1 and u.email = $2",
            self.key(),
            &email,
        )?;
        if member.is_some() {
            return Err(Conflict::Duplicate.into());
        }
        let made = exec!(
            &mut tx,
            "insert into invitations (tenant_id, id, email, token_hash, roles, invited_by, invited_by_name, \
             created_at, sent_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) on conflict do nothing",
            self.key(),
            invitation.to_string(),
            &email,
            new.token_sha256.clone(),
            to_json(TABLE, &new.roles)?,
            self.actor.key(),
            storable(self.actor.name()),
            self.now(),
            new.expires_at.0,
        )?;
        if made == 0 {
            return Err(Conflict::Duplicate.into());
        }
        let deed = Deed::done(Act::InvitationCreate, invitation).after(Field::Until, new.expires_at);
        let deed = match new.roles.first() {
            Some(given) => deed.after(Field::Role, given.role),
            None => deed,
        };
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(invitation)
    }

    /// The address and roles of an invitation that waits.
    async fn open_invitation(
        &self,
        tx: &mut Tx,
        invitation: InvitationId,
    ) -> Result<(String, Vec<GivenRole>)> {
        let row = first!(
            tx,
            (String, String),
            "select email, roles from invitations where tenant_id = $1 and id = $2 and accepted_at is null \
             and revoked_at is null",
            self.key(),
            invitation.to_string(),
        )?;
        let (email, roles) = row.ok_or(Error::NotFound { what: "invitation" })?;
        Ok((email, json(TABLE, &roles)?))
    }

    /// Stores a new link for an invitation; the older one ends. Returns the address.
    pub async fn renew_invitation(
        &self,
        invitation: InvitationId,
        token_sha256: &[u8],
        expires_at: Timestamp,
    ) -> Result<String> {
        let mut tx = self.begin().await?;
        let (email, roles) = self.open_invitation(&mut tx, invitation).await?;
        for given in roles {
            self.may_give(&self.powers_of_role(&mut tx, given.role).await?)?;
        }
        // Whoever made the newest link stands behind who comes by it.
        exec!(
            &mut tx,
            "update invitations set token_hash = $3, sent_at = $4, expires_at = $5, invited_by = $6, \
             invited_by_name = $7 where tenant_id = $1 and id = $2",
            self.key(),
            invitation.to_string(),
            token_sha256.to_vec(),
            self.now(),
            expires_at.0,
            self.actor.key(),
            storable(self.actor.name()),
        )?;
        let deed = Deed::done(Act::InvitationRenew, invitation).after(Field::Until, expires_at);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(email)
    }

    /// Takes an invitation back: its link opens nothing any more.
    pub async fn revoke_invitation(&self, invitation: InvitationId) -> Result<()> {
        let mut tx = self.begin().await?;
        self.open_invitation(&mut tx, invitation).await?;
        exec!(
            &mut tx,
            "update invitations set revoked_at = $3 where tenant_id = $1 and id = $2",
            self.key(),
            invitation.to_string(),
            self.now(),
        )?;
        self.audit(&mut tx, Deed::done(Act::InvitationRevoke, invitation)).await?;
        tx.commit().await
    }
}
