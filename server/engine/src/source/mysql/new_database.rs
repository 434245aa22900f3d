//! A database that a restore makes, and how it is known to be its own.
//!
//! A worker may die at any moment, and the next one must remove exactly what the first one made. Servers do not
//! remember who created a database, so the maker puts a table into it whose name carries the maker's id: first of
//! all, and away again when everything is there and compared. Until then the table also tells everybody who looks
//! that this database is not whole. Nothing is ever removed without it, but for a database that is empty.

use domain::sources::{DatabaseName, quote_identifier};
use uuid::Uuid;

use super::{
    connect::Endpoint,
    findings::grant_pattern,
    inspect::{Session, number, text},
    scratch,
};
use crate::{Error, Kind, Result};

const PREFIX: &str = "holdfast_restoring_";

/// Who makes a database: the name of the table by which it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker(String);

impl Maker {
    /// The maker with this id: a run's, or one made up for the occasion.
    pub fn new(id: Uuid) -> Self {
        Self(format!("{PREFIX}{}", id.simple()))
    }
    /// The table.
    pub fn table(&self) -> &str {
        &self.0
    }
}

/// Whether a table is such a mark, whoever made it.
pub fn is_mark(table: &str) -> bool {
    table.strip_prefix(PREFIX).is_some_and(|id| Uuid::try_parse(id).is_ok())
}

/// What there is under the name of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// What this maker made, and did not finish.
    Ours,
    /// A database with nothing in it: this maker died between two statements, or it is somebody else's.
    Empty,
    /// A database with something in it that this maker did not make, or has finished.
    Other,
}

/// A database to be made, on a server whose account may do that.
#[derive(Debug, Clone, Copy)]
pub struct NewDatabase<'a> {
    /// Server and account.
    pub endpoint: &'a Endpoint,
    /// The name.
    pub database: &'a DatabaseName,
    /// Who makes it.
    pub maker: &'a Maker,
}

impl NewDatabase<'_> {
    /// Looks.
    pub async fn look(self) -> Result<Found> {
        let who = self.endpoint.shown();
        let mut conn = self.endpoint.connect().await?;
        let mut session =
            Session { conn: &mut conn, who: &who, attempt: format!("see whether {} exists", self.database) };
        let name = self.database.as_str();
        let count = |rows: Vec<mysql_async::Row>| rows.first().map_or(0, |row| number(row, 0));
        let there = session
            .rows("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=?", &[name])
            .await?;
        if count(there) == 0 {
            return Ok(Found::Nothing);
        }
        let ours = session
            .rows(
                "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA=? AND TABLE_NAME=?",
                &[name, self.maker.table()],
            )
            .await?;
        if count(ours) > 0 {
            return Ok(Found::Ours);
        }
        let objects = session
            .rows(
                "SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA=?) \
                 + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA=?) \
                 + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA=?)",
                &[name, name, name],
            )
            .await?;
        let _closed = conn.disconnect().await;
        Ok(if count(objects) == 0 { Found::Empty } else { Found::Other })
    }

    /// Creates it with its mark; it must not exist yet.
    pub async fn create(self, charset: &str, collation: &str) -> Result<()> {
        scratch::create_database(self.endpoint, self.database, charset, collation).await?;
        crate::pipeline::failpoint("restore.unmarked");
        let mark = format!(
            "CREATE TABLE {}.{} (id INT PRIMARY KEY) COMMENT='Holdfast is restoring into this database. It is not whole yet.'",
            self.database.quoted(),
            quote_identifier(self.maker.table())
        );
        let marked = self.run("mark the new database as being restored", &mark).await;
        if marked.is_err() {
            // Made a moment ago, and nothing is in it.
            let _removed = scratch::drop_database(self.endpoint, self.database).await;
        }
        marked
    }

    /// Removes what this maker made and did not finish. Says whether there was something; a database of somebody
    /// else is an error.
    pub async fn remove(self) -> Result<bool> {
        match self.look().await? {
            Found::Nothing => return Ok(false),
            Found::Ours | Found::Empty => {}
            Found::Other => {
                let attempt = format!("remove the unfinished database {}", self.database);
                return Err(Error::new(
                    Kind::Input,
                    attempt,
                    "what is there now was not made by this run, or was finished",
                )
                .hint("Nothing was removed. Look at it, and drop it by hand if nobody needs it."));
            }
        }
        self.end_loaders().await;
        scratch::drop_database(self.endpoint, self.database).await?;
        Ok(true)
    }

    /// It is whole: takes the mark away. Repeating it is harmless.
    pub async fn finish(self) -> Result<()> {
        let sql = format!(
            "DROP TABLE IF EXISTS {}.{}",
            self.database.quoted(),
            quote_identifier(self.maker.table())
        );
        self.run("take the mark off the restored database", &sql).await
    }

    /// Accounts that a dead worker made for loading into it, with what they still do. An account that may not look
    /// leaves them: they can touch nothing but what is dropped now.
    async fn end_loaders(self) {
        let who = self.endpoint.shown();
        let Ok(mut conn) = self.endpoint.connect().await else { return };
        let mut session = Session { conn: &mut conn, who: &who, attempt: "end interrupted loading".into() };
        let pattern = grant_pattern(self.database.as_str());
        let pattern = pattern.trim_matches('`').replace("``", "`");
        let accounts = session
            .rows(
                "SELECT User, Host FROM mysql.db WHERE Db IN (?, ?) AND User LIKE 'hf\\_%'",
                &[self.database.as_str(), &pattern],
            )
            .await
            .unwrap_or_default();
        for (user, host) in accounts.iter().map(|row| (text(row, 0), text(row, 1))) {
            if !scratch::is_one_shot(&user) {
                continue;
            }
            let busy = session
                .rows("SELECT ID FROM information_schema.PROCESSLIST WHERE USER=?", &[&user])
                .await
                .unwrap_or_default();
            for id in busy.iter().map(|row| number(row, 0)) {
                let _ended = session.run(&format!("KILL {id}")).await;
            }
            let host = host.replace('\'', "''");
            let _removed = session.run(&format!("DROP USER IF EXISTS '{user}'@'{host}'")).await;
        }
        let _closed = conn.disconnect().await;
    }

    async fn run(self, attempt: &str, sql: &str) -> Result<()> {
        let who = self.endpoint.shown();
        let mut conn = self.endpoint.connect().await?;
        let mut session = Session { conn: &mut conn, who: &who, attempt: attempt.to_owned() };
        session.run(sql).await?;
        let _closed = conn.disconnect().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_told_from_a_table_of_somebody() {
        let maker = Maker::new(Uuid::from_u128(7));
        assert!(is_mark(maker.table()) && maker.table().len() <= 64);
        assert!(!is_mark("holdfast_restoring_soon") && !is_mark("controls"));
    }
}
