//! When sources are backed up.

pub mod api;
pub mod schedule;
