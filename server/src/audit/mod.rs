//! The audit trail: anchoring it outside the database, checking it, and taking it away as a file that can be checked
//! without this server.

pub mod export;
pub mod sweep;
