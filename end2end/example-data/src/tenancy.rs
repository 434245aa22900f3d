//! Who owns which row: 25 tenants of skewed size (or another number) and the platform's own tenant 0, interleaved as they would
//! be after years of use, and computable in both directions without remembering anything.
//!
//! A foreign key of a row of tenant T must point to a parent of tenant T. Ownership is therefore a repeating
//! pattern, from which the k-th row of a tenant follows by arithmetic; the generator needs no memory that
//! grows with the scale.

use std::sync::{LazyLock, OnceLock};

use crate::rng::Rng;

static TENANTS: OnceLock<usize> = OnceLock::new();

/// How many tenants there are, 0 (the platform itself) included: 26 unless chosen otherwise.
pub fn tenants() -> usize {
    *TENANTS.get_or_init(|| 26)
}

/// Chooses how many there are, 0 included and at least 8, before anything is written. False if it is too late.
pub fn choose(tenants: usize) -> bool {
    TENANTS.set(tenants.max(8)).is_ok()
}

const PERIOD: usize = 1024;

struct Pattern {
    owner: Vec<usize>,
    places: Vec<Vec<u64>>,
}

static PATTERN: LazyLock<Pattern> = LazyLock::new(|| {
    // Tenant 7 is the largest: identifiers say nothing about size in a real platform either.
    let rank = |tenant: usize| if tenant == 0 { 22 } else { (tenant + tenants() - 8) % (tenants() - 1) + 1 };
    let weight = |tenant: usize| 1.0 / f64::from(u32::try_from(rank(tenant)).unwrap_or(1)).powf(1.15);
    let total: f64 = (0..tenants()).map(weight).sum();
    let mut owner = Vec::with_capacity(PERIOD);
    let mut reached = 0.0;
    for tenant in 0..tenants() {
        reached += weight(tenant) / total * 1024.0;
        // Rounding the running sum, so that the shares fill the period exactly.
        while f64::from(u32::try_from(owner.len()).unwrap_or(u32::MAX)) + 0.5 < reached {
            owner.push(tenant);
        }
    }
    owner.resize(PERIOD, 7);
    let mut rng = Rng::for_label("tenancy");
    for i in (1..PERIOD).rev() {
        owner.swap(i, usize::try_from(rng.below(i as u64 + 1)).unwrap_or(0));
    }
    let mut places = vec![Vec::new(); tenants()];
    for (place, &tenant) in owner.iter().enumerate() {
        places[tenant].push(place as u64);
    }
    Pattern { owner, places }
});

/// Ownership of the rows `0..rows` of one table.
#[derive(Clone, Copy, Debug)]
pub struct Ownership {
    /// Number of rows in the table.
    pub rows: u64,
    /// Owned by nobody: every tenant may refer to every row.
    pub shared: bool,
}

impl Ownership {
    /// The tenant that owns `row`. The first rows belong to one tenant each, so that no tenant is missing
    /// from a table however small the scale.
    pub fn of(self, row: u64) -> usize {
        let row = usize::try_from(row).unwrap_or(0);
        if self.shared {
            // Counted together, under the platform.
            return 0;
        }
        if row < tenants() { row } else { PATTERN.owner[(row - tenants()) % PERIOD] }
    }

    /// How many rows `tenant` may refer to.
    pub fn count(self, tenant: usize) -> u64 {
        if self.shared {
            return self.rows;
        }
        let Some(rest) = self.rows.checked_sub(tenants() as u64) else {
            return u64::from((tenant as u64) < self.rows);
        };
        let places = &PATTERN.places[tenant];
        let partial = places.partition_point(|&place| place < rest % PERIOD as u64);
        1 + rest / PERIOD as u64 * places.len() as u64 + partial as u64
    }

    /// The row number of the `k`-th row that `tenant` may refer to, `k < count(tenant)`.
    pub fn nth(self, tenant: usize, k: u64) -> u64 {
        let places = &PATTERN.places[tenant];
        if self.shared {
            k
        } else if k == 0 || places.is_empty() {
            tenant as u64
        } else {
            let (period, within) = ((k - 1) / places.len() as u64, (k - 1) % places.len() as u64);
            let place = places[usize::try_from(within).unwrap_or(0)];
            tenants() as u64 + period * PERIOD as u64 + place
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ownership, tenants};

    #[test]
    fn both_directions_agree() {
        for rows in [26, 27, 500, 1_050, 5_000] {
            let table = Ownership { rows, shared: false };
            let mut seen = vec![0_u64; tenants()];
            for row in 0..rows {
                let tenant = table.of(row);
                assert_eq!(table.nth(tenant, seen[tenant]), row);
                seen[tenant] += 1;
            }
            for (tenant, &count) in seen.iter().enumerate() {
                assert_eq!(table.count(tenant), count, "tenant {tenant} of {rows} rows");
            }
        }
    }

    #[test]
    fn the_largest_tenant_is_ten_times_the_median() {
        let table = Ownership { rows: 10_000, shared: false };
        let mut counts: Vec<u64> = (0..tenants()).map(|tenant| table.count(tenant)).collect();
        counts.sort_unstable();
        assert!(counts[0] > 0);
        assert!(counts[tenants() - 1] >= 10 * counts[tenants() / 2], "{counts:?}");
    }
}
