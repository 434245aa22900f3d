//! The form for a source's schedule.

use domain::{
    Fault, SourceId, Timestamp,
    policies::schedule::{DAILY_FULL, DAILY_INCREMENTAL, ScheduleKind},
};
use leptos::prelude::*;

use crate::{
    policies::api::ScheduleView,
    ui::{
        badge::{Tone, badge},
        field::{Field, hidden, tick},
        form::{Posted, form},
        text::count,
        time::when_or,
    },
};

/// What is scheduled and, for those who may, the form to change it.
pub fn schedule_panel(
    source: SourceId,
    kind: ScheduleKind,
    schedules: &[ScheduleView],
    posted: &Posted,
    may_manage: bool,
    now: Option<Timestamp>,
) -> AnyView {
    let schedule = schedules.iter().find(|schedule| schedule.kind == kind);
    let (title, what, usual) = match kind {
        ScheduleKind::Full => ("Schedule", "Full backup", DAILY_FULL),
        ScheduleKind::Incremental => ("Schedule of changes", "What changed since", DAILY_INCREMENTAL),
    };
    let is_incremental = kind == ScheduleKind::Incremental;
    // What was wrong is told at the form that was sent.
    let own = match posted.about("incremental_cron") {
        Some(message) if is_incremental => Posted::refused(Fault::invalid("cron", message)),
        Some(_) => Posted::default(),
        None if is_incremental && posted.about("cron").is_some() => Posted::default(),
        None => posted.clone(),
    };
    let (posted, form_id) = (&own, if is_incremental { "schedule-changes" } else { "schedule" });
    let facts = schedule.map(|schedule| {
        let state = if schedule.enabled { badge(Tone::Good, "On") } else { badge(Tone::Mute, "Off") };
        let missed = u64::try_from(schedule.missed).unwrap_or(0);
        view! {
            <dl class="facts">
                <dt>{what}</dt><dd>{state}" "<code>{schedule.cron.clone()}</code></dd>
                <dt>"Next"</dt><dd>{when_or(schedule.next_at, now, "not scheduled")}</dd>
                <dt>"Missed so far"</dt><dd>{count(missed, "slot", "slots")}</dd>
            </dl>
        }
    });
    let cron = schedule.map_or_else(|| usual.to_owned(), |schedule| schedule.cron.clone());
    let edit = may_manage.then(|| {
        let fields = view! {
            {hidden("source_id", source.to_string())}
            {is_incremental.then(|| hidden("incremental", "true"))}
            {Field::text(form_id, "cron", "When, as a cron expression in UTC").value(cron)
                .hint("Minute, hour, day, month, weekday. 0 2 * * * is every night at 02:00.").after(posted).view()}
            {tick(form_id, "enabled", "Back up by this schedule", schedule.is_none_or(|schedule| schedule.enabled))}
            {Field::text(form_id, "reason", "Why").optional()
                .hint("Needed for a schedule that backs up less often: somebody else has to agree to that.").after(posted).view()}
            <button class="btn">"Save the schedule"</button>
        };
        view! {
            <details class="edit" open=posted.is_refused()>
                <summary>"Change the schedule"</summary>
                {form("/fn/policies/set_schedule", posted, fields)}
            </details>
        }
    });
    view! {
        <section class="panel c4" id=form_id>
            <header><h2>{title}</h2></header>
            {facts}
            {edit}
        </section>
    }
    .into_any()
}
