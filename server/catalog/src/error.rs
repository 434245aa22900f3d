//! What a query can answer instead of rows.
//!
//! One error type, so that the server translates it in one place. Text of the database never reaches a person:
//! it is in the source chain, for the log.

use thiserror::Error;

/// Result of a query.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a query did not do what was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such row in this tenant. Asking again will not help.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for, e.g. `backup`.
        what: &'static str,
    },
    /// The principal may not do it.
    #[error(transparent)]
    Denied(#[from] crate::Denied),
    /// The state of the row, or of another, forbids it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// A stored value cannot be read: written by a newer version, or damaged.
    #[error("table {table} holds a value that cannot be read: {problem}")]
    Corrupt {
        /// In which table.
        table: &'static str,
        /// What is wrong, with the row's id where it is known.
        problem: String,
    },
    /// The catalog's address was not understood.
    #[error("the catalog address is not usable: {0}")]
    Address(String),
    /// The database did not answer or refused; trying again later may help.
    #[error("the catalog database did not answer as expected")]
    Database(#[from] sqlx::Error),
    /// A migration did not apply; see the cause.
    #[error("the catalog schema could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The audit trail could not be written, and so nothing was done; trying again later may help.
    #[error("the audit trail did not take the entry, therefore nothing was done")]
    Unaudited,
    /// The queue did not accept a wake-up; the dispatch sweep repeats it.
    #[error("the queue did not answer as expected: {0}")]
    Queue(String),
}

/// Why a change was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Conflict {
    /// One active run per source and kind (per connection for probes).
    #[error("a run of this kind is already active")]
    AlreadyRunning,
    /// The row changed since it was read, or the lease is held by someone else.
    #[error("somebody else changed this meanwhile")]
    Stale,
    /// There is one already: same name, address or key.
    #[error("there is one already")]
    Duplicate,
    /// The run is over.
    #[error("the run is finished")]
    RunFinished,
    /// The backup's data is gone or going.
    #[error("the backup has expired")]
    Expired,
    /// Nobody would be left who can administer.
    #[error("this is the last person with that role")]
    LastAdministrator,
    /// First-run set-up was done already.
    #[error("the installation is set up already")]
    AlreadySetUp,
    /// Who made a request or asked for it cannot agree to it.
    #[error("somebody else has to agree to this")]
    SecondPerson,
    /// The digest is not that of the difference that is stored.
    #[error("the difference is another one by now")]
    DifferenceChanged,
    /// The difference has obstacles, touches foreign rows or changes nothing.
    #[error("this difference cannot be applied")]
    NotApplicable,
    /// It was agreed to too long ago.
    #[error("the approval is too old")]
    ApprovalExpired,
    /// Rows of a live database may be changed by the run already.
    #[error("the run can no longer be stopped")]
    TooLate,
    /// Somebody has asked the run to stop.
    #[error("somebody asked the run to stop")]
    StopRequested,
    /// What was agreed to may not be applied any more.
    #[error("{0}")]
    ApprovalVoid(ApprovalVoid),
    /// Who would agree and who asked got their account or role from one another.
    #[error("somebody who is independent of who asked has to agree to this")]
    NotIndependent,
    /// The actor has as many of these waiting as one person may.
    #[error("as many of these are waiting as one person may have")]
    TooManyWaiting,
    /// Rows are asked of files, or files of rows.
    #[error("this cannot be done with what this engine makes")]
    OtherEngine,
    /// The person has as many tokens as one may.
    #[error("there are as many tokens as one person may have")]
    TooManyTokens,
    /// An organisation has no more webhooks than [`crate::MOST_WEBHOOKS`].
    #[error("the organisation has as many webhooks as it may")]
    TooManyWebhooks,
    /// The person belongs to another organisation too.
    #[error("this person belongs to another organisation too")]
    BelongsElsewhere,
    /// Nobody gives themselves more than they have.
    #[error("somebody else has to give this to you")]
    OwnRole,
    /// The invitation is for another address than that of whoever accepts it.
    #[error("the invitation is for somebody else")]
    OtherAddress,
    /// The address has an account: who has only the link is not yet who the account is.
    #[error("whoever has an account signs in first")]
    SignInFirst,
    /// The link was used, or its time is over.
    #[error("the link is not valid any more")]
    LinkSpent,
    /// Somebody has to agree, and nothing says why it is asked.
    #[error("somebody has to agree to this, and needs to know why")]
    ReasonMissing,
    /// The same was asked for already, and is not decided.
    #[error("the same was asked for already")]
    AskedAlready,
    /// The actor has not the permission to agree to it, and nobody has left theirs to them.
    #[error("the role does not allow to agree to this")]
    MayNotAgree,
    /// It is somebody else's.
    #[error("this is somebody else's")]
    NotYours,
    /// It is approved, and rests.
    #[error("the time to think is not over yet")]
    CoolingOff,
    /// A run works on the backup, or a kept backup was built on it, or it is being removed already.
    #[error("the backup is in use, is needed by another one, or is being removed already")]
    BackupInUse,
    /// There is, or was, somebody else in the organisation.
    #[error("there are other people in this organisation")]
    NotAlone,
}

/// Why an approval does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApprovalVoid {
    /// The request is not what was agreed to, or does not wait for this run.
    #[error("the request is not what was agreed to any more")]
    Changed,
    /// It was given too long ago.
    #[error("the approval is older than a day")]
    TooOld,
    /// Who gave it may not sign in or not approve restores any more.
    #[error("the person who agreed to it may not approve it any more")]
    Approver,
    /// Who asked for it may not sign in any more.
    #[error("the person who asked for it may not sign in here any more")]
    Requester,
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub const fn retry_may_help(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Queue(_) | Self::Unaudited)
    }
}
