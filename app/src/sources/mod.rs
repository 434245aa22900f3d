//! Databases that are protected and the servers they live on.

pub mod api;
pub mod connection;
pub mod connection_form;
pub mod detail;
pub mod findings;
pub mod list;
pub mod new_connection;
pub mod whole;
