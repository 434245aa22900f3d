//! Where notices go.

pub mod api;
pub mod channels;
pub mod webhooks;
pub mod webhooks_api;
