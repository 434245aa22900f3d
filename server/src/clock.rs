//! The real clock. The only place where the present and fresh ids come from outside.

use domain::{Clock, Timestamp};
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        chrono::Utc::now().into()
    }
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
