//! Whether everything can be restored: the first question of every morning.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, alerts::OVERDUE_AFTER_MS, backups::Verification};

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The newest backup is proven restorable and no slot is overdue.
    Restorable,
    /// Something newer waits to be proven, or a slot is late, but an older proven backup exists.
    Late,
    /// Nothing yet, and nothing is due yet.
    New,
    /// Nothing proven exists, or the newest verification failed.
    NotRestorable,
}

impl Standing {
    /// Every standing.
    pub const ALL: &'static [Self] = &[Self::Restorable, Self::Late, Self::New, Self::NotRestorable];
    /// How it is sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Restorable => "restorable",
            Self::Late => "late",
            Self::New => "new",
            Self::NotRestorable => "not_restorable",
        }
    }
    /// The standing sent as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|standing| standing.key() == key)
    }
}

/// How a tenant of a shared database stands: as a source does, or in the one way that no source can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStanding {
    /// As a source of which only this tenant's rows are looked at.
    As(Standing),
    /// What is proven comes back, but nobody has confirmed that it is everything.
    Incomplete,
}

impl TenantStanding {
    /// Every standing.
    pub const ALL: &'static [Self] = &[
        Self::As(Standing::Restorable),
        Self::As(Standing::Late),
        Self::Incomplete,
        Self::As(Standing::New),
        Self::As(Standing::NotRestorable),
    ];
    /// How it is sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::As(standing) => standing.key(),
            Self::Incomplete => "incomplete",
        }
    }
    /// The standing sent as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|standing| standing.key() == key)
    }
}

/// What the rule needs to know of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFacts {
    /// The instant that the newest proven backup holds.
    pub newest_proven: Option<Timestamp>,
    /// The instant that the newest kept backup holds and what is known about it.
    pub newest: Option<(Timestamp, Verification)>,
    /// The earliest slot after the newest backup, if a schedule is enabled.
    pub owed_since: Option<Timestamp>,
    /// When the source was added.
    pub created_at: Timestamp,
}

/// How long a new backup may wait for its proof before the wait itself is worth a word, in milliseconds: two hours.
/// A verification follows every backup by itself; seconds after a good backup nothing is wrong.
pub const PROOF_WITHIN_MS: i64 = 2 * 3_600_000;

/// How a source stands at `now`.
pub fn standing(facts: SourceFacts, now: Timestamp) -> Standing {
    let overdue = facts.owed_since.is_some_and(|slot| now.since_ms(slot) > OVERDUE_AFTER_MS);
    let being_proven = |newest: Timestamp, verification| {
        verification == Verification::None && now.since_ms(newest) < PROOF_WITHIN_MS
    };
    match (facts.newest, facts.newest_proven) {
        (None, _) if overdue => Standing::NotRestorable,
        (None, _) => Standing::New,
        (Some((newest, verification)), None) if !overdue && being_proven(newest, verification) => {
            Standing::New
        }
        (Some((_, Verification::Failed)), _) | (Some(_), None) => Standing::NotRestorable,
        (Some((newest, verification)), Some(proven))
            if overdue || (newest > proven && !being_proven(newest, verification)) =>
        {
            Standing::Late
        }
        (Some(_), Some(_)) => Standing::Restorable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn facts() -> SourceFacts {
        let t = Timestamp(100 * HOUR);
        SourceFacts {
            newest_proven: Some(t),
            newest: Some((t, Verification::RestoreOk)),
            owed_since: Some(t.plus_ms(24 * HOUR)),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn green_means_proven_and_in_time() {
        assert_eq!(standing(facts(), Timestamp(110 * HOUR)), Standing::Restorable);
        assert_eq!(standing(facts(), Timestamp(127 * HOUR)), Standing::Late);
    }

    #[test]
    fn stored_is_not_restorable() {
        let stored =
            SourceFacts { newest_proven: None, newest: Some((Timestamp(0), Verification::None)), ..facts() };
        assert_eq!(standing(stored, Timestamp(HOUR)), Standing::New);
        assert_eq!(standing(stored, Timestamp(3 * HOUR)), Standing::NotRestorable);
    }

    #[test]
    fn a_backup_that_is_being_proven_alarms_nobody_until_its_proof_is_late() {
        let newest = Some((Timestamp(124 * HOUR), Verification::None));
        let waiting = SourceFacts { newest, owed_since: None, ..facts() };
        assert_eq!(standing(waiting, Timestamp(125 * HOUR)), Standing::Restorable);
        assert_eq!(standing(waiting, Timestamp(127 * HOUR)), Standing::Late);
    }

    #[test]
    fn a_failed_proof_of_the_newest_is_never_green() {
        let newest = Some((Timestamp(101 * HOUR), Verification::Failed));
        assert_eq!(
            standing(SourceFacts { newest, ..facts() }, Timestamp(102 * HOUR)),
            Standing::NotRestorable
        );
    }

    #[test]
    fn a_source_that_was_never_backed_up_turns_red_when_a_slot_is_overdue() {
        let fresh = SourceFacts {
            newest: None,
            newest_proven: None,
            owed_since: Some(Timestamp(HOUR)),
            created_at: Timestamp(0),
        };
        assert_eq!(standing(fresh, Timestamp(2 * HOUR)), Standing::New);
        assert_eq!(standing(fresh, Timestamp(4 * HOUR)), Standing::NotRestorable);
    }

    #[test]
    fn every_standing_of_a_tenant_is_found_by_its_key() {
        for standing in Standing::ALL {
            assert!(TenantStanding::ALL.contains(&TenantStanding::As(*standing)), "{standing:?}");
        }
        for standing in TenantStanding::ALL {
            assert_eq!(TenantStanding::find(standing.key()), Some(*standing));
        }
        assert_eq!(Standing::find("incomplete"), None, "no source stands so");
    }
}
