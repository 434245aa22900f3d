//! How large the parts of an upload are, and both ends of what was sent for comparing.

use bytes::Bytes;

const MIB: usize = 1024 * 1024;
/// The first parts. At least 5 MiB is the rule of S3.
const FIRST: usize = 8 * MIB;
/// Parts grow by [`FIRST`] each time so many were sent: a length unknown at the start must fit into 10 000 parts.
const STEP: u32 = 1250;
/// What S3 allows.
pub(super) const MOST_PARTS: u32 = 10_000;
/// Bytes kept of either end.
const END: usize = 4096;

/// Size of part `number` (from 1): 8 MiB at first, 64 MiB at the end, 351 GiB in all.
pub(super) fn size(number: u32) -> usize {
    let grown = (number.clamp(1, MOST_PARTS) - 1) / STEP;
    FIRST * (grown as usize + 1)
}

/// Parts on the way at once: two while they are small, one when two would be too much memory.
pub(super) fn in_flight(number: u32) -> usize {
    if size(number) > 32 * MIB { 1 } else { 2 }
}

/// The first and last bytes of a stream.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) first: Vec<u8>,
    pub(super) last: Vec<u8>,
}

impl Ends {
    pub(super) fn add(&mut self, chunk: &Bytes) {
        let wanted = (END - self.first.len()).min(chunk.len());
        self.first.extend_from_slice(&chunk[..wanted]);
        if chunk.len() >= END {
            self.last.clear();
            self.last.extend_from_slice(&chunk[chunk.len() - END..]);
        } else {
            let surplus = (self.last.len() + chunk.len()).saturating_sub(END);
            self.last.drain(..surplus);
            self.last.extend_from_slice(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_hold_351_gib_within_128_mib_of_memory() {
        let all: usize = (1..=MOST_PARTS).map(size).sum();
        assert_eq!(all / (1024 * MIB), 351);
        assert_eq!((size(1), size(1250), size(1251), size(10_000)), (8 * MIB, 8 * MIB, 16 * MIB, 64 * MIB));
        for number in 1..=MOST_PARTS {
            assert!(size(number) * (in_flight(number) + 1) <= 128 * MIB, "{number}");
        }
    }

    #[test]
    fn the_ends_are_those_of_the_whole_stream() {
        let stream: Vec<u8> = (0..20_000u32).map(|n| (n % 251) as u8).collect();
        for step in [1, 7, 4095, 4096, 4097, 20_000] {
            let mut ends = Ends::default();
            stream.chunks(step).for_each(|chunk| ends.add(&Bytes::copy_from_slice(chunk)));
            assert_eq!(
                (&ends.first[..], &ends.last[..]),
                (&stream[..END], &stream[20_000 - END..]),
                "{step}"
            );
        }
    }
}
