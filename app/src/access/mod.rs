//! Signing in, setting up, people and their roles.

pub mod api;
pub mod confirm_identity;
pub mod groups;
pub mod invitations;
pub mod invited;
pub mod organisations;
pub mod own_sessions;
pub mod passkeys;
pub mod passkeys_api;
pub mod people;
pub mod people_api;
pub mod person;
pub mod policy;
pub mod profile;
pub mod recovery_key;
pub mod reset;
pub mod roles;
pub mod second_step;
pub mod security;
pub mod security_api;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod tokens_api;
