//! Signing in and passwords: what happens before anybody is known, and what people do to themselves.

use domain::{
    TenantId, UserId,
    access::{Permission, Role},
    audit::{Act, Deed, Object, Origin},
    powers::{HeldRole, Powers},
};

use super::principal::{Membership, Principal};
use crate::{
    Catalog, Conflict,
    audit::{self, Actor, Note, Outcome},
    db::{Tx, all, exec, first},
    decode::{id, storable},
    error::{Error, Result},
};

/// What signing in needs to check a password.
#[derive(Debug, Clone)]
pub struct SignInRecord {
    /// Whom.
    pub user_id: UserId,
    /// PHC string of Argon2id; nothing if no password was set yet.
    pub password_hash: Option<String>,
    /// Whether they may sign in.
    pub enabled: bool,
}

/// An address as it is stored and compared.
pub(crate) fn canonical(email: &str) -> String {
    storable(email.trim()).to_lowercase()
}

/// Stores a hash. Links that were made to set an older one end: what stands in a lost letter must not undo it.
async fn store_password(tx: &mut Tx, user: UserId, password_hash: &str) -> Result<()> {
    let changed =
        exec!(tx, "update users set password_hash = $1 where id = $2", password_hash, user.to_string())?;
    if changed == 0 {
        return Err(Error::NotFound { what: "person" });
    }
    exec!(tx, "delete from password_links where user_id = $1 and used_at is null", user.to_string()).map(drop)
}

impl Catalog {
    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        action: &'static str,
        subject: String,
    ) -> Result<()> {
        let note =
            Note { tenant: None, actor, action, subject, outcome: Outcome::Done, detail: String::new() };
        audit::record(tx, &*self.clock, note).await
    }

    /// The person at this machine's own command line: has the power of a platform operator in every
    /// organisation, and is audited as `command line` with the account's name.
    pub async fn command_line(&self, account: &str) -> Result<Principal> {
        let mut reader = self.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String),
            "select tenant_id, name from tenants order by name, tenant_id"
        )?;
        let read = |(tenant_id, tenant): (String, String)| {
            let role = Role::PlatformOperator;
            let powers = Powers::of(role);
            let title = role.title().to_owned();
            let held = HeldRole { role: role.into(), title, expires_at: None, group: None, powers };
            Ok(Membership { tenant_id: id("tenants", &tenant_id)?, tenant, roles: vec![held] })
        };
        let memberships = rows.into_iter().map(read).collect::<Result<_>>()?;
        Ok(Principal::new(Actor::command_line(account), None, memberships))
    }

    /// What signing in as `email` needs; upper and lower case do not matter.
    pub async fn find_sign_in(&self, email: &str) -> Result<Option<SignInRecord>> {
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (String, Option<String>, i64),
            "select id, password_hash, enabled from users where email = $1",
            canonical(email),
        )?;
        let read = |(user, password_hash, enabled): (String, Option<String>, i64)| {
            Ok(SignInRecord { user_id: id("users", &user)?, password_hash, enabled: enabled == 1 })
        };
        row.map(read).transpose()
    }

    /// Records that a person signs in. If that fails, they must not be.
    pub async fn record_sign_in(&self, user: UserId, origin: &Origin) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let row = first!(
            &mut tx,
            (String,),
            "update users set last_sign_in = $1 where id = $2 returning name",
            self.clock.now().0,
            user.to_string(),
        )?;
        let (name,) = row.ok_or(Error::NotFound { what: "person" })?;
        let deed = Deed::done(Act::SessionBegin, user);
        self.audit(&mut tx, &Actor::user(user, &name), origin, deed).await?;
        tx.commit().await
    }

    /// Records a failed attempt on the account of a person, or on one that nobody has. What was typed is not kept: it
    /// may have been a password in the wrong field.
    pub async fn record_sign_in_failure(&self, user: Option<UserId>, origin: &Origin) -> Result<()> {
        let on = user.map_or_else(Object::unknown_account, Object::from);
        self.record(&Actor::stranger(), origin, Deed::failed(Act::SessionBegin, on, "credentials")).await
    }

    /// Stores a person's new password hash (after they proved the old one). Ends no session:
    /// see [`Catalog::end_sessions`].
    pub async fn set_own_password(
        &self,
        principal: &Principal,
        password_hash: &str,
        origin: &Origin,
    ) -> Result<()> {
        let user = principal.user_id().ok_or(Error::NotFound { what: "person" })?;
        let mut tx = self.db.begin().await?;
        store_password(&mut tx, user, password_hash).await?;
        self.audit(&mut tx, principal.actor(), origin, Deed::done(Act::PasswordChange, user)).await?;
        tx.commit().await
    }

    /// Uses a password link: sets the hash, ends every session of the person. `token_sha256` is the SHA-256 of
    /// the token. [`crate::Conflict::LinkSpent`] if it is unknown, used or too old.
    pub async fn use_password_link(
        &self,
        token_sha256: &[u8],
        password_hash: &str,
        origin: &Origin,
    ) -> Result<UserId> {
        let now = self.clock.now().0;
        let mut tx = self.db.begin().await?;
        let row = first!(
            &mut tx,
            (String,),
            "update password_links set used_at = $1 where token_hash = $2 and used_at is null and expires_at > $1 \
             returning user_id",
            now,
            token_sha256.to_vec(),
        )?;
        let user: UserId = id("password_links", &row.ok_or(Conflict::LinkSpent)?.0)?;
        store_password(&mut tx, user, password_hash).await?;
        exec!(&mut tx, "delete from sessions where user_id = $1", user.to_string())?;
        let actor = Actor::user(user, "password link");
        self.audit(&mut tx, &actor, origin, Deed::done(Act::PasswordReset, user)).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Sets a password from the command line; ends every session of the person.
    pub async fn set_password_of(
        &self,
        operator: &Principal,
        email: &str,
        password_hash: &str,
    ) -> Result<()> {
        operator.require_platform(Permission::ManageUsers)?;
        let found = self.find_sign_in(email).await?.ok_or(Error::NotFound { what: "person" })?;
        let mut tx = self.db.begin().await?;
        store_password(&mut tx, found.user_id, password_hash).await?;
        let by = operator.actor().key();
        exec!(&mut tx, "update users set password_by = $2 where id = $1", found.user_id.to_string(), by)?;
        exec!(&mut tx, "delete from sessions where user_id = $1", found.user_id.to_string())?;
        let deed = Deed::done(Act::PasswordReset, found.user_id);
        self.audit(&mut tx, operator.actor(), &Origin::here(), deed).await?;
        tx.commit().await
    }

    /// Adds an organisation from the command line.
    pub async fn create_tenant(&self, operator: &Principal, name: &str) -> Result<TenantId> {
        operator.require_platform(Permission::ManageUsers)?;
        let tenant = TenantId::new(self.clock.uuid());
        let mut tx = self.db.begin().await?;
        insert_tenant(&mut tx, tenant, name, self.clock.now().0).await?;
        let deed = Deed::done(Act::TenantCreate, tenant);
        self.audit(&mut tx, operator.actor(), &Origin::here(), deed).await?;
        tx.commit().await?;
        Ok(tenant)
    }
}

pub(super) async fn insert_tenant(tx: &mut Tx, tenant: TenantId, name: &str, now: i64) -> Result<()> {
    let made = exec!(
        tx,
        "insert into tenants (tenant_id, name, created_at) values ($1, $2, $3) on conflict do nothing",
        tenant.to_string(),
        storable(name),
        now,
    )?;
    if made == 0 { Err(Conflict::Duplicate.into()) } else { Ok(()) }
}
