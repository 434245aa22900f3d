//! What stands in the way of a change set: keys of other rows, parents that will not exist, children that stay.
//!
//! Beforehand the live database is asked how it would be: what the set itself brings and takes is reckoned in.
//! Afterwards, inside the transaction, it is asked how it is. Only hashes of keys are held, in so many rounds that
//! they fit into memory.

use std::collections::BTreeMap;

use domain::{restores::Obstacle, sources::quote_identifier};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    changes::Changes,
    choose::Compared,
    content::{Side, TableChange},
    links::{self, Link, Unique},
    look::Live,
    questions::{self, Asked, Question},
    sides,
    statements::equal,
};
use crate::{Kind, Result, source::mysql::wire::Wire};

/// Questions of one statement.
const TOGETHER: usize = 50;
/// Memory of the hashes, in bytes.
const BUDGET: u64 = 48 << 20;
/// What a changed row needs of it for each key.
const ROW: u64 = 64;

/// Whether the set was applied already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is only planned.
    Before,
    /// It was, in this transaction.
    After,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub obstacles: Vec<Obstacle>,
    /// Rows of others that have the primary key of a row that is put in.
    pub foreign_rows: u64,
}

/// Rows that stand in the way and what to do about it, by table and by the words around their number.
#[derive(Default)]
struct Problems {
    all: BTreeMap<(String, &'static str, String), (u64, &'static str)>,
    foreign_rows: u64,
}

impl Problems {
    fn add(&mut self, table: &str, before: &'static str, after: String, rows: u64, hint: &'static str) {
        self.all.entry((table.to_owned(), before, after)).or_insert((0, hint)).0 += rows;
    }
}

/// What is done with each row: the number of its table, the table, its values.
type EachRow<'e> = &'e mut dyn FnMut(u32, &Compared, &[&[u8]]) -> Result<()>;

/// Everything that is needed to ask.
pub struct References<'r> {
    pub tables: &'r [Compared],
    pub live: &'r Live,
    pub changes: &'r Changes,
    pub handle: &'r Handle,
    pub token: &'r CancellationToken,
    pub seed: u64,
    /// The side that is put in.
    pub add: Side,
    pub when: When,
}

/// One round: the keys, for a part of all values.
struct Round<'r> {
    links: Vec<Link<'r>>,
    uniques: Vec<Unique<'r>>,
    part: u128,
    parts: u128,
    waiting: Vec<Asked>,
    /// Only what matters is kept.
    answered: Vec<(Question, u64)>,
}

impl References<'_> {
    /// Asks everything, over a connection whose transaction sees what the set is about.
    pub fn ask(&self, wire: &mut Wire) -> Result<Found> {
        let (mut links, uniques) =
            (links::links(self.tables, self.live), links::uniques(self.tables, self.live));
        for link in links.iter_mut().filter(|link| link.outside.is_some()) {
            link.hidden = is_hidden(wire, link)?;
        }
        let changes: u64 = self.changes.content.tables.iter().map(TableChange::count).sum();
        let keys = (links.len() + uniques.len()) as u64;
        let parts = u128::from(changes.saturating_mul(ROW).saturating_mul(keys) / BUDGET + 1);
        let mut round = Round { links, uniques, part: 0, parts, waiting: Vec::new(), answered: Vec::new() };
        let mut problems = Problems::default();
        for part in 0..parts {
            round.begin(part);
            self.learn(&mut round)?;
            self.ask_about_new(wire, &mut round)?;
            self.ask_about_old(wire, &mut round)?;
            self.judge(&mut round, &mut problems);
        }
        let obstacles = problems.all.into_iter().map(|((table, before, after), (rows, hint))| Obstacle {
            table,
            what: format!("{before}{rows} {after}"),
            hint: Some(hint.to_owned()),
        });
        Ok(Found { obstacles: obstacles.collect(), foreign_rows: problems.foreign_rows })
    }

    fn each(&self, side: Side, each: EachRow<'_>) -> Result<()> {
        for (number, table) in (0u32..).zip(self.tables) {
            self.changes.each(number, side, self.handle, self.token, &mut |_, _, row| {
                let literals = sides::literals(table, row)?;
                each(number, table, &literals)
            })?;
        }
        Ok(())
    }

    /// What comes and what goes.
    fn learn(&self, round: &mut Round<'_>) -> Result<()> {
        let (part, parts, seed) = (round.part, round.parts, self.seed);
        let mine = |hash: Option<u128>| hash.filter(|hash| hash % parts == part);
        self.each(self.add.other(), &mut |number, _, literals| {
            for link in &mut round.links {
                if let Some(parent) = link.parent.as_ref().filter(|parent| parent.table == number) {
                    link.go.extend(mine(parent.hash(literals, seed)));
                }
                if let Some(child) = link.child.as_ref().filter(|child| child.table == number)
                    && let Some(value) = mine(child.hash(literals, seed))
                {
                    *link.released.entry(value).or_default() += 1;
                }
            }
            for unique in round.uniques.iter_mut().filter(|unique| unique.ends.table == number) {
                unique.go.extend(mine(unique.ends.hash(literals, seed)));
            }
            Ok(())
        })?;
        self.each(self.add, &mut |number, _, literals| {
            for link in &mut round.links {
                if let Some(parent) = link.parent.as_ref().filter(|parent| parent.table == number) {
                    link.come.extend(mine(parent.hash(literals, seed)));
                }
            }
            Ok(())
        })
    }

    /// Whether the parents of rows that are put in exist, and whether their unique values are free.
    fn ask_about_new(&self, wire: &mut Wire, round: &mut Round<'_>) -> Result<()> {
        self.each(self.add, &mut |number, table, literals| {
            let Round { links, uniques, part, parts, waiting, answered } = &mut *round;
            let mine = |hash: Option<u128>| hash.filter(|hash| hash % *parts == *part);
            for (at, link) in links.iter_mut().enumerate() {
                let Some(child) = link.child.as_ref().filter(|child| child.table == number) else { continue };
                let Some(value) = mine(child.hash(literals, self.seed)) else { continue };
                if self.when == When::Before {
                    if link.come.contains(&value) {
                        continue;
                    }
                    if link.go.contains(&value) {
                        if link.asked.insert(value) {
                            answered.push((Question::Parent(at), 0));
                        }
                        continue;
                    }
                }
                if link.asked.insert(value) {
                    let condition = equal(table, "", &link.key.references_columns, &child.places, literals);
                    waiting.push(Asked {
                        question: Question::Parent(at),
                        of: link.to(),
                        condition,
                        unless: None,
                    });
                }
            }
            if self.when == When::Before {
                for (at, unique) in
                    uniques.iter().enumerate().filter(|(_, unique)| unique.ends.table == number)
                {
                    if let Some(value) = mine(unique.ends.hash(literals, self.seed))
                        && !unique.go.contains(&value)
                    {
                        let condition = equal(table, "", &unique.columns, &unique.ends.places, literals);
                        let of = quote_identifier(&table.plan.name);
                        waiting.push(Asked { question: Question::Taken(at), of, condition, unless: None });
                    }
                }
            }
            self.flush(wire, round, TOGETHER)
        })?;
        self.flush(wire, round, 1)
    }

    /// Whether rows refer to what is taken out.
    fn ask_about_old(&self, wire: &mut Wire, round: &mut Round<'_>) -> Result<()> {
        for link in &mut round.links {
            link.asked.clear();
        }
        self.each(self.add.other(), &mut |number, table, literals| {
            let Round { links, part, parts, waiting, answered, .. } = &mut *round;
            for (at, link) in links.iter_mut().enumerate() {
                let Some(parent) = link.parent.as_ref().filter(|parent| parent.table == number) else {
                    continue;
                };
                let Some(value) = parent.hash(literals, self.seed).filter(|hash| hash % *parts == *part)
                else {
                    continue;
                };
                if link.come.contains(&value) || !link.asked.insert(value) {
                    continue;
                }
                if link.hidden {
                    answered.push((Question::Children(at, 0), 1));
                    continue;
                }
                let of = link.to();
                let is = |columns: &[String]| equal(table, "", columns, &parent.places, literals);
                let condition = is(&link.key.columns);
                let (released, unless) = match self.when {
                    When::Before => (link.released.get(&value).copied().unwrap_or(0), None),
                    // What came in its place may be spelled otherwise and yet be what they refer to.
                    When::After => (0, Some((of, is(&link.key.references_columns)))),
                };
                let question = Question::Children(at, released);
                waiting.push(Asked { question, of: link.from(), condition, unless });
            }
            self.flush(wire, round, TOGETHER)
        })?;
        self.flush(wire, round, 1)
    }

    fn judge(&self, round: &mut Round<'_>, problems: &mut Problems) {
        for (question, count) in std::mem::take(&mut round.answered) {
            match question {
                Question::Parent(at) => {
                    let Some(key) = round.links.get(at).map(|link| link.key) else { continue };
                    let what = format!("rows of {} that do not exist ({})", key.references_table, key.name);
                    problems.add(
                        &key.table,
                        "its rows would refer to ",
                        what,
                        1,
                        "Put those rows back too, or create them first if they are shared.",
                    );
                }
                Question::Children(at, released) => {
                    let Some(link) = round.links.get(at) else { continue };
                    let (from, key) = (link.shown(), link.key);
                    let parent = key.references_table.as_str();
                    if link.hidden {
                        let what = format!(
                            "rows would be deleted to which rows of {from} may refer ({}); the account may not read that table",
                            key.name
                        );
                        problems.add(
                            parent,
                            "",
                            what,
                            1,
                            "Grant the account SELECT on that table, and plan anew.",
                        );
                        continue;
                    }
                    let hint = if link.outside.is_some() {
                        "Delete those rows of the other database first: a restore changes nothing outside its own."
                    } else {
                        "Put the table that refers back too, or delete those rows first."
                    };
                    let what = format!("rows of {from} refer to rows that would be deleted ({})", key.name);
                    problems.add(parent, "", what, count - released, hint);
                }
                Question::Taken(at) => {
                    let Some(unique) = round.uniques.get(at) else { continue };
                    let table = self.tables.get(unique.ends.table as usize);
                    let what = if unique.name == "PRIMARY" {
                        problems.foreign_rows += 1;
                        "rows of others have the primary key of rows that would be put in".to_owned()
                    } else {
                        format!(
                            "rows of others have the values of rows that would be put in (unique key {})",
                            unique.name
                        )
                    };
                    problems.add(
                        table.map_or("", |table| table.plan.name.as_str()),
                        "",
                        what,
                        1,
                        "Change those rows first, or leave the table out and move its rows by hand.",
                    );
                }
            }
        }
    }

    fn flush(&self, wire: &mut Wire, round: &mut Round<'_>, least: usize) -> Result<()> {
        while round.waiting.len() >= least {
            let some: Vec<_> = round.waiting.drain(..round.waiting.len().min(TOGETHER)).collect();
            let numbers = questions::ask(wire, &some, self.when == When::After)?;
            for (asked, count) in some.into_iter().zip(numbers) {
                let matters = match asked.question {
                    Question::Parent(_) => count == 0,
                    Question::Children(_, released) => count > released,
                    Question::Taken(_) => count > 0,
                };
                if matters {
                    round.answered.push((asked.question, count));
                }
            }
        }
        Ok(())
    }
}

impl Round<'_> {
    fn begin(&mut self, part: u128) {
        self.part = part;
        for link in &mut self.links {
            link.come.clear();
            link.go.clear();
            link.released.clear();
            link.asked.clear();
        }
        for unique in &mut self.uniques {
            unique.go.clear();
        }
    }
}

/// Whether the account may not read the table that refers. Anything else that goes wrong is an error.
fn is_hidden(wire: &mut Wire, link: &Link<'_>) -> Result<bool> {
    let attempt = format!("look at {}, which refers to {}", link.shown(), link.key.references_table);
    match wire.first(format!("SELECT 1 FROM {} LIMIT 0", link.from()), &attempt) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == Kind::Source && error.retry() == crate::Retry::Never => Ok(true),
        Err(error) => Err(error),
    }
}
