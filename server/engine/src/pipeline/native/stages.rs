//! Where the time of the readers went.

use std::time::Duration;

/// Nanoseconds of all readers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages {
    /// Taking rows apart.
    pub split: u64,
    /// Hashing them.
    pub hash: u64,
    /// Leading them to their owners.
    pub route: u64,
    /// Writing them as SQL.
    pub format: u64,
    /// Compressing, and decompressing again to compare.
    pub compress: u64,
    /// Sealing, and opening again to compare.
    pub seal: u64,
    /// Everything, waiting for the server included.
    pub all: u64,
}

impl Stages {
    /// One row in so many is timed.
    pub const SAMPLE: u64 = 64;

    /// Adds a row that was timed: how far each step was from its beginning. `blocks` is what compressing and sealing
    /// took meanwhile.
    pub fn sample(
        &mut self,
        split: Duration,
        hashed: Duration,
        led: Duration,
        written: Duration,
        blocks: u64,
    ) {
        let times = |duration: Duration| {
            u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).saturating_mul(Self::SAMPLE)
        };
        self.split += times(split);
        self.hash += times(hashed.saturating_sub(split));
        self.route += times(led.saturating_sub(hashed));
        let block = Duration::from_nanos(blocks);
        self.format += times(written.saturating_sub(led).saturating_sub(block));
    }
    /// Adds another reader's.
    pub const fn merge(&mut self, other: &Self) {
        self.split += other.split;
        self.hash += other.hash;
        self.route += other.route;
        self.format += other.format;
        self.compress += other.compress;
        self.seal += other.seal;
        self.all += other.all;
    }
    /// Waiting for rows: reading from the connection, and whatever else is not ours.
    pub const fn read(&self) -> u64 {
        self.all.saturating_sub(self.split + self.hash + self.route + self.format + self.compress + self.seal)
    }
}
