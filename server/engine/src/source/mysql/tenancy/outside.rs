//! Foreign keys of other databases that refer to this one.
//!
//! What refers to a row decides whether the row may go, wherever it lies. Servers show such keys only to accounts
//! that may see the tables that have them; to accounts with PROCESS, InnoDB shows its own list of all.

use domain::sources::{DatabaseName, ServerFamily};

use super::keys::ForeignKey;
use crate::Result;
use crate::source::mysql::inspect::{Session, number, text};
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
) -> Result<Outside> {
    if let Some(prefix) = prefix(database.as_str())
        && let Some(keys) = of_innodb(session, family, &prefix).await
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
    let all = session
        .rows("SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE='SELECT'", &[])
        .await?;
    Ok(Outside { keys, complete: all.first().is_some_and(|row| number(row, 0) > 0) })
}

/// The keys by InnoDB's own list; nothing if the account may not see it, or if a name is written in a way of its own.
async fn of_innodb(session: &mut Session<'_>, family: ServerFamily, prefix: &str) -> Option<Vec<Referring>> {
    let (keys, columns) = match family {
        ServerFamily::Mariadb => ("INNODB_SYS_FOREIGN", "INNODB_SYS_FOREIGN_COLS"),
        ServerFamily::Mysql => ("INNODB_FOREIGN", "INNODB_FOREIGN_COLS"),
    };
    let length = prefix.len();
    let sql = format!(
        "SELECT k.FOR_NAME, k.ID, k.REF_NAME, c.FOR_COL_NAME, c.REF_COL_NAME FROM information_schema.{keys} k \
         JOIN information_schema.{columns} c ON c.ID=k.ID WHERE CAST(LEFT(k.REF_NAME,{length}) AS BINARY)='{prefix}' \
         AND CAST(LEFT(k.FOR_NAME,{length}) AS BINARY)<>'{prefix}' ORDER BY k.ID, c.POS"
    );
    // Whoever may not see it is answered with an error, and a connection that broke says so at the next question.
    let rows = session.rows(&sql, &[]).await.ok()?;
    let mut found = Vec::new();
    for parts in rows.chunk_by(|one, other| text(one, 1) == text(other, 1)) {
        let first = parts.first()?;
        let (from, to) = (text(first, 0), text(first, 2));
        let (database, table) = from.split_once('/')?;
        let id = text(first, 1);
        let name = id.rsplit_once('/').map_or(id.as_str(), |(_, name)| name);
        let columns = |column: usize| parts.iter().map(|part| text(part, column)).collect();
        found.push(referring(
            decoded(database)?,
            decoded(table)?,
            name.to_owned(),
            columns(3),
            decoded(to.get(length..)?)?,
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
