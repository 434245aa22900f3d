//! Foreign keys of other databases that refer to this one.
//!
//! What refers to a row decides whether the row may go, wherever it lies. Servers show such keys only to accounts
//! that may see the tables that have them; to accounts with PROCESS, InnoDB shows its own list of all.

use domain::sources::{DatabaseName, ServerFamily};

use super::keys::ForeignKey;
use crate::Result;
use crate::source::mysql::grants::Grants;
use crate::source::mysql::inspect::{Session, text};
use crate::source::mysql::native::incarnation::{decoded, prefix};

/// A foreign key of a table in another database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referring {
    /// That database.
    pub database: String,
    /// The key; it refers to a table of this database.
    pub key: ForeignKey,
}

/// What refers to a database from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outside {
    /// The keys.
    pub keys: Vec<Referring>,
    /// Whether these are all, or only those that the account may see.
    pub complete: bool,
}

/// Reads them.
pub async fn read(
    session: &mut Session<'_>,
    family: ServerFamily,
    database: &DatabaseName,
    grants: &Grants,
) -> Result<Outside> {
    // Asked for by privilege: a list that is cut down to what an account may see would look whole.
    if grants.global("PROCESS")
        && let Some(keys) = of_innodb(session, family, database.as_str()).await
    {
        return Ok(Outside { keys, complete: true });
    }
    let usage = session
        .rows(
            "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, \
             REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
             WHERE REFERENCED_TABLE_SCHEMA=? AND TABLE_SCHEMA<>? \
             ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
            &[database.as_str(), database.as_str()],
        )
        .await?;
    let same = |one: &mysql_async::Row, other: &mysql_async::Row| {
        (0..3).all(|column| text(one, column) == text(other, column))
    };
    let keys = usage.chunk_by(same).filter_map(|parts| {
        let first = parts.first()?;
        let columns = |column: usize| parts.iter().map(|part| text(part, column)).collect();
        Some(referring(
            text(first, 0),
            text(first, 1),
            text(first, 2),
            columns(3),
            text(first, 4),
            columns(5),
        ))
    });
    let keys = keys.collect();
    // Whoever may read everything sees everything.
    Ok(Outside { keys, complete: grants.global("SELECT") })
}

/// The keys by InnoDB's own list; nothing if the account may not see it, or if a name is written in a way of its own.
async fn of_innodb(
    session: &mut Session<'_>,
    family: ServerFamily,
    database: &str,
) -> Option<Vec<Referring>> {
    let (keys, columns) = match family {
        ServerFamily::Mariadb => ("INNODB_SYS_FOREIGN", "INNODB_SYS_FOREIGN_COLS"),
        ServerFamily::Mysql => ("INNODB_FOREIGN", "INNODB_FOREIGN_COLS"),
    };
    // As InnoDB writes the name; where the list is made from the dictionary, as it is.
    let written = prefix(database)?;
    let written = written.strip_suffix('/').unwrap_or(&written);
    let own = format!("X'{}',X'{}'", hex::encode(written), hex::encode(database));
    let sql = format!(
        "SELECT k.FOR_NAME, k.ID, k.REF_NAME, c.FOR_COL_NAME, c.REF_COL_NAME FROM information_schema.{keys} k \
         JOIN information_schema.{columns} c ON c.ID=k.ID WHERE CAST(SUBSTRING_INDEX(k.REF_NAME,'/',1) AS BINARY) IN ({own}) \
         AND CAST(SUBSTRING_INDEX(k.FOR_NAME,'/',1) AS BINARY) NOT IN ({own}) ORDER BY k.ID, c.POS"
    );
    // Whoever may not see it is answered with an error, and a connection that broke says so at the next question.
    let rows = session.rows(&sql, &[]).await.ok()?;
    let mut found = Vec::new();
    for parts in rows.chunk_by(|one, other| text(one, 1) == text(other, 1)) {
        let first = parts.first()?;
        let (from, to) = (text(first, 0), text(first, 2));
        let (database, table) = from.split_once('/')?;
        let (_, parent) = to.split_once('/')?;
        let plain = |name: &str| decoded(name).unwrap_or_else(|| name.to_owned());
        let id = text(first, 1);
        let name = id.rsplit_once('/').map_or(id.as_str(), |(_, name)| name);
        let columns = |column: usize| parts.iter().map(|part| text(part, column)).collect();
        found.push(referring(
            plain(database),
            plain(table),
            name.to_owned(),
            columns(3),
            plain(parent),
            columns(4),
        ));
    }
    Some(found)
}

fn referring(
    database: String,
    table: String,
    name: String,
    columns: Vec<String>,
    references_table: String,
    references_columns: Vec<String>,
) -> Referring {
    let key = ForeignKey {
        table,
        name,
        columns,
        references_database: None,
        references_table,
        references_columns,
        on_delete: String::new(),
        on_update: String::new(),
        nullable: true,
    };
    Referring { database, key }
}
