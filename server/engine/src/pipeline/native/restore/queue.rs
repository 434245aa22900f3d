//! What is loaded next, and by whom.
//!
//! Rows load fastest in the order of their primary key, one worker at a table. So each worker takes the largest table
//! that nobody has taken and loads it range after range. When none is left, it takes the upper half of what
//! another still has before it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize},
    },
};

use crate::{
    pipeline::{
        DatabaseContent, Split,
        native::blocks::{BlockRef, Blocks},
    },
    source::mysql::native::{
        ddl::{self, Anatomy, Definition},
        table::TableHead,
    },
};

/// Plain bytes that are fetched together.
const GROUP: u64 = 12 << 20;
/// Tables smaller than this get their keys at once, in plain bytes.
const KEYS_AFTER: u64 = 2 << 20;

/// Blocks that are fetched and loaded together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub blocks: Vec<BlockRef>,
    /// Plain bytes.
    pub bytes: u64,
    /// Whether they are the parts of one long row.
    pub giant: bool,
}

/// A table that is loaded.
pub struct Loading {
    /// Its name.
    pub name: String,
    /// How its rows are loaded.
    pub head: TableHead,
    /// How it is made.
    pub definition: Definition,
    /// The next automatic number.
    pub auto_increment: Option<u64>,
    /// Groups that are not loaded yet.
    pub left: AtomicUsize,
    /// Rows that the server has confirmed.
    pub loaded: AtomicU64,
    /// Statements of which nobody knows whether they were carried out.
    pub unknown: AtomicUsize,
    /// Held for reading by a statement, for writing by whoever counts.
    pub gate: RwLock<()>,
}

#[derive(Default)]
struct State {
    /// Tables that nobody has taken, the largest last.
    waiting: Vec<(usize, VecDeque<Group>)>,
    /// What each worker has before it.
    runs: Vec<(usize, VecDeque<Group>)>,
}

/// All tables, and the groups that are left.
pub struct Queue {
    /// In an order in which they can be made.
    pub tables: Vec<Loading>,
    /// Plain bytes in all.
    pub bytes: u64,
    state: Mutex<State>,
}

impl Queue {
    /// Every table is made; rows are loaded of those with a number in `chosen`.
    pub fn new(
        content: &DatabaseContent,
        split: &Split,
        blocks: &Blocks,
        chosen: &BTreeSet<u32>,
        workers: usize,
    ) -> Self {
        let mut ranges: BTreeMap<u32, VecDeque<Group>> = BTreeMap::new();
        for ((table, _), refs) in blocks.by_range() {
            if chosen.contains(&table) {
                ranges.entry(table).or_default().extend(groups(blocks, &refs));
            }
        }
        let mut referenced: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for table in &content.inventory.tables {
            for (name, columns) in
                Anatomy::of(&table.create_sql).map(|anatomy| anatomy.references).unwrap_or_default()
            {
                // Names may be printed in other letters than they are listed in.
                referenced.entry(name.to_lowercase()).or_default().push(columns);
            }
        }
        let (mut tables, mut waiting, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut numbered: Vec<_> = (0u32..).zip(&content.inventory.tables).collect();
        numbered.sort_by_key(|(_, table)| table.shows_others());
        for (number, table) in numbered {
            let groups = ranges.remove(&number).unwrap_or_default();
            let size: u64 = groups.iter().map(|group| group.bytes).sum();
            bytes += size;
            let primary = split.primary.get(&table.name).map(Vec::as_slice).unwrap_or_default();
            let referenced =
                referenced.get(&table.name.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
            tables.push(Loading {
                name: table.name.clone(),
                head: TableHead::new(table, primary),
                definition: ddl::cut(table, primary, referenced, size >= KEYS_AFTER),
                auto_increment: table.auto_increment,
                left: AtomicUsize::new(groups.len()),
                loaded: AtomicU64::new(0),
                unknown: AtomicUsize::new(0),
                gate: RwLock::new(()),
            });
            if !groups.is_empty() {
                waiting.push((size, (tables.len() - 1, groups)));
            }
        }
        waiting.sort_by_key(|(size, _)| *size);
        let waiting = waiting.into_iter().map(|(_, run)| run).collect();
        Self {
            tables,
            bytes,
            state: Mutex::new(State { waiting, runs: vec![(0, VecDeque::new()); workers] }),
        }
    }

    /// What `worker` loads next.
    pub fn next(&self, worker: usize) -> Option<(usize, Group)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.runs.get(worker)?.1.is_empty() {
            let run = state.waiting.pop().or_else(|| {
                let (table, groups) = state.runs.iter_mut().max_by_key(|(_, groups)| groups.len())?;
                let upper = groups.split_off(groups.len() / 2);
                Some((*table, upper))
            })?;
            *state.runs.get_mut(worker)? = run;
        }
        let (table, groups) = state.runs.get_mut(worker)?;
        Some((*table, groups.pop_front()?))
    }
}

/// Cuts the blocks of a range into groups of bounded size. Rows of one owner lie in the order of the key, so where a
/// range is too large for one group, each gets an equal share of every owner's blocks.
fn groups(blocks: &Blocks, refs: &[BlockRef]) -> Vec<Group> {
    let size = |blocks_: &[BlockRef]| blocks.sizes(blocks_).0;
    let (mut plain, mut giants, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for at in refs {
        let rows = blocks.rows_of(*at).unwrap_or(0);
        if rows == 0 {
            parts.push(*at);
        } else if parts.is_empty() {
            plain.push(*at);
        } else {
            parts.push(*at);
            let of_one = std::mem::take(&mut parts);
            giants.push(Group { bytes: size(&of_one), blocks: of_one, giant: true });
        }
    }
    let mut count: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for at in &plain {
        count.entry(at.segment).or_default().0 += 1;
    }
    let total = size(&plain);
    if total > GROUP {
        let place = |at: &BlockRef| {
            let (all, seen) = count.entry(at.segment).or_default();
            *seen += 1;
            (*seen << 20) / (*all).max(1)
        };
        let mut placed: Vec<_> = plain.iter().map(place).collect::<Vec<_>>().into_iter().zip(plain).collect();
        placed.sort_by_key(|(place, _)| *place);
        plain = placed.into_iter().map(|(_, at)| at).collect();
    }
    let mut all = Vec::new();
    let mut group = Group { blocks: Vec::new(), bytes: 0, giant: false };
    for at in plain {
        let bytes = size(&[at]);
        if group.bytes + bytes > GROUP && !group.blocks.is_empty() {
            all.push(std::mem::replace(&mut group, Group { blocks: Vec::new(), bytes: 0, giant: false }));
        }
        group.bytes += bytes;
        group.blocks.push(at);
    }
    if !group.blocks.is_empty() {
        all.push(group);
    }
    all.extend(giants);
    all
}
