//! One source: how it stands, its schedule, its newest backups and runs.

use domain::{
    access::Permission, audit::ObjectKind, id::kind, policies::schedule::ScheduleKind, sources::EngineKind,
};
use leptos::prelude::*;

use crate::{
    audit::story::story,
    backups::{
        api::StartBackupFn,
        rows::{backups_table, runs_table},
        start::{start_form, start_server_form},
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    policies::{api::SetScheduleFn, schedule::schedule_panel},
    sources::{api::SourceDetail, whole::whole_source_panel},
    tenancy::{map_api::SetEngineFn, of_source::tenants_panel},
    ui::{
        badge::{Badged, Tone},
        empty::empty,
        notice::notice,
        text::{name, visible},
        time::{when, when_or},
    },
};

/// `/sources/:id`
#[component]
pub fn SourcePage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ReadSources)?;
        let source = visit.backend.get_source(visit.id::<kind::Source>()?).await?;
        let now = visit.now;
        let is_server = source.row.engine == EngineKind::Physical;
        let map = if is_server { None } else { Some(visit.backend.get_map_summary(source.row.id).await) };
        let (started, scheduled) = (visit.posted::<StartBackupFn>(), visit.posted::<SetScheduleFn>());
        let done = match () {
            () if visit.has_done("schedule") => Some("The schedule is saved."),
            () if visit.has_done("engine") => Some("The engine is chosen; the next backup uses it."),
            () => None,
        };
        let done = done.map(|text| notice(Tone::Good, text));
        let chosen = visit.posted::<SetEngineFn>();
        let tenants = match map {
            Some(map) => tenants_panel(source.row.id, map, &chosen, me.may(Permission::ManageSources), now),
            None => whole_source_panel(),
        };
        let start = me.may(Permission::StartBackup).then(|| {
            let (id, active) = (source.row.id, source.row.active_run);
            if is_server {
                start_server_form(id, active, &started)
            } else {
                start_form(id, &source.row.database, active, &started)
            }
        });
        let heading = if start.is_some() { "Back up" } else { "About this source" };
        let (title, row_id) = (source.row.database.clone(), source.row.id);
        let answer = answer(&source, now);
        let facts = facts(&source, now);
        let kinds: &[_] =
            if is_server { &[ScheduleKind::Full, ScheduleKind::Incremental] } else { &[ScheduleKind::Full] };
        let may_schedule = me.may(Permission::ManagePolicies);
        let schedule = kinds
            .iter()
            .map(|kind| schedule_panel(row_id, *kind, &source.schedules, &scheduled, may_schedule, now));
        let schedule = schedule.collect_view();
        let backups = if source.backups.is_empty() {
            empty("No backup yet", "Start one with the button above, or wait for the schedule.")
        } else {
            backups_table("Newest backups of this source", source.backups, now, false)
        };
        let runs = if source.runs.is_empty() {
            empty("No run yet", "Backups, verifications and restores of this source appear here.")
        } else {
            runs_table("Newest runs of this source", source.runs, now)
        };
        let body = view! {
            {done}
            <div class="grid">
                <div class="c8 stack">{answer}{schedule}{tenants}</div>
                <section class="panel c4"><header><h2>{heading}</h2></header>{start}{facts}</section>
                <section class="panel c12">
                    <header><h2>"Newest backups"</h2><a href=format!("/backups?source={row_id}")>"All backups of it"</a></header>
                    {backups}
                </section>
                <section class="panel c12">
                    <header><h2>"Newest runs"</h2><a href=format!("/runs?source={row_id}")>"All runs of it"</a></header>
                    {runs}
                </section>
            </div>
            {story(&me, ObjectKind::Source, row_id)}
        };
        Ok(PageView::new(title, body).under("Sources", "/sources"))
    })
}

fn answer(source: &SourceDetail, now: Option<domain::Timestamp>) -> AnyView {
    let (tone, word) = source.row.standing.tone_and_word();
    let to = source.row.restorable_to.map(|at| view! { <p>"Restorable to "{when(at, now)}</p> });
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{tone.sign()}</div>
                <div><p class="big">{word}</p><p class="muted">{visible(&source.row.because)}</p>{to}</div>
            </div>
        </section>
    }
    .into_any()
}

fn facts(source: &SourceDetail, now: Option<domain::Timestamp>) -> AnyView {
    let connection = &source.connection;
    view! {
        <dl class="facts">
            <dt>"Server"</dt><dd><a href=format!("/connections/{}", connection.id)>{name(connection.name.as_str())}</a></dd>
            <dt>"Version"</dt><dd>{if source.row.server.is_empty() { "not known yet".to_owned() } else { visible(&source.row.server) }}</dd>
            <dt>"Next backup"</dt><dd>{when_or(source.row.next_run_at, now, "not scheduled")}</dd>
            <dt>"Protected since"</dt><dd>{when(source.created_at, now)}</dd>
        </dl>
    }
    .into_any()
}
