//! The data plane: it alone touches customers' data, keys and vaults.
//!
//! It knows neither the catalog nor the people, so that a backup stays restorable when the control plane is
//! lost: `holdfast-recover` is a second small program over this same crate.
//!
//! A tour, in the order in which a byte travels: [`source`] reads a database consistently; [`pipeline`] moves
//! the stream through compression into [`format`]'s frames, sealed by [`seal`] under the owner's key; and
//! [`storage`] keeps the objects. The way back is the same road.

pub mod error;
pub mod format;
pub mod pipeline;
pub mod seal;
pub mod source;
pub mod storage;

pub use error::{Error, Kind, Result, Retry};
