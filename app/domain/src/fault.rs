//! The only error that crosses the wire.
//!
//! Every lower error becomes one of these at one place in the server; internal text never leaves, only an
//! incident id under which the whole chain was logged.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One wrong field of a request, in words for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// Name of the form field.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "fault", content = "detail")]
pub enum Fault {
    /// Nobody is signed in.
    #[error("sign in to do this")]
    Unauthenticated,
    /// There is no such thing, or it is not yours: the two are the same answer.
    #[error("there is no such thing here")]
    NotFound,
    /// A member, but without the role.
    #[error("your role does not allow this")]
    Forbidden,
    /// A member with the role, who has not proven for a while that it is still them.
    #[error("for this you have to confirm that it is you, and that was not within the last ten minutes")]
    ProofNeeded,
    /// The organisation asks for a second factor, and the person has none.
    #[error("your organisation asks for a second factor, and you have none yet")]
    SecondFactorNeeded,
    /// Input that cannot be accepted.
    #[error("some of what you entered cannot be accepted")]
    Invalid(Vec<FieldFault>),
    /// Someone else changed it meanwhile.
    #[error("this changed since you opened it; look at it again")]
    Conflict,
    /// The product itself says no.
    #[error("{0}")]
    Refused(Refusal),
    /// Too often.
    #[error("too many attempts; try again in {retry_after_s} s")]
    RateLimited {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// As much of this is being done as is carried at a time; later it will be done.
    #[error("{what}; try again in {retry_after_s} s")]
    Busy {
        /// What is going on, in the reader's words.
        what: String,
        /// Whether it is the reader's own doing.
        is_own: bool,
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// Something we depend on does not answer; try again.
    #[error("{what} does not answer at the moment; try again")]
    Unavailable {
        /// What does not answer, in the reader's words.
        what: String,
    },
    /// A fault of ours; the log has it under this id.
    #[error("something went wrong on our side; the log has it as incident {incident}")]
    Internal {
        /// Id to quote to whoever reads the log.
        incident: String,
    },
}

impl Fault {
    /// An [`Fault::Invalid`] with one field.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault { field: field.into(), message: message.into() }])
    }
    /// The HTTP status that belongs to it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::NotFound => 404,
            Self::Forbidden | Self::ProofNeeded | Self::SecondFactorNeeded => 403,
            Self::Invalid(_) => 422,
            Self::Conflict | Self::Refused(_) => 409,
            Self::RateLimited { .. } | Self::Busy { is_own: true, .. } => 429,
            Self::Busy { is_own: false, .. } | Self::Unavailable { .. } => 503,
            Self::Internal { .. } => 500,
        }
    }
    /// After how many seconds asking again may help, if that is known.
    pub const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::RateLimited { retry_after_s } | Self::Busy { retry_after_s, .. } => Some(*retry_after_s),
            _ => None,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The product's own "no". Each says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// One active run per source and kind.
    #[error("a run of this kind is already active for this source")]
    AlreadyRunning,
    /// A backup without proof may be restored only on purpose.
    #[error("this backup has not been proven restorable")]
    NotProven,
    /// The backup's data is gone.
    #[error("this backup has expired")]
    Expired,
    /// The stored credentials were bound to another host, port or user.
    #[error("the stored password was for another host, port or user")]
    CredentialsVoid,
    /// No verification server is configured for this family of servers.
    #[error("no verification server is configured for {family}")]
    NoVerificationServer {
        /// `mariadb` or `mysql`.
        family: String,
    },
    /// The target of a restore exists already.
    #[error("there is already a database named {name}")]
    TargetExists {
        /// Its name.
        name: String,
    },
    /// The run is over.
    #[error("this run is finished and cannot be cancelled")]
    RunFinished,
    /// The last person who can administer would be shut out.
    #[error("this is the last person with that role")]
    LastAdministrator,
    /// First-run set-up was done already.
    #[error("this installation has been set up already")]
    AlreadySetUp,
    /// The backup was not taken by the engine that keeps tenants apart.
    #[error("this backup is not split by tenant")]
    NotSplit,
    /// The backup holds no segment of the tenant.
    #[error("this backup holds nothing of tenant {tenant}")]
    TenantNotInBackup {
        /// Its key.
        tenant: String,
    },
    /// Nobody has confirmed the tenant map.
    #[error("the tenant map of this source is not confirmed")]
    MapUnconfirmed,
    /// Tables that are touched are led to their tenants another way by now.
    #[error(
        "this backup leads {tables} to their tenants by another route than the tenant map that is confirmed now"
    )]
    Rerouted {
        /// Their names; the first few, if there are many.
        tables: String,
    },
    /// The person who asked may not agree to it.
    #[error("a second person has to agree to this restore")]
    SecondPerson,
    /// What was looked at is not what would be applied.
    #[error("the difference is not the one that you looked at")]
    DifferenceChanged,
    /// The approval was given too long ago.
    #[error("this was approved more than a day ago")]
    ApprovalExpired,
    /// Live rows may be changed already.
    #[error("the live rows may be changed by now, so this can no longer be stopped")]
    TooLateToCancel,
    /// What was agreed to does not hold any more.
    #[error("the approval does not hold any more")]
    ApprovalVoid,
    /// Who asked and who would agree made each other what they are here.
    #[error(
        "you and the person who asked are not independent: one of you added the other here, gave them their role or set their password, directly or through others"
    )]
    NotIndependent,
    /// The difference has obstacles, touches foreign rows or changes nothing.
    #[error("this difference cannot be applied")]
    NotApplicable,
    /// One person has as many tenant backups of a source waiting as one may have.
    #[error("{most} backups of single tenants of this source that you asked for are waiting already")]
    TooManyWaiting {
        /// How many one person may have waiting.
        most: u32,
    },
    /// Files of a whole server are asked for what only rows can do, or a database for what only files can.
    #[error("the engine of this source cannot do that")]
    OtherEngine,
    /// The worker cannot copy the server's files.
    #[error("the files of this server cannot be copied from here: {why}")]
    FilesUnreachable {
        /// Why not, and what to do instead.
        why: String,
    },
    /// One person has as many tokens as one may have.
    #[error("you have {most} tokens already")]
    TooManyTokens {
        /// How many one person may have.
        most: u32,
    },
    /// An organisation has as many webhooks as it may have.
    #[error("there are {most} webhooks already")]
    TooManyWebhooks {
        /// How many an organisation may have.
        most: u64,
    },
    /// A run works on the backup, another one was built on it, or it is going already.
    #[error("this backup is in use, is needed by a newer one, or is being removed already")]
    BackupInUse,
    /// The same was asked for already, and is not decided.
    #[error("this was asked for already, and somebody still has to agree")]
    AskedAlready,
    /// The reader has not the permission to agree.
    #[error("your role does not let you agree to this")]
    MayNotAgree,
    /// It is somebody else's.
    #[error("only who asked for this may do that")]
    NotYours,
    /// It is approved, and rests.
    #[error("this is approved, and the time to think about it is not over yet")]
    CoolingOff,
    /// There is, or was, somebody else in the organisation.
    #[error("there are, or were, other people in this organisation, so it does not work alone")]
    NotAlone,
    /// What is a person's everywhere is not for one of their organisations to change.
    #[error("this person belongs to another organisation too")]
    BelongsElsewhere,
    /// The recovery key that was typed back is not the one shown.
    #[error("that is not the recovery key that was shown")]
    RecoveryKeyMismatch,
}

impl Refusal {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::AlreadyRunning => "Open the run that is active; wait for it or cancel it.",
            Self::NotProven => "Verify it first, or choose a backup that is marked Restorable.",
            Self::Expired => "Choose a newer backup.",
            Self::CredentialsVoid => "Enter the password again for the new address.",
            Self::NoVerificationServer { .. } => {
                "Add a [[verification]] section for it to the configuration file and start Holdfast again."
            }
            Self::TargetExists { .. } => {
                "Choose a name that is not in use; Holdfast never overwrites a database."
            }
            Self::RunFinished => "There is nothing left to cancel.",
            Self::LastAdministrator => "Give the role to someone else first.",
            Self::AlreadySetUp => "Sign in, or ask a platform operator for an account.",
            Self::NotSplit => {
                "Choose a backup that the native engine took, or restore the whole backup into a new database."
            }
            Self::TenantNotInBackup { .. } => "Choose another recovery point of this tenant.",
            Self::MapUnconfirmed => "Look at the tenant map of the source and confirm it first.",
            Self::Rerouted { .. } => {
                "Rows of other tenants could be taken for this tenant's. Confirm the old route again if that one is right; \
                 otherwise take a new backup and use that, or leave these tables out."
            }
            Self::SecondPerson => "Ask somebody else who may approve restores; they find it under Approvals.",
            Self::DifferenceChanged => "Compute a new preview and look at that one.",
            Self::ApprovalExpired => {
                "Compute a new preview: the live rows have moved on since, and ask again."
            }
            Self::TooLateToCancel => "Wait until it has ended; what it did can be undone then.",
            Self::ApprovalVoid => {
                "Look at the request: it may wait for another approval, or a new preview is needed."
            }
            Self::NotIndependent => {
                "Ask somebody else who may approve restores and whom neither of you added."
            }
            Self::NotApplicable => "Mend what the preview names, then compute a new one.",
            Self::TooManyWaiting { .. } => {
                "Wait until some of them are done, cancel some under Activity, or back up the whole source."
            }
            Self::OtherEngine => {
                "Single databases and tenants come from backups by the native engine or mysqldump. The files of a whole \
                 server are put onto a machine by the command that the page of their backup shows."
            }
            Self::FilesUnreachable { .. } => {
                "Do what it says and test the connection again, or protect the server's databases one by one: that works \
                 everywhere."
            }
            Self::TooManyTokens { .. } => "Revoke one that nobody needs, then make the new one.",
            Self::TooManyWebhooks { .. } => {
                "Remove one that nobody needs, or let several programs share one."
            }
            Self::BackupInUse => {
                "Wait until the run that works on it has ended, or until the backups that continue it are gone."
            }
            Self::AskedAlready => "Look under Approvals: whoever has to agree finds it there too.",
            Self::MayNotAgree => {
                "Ask somebody whose role lets them agree; the page of the request names them."
            }
            Self::NotYours => "Refuse it instead, if you may, or ask the person who made it.",
            Self::CoolingOff => {
                "It is done by itself when that time is over; until then it can be withdrawn."
            }
            Self::NotAlone => {
                "Somebody else has to agree: give an approver a role that neither of you gave the other."
            }
            Self::BelongsElsewhere => {
                "Remove them from this organisation instead, or ask a platform operator who knows both."
            }
            Self::RecoveryKeyMismatch => "Compare it character by character with the copy that you stored.",
        }
    }
}
