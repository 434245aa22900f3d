//! Forwards and backwards: one change set, two ways to carry it out.

use super::{
    content::{Side, TableChange},
    sides::Total,
};
use crate::{Error, Kind};

/// Which way a change set is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is applied.
    Forwards,
    /// It is undone.
    Backwards,
}

impl Way {
    /// What is being done, for errors.
    pub const fn attempt(self) -> &'static str {
        match self {
            Self::Forwards => "put the tenant's rows back",
            Self::Backwards => "undo the restore of the tenant",
        }
    }
    /// The side that is put in.
    pub const fn add(self) -> Side {
        match self {
            Self::Forwards => Side::New,
            Self::Backwards => Side::Old,
        }
    }
    /// What the tenant's rows must be before.
    pub const fn from(self, change: &TableChange) -> Total {
        match self {
            Self::Forwards => change.before,
            Self::Backwards => change.after,
        }
    }
    /// What they must be after.
    pub const fn to(self, change: &TableChange) -> Total {
        match self {
            Self::Forwards => change.after,
            Self::Backwards => change.before,
        }
    }
}

/// It cannot be carried out as asked; nothing was changed.
pub fn refused(way: Way, what: impl Into<String>) -> Error {
    Error::new(Kind::Input, way.attempt(), what)
}

/// Neither the sums nor the rows say what an earlier start did.
pub fn unsure(way: Way) -> Error {
    let what = "an earlier start may have made the change, and the rows have moved on since";
    Error::new(Kind::Unsure, way.attempt(), what).hint(
        "Look at the rows. What is needed to undo it is kept; an undo changes nothing if it does not fit.",
    )
}
