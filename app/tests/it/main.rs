//! Every page in every state, rendered as the server renders it, over a scripted backend.
#![cfg(feature = "ssr")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod audit;
mod forms;
mod pages;
mod tenants;
mod world;
