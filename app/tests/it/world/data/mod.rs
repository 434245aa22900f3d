//! What the scripted backend answers: believable figures, and among the names some that attack.

mod backups;
mod health;
mod maps;
mod people;
mod restores;
mod runs;
mod sources;
mod tenants;

pub use backups::*;
pub use health::*;
pub use maps::*;
pub use people::*;
pub use restores::*;
pub use runs::*;
pub use sources::*;
pub use tenants::*;

use domain::Timestamp;
use domain::id::Id;

/// Mon 23 Nov 2026, 07:18:05 UTC
pub const NOW: Timestamp = Timestamp(1_795_418_285_000);

pub const MINUTE: i64 = 60_000;

pub const HOUR: i64 = 60 * MINUTE;

pub const DAY: i64 = 24 * HOUR;

/// Markup in a name.
pub const MARKUP: &str = "<img src=x onerror=alert(1)>";

/// A name that turns the writing direction.
pub const TURNED: &str = "invoice\u{202e}gpj.sql";

pub fn id<T>(n: u32) -> Id<T> {
    format!("019ab3c4-5d6e-7f00-8a9b-{n:012x}").parse().unwrap()
}
