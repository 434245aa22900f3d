//! What needs a second person, and the rules by which they agree.
//!
//! There is one engine for every act that can destroy, take away or change data for good, or that weakens what protects
//! it. The acts are sorted into classes, in one table ([`Class`]); which class an act is in is an exhaustive match
//! ([`class_of`]), so that a new act does not compile before somebody has decided.
//!
//! What is agreed to is not "delete that" but a digest over the exact change and everything that was shown about it
//! ([`digest`]). Whoever carries it out computes the preview anew, in the transaction that does it, and compares: what
//! nobody has agreed to is not done, and what was agreed to is done once.
//!
//! Who decides reads like this: a request waits; one refusal ends it, enough agreements approve it ([`next`]); every
//! agreement counts only as long as who gave it may still give it, and it is counted again when it is used.

mod change;
mod classes;
mod decide;
mod rule;

pub use change::{Change, Fact, Preview, digest};
pub use classes::{Class, Runs, class_of};
pub use decide::{Next, Standing, State, Verdict, Vote, missing, next};
pub use rule::{Bounds, LONGEST_REASON, Rule, VALID_MS, WrongRule};
