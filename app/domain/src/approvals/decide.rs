//! Where a request stands and what follows from what was said to it. Pure: whoever asks brings the time.

use serde::{Deserialize, Serialize};

use super::rule::VALID_MS;
use crate::Timestamp;

macro_rules! states {
    ($($(#[$doc:meta])* $state:ident = $key:literal, $title:literal;)+) => {
        /// Where a request for approval stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum State { $($(#[$doc])* $state),+ }
        impl State {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$state),+];
            /// How it is stored and sent.
            pub const fn key(self) -> &'static str { match self { $(Self::$state => $key),+ } }
            /// How it is shown.
            pub const fn title(self) -> &'static str { match self { $(Self::$state => $title),+ } }
            /// The state stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$state),)+ _ => None } }
        }
    };
}

states! {
    /// Somebody has to agree.
    Waiting = "waiting", "Waiting for approval";
    /// Enough have agreed; it is not done yet.
    Approved = "approved", "Approved";
    /// It was done, once.
    Executed = "executed", "Done";
    /// Somebody refused.
    Rejected = "rejected", "Rejected";
    /// Taken back.
    Withdrawn = "withdrawn", "Withdrawn";
    /// Nobody agreed in time, or nobody used it in time.
    Expired = "expired", "Expired";
    /// It was approved and could not be done.
    Failed = "failed", "Could not be done";
}

impl State {
    /// Whether nothing more will happen.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Waiting | Self::Approved)
    }
}

/// What somebody says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Agrees.
    Agree,
    /// Refuses.
    Refuse,
    /// Says something.
    Comment,
}

impl Verdict {
    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Refuse => "refuse",
            Self::Comment => "comment",
        }
    }
    /// How it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Agree => "Agreed",
            Self::Refuse => "Refused",
            Self::Comment => "Said",
        }
    }
    /// The verdict stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        [Self::Agree, Self::Refuse, Self::Comment].into_iter().find(|verdict| verdict.key() == key)
    }
}

/// One verdict, as it counts now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// What was said.
    pub verdict: Verdict,
    /// Whether who said it may still say it.
    pub holds: bool,
    /// Whether what they looked at is what the request says now.
    pub saw_this: bool,
}

impl Vote {
    const fn counts(self) -> bool {
        self.holds && self.saw_this
    }
}

/// What is to be known of a request beside what was said to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// How many have to agree.
    pub needed: u8,
    /// Until when it waits for them.
    pub expires_at: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// How long it rests from there.
    pub cool_off_ms: i64,
    /// Whether somebody took it upon themselves, in an emergency: then nobody has to agree.
    pub is_emergency: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing more will happen.
    Nothing,
    /// So many more have to agree.
    Wait {
        /// How many more.
        missing: u8,
    },
    /// It is approved.
    Approve,
    /// It is refused.
    Reject,
    /// Its time is over.
    Expire,
    /// It is approved, and rests until then.
    Rest {
        /// Until when.
        until: Timestamp,
    },
    /// It may be carried out now.
    Execute,
    /// It was approved, and is not any more: somebody who agreed may not any more.
    Reopen,
}

/// How many more have to agree.
pub fn missing(request: &Standing, votes: &[Vote]) -> u8 {
    if request.is_emergency {
        return 0;
    }
    let agreed = votes.iter().filter(|vote| vote.verdict == Verdict::Agree && vote.counts()).count();
    request.needed.saturating_sub(u8::try_from(agreed).unwrap_or(u8::MAX))
}

/// What follows for a request from what was said to it.
pub fn next(request: &Standing, votes: &[Vote], now: Timestamp) -> Next {
    let is_refused = votes.iter().any(|vote| vote.verdict == Verdict::Refuse && vote.counts());
    let missing = missing(request, votes);
    match request.state {
        State::Waiting if now >= request.expires_at => Next::Expire,
        State::Waiting if is_refused => Next::Reject,
        State::Waiting if missing == 0 => Next::Approve,
        State::Waiting => Next::Wait { missing },
        State::Approved => {
            // One that nobody knows the time of is as old as can be.
            let Some(approved_at) = request.approved_at else { return Next::Expire };
            let ripe_at = approved_at.plus_ms(request.cool_off_ms);
            if now >= ripe_at.plus_ms(VALID_MS) {
                Next::Expire
            } else if missing > 0 {
                Next::Reopen
            } else if now < ripe_at {
                Next::Rest { until: ripe_at }
            } else {
                Next::Execute
            }
        }
        State::Executed | State::Rejected | State::Withdrawn | State::Expired | State::Failed => {
            Next::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn any_vote() -> impl Strategy<Value = Vote> {
        (0..3_u8, any::<bool>(), any::<bool>()).prop_map(|(verdict, holds, saw_this)| Vote {
            verdict: [Verdict::Agree, Verdict::Refuse, Verdict::Comment][usize::from(verdict)],
            holds,
            saw_this,
        })
    }

    fn any_standing() -> impl Strategy<Value = Standing> {
        let times = (0..2_000_i64, proptest::option::of(0..2_000_i64), 0..500_i64);
        (0..State::ALL.len(), 0..4_u8, times, any::<bool>()).prop_map(
            |(state, needed, (expires, approved, cool_off_ms), is_emergency)| Standing {
                state: State::ALL[state],
                needed,
                expires_at: Timestamp(expires),
                approved_at: approved.map(Timestamp),
                cool_off_ms,
                is_emergency,
            },
        )
    }

    fn counting(votes: &[Vote], verdict: Verdict) -> usize {
        votes.iter().filter(|vote| vote.verdict == verdict && vote.holds && vote.saw_this).count()
    }

    proptest! {
        #[test]
        fn nothing_is_done_without_enough_who_saw_exactly_this_and_may_still_agree(
            request in any_standing(), votes in proptest::collection::vec(any_vote(), 0..8), now in 0..200_000_000_i64,
        ) {
            let found = next(&request, &votes, Timestamp(now));
            if matches!(found, Next::Execute | Next::Approve) {
                prop_assert!(request.is_emergency || counting(&votes, Verdict::Agree) >= usize::from(request.needed));
                prop_assert!(!request.state.is_settled());
            }
            if found == Next::Execute {
                prop_assert_eq!(request.state, State::Approved);
                let ripe = request.approved_at.unwrap().plus_ms(request.cool_off_ms).0;
                prop_assert!(now >= ripe && now < ripe + VALID_MS);
            }
            if request.state.is_settled() {
                prop_assert_eq!(found, Next::Nothing);
            }
        }

        #[test]
        fn one_who_refuses_is_enough(
            request in any_standing(), mut votes in proptest::collection::vec(any_vote(), 0..8), now in 0..2_000_i64,
        ) {
            votes.push(Vote { verdict: Verdict::Refuse, holds: true, saw_this: true });
            let request = Standing { state: State::Waiting, ..request };
            let found = next(&request, &votes, Timestamp(now));
            prop_assert!(matches!(found, Next::Reject | Next::Expire), "{:?}", found);
        }

        #[test]
        fn what_does_not_count_changes_nothing(
            request in any_standing(), votes in proptest::collection::vec(any_vote(), 0..8), now in 0..200_000_000_i64,
        ) {
            let counted: Vec<_> = votes.iter().copied().filter(|vote| vote.counts() && vote.verdict != Verdict::Comment).collect();
            prop_assert_eq!(next(&request, &votes, Timestamp(now)), next(&request, &counted, Timestamp(now)));
        }
    }

    #[test]
    fn a_demoted_approver_takes_the_approval_along() {
        let request = Standing {
            state: State::Approved,
            needed: 1,
            expires_at: Timestamp(10),
            approved_at: Some(Timestamp(5)),
            cool_off_ms: 0,
            is_emergency: false,
        };
        let agreed = Vote { verdict: Verdict::Agree, holds: true, saw_this: true };
        assert_eq!(next(&request, &[agreed], Timestamp(6)), Next::Execute);
        assert_eq!(next(&request, &[Vote { holds: false, ..agreed }], Timestamp(6)), Next::Reopen);
        assert_eq!(next(&request, &[Vote { saw_this: false, ..agreed }], Timestamp(6)), Next::Reopen);
        let resting = Standing { cool_off_ms: 10, ..request };
        assert_eq!(next(&resting, &[agreed], Timestamp(6)), Next::Rest { until: Timestamp(15) });
    }
}
