//! Who is asking, what they may do, and how they signed in.

mod answers;
mod at_the_machine;
mod external_groups;
mod held;
mod hold;
mod invited;
mod organisations;
mod own_sessions;
mod passkeys;
mod people;
mod principal;
mod second_factors;
mod sessions;
mod setup;
mod sign_in_policy;
mod step_up;
mod tokens;

pub use answers::{AnswerSlot, StoredAnswer};
pub(crate) use held::{powers_of, roles_in, roles_of, together};
pub use hold::Hold;
pub use invited::Invited;
pub use organisations::Organisation;
pub use own_sessions::OwnSession;
pub use passkeys::{MOST_PASSKEYS, StoredPasskey};
pub use people::SignInRecord;
pub(crate) use people::canonical;
pub use principal::{Denied, Membership, Principal, Refused, Scope};
pub use second_factors::{SecondFactors, StoredTotp};
pub use sessions::{
    SESSION_ADDRESS, SESSION_AGENT, SESSION_PROVED_AT, SESSION_SIGNED_IN_AT, SESSION_USER, SessionLimits,
    Sessions,
};
pub use setup::{FirstOperator, Installation, SetupState};
pub(crate) use setup::{Person, give};
pub use step_up::Unproven;
pub use tokens::{MOST_TOKENS, NewToken, Token, TokenOutcome, TokenRefused};
