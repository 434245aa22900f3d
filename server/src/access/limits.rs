//! How often something may be tried: per address and per account, so that neither many accounts from one place nor
//! one account from many places can be guessed at.
//!
//! Kept in memory: with several servers each counts for itself, which slows guessing down by their number only.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, time::Duration};

use domain::{Fault, TokenId};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

/// Tries in a row from one address, then one each [`ADDRESS_EVERY`].
pub const ADDRESS_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);
const ADDRESS_EVERY: Duration = Duration::from_secs(4);
/// Tries in a row for one account, then one each [`ACCOUNT_EVERY`].
pub const ACCOUNT_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const ACCOUNT_EVERY: Duration = Duration::from_secs(20);
/// The person of an account that is closed for a while is told so once in this time.
const TOLD_EVERY: Duration = Duration::from_secs(3_600);
/// Requests in a row by one token, then one each [`TOKEN_EVERY`].
pub const TOKEN_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(239);
const TOKEN_EVERY: Duration = Duration::from_millis(250);
/// Keys that are remembered before those that waited long enough are forgotten.
const REMEMBERED: usize = 20_000;

/// How much more a token may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a window at most.
    pub most: u32,
    /// The window, in seconds.
    pub window_s: u64,
    /// Requests that are left.
    pub left: u32,
    /// Seconds until there are as many as at first.
    pub full_in_s: u64,
    /// Seconds to wait, if this request is one too many.
    pub refused_for_s: Option<u32>,
}

type Telling<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The counters.
pub struct Limits {
    tokens: Telling<TokenId>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    accounts: DefaultKeyedRateLimiter<String>,
    told: DefaultKeyedRateLimiter<String>,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limits")
    }
}

fn limiter<K: Hash + Eq + Clone>(every: Duration, burst: NonZeroU32) -> DefaultKeyedRateLimiter<K> {
    let quota = Quota::with_period(every).unwrap_or_else(|| Quota::per_minute(burst));
    RateLimiter::keyed(quota.allow_burst(burst))
}

fn ask<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Fault> {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|refusal| {
        let wait = refusal.wait_time_from(limiter.clock().now());
        Fault::RateLimited { retry_after_s: u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX) }
    })
}

fn account(email: &str) -> String {
    let key: String = email.trim().chars().take(254).collect();
    // Trimmed again as the catalog does: blanks before what is cut off must not make another account of it.
    key.trim_end().to_lowercase()
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: limiter(TOKEN_EVERY, TOKEN_BURST).with_middleware(),
            addresses: limiter(ADDRESS_EVERY, ADDRESS_BURST),
            accounts: limiter(ACCOUNT_EVERY, ACCOUNT_BURST),
            told: limiter(TOLD_EVERY, NonZeroU32::MIN),
        }
    }
}

impl Limits {
    /// Counts a try from an address. The addresses of one IPv6 network count as one: a home has 2⁶⁴ of them.
    pub fn from_address(&self, address: IpAddr) -> Result<(), Fault> {
        let key = match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
            address @ IpAddr::V4(_) => address,
        };
        ask(&self.addresses, &key)
    }
    /// Counts a request by a token.
    pub fn for_token(&self, token: TokenId) -> Allowance {
        if self.tokens.len() > REMEMBERED {
            self.tokens.retain_recent();
        }
        let most = TOKEN_BURST.get();
        let until_full = |left: u32| (TOKEN_EVERY * most.saturating_sub(left)).as_millis().div_ceil(1_000);
        let allowance = |left: u32, refused_for_s| Allowance {
            most,
            window_s: (TOKEN_EVERY * most).as_secs(),
            left,
            full_in_s: u64::try_from(until_full(left)).unwrap_or(u64::MAX),
            refused_for_s,
        };
        match self.tokens.check_key(&token) {
            Ok(state) => allowance(state.remaining_burst_capacity(), None),
            Err(refusal) => {
                let wait = refusal.wait_time_from(self.tokens.clock().now());
                allowance(0, Some(u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)))
            }
        }
    }
    /// Counts a try for an account, whether it exists or not.
    pub fn for_account(&self, email: &str) -> Result<(), Fault> {
        ask(&self.accounts, &account(email))
    }
    /// Whether the person of an account that is closed for a while is told so now: once, however long it is guessed at.
    pub fn is_told_now(&self, email: &str) -> bool {
        ask(&self.told, &account(email)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_closed_for_a_while_and_the_others_stay_open() {
        let limits = Limits::default();
        for _ in 0..ACCOUNT_BURST.get() {
            assert_eq!(limits.for_account("Ann@example.org"), Ok(()));
        }
        let refused = limits.for_account(" ann@EXAMPLE.org");
        assert!(matches!(refused, Err(Fault::RateLimited { retry_after_s: 1..=21 })), "{refused:?}");
        assert_eq!(limits.for_account("ben@example.org"), Ok(()));
        assert!(limits.is_told_now("ann@example.org") && !limits.is_told_now(" Ann@example.org"), "once");
        assert!(limits.is_told_now("ben@example.org"));
        for blank in [" ", "\t", "\u{a0}"] {
            let padded = format!("ann@example.org{}x", blank.repeat(260));
            assert!(limits.for_account(&padded).is_err(), "{padded:?} is cut to the same account");
        }
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let limits = Limits::default();
        for n in 0..ADDRESS_BURST.get() {
            assert_eq!(
                limits.from_address(IpAddr::V6((0x2001_0db8_u128 << 96 | u128::from(n)).into())),
                Ok(())
            );
        }
        assert!(limits.from_address(IpAddr::V6((0x2001_0db8_u128 << 96 | 0xffff).into())).is_err());
        assert_eq!(limits.from_address(IpAddr::V6((0x2001_0db9_u128 << 96).into())), Ok(()));
    }
}
