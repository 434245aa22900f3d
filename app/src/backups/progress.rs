//! Where a run stands, as first drawn by the server. The live view rewrites the marked pieces.

use domain::{ByteSize, backups::Progress};
use leptos::prelude::*;

use crate::{
    backups::api::RunRow,
    ui::{text::visible, time::took, timeline::phase_word},
};

/// `11.8 GB of 19.0 GB`
pub fn amount(progress: &Progress) -> String {
    let bytes = ByteSize(progress.bytes);
    progress
        .bytes_expected
        .map_or_else(|| bytes.to_string(), |expected| format!("{bytes} of {}", ByteSize(expected)))
}

/// Bar and numbers of a run that is at work.
pub fn progress_view(progress: Option<&Progress>) -> AnyView {
    let progress = progress.cloned().unwrap_or_default();
    let percent = progress.percent();
    let phase = if progress.phase.is_empty() {
        "Waiting for a worker".to_owned()
    } else {
        phase_word(&progress.phase)
    };
    let tables = if progress.tables_expected > 0 {
        format!("{} of {}", progress.tables, progress.tables_expected)
    } else {
        "–".into()
    };
    view! {
        <div class="progress">
            <p class="big" data-live="phase" aria-live="polite">{phase}</p>
            <progress data-live="bar" max="100" value=percent.map(|percent| percent.to_string()) aria-label="Progress of this run"></progress>
            <dl class="facts">
                <dt>"Data"</dt><dd data-live="amount">{amount(&progress)}</dd>
                <dt>"Stored"</dt><dd data-live="stored">{ByteSize(progress.stored_bytes).to_string()}</dd>
                <dt>"Rate"</dt><dd data-live="rate">{format!("{}/s", ByteSize(progress.rate))}</dd>
                <dt>"Left"</dt><dd data-live="eta">{progress.eta_ms.map_or_else(|| "not known".into(), took)}</dd>
                <dt>"Tables"</dt><dd data-live="tables">{tables}</dd>
                <dt>"At work on"</dt><dd><bdi data-live="table">{progress.table.as_deref().map_or_else(|| "–".into(), visible)}</bdi></dd>
            </dl>
        </div>
    }
    .into_any()
}

/// One line about a run at work, for lists.
pub fn progress_line(run: &RunRow) -> AnyView {
    let Some(progress) = &run.progress else {
        return view! { <span class="muted small line">{run.state.title()}</span> }.into_any();
    };
    let percent = progress.percent();
    let mut parts = vec![phase_word(&progress.phase), amount(progress)];
    if progress.rate > 0 {
        parts.push(format!("{}/s", ByteSize(progress.rate)));
    }
    parts.extend(progress.eta_ms.map(|ms| format!("{} left", took(ms))));
    if progress.tables_expected > 0 {
        parts.push(format!("table {} of {}", progress.tables, progress.tables_expected));
    }
    let label = format!("{} of {}", run.kind.title(), visible(&run.subject));
    view! {
        <progress max="100" value=percent.map(|percent| percent.to_string()) aria-label=label></progress>
        <span class="muted small line">{parts.join(" · ")}</span>
    }
    .into_any()
}
