//! What stands in the way of a change set: keys of other rows, parents that will not exist, children that stay.
//!
//! Beforehand the live database is asked how it would be: what the set itself brings and takes is reckoned in.
//! Afterwards, inside the transaction, it is asked how it is. Only hashes of keys are held, in so many rounds that
//! they fit into memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{restores::Obstacle, sources::quote_identifier};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    changes::{Changes, Side},
    choose::Compared,
    questions::{Asked, Question, lock},
    sides,
    statements::equal,
};
use crate::{
    Result,
    source::mysql::{
        tenancy::keys::{ForeignKey, Index, Keys},
        wire::Wire,
    },
};

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

/// A foreign key between tables of which at least one is in the set.
struct Link<'k> {
    key: &'k ForeignKey,
    /// Number in the set and places of the columns of the table that refers.
    child: Option<(u32, Vec<usize>)>,
    /// The same of the table that is referred to.
    parent: Option<(u32, Vec<usize>)>,
    /// Values that come into the parent.
    come: HashSet<u128>,
    /// Values that go from it.
    go: HashSet<u128>,
    /// References that go with the child's own rows.
    released: HashMap<u128, u64>,
    asked: HashSet<u128>,
}

/// A unique key of a table in the set.
struct Unique<'k> {
    table: u32,
    name: &'k str,
    columns: Vec<String>,
    places: Vec<usize>,
    go: HashSet<u128>,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub obstacles: Vec<Obstacle>,
    /// Rows of others that have the primary key of a row that is put in.
    pub foreign_rows: u64,
}

/// Rows that stand in the way and what to do about it, by table and by the words around their number.
type Problems = BTreeMap<(String, &'static str, String), (u64, &'static str)>;

/// What is done with each row: the number of its table, the table, its values.
type EachRow<'e> = &'e mut dyn FnMut(u32, &Compared, &[&[u8]]) -> Result<()>;

/// Everything that is needed to ask.
pub struct References<'r> {
    pub tables: &'r [Compared],
    pub keys: &'r Keys,
    pub changes: &'r Changes,
    pub handle: &'r Handle,
    pub token: &'r CancellationToken,
    pub seed: u64,
    /// The side that is put in.
    pub add: Side,
    pub when: When,
}

impl References<'_> {
    /// Asks everything, over a connection whose transaction sees what the set is about.
    pub fn ask(&self, wire: &mut Wire) -> Result<Found> {
        let changes: u64 = self.changes.content.tables.iter().map(super::changes::TableChange::count).sum();
        let keys = (self.links().len() + self.uniques().len()) as u64;
        let parts = u128::from(changes.saturating_mul(ROW).saturating_mul(keys) / BUDGET + 1);
        let (mut problems, mut foreign) = (Problems::new(), 0);
        for part in 0..parts {
            self.part(wire, part, parts, &mut problems, &mut foreign)?;
        }
        let obstacles = problems.into_iter().map(|((table, before, after), (rows, hint))| Obstacle {
            table,
            what: format!("{before}{rows} {after}"),
            hint: Some(hint.to_owned()),
        });
        Ok(Found { obstacles: obstacles.collect(), foreign_rows: foreign })
    }

    fn places(&self, table: &str, columns: &[String]) -> Option<(u32, Vec<usize>)> {
        let (number, table) = (0u32..).zip(self.tables).find(|(_, compared)| compared.plan.name == table)?;
        let place = |column: &String| table.plan.columns.iter().position(|own| own == column);
        Some((number, columns.iter().map(place).collect::<Option<Vec<_>>>()?))
    }

    fn links(&self) -> Vec<Link<'_>> {
        let link = |key| -> Option<Link<'_>> {
            let key: &ForeignKey = key;
            let child = self.places(&key.table, &key.columns);
            let inside = key.references_database.is_none();
            let parent =
                inside.then(|| self.places(&key.references_table, &key.references_columns)).flatten();
            (child.is_some() || parent.is_some()).then(|| Link {
                key,
                child,
                parent,
                come: HashSet::new(),
                go: HashSet::new(),
                released: HashMap::new(),
                asked: HashSet::new(),
            })
        };
        self.keys.foreign.iter().filter_map(link).collect()
    }

    fn uniques(&self) -> Vec<Unique<'_>> {
        let mut all = Vec::new();
        for (number, table) in (0u32..).zip(self.tables) {
            for index in self.keys.indexes.get(&table.plan.name).into_iter().flatten() {
                let whole = |index: &Index| index.columns.iter().all(|column| column.prefix.is_none());
                if !index.unique || !whole(index) {
                    continue;
                }
                let columns: Vec<_> = index.columns.iter().map(|column| column.name.clone()).collect();
                if let Some((_, places)) = self.places(&table.plan.name, &columns) {
                    all.push(Unique {
                        table: number,
                        name: &index.name,
                        columns,
                        places,
                        go: HashSet::new(),
                    });
                }
            }
        }
        all
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

    #[expect(clippy::too_many_lines, reason = "three questions over one pass of the set")]
    fn part(
        &self,
        wire: &mut Wire,
        part: u128,
        parts: u128,
        problems: &mut Problems,
        foreign: &mut u64,
    ) -> Result<()> {
        let (mut links, mut uniques) = (self.links(), self.uniques());
        let hash = |literals: &[&[u8]], places: &[usize]| {
            sides::of_values(literals, places, self.seed).filter(|hash| hash % parts == part)
        };
        let remove = self.add.other();
        self.each(remove, &mut |number, _, literals| {
            for link in &mut links {
                if let Some((_, places)) = link.parent.as_ref().filter(|parent| parent.0 == number) {
                    link.go.extend(hash(literals, places));
                }
                if let Some(value) = link
                    .child
                    .as_ref()
                    .filter(|child| child.0 == number)
                    .and_then(|child| hash(literals, &child.1))
                {
                    *link.released.entry(value).or_default() += 1;
                }
            }
            for unique in uniques.iter_mut().filter(|unique| unique.table == number) {
                unique.go.extend(hash(literals, &unique.places));
            }
            Ok(())
        })?;
        self.each(self.add, &mut |number, _, literals| {
            for link in &mut links {
                if let Some((_, places)) = link.parent.as_ref().filter(|parent| parent.0 == number) {
                    link.come.extend(hash(literals, places));
                }
            }
            Ok(())
        })?;
        let mut waiting = Vec::new();
        let mut answered = Vec::new();
        self.each(self.add, &mut |number, table, literals| {
            for (at, link) in links.iter_mut().enumerate() {
                let Some((_, places)) = link.child.as_ref().filter(|child| child.0 == number) else {
                    continue;
                };
                let Some(value) = hash(literals, places) else { continue };
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
                    let condition = equal(table, "", &link.key.references_columns, places, literals);
                    waiting.push(Asked {
                        question: Question::Parent(at),
                        of: parent_name(link.key),
                        condition,
                    });
                }
            }
            for (at, unique) in uniques.iter().enumerate().filter(|(_, unique)| unique.table == number) {
                if self.when == When::After {
                    continue;
                }
                if let Some(value) = hash(literals, &unique.places)
                    && !unique.go.contains(&value)
                {
                    let condition = equal(table, "", &unique.columns, &unique.places, literals);
                    let of = quote_identifier(&table.plan.name);
                    waiting.push(Asked { question: Question::Taken(at), of, condition });
                }
            }
            self.flush(wire, &mut waiting, &mut answered, TOGETHER)
        })?;
        self.flush(wire, &mut waiting, &mut answered, 1)?;
        for link in &mut links {
            link.asked.clear();
        }
        self.each(remove, &mut |number, table, literals| {
            for (at, link) in links.iter_mut().enumerate() {
                let Some((_, places)) = link.parent.as_ref().filter(|parent| parent.0 == number) else {
                    continue;
                };
                let Some(value) = hash(literals, places) else { continue };
                if link.come.contains(&value) || !link.asked.insert(value) {
                    continue;
                }
                let released = match self.when {
                    When::Before => link.released.get(&value).copied().unwrap_or(0),
                    When::After => 0,
                };
                let condition = equal(table, "", &link.key.columns, places, literals);
                let of = quote_identifier(&link.key.table);
                waiting.push(Asked { question: Question::Children(at, released), of, condition });
            }
            self.flush(wire, &mut waiting, &mut answered, TOGETHER)
        })?;
        self.flush(wire, &mut waiting, &mut answered, 1)?;
        let mut add = |table: &str, before: &'static str, after: String, rows: u64, hint: &'static str| {
            problems.entry((table.to_owned(), before, after)).or_insert((0, hint)).0 += rows;
        };
        for (question, count) in answered {
            match question {
                Question::Parent(at) => {
                    if let Some(link) = links.get(at).filter(|_| count == 0) {
                        let key = link.key;
                        let what =
                            format!("rows of {} that do not exist ({})", key.references_table, key.name);
                        add(
                            &key.table,
                            "its rows would refer to ",
                            what,
                            1,
                            "Put those rows back too, or create them first if they are shared.",
                        );
                    }
                }
                Question::Children(at, released) => {
                    if let Some(link) = links.get(at).filter(|_| count > released) {
                        let key = link.key;
                        let what = format!(
                            "rows of {} refer to rows that would be deleted ({})",
                            key.table, key.name
                        );
                        add(
                            &key.references_table,
                            "",
                            what,
                            count - released,
                            "Put the table that refers back too, or delete those rows first.",
                        );
                    }
                }
                Question::Taken(at) => {
                    let Some(unique) = uniques.get(at).filter(|_| count > 0) else { continue };
                    let table = self.tables.get(unique.table as usize).map(|table| table.plan.name.as_str());
                    let what = if unique.name == "PRIMARY" {
                        *foreign += 1;
                        "rows of others have the primary key of rows that would be put in".to_owned()
                    } else {
                        format!(
                            "rows of others have the values of rows that would be put in (unique key {})",
                            unique.name
                        )
                    };
                    add(
                        table.unwrap_or_default(),
                        "",
                        what,
                        1,
                        "Change those rows first, or leave the table out and move its rows by hand.",
                    );
                }
            }
        }
        Ok(())
    }

    fn flush(
        &self,
        wire: &mut Wire,
        waiting: &mut Vec<Asked>,
        answered: &mut Vec<(Question, u64)>,
        least: usize,
    ) -> Result<()> {
        while waiting.len() >= least {
            let some: Vec<_> = waiting.drain(..waiting.len().min(TOGETHER)).collect();
            if self.when == When::After {
                lock(wire, &some)?;
            }
            let questions: Vec<Vec<u8>> = some.iter().map(Asked::sql).collect();
            let mut statement = b"SELECT ".to_vec();
            statement.extend_from_slice(&questions.join(&b","[..]));
            let row = wire.first(statement, "ask for the keys of other rows")?.unwrap_or_default();
            for (at, asked) in some.into_iter().enumerate() {
                let text = row.get(at).and_then(|value| std::str::from_utf8(value.as_deref()?).ok());
                answered.push((asked.question, text.and_then(|text| text.parse().ok()).unwrap_or(0)));
            }
            // Only what matters is kept.
            answered.retain(|(question, count)| match question {
                Question::Parent(_) => *count == 0,
                Question::Children(_, released) => count > released,
                Question::Taken(_) => *count > 0,
            });
        }
        Ok(())
    }
}

fn parent_name(key: &ForeignKey) -> String {
    let table = quote_identifier(&key.references_table);
    match &key.references_database {
        Some(database) => format!("{}.{table}", quote_identifier(database)),
        None => table,
    }
}
