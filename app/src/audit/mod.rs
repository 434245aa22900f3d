//! The audit trail: what happened, found again and proven.

pub mod api;
pub mod entry;
pub mod explorer;
pub mod filters;
pub mod story;
