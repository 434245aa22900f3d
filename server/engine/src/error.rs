//! What failed, where, and whether trying again may help.
//!
//! The place that knows decides: a store says whether its refusal is permanent, a client program's exit is
//! classified where its messages are understood. Nobody above guesses from text.

use std::fmt;

/// Result of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The database server, its account or its client program.
    Source,
    /// The vault.
    Storage,
    /// A key is missing, wrong or cannot be unwrapped.
    Key,
    /// Data is not what was written: altered, truncated, swapped.
    Integrity,
    /// Bytes that are not of the format, or of a version not known here.
    Format,
    /// No room left.
    Space,
    /// The request itself cannot be carried out as asked.
    Input,
    /// Somebody asked to stop.
    Cancelled,
    /// This worker lost its lease; another may be at work.
    Fenced,
    /// Whoever had to agree to it does not any more.
    Refused,
    /// Whether it was done cannot be told: it must be looked at, not be taken for undone.
    Unsure,
}

impl Kind {
    /// How it is stored and sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Storage => "storage",
            Self::Key => "key",
            Self::Integrity => "integrity",
            Self::Format => "format",
            Self::Space => "space",
            Self::Input => "input",
            Self::Cancelled => "cancelled",
            Self::Fenced => "fenced",
            Self::Refused => "refused",
            Self::Unsure => "unsure",
        }
    }
}

/// Whether trying the same again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The cause may pass.
    Later,
    /// It will fail again until somebody changes something.
    Never,
}

/// A failure of the engine.
///
/// `Display` gives `attempt: message`, without the causes; walk [`std::error::Error::source`] for those.
pub struct Error {
    kind: Kind,
    retry: Retry,
    attempt: String,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure: `attempt` says what was being done ("open the vault at /srv/vault"), `message` what happened.
    /// Not worth retrying unless [`Error::later`] says so.
    pub fn new(kind: Kind, attempt: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            retry: Retry::Never,
            attempt: attempt.into(),
            message: message.into(),
            hint: None,
            source: None,
        }
    }
    /// Trying again may help.
    #[must_use]
    pub fn later(mut self) -> Self {
        self.retry = Retry::Later;
        self
    }
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// What caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    /// What kind of thing failed.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
    /// Whether trying the same again may help.
    pub const fn retry(&self) -> Retry {
        self.retry
    }
    /// What was being done.
    pub fn attempt(&self) -> &str {
        &self.attempt
    }
    /// What happened, in words for the person who reads a run.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// What the reader can do about it, if there is something.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
    /// Somebody asked to stop.
    pub fn cancelled(attempt: impl Into<String>) -> Self {
        Self::new(Kind::Cancelled, attempt, "stopped because somebody asked for it")
    }
    /// The whole chain of causes on one line, for logs.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.attempt, self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?} {}", self.kind, self.retry, self.chain())?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " (hint: {hint})"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
