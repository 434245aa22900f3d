//! In which order tables are changed.
//!
//! A row is found over its way to the tenant while it is deleted, so the tables of ways must outlast those that are
//! led over them. Foreign keys are kept to as well where that is possible, for triggers that look at other tables;
//! where they are a circle, any order will do: the server does not check them meanwhile (an ON DELETE CASCADE would
//! change rows that nobody saw), and everything that they say is checked before the end.

use std::collections::BTreeSet;

use domain::tenancy::Route;

use super::{choose::Compared, look::Live};

/// Numbers of tables, those first whose rows refer to others.
pub fn order(tables: &[Compared], live: &Live) -> Vec<usize> {
    let place = |name: &str| tables.iter().position(|table| table.plan.name == name);
    // For each table those that must, and those that should, come before it.
    let (mut must, mut should) = (vec![BTreeSet::new(); tables.len()], vec![BTreeSet::new(); tables.len()]);
    let before = |waits: &mut Vec<BTreeSet<usize>>, child: usize, parent: &str| {
        if let Some(waits) =
            place(parent).filter(|parent| *parent != child).and_then(|parent| waits.get_mut(parent))
        {
            waits.insert(child);
        }
    };
    for (at, table) in tables.iter().enumerate() {
        if let Route::Paths { paths } = &table.route {
            for step in paths.iter().flat_map(|path| &path.steps) {
                before(&mut must, at, &step.table);
            }
        }
        let own = |key: &&crate::source::mysql::tenancy::keys::ForeignKey| {
            key.table == table.plan.name && key.references_database.is_none()
        };
        for key in live.keys.foreign.iter().filter(own) {
            before(&mut should, at, &key.references_table);
        }
    }
    sorted(&must, &should)
}

/// All numbers, each after those that it must wait for and, if possible, after those that it should wait for.
fn sorted(must: &[BTreeSet<usize>], should: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..must.len()).collect();
    let mut out = Vec::with_capacity(must.len());
    while let Some(any) = left.first().copied() {
        let waits = |of: &[BTreeSet<usize>], at: usize| {
            of.get(at).into_iter().flatten().filter(|other| left.contains(other)).count()
        };
        // Of those that must not wait the one that waits for the fewest.
        let next = left
            .iter()
            .copied()
            .filter(|at| waits(must, *at) == 0)
            .min_by_key(|at| (waits(should, *at), *at))
            .unwrap_or(any);
        left.remove(&next);
        out.push(next);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(length: usize, pairs: &[(usize, usize)]) -> Vec<BTreeSet<usize>> {
        let mut waits = vec![BTreeSet::new(); length];
        for (child, parent) in pairs {
            waits[*parent].insert(*child);
        }
        waits
    }

    #[test]
    fn ways_win_over_circles_of_keys() {
        // 0 is led over 1; each refers to the other.
        assert_eq!(sorted(&of(2, &[(0, 1)]), &of(2, &[(0, 1), (1, 0)])), [0, 1]);
        assert_eq!(sorted(&of(2, &[(1, 0)]), &of(2, &[(0, 1), (1, 0)])), [1, 0]);
        // Only keys: children first as far as they are no circle.
        assert_eq!(sorted(&of(3, &[]), &of(3, &[(2, 1), (1, 0)])), [2, 1, 0]);
        let circle = sorted(&of(4, &[]), &of(4, &[(0, 1), (1, 2), (2, 0), (3, 0)]));
        assert_eq!((circle[0], circle.len()), (3, 4));
        // Ways in a circle lead nowhere, but end.
        assert_eq!(sorted(&of(2, &[(0, 1), (1, 0)]), &of(2, &[])).len(), 2);
    }
}
