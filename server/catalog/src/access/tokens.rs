//! Tokens by which programs act for a person in one organisation.
//!
//! A token never says more than its person may: the role is looked up at each use, and what the token names only takes
//! away from it. So nothing has to be remembered when a role changes, and a token of somebody who has left opens
//! nothing. Only a person makes, sees and revokes tokens, never a token.

use domain::{
    TenantId, Timestamp, TokenId, UserId,
    access::Permission,
    audit::{Act, Deed, Field, Origin},
};

use super::{
    held::roles_of,
    principal::{Denied, Membership, Principal, Refused},
};
use crate::{
    Catalog, Conflict,
    audit::Actor,
    db::{all, exec, first},
    decode::{id, json, storable, to_json},
    error::{Error, Result},
};

/// Tokens that one person may have at a time in one organisation.
pub const MOST_TOKENS: u32 = 50;
/// Its use is written down at most so often: reading must not become writing.
const TOUCH_MS: i64 = 60_000;

/// A token to make. The secret itself does not come here.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What its maker calls it.
    pub name: String,
    /// First letters of the secret.
    pub prefix: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// What it may do; part of what its maker may.
    pub scopes: Vec<Permission>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether its maker had just proven who they are: without that it may nothing that asks people for a proof.
    pub is_proven: bool,
}

/// A token as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What its maker calls it.
    pub name: String,
    /// First letters of the secret.
    pub prefix: String,
    /// What it names; its person's role may take away from that.
    pub scopes: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefused {
    /// There is none with this secret.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// Its person may not sign in, or is not a member of its organisation any more.
    Person,
}

/// Who a token stands for.
#[derive(Debug, Clone)]
pub enum TokenOutcome {
    /// A person, limited to what the token names.
    Known {
        /// Which token.
        token: TokenId,
        /// Who it stands for.
        principal: Principal,
    },
    /// Nobody.
    Refused(TokenRefused),
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    prefix: String,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Found {
    tenant_id: String,
    id: String,
    prefix: String,
    scopes: String,
    proven: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
    user_id: String,
    user_name: String,
    email: String,
    enabled: i64,
    tenant: String,
}

/// Names that this program does not know any more give nothing.
fn scopes_of(text: &str) -> Result<Vec<Permission>> {
    let names: Vec<String> = json("api_tokens", text)?;
    Ok(names.iter().filter_map(|name| Permission::find(name)).collect())
}

impl Row {
    fn read(self) -> Result<Token> {
        Ok(Token {
            id: id("api_tokens", &self.id)?,
            name: self.name,
            prefix: self.prefix,
            scopes: scopes_of(&self.scopes)?,
            created_at: Timestamp(self.created_at),
            expires_at: Timestamp(self.expires_at),
            last_used_at: self.last_used_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
        })
    }
}

/// The person behind a principal. A token is refused: it could make another that outlives it.
fn person(principal: &Principal, tenant: TenantId) -> Result<UserId> {
    if principal.powers(tenant).is_none() {
        return Err(Error::NotFound { what: "organisation" });
    }
    match principal.user_id() {
        Some(user) if !principal.is_token() => Ok(user),
        _ => Err(Error::NotFound { what: "person" }),
    }
}

impl Catalog {
    /// Makes a token for the person who asks. Each permission has to be theirs.
    pub async fn create_token(
        &self,
        principal: &Principal,
        tenant: TenantId,
        new: &NewToken,
        origin: &Origin,
    ) -> Result<TokenId> {
        let user = person(principal, tenant)?;
        if let Some(&permission) = new.scopes.iter().find(|scope| !principal.permits(tenant, **scope)) {
            let (reason, actor) = (Refused::Forbidden, principal.actor().clone());
            return Err(Denied { reason, actor, tenant: Some(tenant), permission }.into());
        }
        let now = self.clock.now();
        let token = TokenId::new(self.clock.uuid());
        let mut tx = self.db.begin().await?;
        // The person's row is held, so that two of these at once are counted one after the other.
        exec!(&mut tx, "update users set name = name where id = $1", user.to_string())?;
        let active = first!(
            &mut tx,
            (i64,),
            "select count(*) from api_tokens where tenant_id = $1 and user_id = $2 and revoked_at is null \
             and expires_at > $3",
            tenant.to_string(),
            user.to_string(),
            now.0,
        )?;
        if active.is_some_and(|(count,)| count >= i64::from(MOST_TOKENS)) {
            return Err(Conflict::TooManyTokens.into());
        }
        let names: Vec<_> = new.scopes.iter().map(|scope| scope.name()).collect();
        let scopes = to_json("api_tokens", &names)?;
        exec!(
            &mut tx,
            "insert into api_tokens (tenant_id, id, user_id, name, prefix, secret_hash, scopes, created_at, expires_at, \
             proven) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            tenant.to_string(),
            token.to_string(),
            user.to_string(),
            storable(&new.name),
            storable(&new.prefix),
            new.secret_hash.clone(),
            scopes,
            now.0,
            new.expires_at.0,
            i64::from(new.is_proven),
        )?;
        let deed = Deed::done(Act::TokenCreate, token)
            .after(Field::Count, i64::try_from(names.len()).unwrap_or(i64::MAX))
            .after(Field::Until, new.expires_at);
        self.audit_from(&mut tx, tenant, (principal.actor(), origin), deed).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The tokens of the person who asks in one organisation, the newest first.
    pub async fn own_tokens(&self, principal: &Principal, tenant: TenantId) -> Result<Vec<Token>> {
        let user = person(principal, tenant)?;
        let mut reader = self.db.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at from api_tokens \
             where tenant_id = $1 and user_id = $2 order by created_at desc, id desc limit 200",
            tenant.to_string(),
            user.to_string(),
        )?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Revokes one of them; once more is no fault. Somebody else's is not found.
    pub async fn revoke_token(
        &self,
        principal: &Principal,
        tenant: TenantId,
        token: TokenId,
        origin: &Origin,
    ) -> Result<()> {
        let user = person(principal, tenant)?;
        let mut tx = self.db.begin().await?;
        let revoked = exec!(
            &mut tx,
            "update api_tokens set revoked_at = coalesce(revoked_at, $4) \
             where tenant_id = $1 and user_id = $2 and id = $3",
            tenant.to_string(),
            user.to_string(),
            token.to_string(),
            self.clock.now().0,
        )?;
        if revoked == 0 {
            return Err(Error::NotFound { what: "token" });
        }
        let deed = Deed::done(Act::TokenRevoke, token);
        self.audit_from(&mut tx, tenant, (principal.actor(), origin), deed).await?;
        tx.commit().await
    }

    /// Who the token with this secret stands for. `secret_hash` is the SHA-256 of the secret.
    pub async fn authenticate_token(&self, secret_hash: &[u8]) -> Result<TokenOutcome> {
        let now = self.clock.now().0;
        let mut reader = self.db.read().await?;
        let found = first!(
            &mut reader,
            Found,
            "select k.tenant_id, k.id, k.prefix, k.scopes, k.proven, k.expires_at, k.last_used_at, k.revoked_at, k.user_id, \
             u.name as user_name, u.email, u.enabled, t.name as tenant from api_tokens k \
             join users u on u.id = k.user_id join tenants t on t.tenant_id = k.tenant_id \
             where k.secret_hash = $1",
            secret_hash.to_vec(),
        )?;
        let refused = |reason| Ok(TokenOutcome::Refused(reason));
        let Some(found) = found else { return refused(TokenRefused::Unknown) };
        if found.revoked_at.is_some() {
            return refused(TokenRefused::Revoked);
        }
        if found.expires_at <= now {
            return refused(TokenRefused::Expired);
        }
        let tenant_id: TenantId = id("api_tokens", &found.tenant_id)?;
        let user: UserId = id("users", &found.user_id)?;
        let roles = roles_of(&mut reader, &found.tenant_id, &found.user_id, now).await?;
        drop(reader);
        let Some(roles) = roles.filter(|_| found.enabled == 1) else {
            return refused(TokenRefused::Person);
        };
        if found.last_used_at.is_none_or(|used| now - used > TOUCH_MS) {
            let mut tx = self.db.begin().await?;
            exec!(
                &mut tx,
                "update api_tokens set last_used_at = $3 where tenant_id = $1 and id = $2",
                found.tenant_id.clone(),
                found.id.clone(),
                now,
            )?;
            tx.commit().await?;
        }
        let token: TokenId = id("api_tokens", &found.id)?;
        let actor = Actor::token(token, user, &found.user_name, &found.prefix);
        let member = Membership { tenant_id, tenant: found.tenant, roles };
        let scopes = scopes_of(&found.scopes)?;
        let principal = Principal::of_token(actor, (user, found.email), member, &scopes)
            .proven_when_made(found.proven == 1);
        Ok(TokenOutcome::Known { token, principal })
    }
}
