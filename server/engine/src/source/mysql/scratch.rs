//! A schema to restore into, and an account that can touch nothing else.
//!
//! Loading a dump runs whatever its author wrote. The real fence is the account: made for one load, with a
//! random password, with rights on one schema only, and removed afterwards. Names carry the time at which they
//! were made, so that what a killed worker left behind is recognised and removed by [`sweep`].

use domain::sources::{AccountName, DatabaseName, quote_identifier};
use domain::{Clock, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::connect::Endpoint;
use super::findings::grant_pattern;
use super::inspect::{Session, text};
use crate::{Error, Kind, Result};

/// Every scratch schema's name begins with this.
pub const PREFIX: &str = "holdfast_scratch_";

/// Every one-shot account's name begins with this.
const USER_PREFIX: &str = "hf_";

/// An account for one load into one schema.
pub struct OneShot {
    /// Server, account and password.
    pub endpoint: Endpoint,
    admin: Endpoint,
    account: String,
}

impl OneShot {
    /// Creates an account that has all rights on `database` and none elsewhere.
    pub async fn create(admin: &Endpoint, database: &DatabaseName, clock: &dyn Clock) -> Result<Self> {
        let user = format!("{USER_PREFIX}{}", stamp(clock)?);
        let password = random_hex(16)?;
        // Upper case, a digit and a sign: some servers insist.
        let password = SecretString::from(format!("Hf-1{password}"));
        let who = admin.shown();
        let mut conn = admin.connect().await?;
        let mut session = Session {
            conn: &mut conn,
            who: &who,
            attempt: format!("create an account for loading {database}"),
        };
        // The very address that the server sees: narrower than '%', and never shadowed by an anonymous account.
        let host = text(&session.row("SELECT SUBSTRING_INDEX(USER(),'@',-1)").await?, 0);
        let account = format!("'{user}'@'{}'", host.replace('\'', "''"));
        session.run(&format!("CREATE USER {account} IDENTIFIED BY '{}'", password.expose_secret())).await?;
        let literal = session.rows("SHOW GLOBAL VARIABLES LIKE 'partial\\_revokes'", &[]).await?;
        let literal = literal.first().is_some_and(|row| text(row, 1) == "ON");
        let pattern = if literal { database.quoted() } else { grant_pattern(database.as_str()) };
        let granted = session.run(&format!("GRANT ALL PRIVILEGES ON {pattern}.* TO {account}")).await;
        let endpoint = Endpoint {
            user: AccountName::new(user)
                .map_err(|error| Error::new(Kind::Input, "name an account", error.to_string()))?,
            password,
            ..admin.clone()
        };
        let one_shot = Self { endpoint, admin: admin.clone(), account };
        if let Err(error) = granted {
            let _removed = one_shot.remove().await;
            return Err(error);
        }
        let _closed = conn.disconnect().await;
        Ok(one_shot)
    }

    /// Removes the account.
    pub async fn remove(self) -> Result<()> {
        let who = self.admin.shown();
        let mut conn = self.admin.connect().await?;
        let mut session =
            Session { conn: &mut conn, who: &who, attempt: "remove an account made for loading".into() };
        session.run(&format!("DROP USER IF EXISTS {}", self.account)).await?;
        let _closed = conn.disconnect().await;
        Ok(())
    }
}

/// A schema for one verification, with its account.
pub struct Scratch {
    /// The account that loads.
    pub account: OneShot,
    /// The schema.
    pub database: DatabaseName,
}

impl Scratch {
    /// Creates both, with the source's default character set and collation.
    pub async fn create(admin: &Endpoint, charset: &str, collation: &str, clock: &dyn Clock) -> Result<Self> {
        let name = format!("{PREFIX}{}", stamp(clock)?);
        let database = DatabaseName::new(name)
            .map_err(|error| Error::new(Kind::Input, "name a scratch schema", error.to_string()))?;
        create_database(admin, &database, charset, collation).await?;
        match OneShot::create(admin, &database, clock).await {
            Ok(account) => Ok(Self { account, database }),
            Err(error) => {
                let _removed = drop_database(admin, &database).await;
                Err(error)
            }
        }
    }
    /// Where the schema is loaded and compared.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.account.endpoint
    }
    /// Removes both.
    pub async fn remove(self) -> Result<()> {
        let dropped = drop_database(&self.account.admin, &self.database).await;
        self.account.remove().await?;
        dropped
    }
}

/// Creates a database; it must not exist yet.
pub async fn create_database(
    admin: &Endpoint,
    database: &DatabaseName,
    charset: &str,
    collation: &str,
) -> Result<()> {
    let who = admin.shown();
    let mut conn = admin.connect().await?;
    let mut session =
        Session { conn: &mut conn, who: &who, attempt: format!("create the database {database}") };
    let known = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut sql = format!("CREATE DATABASE {}", database.quoted());
    if known(charset) && known(collation) {
        sql = format!("{sql} CHARACTER SET {charset} COLLATE {collation}");
    }
    session.run(&sql).await?;
    let _closed = conn.disconnect().await;
    Ok(())
}

/// Removes a database, if it is there.
pub async fn drop_database(admin: &Endpoint, database: &DatabaseName) -> Result<()> {
    let who = admin.shown();
    let mut conn = admin.connect().await?;
    let mut session =
        Session { conn: &mut conn, who: &who, attempt: format!("remove the database {database}") };
    session.run(&format!("DROP DATABASE IF EXISTS {}", database.quoted())).await?;
    let _closed = conn.disconnect().await;
    Ok(())
}

/// Removes scratch schemas and one-shot accounts made before `before`, and says which.
pub async fn sweep(admin: &Endpoint, before: Timestamp) -> Result<Vec<String>> {
    let who = admin.shown();
    let mut conn = admin.connect().await?;
    let mut session =
        Session { conn: &mut conn, who: &who, attempt: "remove what interrupted verifications left".into() };
    let mut removed = Vec::new();
    let schemas = session
        .rows("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'holdfast\\_scratch\\_%'", &[])
        .await?;
    for name in schemas.iter().map(|row| text(row, 0)) {
        if made_at(name.strip_prefix(PREFIX)).is_some_and(|at| at < before) {
            session.run(&format!("DROP DATABASE IF EXISTS {}", quote_identifier(&name))).await?;
            removed.push(name);
        }
    }
    let users = session.rows("SELECT User, Host FROM mysql.user WHERE User LIKE 'hf\\_%'", &[]).await?;
    for (user, host) in users.iter().map(|row| (text(row, 0), text(row, 1))) {
        if made_at(user.strip_prefix(USER_PREFIX)).is_some_and(|at| at < before) {
            session.run(&format!("DROP USER IF EXISTS '{user}'@'{}'", host.replace('\'', "''"))).await?;
            removed.push(user);
        }
    }
    let _closed = conn.disconnect().await;
    Ok(removed)
}

/// Whether an account's name is one of those made for one load.
pub(super) fn is_one_shot(user: &str) -> bool {
    made_at(user.strip_prefix(USER_PREFIX)).is_some()
}

/// Twelve hexadecimal digits of milliseconds and twelve of chance.
fn stamp(clock: &dyn Clock) -> Result<String> {
    Ok(format!("{:012x}{}", clock.now().millis().max(0), random_hex(6)?))
}

fn made_at(stamp: Option<&str>) -> Option<Timestamp> {
    let stamp =
        stamp.filter(|stamp| stamp.len() == 24 && stamp.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    i64::from_str_radix(&stamp[..12], 16).ok().map(Timestamp)
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0u8; bytes];
    getrandom::fill(&mut random).map_err(|error| {
        Error::new(Kind::Key, "make a random password", "the system gives no random numbers").caused_by(error)
    })?;
    Ok(hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_have_an_age() {
        assert_eq!(made_at(Some("0000000003e8aabbccddeeff")), Some(Timestamp(1000)));
        assert_eq!(made_at(Some("important")), None);
        assert_eq!(made_at(Some("zzzzzzzzzzzzaabbccddeeff")), None);
        assert_eq!(made_at(None), None);
    }
}
