//! Which backups are kept: the plain rule until real policies exist.
//!
//! Per source the newest [`KEEP_VERIFIED`] backups that are proven restorable are kept, and everything newer than
//! the oldest of those. A backup that was not proven never pushes a proven one out, so that a series of failing
//! nights cannot eat the last good copy.

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
}

/// The backups of one source that are no longer kept, oldest first.
pub fn expired(mut backups: Vec<Candidate>) -> Vec<BackupId> {
    backups.sort_by_key(|backup| std::cmp::Reverse((backup.snapshot_at, backup.id)));
    let is_proven = |backup: &&Candidate| backup.verification == Verification::RestoreOk;
    let Some(oldest_kept) = backups.iter().filter(is_proven).nth(KEEP_VERIFIED - 1).copied() else {
        return Vec::new();
    };
    let cut = (oldest_kept.snapshot_at, oldest_kept.id);
    backups
        .iter()
        .rev()
        .filter(|backup| (backup.snapshot_at, backup.id) < cut)
        .map(|backup| backup.id)
        .collect()
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

    proptest! {
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
