//! Whether a name still means the table that it meant.
//!
//! Two tables of the same definition may exchange their names, or a table may be dropped and made again: definitions
//! at the beginning and at the end are equal then, and a snapshot reads one table under the name of another without
//! a complaint, because the server keeps old rows but not old names. InnoDB numbers its tables, and the number goes
//! with the table wherever it is renamed to. It shows the numbers to accounts with PROCESS only; for others there is
//! the second in which a table was made. Tables that were made in the same second are not told apart by it, and a
//! backup says so.

use std::collections::{BTreeMap, BTreeSet};

use domain::sources::{DatabaseName, ServerFamily};
use mysql_async::{Conn, prelude::Queryable};

use crate::{
    Result,
    source::mysql::inspect::{Session, text},
};

/// What each name meant when they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incarnations {
    names: BTreeMap<String, String>,
    /// Whether it is only known in which second each was made.
    by_second: bool,
}

impl Incarnations {
    /// Reads them.
    pub async fn read(
        conn: &mut Conn,
        who: &str,
        family: ServerFamily,
        database: &DatabaseName,
    ) -> Result<Self> {
        if let Some(prefix) = prefix(database.as_str()) {
            let numbers = match family {
                ServerFamily::Mariadb => "INNODB_SYS_TABLES",
                ServerFamily::Mysql => "INNODB_TABLES",
            };
            let sql = format!(
                "SELECT NAME, CAST(TABLE_ID AS CHAR) FROM information_schema.{numbers} WHERE LEFT(NAME,{})='{prefix}'",
                prefix.len()
            );
            // Whoever may not see them is answered with an error, and a connection that broke says so below.
            if let Ok(rows) = conn.query::<(String, String), _>(sql).await {
                let own = rows.into_iter().filter_map(|(name, number)| {
                    let name = name.get(prefix.len()..)?.to_owned();
                    (!is_internal(&name)).then_some((name, number))
                });
                return Ok(Self { names: own.collect(), by_second: false });
            }
        }
        let mut session =
            Session { conn, who, attempt: format!("read when the tables of {database} were made") };
        let rows = session
            .rows(
                "SELECT TABLE_NAME, CAST(CREATE_TIME AS CHAR) FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA=? AND TABLE_TYPE<>'VIEW'",
                &[database.as_str()],
            )
            .await?;
        let names = rows.iter().map(|row| (text(row, 0), text(row, 1))).collect();
        Ok(Self { names, by_second: true })
    }

    /// Whether two tables could exchange their names unnoticed, because all that is known of them is equal.
    pub fn is_blurred(&self) -> bool {
        let mut seconds = BTreeSet::new();
        self.by_second && !self.names.values().all(|second| seconds.insert(second))
    }

    /// The names that mean something else now, or nothing.
    pub fn changed(&self, now: &Self) -> BTreeSet<String> {
        let names: BTreeSet<&String> = self.names.keys().chain(now.names.keys()).collect();
        let other = names.into_iter().filter(|name| self.names.get(*name) != now.names.get(*name));
        other.map(|name| table_of(name)).collect()
    }
}

/// How InnoDB writes the database in a table's name. Nothing for names that it writes in ways of its own.
pub fn prefix(database: &str) -> Option<String> {
    let mut prefix = String::new();
    for letter in database.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => prefix.push(letter),
            other if other.is_ascii() => prefix.push_str(&format!("@{:04x}", u32::from(other))),
            _ => return None,
        }
    }
    prefix.push('/');
    Some(prefix)
}

/// What the server makes beside tables: for a statement that is under way, or to search text.
fn is_internal(name: &str) -> bool {
    let number = name.strip_prefix("FTS_").and_then(|rest| rest.get(..16));
    name.starts_with("#sql")
        || number.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The table of a partition, with the signs that InnoDB spells.
fn table_of(name: &str) -> String {
    let end = name.find("#p#").or_else(|| name.find("#P#")).unwrap_or(name.len());
    let name = name.get(..end).unwrap_or(name);
    decoded(name).unwrap_or_else(|| name.to_owned())
}

/// A name as InnoDB writes it, in letters. Nothing for names that it writes in ways of its own.
pub fn decoded(name: &str) -> Option<String> {
    let (mut rest, mut plain) = (name, String::new());
    while let Some(at) = rest.find('@') {
        plain.push_str(rest.get(..at)?);
        let digits = rest.get(at + 1..at + 5)?;
        plain.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = rest.get(at + 5..)?;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_innodb_writes_them() {
        assert_eq!(prefix("my-app_1").as_deref(), Some("my@002dapp_1/"));
        assert_eq!(prefix("b\u{fc}cher"), None);
        assert_eq!(table_of("led@0060ger#P#p0"), "led`ger");
        assert_eq!((table_of("a@b"), decoded("a@b"), decoded("a@0@1")), ("a@b".to_owned(), None, None));
        assert!(is_internal("FTS_0000000000000042_INDEX_1") && is_internal("#sql-ib12"));
        assert!(!is_internal("FTS_notes") && !is_internal("orders"));
    }

    #[test]
    fn exchanged_names_are_told() {
        let of = |pairs: [(&str, &str); 2]| {
            let names = pairs.map(|(name, number)| (name.to_owned(), number.to_owned())).into();
            Incarnations { names, by_second: false }
        };
        let same = of([("a", "1"), ("b", "1")]);
        assert!(!same.is_blurred() && Incarnations { by_second: true, ..same }.is_blurred());
        assert!(!Incarnations { by_second: true, ..of([("a", "1"), ("b", "2")]) }.is_blurred());
        let before = of([("a", "1"), ("b", "2")]);
        assert!(before.changed(&before).is_empty());
        assert_eq!(before.changed(&of([("a", "2"), ("b", "1")])), ["a", "b"].map(str::to_owned).into());
        assert_eq!(before.changed(&of([("a", "1"), ("c", "2")])), ["b", "c"].map(str::to_owned).into());
    }
}
