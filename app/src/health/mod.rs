//! Whether everything can be restored.

pub mod api;
pub mod overview;
