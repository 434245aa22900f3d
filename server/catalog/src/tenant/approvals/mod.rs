//! Requests that somebody else has to agree to, as they are stored.
//!
//! The rules are in [`domain::approvals`]; here they meet rows. Every step is one transaction that holds the request's
//! row: whoever agrees counts what was said with the row in hand, and whoever carries it out does so in the same
//! transaction that turns `approved` into `executed`. So fifty who agree at once are fifty who queue at one row, and
//! what was agreed to is done once or not at all.
//!
//! What may be believed is never what was stored when somebody clicked: whether an approver may still approve is asked
//! again when it counts ([`votes`]), and what would happen is computed again from the rows as they are and compared with
//! the digest that was agreed to.

mod absences;
mod ask;
mod decide;
mod emergency;
mod execute;
mod read;
mod rules;
mod show;
mod tell;
mod votes;

pub use absences::{Absence, NewAbsence};
pub use ask::Asked;
pub(in crate::tenant) use ask::NewRequest;
pub(crate) use decide::{close_about, wait_again};
pub use read::{Approval, ApprovalQuery, ApprovalWhole, Decision, Which};
pub use rules::{Alone, RuleRow};
pub(crate) use votes::{Held, holds, votes};

/// The table of requests, for messages.
pub(crate) const TABLE: &str = "approval_requests";
