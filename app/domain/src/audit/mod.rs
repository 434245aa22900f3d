//! The audit trail that nobody can rewrite: what is written down, and how it is proven.
//!
//! # What an entry says
//!
//! An [`Event`] says who ([`Who`]) did what ([`Act`], from one closed table) to which data ([`Object`]: kind and id,
//! never contents), from where ([`Origin`]), by whose agreement, how it ended ([`Outcome`]), and what was before and is
//! after ([`Facts`]). There is no free text in it: values are numbers, times, ids, digests, words of the program, and
//! names that have types of their own. So a password, a token or a row of a customer cannot get into the trail by
//! mistake, which matters because nothing ever gets out of it again.
//!
//! # How it is proven
//!
//! 1. **Chain.** Each organisation has a chain of its own, and so has the installation. An entry's hash covers the one
//!    before it ([`chain`]): nothing in it can be altered, removed, added or put elsewhere without breaking every later
//!    one.
//! 2. **Tree.** Every hour, and at once after an act of high risk, what is new in all chains is put under one root
//!    ([`tree`], as RFC 6962 does it). Each chain's new entries have a small tree; its root, with the chain's place, is
//!    one leaf ([`head::Mark`]) of the tree over all chains.
//! 3. **Head.** The root is signed ([`head::TreeHead`]) and laid into the vault. Heads are numbered and each covers the
//!    one before it. Who owns the database can make up another chain, but not another signed head, and not one that
//!    lies in a locked vault already.
//! 4. **Export.** One organisation's entries with the way of its marks up to the signed roots ([`export`]). It is checked
//!    without the server. Of the others it holds hashes of hashes, and how many chains had something new.
//!
//! The id of an entry holds 74 random bits, so that nobody can find out by guessing what the hashes of others stand for.
//!
//! # How long
//!
//! Seven years ([`retention`]). Then entries go, whole heads at a time and from the beginning only, and what remains says so:
//! the removal is an entry of the chain itself, and the mark of the last removed entry is kept with its way to the signed
//! head, so that the rest begins where a head says that the chain stood.
//!
//! # Bytes
//!
//! The encoding is our own and there is one for each event ([`encoding`]): hashes need bytes that no library changes.

pub mod act;
pub mod chain;
pub mod encoding;
mod event;
pub mod export;
pub mod fact;
mod hash;
pub mod head;
mod object;
pub mod retention;
mod text;
pub mod tree;
pub mod verify;
mod who;

#[cfg(test)]
mod tests;

pub use act::{Act, Risk};
pub use chain::{Chain, Link};
pub use encoding::Unreadable;
pub use event::{Deed, Event, Outcome};
pub use fact::{Fact, Facts, Field, Name, Word};
pub use hash::Hash;
pub use head::{Mark, TreeHead};
pub use object::{Object, ObjectKind};
pub use text::Plain;
pub use who::{Origin, Who, WhoKind};
