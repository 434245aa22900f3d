//! Bringing a backup back: whole or in part into a new database, or one tenant into the live one.

pub mod actions;
pub mod api;
pub mod definers;
pub mod detail;
pub mod difference;
pub mod difference_api;
pub mod history;
pub mod list;
pub mod part;
pub mod request_api;
pub mod rows;
pub mod start;
pub mod wizard;
