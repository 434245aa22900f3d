//! Instants: UTC, exact for machines and on hover, with the distance from now beside.

use domain::{Timestamp, clock::human_duration_ms};
use leptos::prelude::*;

/// An instant for a table or a sentence: to the minute, with the distance from now.
pub fn when(at: Timestamp, now: Option<Timestamp>) -> AnyView {
    let text = at.utc().format("%-d %b %Y, %H:%M UTC").to_string();
    stamped(at, text, now)
}

/// An instant to the second, with the distance from now.
pub fn exactly(at: Timestamp, now: Option<Timestamp>) -> AnyView {
    stamped(at, at.exact(), now)
}

fn stamped(at: Timestamp, text: String, now: Option<Timestamp>) -> AnyView {
    let distance = now.map(|now| {
        view! { <span class="dot-between" aria-hidden="true">" · "</span>" "<span class="muted distance">{at.relative(now)}</span> }
    });
    view! { <time datetime=at.rfc3339() title=at.exact()>{text}{distance}</time> }.into_any()
}

/// An instant that may not exist, with the word for that.
pub fn when_or(at: Option<Timestamp>, now: Option<Timestamp>, none: &'static str) -> AnyView {
    at.map_or_else(|| view! { <span class="muted">{none}</span> }.into_any(), |at| when(at, now))
}

/// A length of time.
pub fn took(ms: i64) -> String {
    human_duration_ms(ms.max(0))
}
