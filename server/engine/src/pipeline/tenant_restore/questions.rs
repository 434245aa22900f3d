//! What the live database is asked about the keys of other rows.

use std::collections::BTreeMap;

use domain::sources::quote_identifier;

use crate::{
    Result,
    source::mysql::{tenancy::keys::ForeignKey, wire::Wire},
};

/// A question, by the place of the key that it is about.
#[derive(Debug, Clone, Copy)]
pub enum Question {
    /// The parent of a row must exist.
    Parent(usize),
    /// So many references to what goes are accounted for.
    Children(usize, u64),
    /// No other row may have this key.
    Taken(usize),
}

/// A question on its way.
pub struct Asked {
    pub question: Question,
    /// The table that is asked, quoted.
    pub of: String,
    /// Which rows of it.
    pub condition: Vec<u8>,
    /// Nothing needs to be asked if such a row exists: a table, quoted, and which rows of it.
    pub unless: Option<(String, Vec<u8>)>,
}

impl Asked {
    /// As part of a SELECT that gives a number.
    fn sql(&self) -> Vec<u8> {
        let exists = |of: &str, condition: &[u8]| {
            [format!("EXISTS(SELECT 1 FROM {of} WHERE ").as_bytes(), condition, b")"].concat()
        };
        let asked = match self.question {
            Question::Parent(_) | Question::Taken(_) => exists(&self.of, &self.condition),
            Question::Children(..) => {
                let head = format!("(SELECT COUNT(*) FROM {} WHERE ", self.of);
                [head.as_bytes(), &self.condition, b")"].concat()
            }
        };
        match &self.unless {
            None => asked,
            Some((of, condition)) => {
                [b"IF(".as_slice(), &exists(of, condition), b",0,", &asked, b")"].concat()
            }
        }
    }
}

/// Asks, and gives the number of each. `keep` holds the parents of new rows until the transaction ends.
pub fn ask(wire: &mut Wire, asked: &[Asked], keep: bool) -> Result<Vec<u64>> {
    if keep {
        lock(wire, asked)?;
    }
    let questions: Vec<Vec<u8>> = asked.iter().map(Asked::sql).collect();
    let mut statement = b"SELECT ".to_vec();
    statement.extend_from_slice(&questions.join(&b","[..]));
    let row = wire.first(statement, "ask for the keys of other rows")?.unwrap_or_default();
    let number = |at: usize| {
        let text = row.get(at).and_then(|value| std::str::from_utf8(value.as_deref()?).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    Ok((0..asked.len()).map(number).collect())
}

/// Keeps the parents of new rows from going before the transaction ends, as the server's own check would.
fn lock(wire: &mut Wire, asked: &[Asked]) -> Result<()> {
    let mut parents: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    for asked in asked.iter().filter(|asked| matches!(asked.question, Question::Parent(_))) {
        parents.entry(&asked.of).or_default().push(&asked.condition);
    }
    for (table, conditions) in parents {
        let head = format!("SELECT 1 FROM {table} WHERE ");
        let statement = [head.as_bytes(), &conditions.join(&b" OR "[..]), b" LOCK IN SHARE MODE"].concat();
        wire.run(statement, "keep the rows that are referred to")?;
    }
    Ok(())
}

/// Rows whose reference by `key` leads nowhere, counted over the whole table.
pub fn dangling(wire: &mut Wire, key: &ForeignKey) -> Result<u64> {
    let pairs = || key.columns.iter().zip(&key.references_columns);
    let equal: Vec<_> = pairs()
        .map(|(own, other)| format!("p.{}=c.{}", quote_identifier(other), quote_identifier(own)))
        .collect();
    let refers: Vec<_> = pairs().map(|(own, _)| format!("c.{} IS NOT NULL", quote_identifier(own))).collect();
    let sql = format!(
        "SELECT COUNT(*) FROM {} c WHERE {} AND NOT EXISTS(SELECT 1 FROM {} p WHERE {})",
        quote_identifier(&key.table),
        refers.join(" AND "),
        quote_identifier(&key.references_table),
        equal.join(" AND ")
    );
    let row = wire.first(sql, &format!("count the rows of {} that refer to nothing", key.table))?;
    let count = row.and_then(|row| String::from_utf8(row.into_iter().next()??).ok()?.parse().ok());
    Ok(count.unwrap_or(0))
}
