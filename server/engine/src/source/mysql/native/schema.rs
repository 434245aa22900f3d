//! Definitions as SQL, in an order in which they can be created.

use domain::sources::{DatabaseName, quote_identifier};
use mysql_async::Conn;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    source::{
        inventory::Inventory,
        mysql::inspect::{Session, number, optional, text},
    },
};

/// What every session that loads must say first.
///
/// * utf8mb4, because that is what text is written in;
/// * UTC, because TIMESTAMP was read in it;
/// * an SQL mode under which a backslash escapes, zero stays zero in an AUTO_INCREMENT column, and zero dates and
///   the 31st of February are accepted as they were;
/// * no checks of keys, because rows come in the order of tables and not of references.
pub const PREAMBLE: &str = "SET NAMES utf8mb4;\nSET SESSION time_zone='+00:00', sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks=0, unique_checks=0;\n";

/// A sequence of MariaDB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// Statements that make it and set it to where it stood.
    pub statements: Vec<String>,
}

/// Reads the sequences of a database.
pub async fn sequences(
    conn: &mut Conn,
    who: &str,
    database: &DatabaseName,
    inventory: &Inventory,
) -> Result<Vec<Sequence>> {
    let mut session = Session { conn, who, attempt: format!("read the sequences of {database}") };
    let mut all = Vec::new();
    for name in &inventory.sequences {
        let quoted = quote_identifier(name);
        let create = session.row(&format!("SHOW CREATE SEQUENCE {}.{quoted}", database.quoted())).await?;
        let stands = session
            .row(&format!("SELECT next_not_cached_value, cycle_count FROM {}.{quoted}", database.quoted()))
            .await?;
        let next = optional(&stands, 0).unwrap_or_default();
        let create = unqualified(&text(&create, 1), database);
        all.push(Sequence {
            name: name.clone(),
            statements: vec![create, format!("DO SETVAL({quoted}, {next}, 0, {})", number(&stands, 1))],
        });
    }
    Ok(all)
}

/// `CREATE SEQUENCE` as the server prints it may name the database, which is another one at the target.
fn unqualified(create: &str, database: &DatabaseName) -> String {
    create.replacen(&format!("CREATE SEQUENCE {}.", database.quoted()), "CREATE SEQUENCE ", 1)
}

/// Everything that makes empty tables, as a script for a stock client.
pub fn script(inventory: &Inventory, sequences: &[Sequence]) -> String {
    let mut text = String::new();
    for statement in sequences.iter().flat_map(|sequence| &sequence.statements) {
        text.push_str(statement);
        text.push_str(";\n");
    }
    for table in inventory.in_order() {
        text.push_str(&table.create_sql);
        text.push_str(";\n");
        if let Some(next) = table.auto_increment {
            text.push_str(&format!("ALTER TABLE {} AUTO_INCREMENT={next};\n", quote_identifier(&table.name)));
        }
    }
    text
}
