//! From the engine's many reports to two rows a second, with speed and time left.
//!
//! The engine reports whenever it moved. Writing each would be work of its own, so the newest report waits in one
//! place and a writer takes it from there, twice a second at most.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::backups::Progress;
use tokio::{sync::watch, time::Instant};

/// Between two rows.
pub const BETWEEN: Duration = Duration::from_millis(500);
/// The speed is that of this long.
const WINDOW: Duration = Duration::from_secs(5);
/// Before this long nothing is said about the time left.
const WARM_UP: Duration = Duration::from_secs(2);

/// Where the engine reports to.
pub fn channel() -> (Arc<dyn Fn(Progress) + Send + Sync>, watch::Receiver<Progress>) {
    let (sender, receiver) = watch::channel(Progress::default());
    (Arc::new(move |progress| drop(sender.send_replace(progress))), receiver)
}

/// Computes speed and time left from what passed lately.
#[derive(Debug, Default)]
pub struct Meter {
    phase: String,
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// Completes a report.
    pub fn complete(&mut self, mut progress: Progress, now: Instant) -> Progress {
        if self.phase != progress.phase
            || self.samples.back().is_some_and(|(_, bytes)| *bytes > progress.bytes)
        {
            // Another phase counts from the beginning again.
            self.samples.clear();
            self.phase.clone_from(&progress.phase);
        }
        self.samples.push_back((now, progress.bytes));
        while self.samples.len() > 2
            && self.samples.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.samples.pop_front();
        }
        let Some(&(since, before)) = self.samples.front() else { return progress };
        let took = now.duration_since(since);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if let Some(rate) = (progress.bytes - before).saturating_mul(1000).checked_div(ms) {
            progress.rate = rate;
        }
        progress.eta_ms = match progress.bytes_expected {
            Some(expected) if took >= WARM_UP && progress.rate > 0 && expected > progress.bytes => {
                i64::try_from((expected - progress.bytes).saturating_mul(1000) / progress.rate).ok()
            }
            _ => None,
        };
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bytes: u64) -> Progress {
        Progress { phase: "dump".into(), bytes, bytes_expected: Some(10_000), ..Progress::default() }
    }

    #[test]
    fn speed_is_that_of_the_last_seconds_and_time_left_follows_it() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(meter.complete(at(0), after(0)).rate, 0);
        let early = meter.complete(at(1000), after(1));
        assert_eq!((early.rate, early.eta_ms), (1000, None));
        let later = meter.complete(at(2000), after(2));
        assert_eq!((later.rate, later.eta_ms), (1000, Some(8000)));
        for second in 3..20 {
            meter.complete(at(2000), after(second));
        }
        let stalled = meter.complete(at(2000), after(20));
        assert_eq!((stalled.rate, stalled.eta_ms), (0, None));
    }

    #[test]
    fn a_new_phase_starts_afresh() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        meter.complete(at(9000), start);
        let next = Progress { phase: "load".into(), bytes: 10, ..Progress::default() };
        assert_eq!(meter.complete(next, start + Duration::from_secs(1)).rate, 0);
    }
}
