//! Where notices go.

pub mod api;
pub mod channels;
