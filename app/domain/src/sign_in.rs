//! Who needs more than a password to work in an organisation.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, access::Permission, powers::Powers};

/// Days in which a person may still work without the second factor that was asked of them, at most.
pub const MOST_GRACE_DAYS: u32 = 30;
const DAY_MS: i64 = 24 * 3_600_000;

/// Of whom a second factor is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedOf {
    /// Of nobody; who has one uses it.
    Nobody,
    /// Of those who may approve, change live data, or administer.
    Powerful,
    /// Of everybody.
    Everybody,
}

impl AskedOf {
    /// Every choice.
    pub const ALL: &'static [Self] = &[Self::Nobody, Self::Powerful, Self::Everybody];

    /// How it is stored and sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Powerful => "powerful",
            Self::Everybody => "everybody",
        }
    }
    /// How it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Nobody => "Nobody",
            Self::Powerful => "Those who may approve, change live data or administer",
            Self::Everybody => "Everybody",
        }
    }
    /// The choice stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|asked| asked.key() == key)
    }
    /// Whether it is asked of somebody with these powers.
    pub fn asks(self, powers: &Powers) -> bool {
        let dangerous = [Permission::ApproveRestore, Permission::ApplyRestore, Permission::ManageUsers];
        match self {
            Self::Nobody => false,
            Self::Powerful => dangerous.iter().any(|permission| powers.may(*permission)),
            Self::Everybody => true,
        }
    }
}

/// What an organisation asks of its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInPolicy {
    /// Of whom a second factor is asked.
    pub requires: AskedOf,
    /// For how many days one may work without it, from when it is asked or one came.
    pub grace_days: u32,
    /// Since when it is asked.
    pub since: Timestamp,
}

impl SignInPolicy {
    /// By when somebody who came at `joined` has to have a second factor; nothing if it is not asked of them.
    pub fn due(&self, powers: &Powers, joined: Timestamp) -> Option<Timestamp> {
        let from = Timestamp(self.since.0.max(joined.0));
        self.requires.asks(powers).then(|| from.plus_ms(i64::from(self.grace_days) * DAY_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    #[test]
    fn grace_counts_from_the_later_of_rule_and_person() {
        let policy = SignInPolicy { requires: AskedOf::Powerful, grace_days: 2, since: Timestamp(1_000) };
        assert_eq!(policy.due(&Powers::of(Role::Viewer), Timestamp(0)), None);
        assert_eq!(policy.due(&Powers::of(Role::Operator), Timestamp(0)), None);
        for role in [Role::Approver, Role::TenantAdmin, Role::PlatformOperator] {
            assert_eq!(policy.due(&Powers::of(role), Timestamp(0)), Some(Timestamp(1_000 + 2 * DAY_MS)));
            assert_eq!(policy.due(&Powers::of(role), Timestamp(5_000)), Some(Timestamp(5_000 + 2 * DAY_MS)));
        }
        let everybody = SignInPolicy { requires: AskedOf::Everybody, grace_days: 0, ..policy };
        assert_eq!(everybody.due(&Powers::of(Role::Viewer), Timestamp(0)), Some(Timestamp(1_000)));
        assert_eq!(
            SignInPolicy { requires: AskedOf::Nobody, ..policy }
                .due(&Powers::of(Role::Approver), Timestamp(0)),
            None
        );
    }
}
