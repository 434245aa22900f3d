//! Text in entries: one line, bounded, and nothing in it that plays tricks on a screen or a log.

use std::fmt;

/// A short line of text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Plain(String);

impl Plain {
    /// Characters at most.
    pub const LONGEST: usize = 300;

    /// Takes the beginning of a text, with a mark in place of every character that is not meant to be seen.
    pub(super) fn cut(text: &str) -> Self {
        Self(text.chars().take(Self::LONGEST).map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect())
    }
    /// A text that must be one already, as it is read back.
    pub(super) fn strict(text: &str) -> Option<Self> {
        let fits = text.chars().count() <= Self::LONGEST && !text.chars().any(is_hidden);
        fits.then(|| Self(text.to_owned()))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, line separators, and what changes the direction of writing: a trail is read on screens.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
