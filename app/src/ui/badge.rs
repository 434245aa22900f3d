//! States as a sign and a word; the colour only repeats them.

use domain::{
    approvals::{State, Verdict},
    backups::{CopyState, Retention, RunState, Verification},
    health::{Standing, TenantStanding},
    restores::RequestState,
    sources::Severity,
};
use leptos::prelude::*;

/// The five meanings that a colour can have here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Proven restorable.
    Good,
    /// Late or about to break.
    Warn,
    /// Cannot be restored, or was refused.
    Bad,
    /// Running, waiting, neutral.
    Info,
    /// Off, none, expired.
    Mute,
}

impl Tone {
    /// Its class in the style sheets.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Mute => "mute",
        }
    }
    /// Its sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warn => "▲",
            Self::Bad => "✕",
            Self::Info => "◷",
            Self::Mute => "–",
        }
    }
}

/// A badge: sign and word.
pub fn badge(tone: Tone, word: impl Into<String>) -> AnyView {
    view! {
        <span class=format!("badge {}", tone.class())><span aria-hidden="true">{tone.sign()}</span>{word.into()}</span>
    }
    .into_any()
}

/// Something that has a badge.
pub trait Badged {
    /// Its tone and word.
    fn tone_and_word(&self) -> (Tone, &'static str);
    /// Its badge.
    fn badge(&self) -> AnyView {
        let (tone, word) = self.tone_and_word();
        badge(tone, word)
    }
}

impl Badged for Verification {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::None | Self::Stale => Tone::Warn,
            Self::RestoreOk => Tone::Good,
            Self::Failed => Tone::Bad,
        };
        (tone, self.title())
    }
}

impl Badged for Standing {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        match self {
            Self::Restorable => (Tone::Good, "Restorable"),
            Self::Late => (Tone::Warn, "Behind"),
            Self::New => (Tone::Info, "No backup yet"),
            Self::NotRestorable => (Tone::Bad, "Not restorable"),
        }
    }
}

impl Badged for TenantStanding {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        match self {
            Self::As(standing) => standing.tone_and_word(),
            Self::Incomplete => (Tone::Warn, "Perhaps incomplete"),
        }
    }
}

impl Badged for RunState {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::Queued | Self::Running => Tone::Info,
            Self::Retrying => Tone::Warn,
            Self::Completed => Tone::Good,
            Self::Failed => Tone::Bad,
            Self::Cancelled => Tone::Mute,
        };
        (tone, self.title())
    }
}

impl Badged for Retention {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::Active => Tone::Good,
            Self::Expiring => Tone::Warn,
            Self::Deleted => Tone::Mute,
        };
        (tone, self.title())
    }
}

impl Badged for CopyState {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::Present => Tone::Good,
            Self::Missing => Tone::Bad,
            Self::Deleted => Tone::Mute,
        };
        (tone, self.title())
    }
}

impl Badged for Severity {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        match self {
            Self::Good => (Tone::Good, "Fine"),
            Self::Warn => (Tone::Warn, "Could be better"),
            Self::Bad => (Tone::Bad, "Must be mended"),
        }
    }
}

impl Badged for RequestState {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::Planning | Self::Planned | Self::Applying | Self::Undoing => Tone::Info,
            Self::AwaitingApproval => Tone::Warn,
            Self::Approved | Self::Applied => Tone::Good,
            Self::Undone | Self::Withdrawn => Tone::Mute,
            Self::Rejected | Self::Failed => Tone::Bad,
        };
        (tone, self.title())
    }
}

impl Badged for State {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::Waiting => Tone::Warn,
            Self::Approved | Self::Executed => Tone::Good,
            Self::Withdrawn | Self::Expired => Tone::Mute,
            Self::Rejected | Self::Failed => Tone::Bad,
        };
        (tone, self.title())
    }
}

impl Badged for Verdict {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        let tone = match self {
            Self::Agree => Tone::Good,
            Self::Refuse => Tone::Bad,
            Self::Comment => Tone::Info,
        };
        (tone, self.title())
    }
}
