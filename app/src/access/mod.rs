//! Signing in, setting up, people and their roles.

pub mod api;
pub mod own_sessions;
pub mod people;
pub mod profile;
pub mod recovery_key;
pub mod reset;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod tokens_api;
