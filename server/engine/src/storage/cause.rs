//! The two refusals that callers act upon, and how the engine's error travels through a reader.

use std::io;

use thiserror::Error as ThisError;

use super::ObjectKey;
use crate::{Error, Kind};

/// Lies at the bottom of an [`Error`], so that callers need not read its text.
#[derive(Debug, ThisError)]
enum Cause {
    #[error("there is no such object")]
    Missing,
    #[error("there is an object under this key already")]
    Exists,
}

fn cause(error: &Error) -> Option<&Cause> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Whether it failed because there is no such object.
pub fn is_missing(error: &Error) -> bool {
    matches!(cause(error), Some(Cause::Missing))
}

/// Whether it failed because the key is taken: another writer was here first.
pub fn already_exists(error: &Error) -> bool {
    matches!(cause(error), Some(Cause::Exists))
}

pub(super) fn missing(attempt: String) -> Error {
    Error::new(Kind::Storage, attempt, "the store does not have it").caused_by(Cause::Missing).hint(
        "If this belonged to a backup, somebody or some rule of the store removed it. Check who can delete there, \
         and use another copy.",
    )
}

pub(super) fn exists(attempt: String) -> Error {
    Error::new(Kind::Storage, attempt, "the key is taken, and Holdfast does not overwrite")
        .caused_by(Cause::Exists)
        .hint("Another worker wrote it. Start again: a new attempt uses new keys.")
}

pub(super) fn beyond(attempt: String) -> Error {
    Error::new(Kind::Integrity, attempt, "the object is shorter than it was when it was written")
        .hint("It was cut or replaced. Use another copy, and check who can write to this vault.")
}

/// The engine's error inside a reader's, or a new one for a failure that came from elsewhere.
pub fn while_reading(attempt: impl Into<String>, error: io::Error) -> Error {
    let attempt = attempt.into();
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => {
            Error::new(Kind::Storage, attempt, "reading stopped before the end").later().caused_by(error)
        }
    }
}

/// An attempt on one object of a store, in words.
pub(super) fn attempt(verb: &str, key: &ObjectKey, place: &str) -> String {
    format!("{verb} {key} in {place}")
}
