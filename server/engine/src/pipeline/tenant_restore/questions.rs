//! What the live database is asked about the keys of other rows.

use std::collections::BTreeMap;

use crate::{Result, source::mysql::wire::Wire};

/// A question, by the place of the key that it is about.
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
}

impl Asked {
    /// As part of a SELECT that gives a number.
    pub fn sql(&self) -> Vec<u8> {
        let head = match self.question {
            Question::Parent(_) | Question::Taken(_) => format!("EXISTS(SELECT 1 FROM {} WHERE ", self.of),
            Question::Children(..) => format!("(SELECT COUNT(*) FROM {} WHERE ", self.of),
        };
        [head.as_bytes(), &self.condition, b")"].concat()
    }
}

/// Keeps the parents of new rows from going before the transaction ends, as the server's own check would.
pub fn lock(wire: &mut Wire, asked: &[Asked]) -> Result<()> {
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
