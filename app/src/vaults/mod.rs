//! Where copies are kept, and what the installation is made of.

pub mod api;
pub mod settings;
