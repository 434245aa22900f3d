//! Routes of the area.

pub mod api;
