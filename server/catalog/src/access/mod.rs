//! Who is asking, what they may do, and how they signed in.

mod at_the_machine;
mod hold;
mod people;
mod principal;
mod sessions;
mod setup;

pub use hold::Hold;
pub use people::SignInRecord;
pub use principal::{Denied, Membership, Principal, Refused, Scope};
pub use sessions::{SESSION_ABSOLUTE_MS, SESSION_IDLE_MS, SESSION_SIGNED_IN_AT, SESSION_USER, Sessions};
pub(crate) use setup::Person;
pub use setup::{FirstOperator, Installation, SetupState};
