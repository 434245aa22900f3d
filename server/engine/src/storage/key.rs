//! Names of objects, checked once so that no store has to wonder what a name does to a path or a URL.

use std::fmt;

use crate::{Error, Kind, Result};

/// Bytes in a key, the limit of S3.
const LONGEST: usize = 1024;
/// Bytes between two slashes: file systems allow 255, and a temporary name needs some of them.
const LONGEST_SEGMENT: usize = 200;

/// The name of an object: segments of `A–Z a–z 0–9 . _ -` with `/` between them.
///
/// No segment is empty or begins with a dot: `..` climbs out of a directory, and hidden names are where the local
/// store keeps what is not finished.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Checks and wraps a name.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = key.into();
        let wrong = if key.len() > LONGEST {
            Some("it is longer than 1024 bytes")
        } else if !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/')) {
            Some("only letters, digits, `.`, `_`, `-` and `/` are allowed")
        } else if key.split('/').any(str::is_empty) {
            Some("a part between slashes is empty")
        } else if key.split('/').any(|segment| segment.starts_with('.')) {
            Some("a part between slashes begins with a dot")
        } else if key.split('/').any(|segment| segment.len() > LONGEST_SEGMENT) {
            Some("a part between slashes is longer than 200 bytes")
        } else {
            None
        };
        match wrong {
            None => Ok(Self(key)),
            Some(why) => Err(Error::new(Kind::Input, format!("use the object key {key:?}"), why)
                .hint("Holdfast makes its keys itself; a manifest or a listing with such a key was not written by it.")),
        }
    }
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The directories it lies in, outermost first, and its own name.
    pub(super) fn split(&self) -> (Vec<&str>, &str) {
        let mut segments: Vec<&str> = self.0.split('/').collect();
        let name = segments.pop().unwrap_or_default();
        (segments, name)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectKey;

    #[test]
    fn keys_that_could_leave_the_vault_are_refused() {
        let long_segment = "x".repeat(201);
        let long = ["x"; 600].join("/");
        for bad in
            ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "a b", "a\\b", "a\0b", "ä", "a\nb"]
        {
            assert!(ObjectKey::new(bad).is_err(), "{bad:?}");
        }
        assert!(ObjectKey::new(long_segment).is_err());
        assert!(ObjectKey::new(long).is_err());
        for good in ["a", "v1/system/0a-b_c/manifest.json", "a/b..c"] {
            assert!(ObjectKey::new(good).is_ok(), "{good:?}");
        }
    }
}
