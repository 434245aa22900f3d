//! Keys, and what is done with them.
//!
//! The hierarchy, from the top:
//!
//! ```text
//! root            a local key file or a KMS key                         (root.rs)
//! └ owner's key   random, one per owner, purpose and version; wrapped   (keyring.rs)
//!   │             by the root AND by the recovery public key, so that
//!   │             losing either loses nothing
//!   └ data key    random, one per backup, attempt and owner; wrapped by (format/slots.rs)
//!     │           the owner's key: a "slot", kept apart from the data so
//!     │           that it can be re-wrapped or destroyed while the data
//!     │           lies immutable
//!     └ segment keys  derived: payload, commitment, header              (derive.rs)
//! ```
//!
//! Destroying an owner's key makes every backup of that owner unreadable, wherever its copies lie. The recovery
//! private key is never kept online: it is shown once and typed back once.
//!
//! Key types have no `Clone`, no `Debug`, no `Serialize`, and are wiped when dropped.

pub mod aead;
pub mod credentials;
pub mod derive;
pub mod keyring;
pub mod kms;
pub mod recovery;
pub mod root;
pub mod sealed_box;
pub mod secret;
pub mod signing;

pub use keyring::{Keyring, Purpose};
pub use root::{LocalRoot, RootKey};
pub use secret::Secret;
