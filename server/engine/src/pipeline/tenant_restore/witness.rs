//! Whether a change whose end nobody heard of was made, when the tenant's rows are neither those of before nor those
//! of after: somebody has changed other rows meanwhile.
//!
//! The change was one transaction, so its rows were changed all or none. Each row of the set is asked where it stands,
//! and those that somebody else changed since are few among them, or nothing is claimed.

use std::collections::{HashMap, HashSet};

use domain::tenancy::TenantKey;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{changes::Changes, choose::Compared, content::Side, sides};
use crate::{Result, source::mysql::wire::Wire};

/// Rows of a table that are asked at most.
const ASKED: usize = 1_000;
/// As many rows must speak before a few of another mind are passed over, and they must be so many times as many.
const ENOUGH: u64 = 20;

/// What the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It was made.
    Done,
    /// It was not.
    NotDone,
    /// They do not agree, or none of them can say.
    Unsure,
}

/// What is needed to ask.
pub struct Witness<'w> {
    pub changes: &'w Changes,
    pub tenant: &'w TenantKey,
    /// The side that was to be put in.
    pub add: Side,
    pub handle: &'w Handle,
    pub token: &'w CancellationToken,
}

/// Rows of one table: those to be put in and those to be taken out, by the hash of their key.
#[derive(Default)]
struct Asked {
    put: HashMap<u128, u128>,
    taken: HashMap<u128, u128>,
}

#[derive(Debug, Default)]
struct Votes {
    done: u64,
    not_done: u64,
}

impl Votes {
    fn add(&mut self, is_done: bool) {
        *(if is_done { &mut self.done } else { &mut self.not_done }) += 1;
    }
    fn stand(&self) -> Stand {
        let outweighs = |one: u64, other: u64| {
            one > 0 && (other == 0 || one + other >= ENOUGH && other.saturating_mul(ENOUGH) <= one)
        };
        if outweighs(self.done, self.not_done) {
            Stand::Done
        } else if outweighs(self.not_done, self.done) {
            Stand::NotDone
        } else {
            Stand::Unsure
        }
    }
}

impl Witness<'_> {
    /// Asks the live rows. Their locks are held by the caller, so that nothing moves meanwhile.
    pub fn ask(&self, wire: &mut Wire, tables: &[Compared]) -> Result<Stand> {
        let mut votes = Votes::default();
        for (number, table) in (0u32..).zip(tables) {
            // Without a key nobody can tell a row from its twin.
            if !table.plan.key.is_empty() {
                self.table(number, table, wire, &mut votes)?;
            }
        }
        Ok(votes.stand())
    }

    fn table(&self, number: u32, table: &Compared, wire: &mut Wire, votes: &mut Votes) -> Result<()> {
        let seed = self.changes.content.seed;
        let mut asked = Asked::default();
        for side in [self.add, self.add.other()] {
            let rows = if side == self.add { &mut asked.put } else { &mut asked.taken };
            self.changes.each(number, side, self.handle, self.token, &mut |_, _, tuple| {
                if rows.len() < ASKED {
                    let (key, whole) = sides::hashes(table, tuple, seed)?;
                    rows.insert(key, whole);
                }
                Ok(())
            })?;
        }
        if asked.put.is_empty() && asked.taken.is_empty() {
            return Ok(());
        }
        // Of a row that is in both only what it holds can tell; of the others whether they are there.
        let mut met: HashSet<u128> = HashSet::new();
        sides::live(wire, table, self.tenant, false, self.token, &mut |tuple| {
            let (key, whole) = sides::hashes(table, tuple, seed)?;
            match (asked.put.get(&key), asked.taken.get(&key)) {
                (None, None) => {}
                (Some(put), Some(taken)) => {
                    met.insert(key);
                    if whole == *put || whole == *taken {
                        votes.add(whole == *put);
                    }
                }
                (put, _) => {
                    met.insert(key);
                    votes.add(put.is_some());
                }
            }
            Ok(())
        })?;
        let missing = |of: &HashMap<u128, u128>, other: &HashMap<u128, u128>| {
            of.keys().filter(|key| !met.contains(*key) && !other.contains_key(*key)).count() as u64
        };
        // A list that was cut may have the other side of a row beyond the cut.
        if asked.put.len() < ASKED && asked.taken.len() < ASKED {
            votes.not_done += missing(&asked.put, &asked.taken);
            votes.done += missing(&asked.taken, &asked.put);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_do_not_agree_prove_nothing() {
        let stand = |done, not_done| Votes { done, not_done }.stand();
        assert_eq!((stand(1, 0), stand(0, 1), stand(0, 0)), (Stand::Done, Stand::NotDone, Stand::Unsure));
        assert_eq!((stand(2, 1), stand(18, 1)), (Stand::Unsure, Stand::Unsure));
        assert_eq!((stand(20, 1), stand(3, 60), stand(3, 59)), (Stand::Done, Stand::NotDone, Stand::Unsure));
    }
}
