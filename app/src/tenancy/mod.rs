//! Tenants of a shared database: how each stands, whose rows are whose, and what can be taken away.

pub mod api;
pub mod map_api;
