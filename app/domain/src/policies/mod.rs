//! When a source is backed up and how long the result is kept.

pub mod retention;
pub mod schedule;
