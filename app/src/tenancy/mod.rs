//! Tenants of a shared database: how each stands, whose rows are whose, and what can be taken away.

pub mod address;
pub mod api;
pub mod confirm;
pub mod detail;
pub mod export;
pub mod list;
pub mod map;
pub mod map_api;
pub mod mapping;
pub mod of_source;
pub mod route;
pub mod rows;
pub mod summary;
pub mod tables;
