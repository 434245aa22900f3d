//! Which backups are kept: the plain rule until real policies exist.
//!
//! Per source the newest [`KEEP_VERIFIED`] backups that are proven restorable are kept, and everything newer than
//! the oldest of those. What continues another backup needs it: nothing goes while something that stays was built on
//! it, however far back. A backup that was not proven never pushes a proven one out, so that a series of failing
//! nights cannot eat the last good copy.

use std::collections::{HashMap, HashSet};

use crate::{BackupId, Timestamp, backups::Verification};

/// Proven backups that are kept per source.
pub const KEEP_VERIFIED: usize = 14;

/// What the rule needs to know of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub id: BackupId,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// What is known about it.
    pub verification: Verification,
    /// The backup that it continues, without which it is worth nothing.
    pub parent: Option<BackupId>,
}

/// The backups of one source that are no longer kept, oldest first.
pub fn expired(mut backups: Vec<Candidate>) -> Vec<BackupId> {
    backups.sort_by_key(|backup| std::cmp::Reverse((backup.snapshot_at, backup.id)));
    let is_proven = |backup: &&Candidate| backup.verification == Verification::RestoreOk;
    let Some(oldest_kept) = backups.iter().filter(is_proven).nth(KEEP_VERIFIED - 1).copied() else {
        return Vec::new();
    };
    let cut = (oldest_kept.snapshot_at, oldest_kept.id);
    let is_old = |backup: &&Candidate| (backup.snapshot_at, backup.id) < cut;
    let parents: HashMap<BackupId, BackupId> =
        backups.iter().filter_map(|backup| Some((backup.id, backup.parent?))).collect();
    let mut needed = HashSet::new();
    for kept in backups.iter().filter(|backup| !is_old(backup)) {
        let mut link = kept.id;
        // Whoever was seen before has had its parents looked at.
        while let Some(parent) = parents.get(&link).copied().filter(|parent| needed.insert(*parent)) {
            link = parent;
        }
    }
    let goes = |backup: &&Candidate| is_old(backup) && !needed.contains(&backup.id);
    backups.iter().rev().filter(goes).map(|backup| backup.id).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Clock, FixedClock, id::Id};

    fn series(proven: &[bool]) -> Vec<Candidate> {
        let clock = FixedClock::at(Timestamp(0));
        let verification = |ok| if ok { Verification::RestoreOk } else { Verification::Failed };
        proven
            .iter()
            .map(|&ok| {
                clock.advance_ms(86_400_000);
                Candidate {
                    id: Id::new(clock.uuid()),
                    snapshot_at: clock.now(),
                    verification: verification(ok),
                    parent: None,
                }
            })
            .collect()
    }

    #[test]
    fn the_fifteenth_proven_backup_pushes_the_first_out() {
        assert!(expired(series(&[true; 14])).is_empty());
        let backups = series(&[true; 15]);
        assert_eq!(expired(backups.clone()), vec![backups[0].id]);
    }

    #[test]
    fn a_flood_of_unproven_backups_pushes_nothing_out() {
        let mut proven = vec![true; 14];
        proven.extend([false; 500]);
        assert!(expired(series(&proven)).is_empty());
    }

    /// A chain of one full backup and increments, each built on the one before, every `length` links anew.
    fn chained(count: usize, length: usize) -> Vec<Candidate> {
        let mut backups = series(&vec![true; count]);
        for n in (0..count).filter(|n| n % length != 0) {
            backups[n].parent = Some(backups[n - 1].id);
        }
        backups
    }

    #[test]
    fn a_full_backup_stays_as_long_as_something_that_stays_was_built_on_it() {
        // Seven links each: the fourteen newest are the last two chains and nothing else.
        let backups = chained(21, 7);
        assert_eq!(expired(backups.clone()), backups[..7].iter().map(|b| b.id).collect::<Vec<_>>());
        // One link short of that, the third chain is needed by its newest link, all the way back.
        assert!(expired(chained(20, 7)).is_empty());
    }

    proptest! {
        #[test]
        fn what_stays_has_all_its_parents(count in 0usize..60, length in 1usize..12) {
            let backups = chained(count, length);
            let gone = expired(backups.clone());
            for kept in backups.iter().filter(|backup| !gone.contains(&backup.id)) {
                prop_assert!(kept.parent.is_none_or(|parent| !gone.contains(&parent)));
            }
        }
        #[test]
        fn the_newest_proven_ones_always_stay(proven in prop::collection::vec(any::<bool>(), 0..60)) {
            let backups = series(&proven);
            let gone = expired(backups.clone());
            let left = backups.iter().filter(|b| !gone.contains(&b.id) && b.verification == Verification::RestoreOk).count();
            let had = proven.iter().filter(|&&ok| ok).count();
            prop_assert_eq!(left, had.min(KEEP_VERIFIED));
        }
    }
}
