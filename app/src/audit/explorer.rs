//! What happened, newest first, narrowed by the address.

use domain::{
    Timestamp,
    access::Permission,
    audit::{Act, Outcome},
};
use leptos::prelude::*;
use leptos_router::location::Url;

use super::{
    api::{TrailFilter, TrailList, TrailRow},
    filters::{filter_of, filters, outcome_word},
    story::{explorer, object_view},
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    ui::{
        badge::{Tone, badge},
        empty::empty,
        pager::pager,
        table::{Table, text},
        text::{number, or_none, visible},
        time::exactly,
    },
};

/// `/audit?of=…&from=…&until=…&who=…&act=…&about=…&outcome=…&after=…`
#[component]
pub fn AuditPage() -> impl IntoView {
    page(Place::Audit, |visit, me| async move {
        require(&me, Permission::ReadAudit)?;
        let filter = filter_of(&visit)?;
        let people = if me.may(Permission::ReadUsers) {
            visit.backend.list_users(None).await?.rows
        } else {
            Vec::new()
        };
        let trail = visit.backend.list_trail(filter.clone()).await?;
        let form = filters(&visit, &filter, &me, &people);
        let body = body(&visit, &filter, form, trail);
        let export = view! { <a class="btn" href=export_path(&visit) download="">"Export with proofs"</a> };
        let page = PageView::new("Audit trail", body);
        // The installation's trail belongs to no organisation; the command line exports it.
        Ok(if filter.of_installation { page } else { page.actions(export) })
    })
}

fn export_path(visit: &Visit) -> String {
    let asked = |field: &str| visit.asked(field).map(|value| format!("{field}={}", Url::escape(&value)));
    let range: Vec<_> = ["from", "until"].into_iter().filter_map(asked).collect();
    if range.is_empty() { "/audit/export".into() } else { format!("/audit/export?{}", range.join("&")) }
}

fn body(visit: &Visit, filter: &TrailFilter, form: AnyView, trail: TrailList) -> AnyView {
    let is_narrowed =
        filter != &TrailFilter { of_installation: filter.of_installation, ..TrailFilter::default() };
    let more = pager("/audit", &visit.query, trail.next.as_ref());
    let list = match (trail.rows.is_empty(), trail.next.is_some(), is_narrowed) {
        (true, true, _) => empty(
            "Nothing in this part of the trail",
            "A page looks at five thousand entries at most. Go on to the older ones.",
        ),
        (true, false, true) => {
            empty("No entry matches", view! { <p><a href="/audit">"Show the whole trail"</a></p> })
        }
        (true, false, false) => empty(
            "No entry yet",
            "Whatever somebody does, is refused, or looks at is written down here, and never changed.",
        ),
        (false, ..) => table(trail.rows, visit.now, filter.of_installation),
    };
    view! {
        <p class="muted">"Every entry's hash covers the one before it, and signed heads over the trail lie in the vault. That you read this is written down too."</p>
        {form}
        <section class="panel">{list}{more}</section>
        {how_to_verify()}
    }
    .into_any()
}

fn table(rows: Vec<TrailRow>, now: Option<Timestamp>, of_installation: bool) -> AnyView {
    Table::new("What happened, newest first")
        .lead("What")
        .state("Outcome")
        .text("Who")
        .text("About")
        .text("From")
        .text("When")
        .text("Entry")
        .rows(rows, |row| {
            let of = if of_installation { "?of=installation" } else { "" };
            let entry = format!("/audit/{}{of}", row.number);
            let who = explorer("who", &row.who, of_installation);
            vec![
                view! { <a href=entry.clone()>{act_word(&row.act)}</a> }.into_any(),
                outcome_badge(row.outcome),
                view! { <a href=who><bdi>{visible(&row.name)}</bdi></a> }.into_any(),
                object_view(&row.object),
                or_none(row.address.as_deref()),
                exactly(row.at, now),
                text(number(row.number)),
            ]
        })
        .view()
}

/// An act in words; one of a newer version by its key.
pub fn act_word(key: &str) -> String {
    Act::find(key).map_or_else(|| visible(key), |act| act.title().to_owned())
}

/// How it ended, as a badge.
pub fn outcome_badge(outcome: Outcome) -> AnyView {
    let tone = match outcome {
        Outcome::Done => Tone::Good,
        Outcome::Refused => Tone::Warn,
        Outcome::Failed => Tone::Bad,
    };
    badge(tone, outcome_word(outcome))
}

fn how_to_verify() -> AnyView {
    view! {
        <details class="panel">
            <summary>"How an export is checked without this server"</summary>
            <p>"\"Export with proofs\" writes the entries from one day to another with the signed heads over them. On any machine, "
                <code>"holdfast-recover audit verify FILE --signing-key FINGERPRINT"</code>
                " computes every hash again and checks every signature. The fingerprint is the one that was written down with the recovery key; "
                <a href="/settings">"the settings"</a>" show it too. Of other organisations the file holds hashes only."</p>
        </details>
    }
    .into_any()
}
