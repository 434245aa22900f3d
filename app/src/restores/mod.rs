//! Bringing a backup back.

pub mod api;
pub mod request_api;
pub mod start;
