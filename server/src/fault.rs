//! From every lower error to the one that a person sees.
//!
//! This is the only place where that happens. The text of a database, a store or a cipher never leaves: the person
//! gets words of ours and an incident id, and the log gets the whole chain, once, under that id.

use domain::{Clock, Fault, Refusal};
use thiserror::Error;

use crate::work::job::JobError;

/// What a use case can fail with.
#[derive(Debug, Error)]
pub enum Error {
    /// An answer for the person, decided already.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The data plane.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The session store.
    #[error("the session could not be read or written")]
    Session(#[from] tower_sessions::session::Error),
    /// A task of ours died.
    #[error("an internal task died")]
    Task(#[from] tokio::task::JoinError),
    /// Something that should be impossible.
    #[error("{0}")]
    Impossible(&'static str),
}

impl From<catalog::Conflict> for Error {
    fn from(conflict: catalog::Conflict) -> Self {
        Self::Catalog(conflict.into())
    }
}
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Fault(refusal.into())
    }
}

/// Result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<JobError> for Error {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Engine(error) => Self::Engine(error),
            JobError::Catalog(error) => Self::Catalog(error),
        }
    }
}

impl Error {
    /// What the person is told. Logs what they are not told, once.
    pub fn into_fault(self, clock: &dyn Clock, attempt: &str) -> Fault {
        match &self {
            Self::Fault(fault) => fault.clone(),
            Self::Catalog(error) => {
                of_catalog(error).unwrap_or_else(|hidden| hidden.log(clock, attempt, &self))
            }
            Self::Engine(error) => of_engine(error).log(clock, attempt, &self),
            Self::Session(_) | Self::Task(_) | Self::Impossible(_) => Hidden::Ours.log(clock, attempt, &self),
        }
    }
}

/// An answer whose reason stays in the log.
enum Hidden {
    Ours,
    Unavailable(&'static str),
}

impl Hidden {
    fn log(self, clock: &dyn Clock, attempt: &str, error: &Error) -> Fault {
        let incident = incident(clock);
        tracing::error!(incident, attempt, error = chain(error), "a request failed");
        match self {
            Self::Ours => Fault::Internal { incident },
            Self::Unavailable(what) => Fault::Unavailable { what: what.into() },
        }
    }
}

/// Twelve hex digits of a fresh id.
pub fn incident(clock: &dyn Clock) -> String {
    let id = clock.uuid().simple().to_string();
    id[20..].to_owned()
}

fn of_catalog(error: &catalog::Error) -> std::result::Result<Fault, Hidden> {
    use catalog::{Conflict, Error, Refused};
    Ok(match error {
        Error::NotFound { .. } => Fault::NotFound,
        Error::Denied(denied) => match denied.reason {
            Refused::NotFound => Fault::NotFound,
            Refused::Forbidden => Fault::Forbidden,
        },
        Error::Conflict(conflict) => match conflict {
            Conflict::AlreadyRunning => Refusal::AlreadyRunning.into(),
            Conflict::Stale | Conflict::Duplicate | Conflict::StopRequested => Fault::Conflict,
            Conflict::RunFinished => Refusal::RunFinished.into(),
            Conflict::Expired => Refusal::Expired.into(),
            Conflict::LastAdministrator => Refusal::LastAdministrator.into(),
            Conflict::AlreadySetUp => Refusal::AlreadySetUp.into(),
            Conflict::SecondPerson => Refusal::SecondPerson.into(),
            Conflict::DifferenceChanged => Refusal::DifferenceChanged.into(),
            Conflict::NotApplicable => Refusal::NotApplicable.into(),
            Conflict::ApprovalExpired => Refusal::ApprovalExpired.into(),
            Conflict::TooLate => Refusal::TooLateToCancel.into(),
            Conflict::ApprovalVoid(_) => Refusal::ApprovalVoid.into(),
            Conflict::NotIndependent => Refusal::NotIndependent.into(),
            Conflict::TooManyWaiting => {
                Refusal::TooManyWaiting { most: catalog::TENANT_BACKUPS_WAITING }.into()
            }
            Conflict::OtherEngine => Refusal::OtherEngine.into(),
            Conflict::TooManyWebhooks => {
                Refusal::TooManyWebhooks { most: catalog::MOST_WEBHOOKS as u64 }.into()
            }
            Conflict::TooManyTokens => Refusal::TooManyTokens { most: catalog::MOST_TOKENS }.into(),
            Conflict::ReasonMissing => Fault::invalid("reason", REASON_MISSING),
            Conflict::AskedAlready => Refusal::AskedAlready.into(),
            Conflict::MayNotAgree => Refusal::MayNotAgree.into(),
            Conflict::NotYours => Refusal::NotYours.into(),
            Conflict::CoolingOff => Refusal::CoolingOff.into(),
            Conflict::BackupInUse => Refusal::BackupInUse.into(),
            Conflict::NotAlone => Refusal::NotAlone.into(),
            Conflict::BelongsElsewhere => Refusal::BelongsElsewhere.into(),
            Conflict::OwnRole => Fault::invalid("role", OWN_ROLE),
            Conflict::OtherAddress => Fault::invalid("token", OTHER_ADDRESS),
            Conflict::SignInFirst => Fault::invalid("token", SIGN_IN_FIRST),
            Conflict::LinkSpent => Fault::invalid("token", LINK_SPENT),
        },
        error if error.retry_may_help() => return Err(Hidden::Unavailable("the catalog")),
        _ => return Err(Hidden::Ours),
    })
}

/// Said where somebody else has to agree and nothing says why it is asked.
pub const REASON_MISSING: &str = "say why: somebody else has to agree to this, and reads it";
/// Said to whoever would give themselves something.
pub const OWN_ROLE: &str = "somebody else has to change your own role";
const OTHER_ADDRESS: &str = "this invitation is for another address; sign out and open the link again, or ask for one for your address";
const SIGN_IN_FIRST: &str = "sign in to your account first; afterwards you can accept here";

/// Said for every password link that does not work, whatever the reason.
pub const LINK_SPENT: &str = "this link was used already or is too old; ask for a new one";

fn of_engine(error: &engine::Error) -> Hidden {
    match error.kind() {
        engine::Kind::Storage | engine::Kind::Space => Hidden::Unavailable("the vault"),
        engine::Kind::Key if error.retry() == engine::Retry::Later => Hidden::Unavailable("the key service"),
        _ => Hidden::Ours,
    }
}

/// The error and all its causes on one line.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Collects what is wrong with a request, so that a person sees all of it at once.
#[derive(Debug, Default)]
pub struct Wrong(Vec<domain::fault::FieldFault>);

impl Wrong {
    /// Notes that a field is wrong.
    pub fn note(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(domain::fault::FieldFault { field: field.into(), message: message.into() });
    }
    /// The value, or a note.
    pub fn check<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        value: std::result::Result<T, E>,
    ) -> Option<T> {
        value.map_err(|error| self.note(field, error.to_string())).ok()
    }
    /// Nothing is wrong, or all of it.
    pub fn finish(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Invalid(self.0)) }
    }
}
