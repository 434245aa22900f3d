//! Bringing a backup back.

pub mod api;
pub mod start;
