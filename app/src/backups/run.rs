//! One run: live while it is at work, with its log and, if it failed, what to do.

use domain::{
    Timestamp,
    access::Permission,
    audit::ObjectKind,
    backups::{MAX_STARTS, RunKind, RunState},
    id::kind,
};
use leptos::prelude::*;

use crate::{
    access::api::Me,
    audit::story::story,
    backups::{
        api::{CancelRunFn, FileView, RunEvent, RunRow},
        live::LiveRun,
        progress::progress_view,
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    tenancy::address::tenant_path,
    ui::{
        badge::{Badged, Tone},
        form::button_form,
        notice::notice,
        text::{name, visible},
        time::{took, when, when_or},
    },
};

/// `/runs/:id`
#[component]
pub fn RunPage() -> impl IntoView {
    page(Place::Runs, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let run = visit.backend.get_run(visit.id::<kind::Run>()?).await?;
        let now = visit.now;
        let refused = visit.posted::<CancelRunFn>();
        let row = run.row;
        let file =
            run.file.filter(|_| me.may(Permission::ExportBackup)).map(|file| file_panel(&row, &file, now));
        let is_live = !row.state.is_finished();
        let live = is_live.then(|| {
            view! {
                <section class="panel c8" data-events=format!("/events/runs/{}", row.id) data-state=row.state.key()>
                    {progress_view(row.progress.as_ref())}
                    <p class="muted small" data-live="link" role="status">"Load the page again to see how far it is."</p>
                </section>
            }
        });
        let title = format!("{} of {}", row.kind.title(), row.subject);
        let tenant = row.tenant.as_ref().zip(row.source_id);
        let crumb = tenant.map(|(key, source)| (format!("Tenant {key}"), tenant_path(source, key)));
        let happened = story(&me, ObjectKind::Run, row.id);
        let body = view! {
            {refused.summary()}
            {error_notice(&row)}
            <div class="grid">
                {live}
                {(!is_live).then(|| answer(&row))}
                {facts(&row, now)}
                {file}
                {log(run.log)}
            </div>
            {happened}
            {is_live.then(|| view! { <LiveRun /> })}
        };
        let page = PageView::new(title, body).under("Runs", "/runs").actions(cancel(&row, &me));
        Ok(match crumb {
            Some((name, path)) => page.under(name, path),
            None => page,
        })
    })
}

fn cancel(row: &RunRow, me: &Me) -> Option<AnyView> {
    let needed = match row.kind {
        RunKind::Restore | RunKind::PlanRestore => Permission::RequestRestore,
        RunKind::ApplyRestore | RunKind::UndoRestore => Permission::ApplyRestore,
        RunKind::Export => Permission::ExportBackup,
        RunKind::InferMap => Permission::ManageTenantMap,
        RunKind::Backup | RunKind::Verify | RunKind::Probe => Permission::StartBackup,
    };
    let may = me.may(needed) && !row.state.is_finished() && !row.cancel_requested;
    may.then(|| {
        button_form(
            "/fn/backups/cancel_run",
            vec![("request[id]", row.id.to_string())],
            "btn danger",
            "Cancel this run",
        )
    })
}

/// Why a run failed, and what to do.
pub fn error_notice(row: &RunRow) -> Option<AnyView> {
    let error = row.error.as_ref()?;
    let again = match (row.state, error.retry_may_help) {
        (RunState::Retrying, _) => "It is tried again by itself.",
        (_, true) => "Trying again may help.",
        (_, false) => "Trying again will not help until this is mended.",
    };
    let tone = if row.state.is_finished() { Tone::Bad } else { Tone::Warn };
    let hint = error.hint.as_deref().map(|hint| view! { <p>{visible(hint)}</p> });
    Some(notice(tone, view! { <p><b>{visible(&error.message)}</b></p>{hint}<p class="muted">{again}</p> }))
}

fn answer(row: &RunRow) -> AnyView {
    let (tone, word) = row.state.tone_and_word();
    let length = row
        .started_at
        .zip(row.finished_at)
        .map(|(start, end)| format!("It took {}.", took(end.since_ms(start))));
    let link = match row.kind {
        RunKind::Verify => "Open the backup and its evidence",
        _ => "Open the backup",
    };
    let backup = row.backup_id.map(|id| view! { <p><a href=format!("/backups/{id}")>{link}</a></p> });
    let restore = row.restore_id.map(
        |id| view! { <p><a href=format!("/restores/{id}")>"Open the restore and its difference"</a></p> },
    );
    let map = row.source_id.filter(|_| row.kind == RunKind::InferMap);
    let map = map.map(|id| view! { <p><a href=format!("/sources/{id}/map")>"Open the tenant map"</a></p> });
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{tone.sign()}</div>
                <div><p class="big">{word}</p><p class="muted">{length}</p>{restore}{map}{backup}</div>
            </div>
        </section>
    }
    .into_any()
}

fn file_panel(row: &RunRow, file: &FileView, now: Option<Timestamp>) -> AnyView {
    view! {
        <section class="panel c12" id="file">
            <header><h2>"The file"</h2></header>
            <dl class="facts">
                <dt>"Name"</dt><dd>{name(&file.name)}</dd>
                <dt>"Size"</dt><dd>{file.size.to_string()}</dd>
                <dt>"SHA-256"</dt><dd><code class="wrap">{visible(&file.sha256)}</code></dd>
                <dt>"Removed"</dt><dd>{when(file.until, now)}</dd>
            </dl>
            <p><a class="btn primary" href=format!("/runs/{}/file", row.id) download="">"Download"</a></p>
            <p class="hint">"It was read again after writing: no row of another tenant is in it. It is not encrypted."</p>
        </section>
    }
    .into_any()
}

fn facts(row: &RunRow, now: Option<Timestamp>) -> AnyView {
    let source = row.source_id.map(
        |id| view! { <dt>"Source"</dt><dd><a href=format!("/sources/{id}")>{name(&row.subject)}</a></dd> },
    );
    let label = row.label.as_deref().map(|label| view! { <dt>"Label"</dt><dd>{name(label)}</dd> });
    let next = row
        .next_at
        .filter(|_| row.state == RunState::Retrying)
        .map(|at| view! { <dt>"Next start"</dt><dd>{when(at, now)}</dd> });
    let cancel = (row.cancel_requested && !row.state.is_finished())
        .then(|| view! { <dt>"Cancellation"</dt><dd>"asked for; it stops at the next safe point"</dd> });
    view! {
        <section class="panel c4">
            <dl class="facts">
                <dt>"State"</dt><dd data-live="state">{row.state.badge()}</dd>
                {source}
                {label}
                <dt>"Asked by"</dt><dd>{visible(&row.requested_by)}</dd>
                <dt>"Asked"</dt><dd>{when(row.created_at, now)}</dd>
                <dt>"Started"</dt><dd>{when_or(row.started_at, now, "not yet")}</dd>
                <dt>"Ended"</dt><dd>{when_or(row.finished_at, now, "not yet")}</dd>
                <dt>"Starts"</dt><dd>{format!("{} of {MAX_STARTS} at most", row.starts)}</dd>
                {next}
                {cancel}
                <dt>"Run"</dt><dd><code class="wrap">{row.id.to_string()}</code></dd>
            </dl>
        </section>
    }
    .into_any()
}

fn log(events: Vec<RunEvent>) -> AnyView {
    let nothing = events.is_empty().then(|| view! { <p class="muted nothing">"Nothing yet."</p> });
    let lines = events.into_iter().map(|event| {
        let clock = event.at.utc().format("%H:%M:%S").to_string();
        view! { <li><time datetime=event.at.rfc3339() title=event.at.exact()>{clock}</time>" "<span>{visible(&event.message)}</span></li> }
    });
    view! {
        <section class="panel c12">
            <header><h2>"What happened"</h2><span class="small muted">"UTC, oldest first"</span></header>
            {nothing}
            <ol class="log" data-live="log">{lines.collect_view()}</ol>
        </section>
    }
    .into_any()
}
