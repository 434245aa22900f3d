//! What a person has besides a password, and its use. A code is used up by the statement that accepts it, so that of two
//! equal codes at once one is refused.

use domain::{
    Timestamp, UserId,
    access::Permission,
    audit::{Act, Deed, Field, Origin},
};

use super::principal::Principal;
use crate::{
    Catalog, Conflict, Sealed,
    audit::Actor,
    db::{AsConn, Tx, exec, first},
    decode::number,
    error::{Error, Result},
};

/// The secret of a person's authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTotp {
    /// The secret, sealed.
    pub sealed: Sealed,
    /// Whether a first code was typed back; before that it is no factor.
    pub is_confirmed: bool,
}

/// What a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecondFactors {
    /// Since when an authenticator app.
    pub app_since: Option<Timestamp>,
    /// How many passkeys.
    pub passkeys: u32,
    /// Recovery codes that were not used.
    pub codes_left: u32,
}

impl SecondFactors {
    /// Whether there is any. Recovery codes alone are none: they stand in for one.
    pub const fn is_any(&self) -> bool {
        self.app_since.is_some() || self.passkeys > 0
    }
}

pub(super) fn person(principal: &Principal) -> Result<UserId> {
    match principal.user_id() {
        Some(user) if !principal.is_token() => Ok(user),
        _ => Err(Error::NotFound { what: "person" }),
    }
}

pub(super) async fn factors_of(on: &mut impl AsConn, user: UserId) -> Result<SecondFactors> {
    let app = first!(
        on,
        (i64,),
        "select confirmed_at from totp_secrets where user_id = $1 and confirmed_at is not null",
        user.to_string(),
    )?;
    let passkeys = first!(on, (i64,), "select count(*) from passkeys where user_id = $1", user.to_string())?;
    let codes = first!(
        on,
        (i64,),
        "select count(*) from recovery_codes where user_id = $1 and used_at is null",
        user.to_string(),
    )?;
    let codes_left = number("recovery_codes", codes.map_or(0, |(count,)| count))?;
    let passkeys = number("passkeys", passkeys.map_or(0, |(count,)| count))?;
    Ok(SecondFactors { app_since: app.map(|(at,)| Timestamp(at)), passkeys, codes_left })
}

/// Recovery codes stand in for a factor: without one they open nothing.
pub(super) async fn end_codes_without_factor(tx: &mut Tx, user: UserId) -> Result<()> {
    if !factors_of(tx, user).await?.is_any() {
        exec!(tx, "delete from recovery_codes where user_id = $1", user.to_string())?;
    }
    Ok(())
}

async fn store_codes(tx: &mut Tx, user: UserId, codes: &[Vec<u8>], now: i64) -> Result<()> {
    exec!(tx, "delete from recovery_codes where user_id = $1", user.to_string())?;
    for code in codes {
        exec!(
            tx,
            "insert into recovery_codes (user_id, hash, created_at) values ($1, $2, $3)",
            user.to_string(),
            code.clone(),
            now,
        )?;
    }
    Ok(())
}

impl Catalog {
    /// The key to what is needed for signing in, wrapped by the root.
    pub async fn sign_in_key(&self) -> Result<Option<Sealed>> {
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (Vec<u8>,),
            "select sign_in_key from installation where sign_in_key is not null"
        )?;
        Ok(row.map(|(bytes,)| Sealed(bytes)))
    }

    /// Stores that key unless there is one, and gives the one that is stored.
    pub async fn keep_sign_in_key(&self, wrapped: Sealed) -> Result<Sealed> {
        let mut tx = self.db.begin().await?;
        exec!(&mut tx, "update installation set sign_in_key = $1 where sign_in_key is null", wrapped.0)?;
        tx.commit().await?;
        self.sign_in_key().await?.ok_or(Error::NotFound { what: "installation" })
    }

    /// What a person has.
    pub async fn second_factors(&self, user: UserId) -> Result<SecondFactors> {
        let mut reader = self.db.read().await?;
        factors_of(&mut reader, user).await
    }

    /// The secret of a person's authenticator app.
    pub async fn find_totp(&self, user: UserId) -> Result<Option<StoredTotp>> {
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (Vec<u8>, Option<i64>),
            "select sealed, confirmed_at from totp_secrets where user_id = $1",
            user.to_string(),
        )?;
        Ok(row.map(|(sealed, at)| StoredTotp { sealed: Sealed(sealed), is_confirmed: at.is_some() }))
    }

    /// Keeps a secret that waits for its first code, in place of another that waits. [`Conflict::Duplicate`] if the
    /// person has an authenticator app.
    pub async fn offer_totp(&self, principal: &Principal, sealed: Sealed) -> Result<()> {
        let user = person(principal)?;
        let mut tx = self.db.begin().await?;
        let kept = exec!(
            &mut tx,
            "insert into totp_secrets (user_id, sealed, created_at, last_step) values ($1, $2, $3, 0) \
             on conflict (user_id) do update set sealed = excluded.sealed, created_at = excluded.created_at, \
             last_step = 0 where totp_secrets.confirmed_at is null",
            user.to_string(),
            sealed.0,
            self.clock.now().0,
        )?;
        if kept == 0 {
            return Err(Conflict::Duplicate.into());
        }
        tx.commit().await
    }

    /// The first code was right: from now on the app is a factor. `codes` are the hashes of fresh recovery codes.
    /// `sealed` says which secret the code was of: another one may have been offered meanwhile.
    pub async fn confirm_totp(
        &self,
        principal: &Principal,
        (sealed, step): (&Sealed, i64),
        codes: &[Vec<u8>],
        origin: &Origin,
    ) -> Result<()> {
        let user = person(principal)?;
        let now = self.clock.now().0;
        let mut tx = self.db.begin().await?;
        let confirmed = exec!(
            &mut tx,
            "update totp_secrets set confirmed_at = $3, last_step = $4 where user_id = $1 and sealed = $2 \
             and confirmed_at is null",
            user.to_string(),
            sealed.0.clone(),
            now,
            step,
        )?;
        if confirmed == 0 {
            return Err(Conflict::Stale.into());
        }
        store_codes(&mut tx, user, codes, now).await?;
        let deed = Deed::done(Act::SecondFactorAdd, user).after(Field::Format, "authenticator_app");
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }

    /// Uses up the code of an interval. False if it, or a later one, was used before.
    pub async fn use_totp_step(&self, user: UserId, step: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let used = exec!(
            &mut tx,
            "update totp_secrets set last_step = $2 where user_id = $1 and confirmed_at is not null and last_step < $2",
            user.to_string(),
            step,
        )?;
        tx.commit().await?;
        Ok(used == 1)
    }

    /// Takes the authenticator app away. Without another factor the recovery codes end too.
    pub async fn remove_totp(&self, principal: &Principal, origin: &Origin) -> Result<()> {
        let user = person(principal)?;
        let mut tx = self.db.begin().await?;
        let removed = exec!(&mut tx, "delete from totp_secrets where user_id = $1", user.to_string())?;
        if removed == 0 {
            return Err(Error::NotFound { what: "authenticator app" });
        }
        end_codes_without_factor(&mut tx, user).await?;
        let deed = Deed::done(Act::SecondFactorRemove, user).before(Field::Format, "authenticator_app");
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }

    /// Puts fresh recovery codes in place of the old ones. Only for who has a second factor.
    pub async fn replace_recovery_codes(
        &self,
        principal: &Principal,
        codes: &[Vec<u8>],
        origin: &Origin,
    ) -> Result<()> {
        let user = person(principal)?;
        let mut tx = self.db.begin().await?;
        if !factors_of(&mut tx, user).await?.is_any() {
            return Err(Error::NotFound { what: "second factor" });
        }
        store_codes(&mut tx, user, codes, self.clock.now().0).await?;
        let count = i64::try_from(codes.len()).unwrap_or(i64::MAX);
        let deed = Deed::done(Act::RecoveryCodesMake, user).after(Field::Count, count);
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }

    /// Takes everything away that a person has besides a password, for whoever lost it; their sessions end. Only for the
    /// command line: whoever could do it over the network would be a way around every second factor.
    pub async fn forget_second_factors(&self, operator: &Principal, email: &str) -> Result<()> {
        operator.require_platform(Permission::ManageUsers)?;
        if operator.user_id().is_some() {
            return Err(Error::NotFound { what: "second factor" });
        }
        let user = self.find_sign_in(email).await?.ok_or(Error::NotFound { what: "person" })?.user_id;
        let mut tx = self.db.begin().await?;
        exec!(&mut tx, "delete from totp_secrets where user_id = $1", user.to_string())?;
        exec!(&mut tx, "delete from passkeys where user_id = $1", user.to_string())?;
        exec!(&mut tx, "delete from recovery_codes where user_id = $1", user.to_string())?;
        exec!(&mut tx, "delete from sessions where user_id = $1", user.to_string())?;
        let deed = Deed::done(Act::SecondFactorRemove, user).before(Field::Format, "all");
        self.audit(&mut tx, operator.actor(), &Origin::here(), deed).await?;
        tx.commit().await
    }

    /// Uses up a recovery code. False if it is none of the person's, or was used before.
    pub async fn use_recovery_code(&self, user: UserId, hash: &[u8], origin: &Origin) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let used = exec!(
            &mut tx,
            "update recovery_codes set used_at = $3 where user_id = $1 and hash = $2 and used_at is null",
            user.to_string(),
            hash.to_vec(),
            self.clock.now().0,
        )?;
        if used == 0 {
            return Ok(false);
        }
        let name = first!(&mut tx, (String,), "select name from users where id = $1", user.to_string())?;
        let (name,) = name.ok_or(Error::NotFound { what: "person" })?;
        let left = i64::from(factors_of(&mut tx, user).await?.codes_left);
        let deed = Deed::done(Act::RecoveryCodeUse, user).after(Field::Count, left);
        self.audit(&mut tx, &Actor::user(user, &name), origin, deed).await?;
        tx.commit().await?;
        Ok(true)
    }
}
