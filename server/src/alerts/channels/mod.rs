//! The ways by which a notice leaves the house: one file each.
//!
//! A channel delivers one notice or says in one sentence why not. It neither retries nor remembers: the outbox
//! does both, so that a crash between two attempts loses nothing.

pub mod egress;
pub mod email;
pub mod webhook;

/// A notice as every channel gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id of the notice: the same for every attempt, so that a receiver recognises a repetition.
    pub id: String,
    /// Stable key of what happened, e.g. `backup_failed`.
    pub kind: &'static str,
    /// One line.
    pub subject: String,
    /// What happened, since when, what to do.
    pub text: String,
    /// The page to look at, if the address of this installation is configured.
    pub url: Option<String>,
    /// When it happened.
    pub at: domain::Timestamp,
}

/// Why a delivery did not happen, in words for the person who reads the list of deliveries. It holds nothing that
/// the other side sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Undelivered {
    /// What happened.
    pub reason: String,
    /// Whether trying again later may help.
    pub later: bool,
}

impl Undelivered {
    /// The cause may pass.
    pub fn later(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), later: true }
    }
    /// It will fail again until somebody changes something.
    pub fn never(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), later: false }
    }
}
