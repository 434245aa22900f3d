//! Keyset pages: stable under insertion, as fast on the last page as on the first.

use serde::{Deserialize, Serialize};

/// Where the next page begins; opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// Some rows, and where the next ones begin if there are any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows of this page, in order.
    pub rows: Vec<T>,
    /// Present if and only if more rows follow.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page with every row changed by `f`.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(f).collect(), next: self.next }
    }
    /// A page without rows and without a successor.
    pub const fn empty() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}
