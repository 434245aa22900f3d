//! Backups and runs as tables, for every page that lists some.

use domain::{Timestamp, backups::Retention};
use leptos::prelude::*;

use crate::{
    backups::api::{BackupRow, RunRow},
    ui::{
        badge::{Badged, Tone, badge},
        table::{Table, link, text},
        text::{none, or_none, visible},
        time::{took, when, when_or},
    },
};

/// Backups; `with_source` where they are of several sources.
pub fn backups_table(
    caption: &str,
    backups: Vec<BackupRow>,
    now: Option<Timestamp>,
    with_source: bool,
) -> AnyView {
    let table = Table::new(caption).lead("Backup").state("State");
    let table = if with_source { table.text("Source") } else { table };
    let table = table.text("Holds").number("Size").number("Stored").text("Proven").text("Label");
    table
        .rows(backups, |backup| {
            let id = view! { <a class="mono" href=format!("/backups/{}", backup.id)>{backup.id.short()}</a> }
                .into_any();
            let state = match backup.retention {
                Retention::Active => backup.verification.badge(),
                Retention::Expiring | Retention::Deleted => backup.retention.badge(),
            };
            let source =
                with_source.then(|| link(format!("/sources/{}", backup.source_id), &backup.database));
            let mut cells = vec![id, state];
            cells.extend(source);
            cells.extend([
                holds(&backup, now),
                text(backup.sizes.plain.to_string()),
                text(backup.sizes.stored.to_string()),
                when_or(backup.verified_at, now, "never"),
                or_none(backup.label.as_deref()),
            ]);
            cells
        })
        .view()
}

fn holds(backup: &BackupRow, now: Option<Timestamp>) -> AnyView {
    let tenant = backup.tenant.as_ref().map(|key| {
        view! { <span class="line small muted">"tenant "<bdi>{visible(key.as_str())}</bdi>" only"</span> }
    });
    let files = backup.files.map(|kind| view! { <span class="line small muted">{kind.title()}</span> });
    view! { {when(backup.snapshot_at, now)}{tenant}{files} }.into_any()
}

/// Runs.
pub fn runs_table(caption: &str, runs: Vec<RunRow>, now: Option<Timestamp>) -> AnyView {
    Table::new(caption)
        .lead("Run")
        .state("State")
        .text("Asked by")
        .text("Asked")
        .number("Took")
        .text("Error or label")
        .rows(runs, |run| {
            let title = format!("{} · {}", run.kind.title(), visible(&run.subject));
            let state = if run.cancel_requested && !run.state.is_finished() {
                badge(Tone::Mute, "Being cancelled")
            } else {
                run.state.badge()
            };
            let length = run.started_at.zip(run.finished_at.or(now.filter(|_| !run.state.is_finished())));
            let length = length.map_or_else(none, |(start, end)| text(took(end.since_ms(start))));
            vec![
                link(format!("/runs/{}", run.id), &title),
                state,
                text(visible(&run.requested_by)),
                when(run.created_at, now),
                length,
                outcome(&run),
            ]
        })
        .view()
}

fn outcome(run: &RunRow) -> AnyView {
    or_none(run.error.as_ref().map(|error| error.message.as_str()).or(run.label.as_deref()))
}
