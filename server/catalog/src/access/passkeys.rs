//! Passkeys of people: a second factor, and a way to sign in without a password.

use domain::{
    Timestamp, UserId,
    audit::{Act, Deed, Field, Origin},
    sources::Label,
};

use super::{
    principal::Principal,
    second_factors::{end_codes_without_factor, person},
};
use crate::{
    Catalog, Conflict,
    db::{all, exec, first},
    decode::{id, storable},
    error::{Error, Result},
};

/// Passkeys that one person may have.
pub const MOST_PASSKEYS: u32 = 20;

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPasskey {
    /// Whose.
    pub user_id: UserId,
    /// Which; means nothing else.
    pub id: String,
    /// What its person calls it.
    pub name: String,
    /// Public key, counter and kind, as JSON.
    pub credential: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

type Row = (String, String, String, String, i64, Option<i64>);

fn read((user, passkey, name, credential, created_at, last_used_at): Row) -> Result<StoredPasskey> {
    Ok(StoredPasskey {
        user_id: id("passkeys", &user)?,
        id: passkey,
        name,
        credential,
        created_at: Timestamp(created_at),
        last_used_at: last_used_at.map(Timestamp),
    })
}

impl Catalog {
    /// A person's passkeys, the oldest first.
    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<StoredPasskey>> {
        let mut reader = self.db.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select user_id, id, name, credential, created_at, last_used_at from passkeys where user_id = $1 \
             order by created_at, id",
            user.to_string(),
        )?;
        rows.into_iter().map(read).collect()
    }

    /// The passkey of this id, with the address of its person. Nothing if there is none, or its person may not sign in.
    pub async fn find_passkey(&self, credential_id: &[u8]) -> Result<Option<(StoredPasskey, String)>> {
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (String, String, String, String, i64, Option<i64>, String),
            "select p.user_id, p.id, p.name, p.credential, p.created_at, p.last_used_at, u.email from passkeys p \
             join users u on u.id = p.user_id where p.credential_id = $1 and u.enabled = 1",
            credential_id.to_vec(),
        )?;
        let read = |(user, id, name, credential, created_at, used_at, email)| {
            Ok((read((user, id, name, credential, created_at, used_at))?, email))
        };
        row.map(read).transpose()
    }

    /// Adds one. [`Conflict::Duplicate`] if it is somebody's already, or there are as many as one may have.
    pub async fn add_passkey(
        &self,
        principal: &Principal,
        name: &Label,
        (credential_id, credential): (&[u8], &str),
        origin: &Origin,
    ) -> Result<()> {
        let user = person(principal)?;
        let mut tx = self.db.begin().await?;
        let added = exec!(
            &mut tx,
            "insert into passkeys (user_id, id, name, credential_id, credential, created_at) \
             select $1, $2, $3, $4, $5, $6 where (select count(*) from passkeys where user_id = $1) < $7 \
             on conflict do nothing",
            user.to_string(),
            self.clock.uuid().to_string(),
            storable(name.as_str()),
            credential_id.to_vec(),
            credential,
            self.clock.now().0,
            i64::from(MOST_PASSKEYS),
        )?;
        if added == 0 {
            return Err(Conflict::Duplicate.into());
        }
        let deed =
            Deed::done(Act::SecondFactorAdd, user).after(Field::Format, "passkey").after(Field::Label, name);
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }

    /// Takes one away. Without another factor the recovery codes end too. Somebody else's is not found.
    pub async fn remove_passkey(&self, principal: &Principal, passkey: &str, origin: &Origin) -> Result<()> {
        let user = person(principal)?;
        let mut tx = self.db.begin().await?;
        let removed = exec!(
            &mut tx,
            "delete from passkeys where user_id = $1 and id = $2",
            user.to_string(),
            storable(passkey),
        )?;
        if removed == 0 {
            return Err(Error::NotFound { what: "passkey" });
        }
        end_codes_without_factor(&mut tx, user).await?;
        let deed = Deed::done(Act::SecondFactorRemove, user).before(Field::Format, "passkey");
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }

    /// One was used: keeps its counter. False if it is gone, or somebody else used it at the same moment.
    pub async fn passkey_used(&self, passkey: &StoredPasskey, credential: &str) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let kept = exec!(
            &mut tx,
            "update passkeys set credential = $3, last_used_at = $4 where user_id = $1 and id = $2 and credential = $5",
            passkey.user_id.to_string(),
            passkey.id.as_str(),
            credential,
            self.clock.now().0,
            passkey.credential.as_str(),
        )?;
        tx.commit().await?;
        Ok(kept == 1)
    }
}
