//! Phases of a run as bars on one time axis; the table around them holds the numbers.

use domain::Timestamp;
use leptos::prelude::*;

use crate::ui::{
    table::{Table, text},
    time::took,
};

/// One bar: name, beginning, length in milliseconds.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it is.
    pub name: String,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took.
    pub took_ms: i64,
}

/// How a phase is called in words. An unknown key is shown as it is.
pub fn phase_word(key: &str) -> String {
    let word = match key {
        "prepare" => "Preparing the keys",
        "snapshot" => "Opening the snapshot",
        "dump" => "Dumping rows",
        "store" => "Storing",
        "open" => "Opening the backup",
        "load" => "Loading rows",
        "objects" => "Creating views, triggers, routines",
        "compare" => "Comparing",
        "clean up" => "Cleaning up",
        "check" => "Reading every byte",
        "export" => "Exporting",
        "read" => "Reading rows",
        "map" => "Inferring whose rows are whose",
        "difference" => "Computing the difference",
        "lock" => "Reading the live rows again",
        "apply" => "Changing the live rows",
        "undo" => "Bringing back what was",
        "probe" => "Testing the connection",
        other => return super::text::visible(&other.replace('_', " ")),
    };
    word.into()
}

/// The bars in a table.
pub fn timeline(caption: &str, bars: Vec<Bar>) -> AnyView {
    let begin = bars.iter().map(|bar| bar.began_at.0).min().unwrap_or(0);
    let end = bars.iter().map(|bar| bar.began_at.0 + bar.took_ms.max(0)).max().unwrap_or(0);
    let length = (end - begin).max(1);
    let table = Table::new(caption).lead("Phase").text("On the clock").number("Took");
    let table = table.rows(bars, |bar| {
        let x = (bar.began_at.0 - begin) * 1000 / length;
        let width = (bar.took_ms.max(0) * 1000 / length).max(6).min(1000 - x.min(994));
        let drawing = view! {
            <svg class="bars" viewBox="0 0 1000 10" preserveAspectRatio="none" height="10" aria-hidden="true">
                <rect class="track" x="0" y="4" width="1000" height="2" />
                <rect class="bar" x=x y="0" width=width height="10" />
            </svg>
        };
        let clock = bar.began_at.utc().format("%H:%M:%S").to_string();
        let cell = view! { <span class="phase"><time datetime=bar.began_at.rfc3339()>{clock}</time>{drawing}</span> };
        vec![text(phase_word(&bar.name)), cell.into_any(), text(took(bar.took_ms))]
    });
    table.view()
}
