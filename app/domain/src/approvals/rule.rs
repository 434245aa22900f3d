//! How many have to agree, within which time, and how long it rests before it is done.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::classes::Class;

/// How long an approval that is not used holds, in milliseconds: a day. What was looked at moves on, and so does who
/// agreed.
pub const VALID_MS: i64 = 24 * 3_600_000;

/// Letters of a reason or a comment at most.
pub const LONGEST_REASON: usize = 2_000;

/// The rule of a class in one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// How many others have to agree; 0 where nobody has to.
    pub approvals: u8,
    /// How long a request waits for them, in milliseconds.
    pub within_ms: i64,
    /// How long it rests after the last agreement before it is done, in milliseconds: it can be taken back meanwhile.
    pub cool_off_ms: i64,
}

/// What rules may say.
#[derive(Debug, Clone, Copy)]
pub struct Bounds;

impl Bounds {
    /// Approvals at most.
    pub const MOST: u8 = 5;
    /// The shortest time to wait for them: an hour.
    pub const SHORTEST_MS: i64 = 3_600_000;
    /// The longest: thirty days.
    pub const LONGEST_MS: i64 = 30 * 24 * 3_600_000;
    /// The longest rest: seven days.
    pub const LONGEST_REST_MS: i64 = 7 * 24 * 3_600_000;
}

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WrongRule {
    /// Too few or too many approvals.
    #[error("between {least} and 5 others may have to agree to this")]
    Approvals {
        /// The fewest.
        least: u8,
    },
    /// Too short or too long.
    #[error("a request waits between an hour and thirty days")]
    Within,
    /// Too long.
    #[error("it rests for seven days at most")]
    CoolOff,
}

impl Rule {
    /// Whether it is within what rules of this class may say. Nobody at all is another matter: see [`Rule::effective`].
    pub const fn check(self, class: Class) -> Result<(), WrongRule> {
        if self.approvals < class.least() || self.approvals > Bounds::MOST {
            return Err(WrongRule::Approvals { least: class.least() });
        }
        if self.within_ms < Bounds::SHORTEST_MS || self.within_ms > Bounds::LONGEST_MS {
            return Err(WrongRule::Within);
        }
        if self.cool_off_ms < 0 || self.cool_off_ms > Bounds::LONGEST_REST_MS {
            return Err(WrongRule::CoolOff);
        }
        Ok(())
    }

    /// The rule as it counts now. An organisation of one person may have said that it works alone; that ends by itself
    /// as soon as there is somebody who could agree.
    #[must_use]
    pub const fn effective(self, class: Class, works_alone: bool, somebody_could: bool) -> Self {
        if works_alone && !somebody_could {
            return Self { approvals: 0, ..self };
        }
        if self.approvals < class.least() {
            return Self { approvals: class.default_rule().approvals, ..self };
        }
        self
    }

    /// Whether this one asks for less than `other` in anything.
    pub const fn is_laxer_than(self, other: Self) -> bool {
        self.approvals < other.approvals
            || self.cool_off_ms < other.cool_off_ms
            || self.within_ms > other.within_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_alone_ends_when_somebody_could_agree() {
        for class in Class::ALL {
            let rule = class.default_rule();
            assert_eq!(rule.effective(*class, true, false).approvals, 0, "{class:?}");
            assert_eq!(rule.effective(*class, true, true), rule, "{class:?}");
            assert_eq!(rule.effective(*class, false, false), rule, "{class:?}: visibly nobody can");
            let none = Rule { approvals: 0, ..rule };
            assert!(none.effective(*class, false, true).approvals >= class.least(), "{class:?}");
        }
    }

    #[test]
    fn rules_outside_their_bounds_are_refused() {
        let rule = Class::DeleteBackup.default_rule();
        let check = |rule: Rule| rule.check(Class::DeleteBackup);
        assert_eq!(check(Rule { approvals: 0, ..rule }), Err(WrongRule::Approvals { least: 1 }));
        assert_eq!(check(Rule { approvals: 6, ..rule }), Err(WrongRule::Approvals { least: 1 }));
        assert_eq!(check(Rule { within_ms: 1, ..rule }), Err(WrongRule::Within));
        assert_eq!(check(Rule { cool_off_ms: -1, ..rule }), Err(WrongRule::CoolOff));
        assert_eq!(check(Rule { approvals: 5, ..rule }), Ok(()));
    }
}
