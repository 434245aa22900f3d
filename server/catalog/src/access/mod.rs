//! Who is asking, what they may do, and how they signed in.

mod answers;
mod at_the_machine;
mod external_groups;
mod held;
mod hold;
mod invited;
mod organisations;
mod own_sessions;
mod people;
mod principal;
mod sessions;
mod setup;
mod tokens;

pub use answers::{AnswerSlot, StoredAnswer};
pub(crate) use held::{powers_of, roles_in, roles_of, together};
pub use hold::Hold;
pub use invited::Invited;
pub use organisations::Organisation;
pub use own_sessions::OwnSession;
pub use people::SignInRecord;
pub(crate) use people::canonical;
pub use principal::{Denied, Membership, Principal, Refused, Scope};
pub use sessions::{
    SESSION_ADDRESS, SESSION_AGENT, SESSION_SIGNED_IN_AT, SESSION_USER, SessionLimits, Sessions,
};
pub use setup::{FirstOperator, Installation, SetupState};
pub(crate) use setup::{Person, give};
pub use tokens::{MOST_TOKENS, NewToken, Token, TokenOutcome, TokenRefused};
