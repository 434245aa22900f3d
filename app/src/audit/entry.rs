//! One entry: what it says, and what proves it.

use domain::{Fault, Timestamp, access::Permission, audit::ObjectKind};
use leptos::prelude::*;

use super::{
    api::{HeadView, TrailDetail, TrailRow},
    explorer::{act_word, outcome_badge},
    story::{explorer, object_view, page_of},
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::Tone,
        notice::notice,
        table::{Table, text},
        text::{code_block, number, or_none, visible},
        time::{exactly, when},
    },
};

/// `/audit/:id?of=…`
#[component]
pub fn AuditEntryPage() -> impl IntoView {
    page(Place::Audit, |visit, me| async move {
        require(&me, Permission::ReadAudit)?;
        let wanted = visit.param("id").and_then(|text| text.parse().ok()).ok_or(Fault::NotFound)?;
        let of_installation = visit.asked("of").as_deref() == Some("installation");
        let detail = visit.backend.get_trail_entry(of_installation, wanted).await?;
        let row = &detail.row;
        let title = format!("Entry {}: {}", number(row.number), act_word(&row.act));
        let newer = row.is_newer.then(|| {
            notice(Tone::Warn, "A newer version of Holdfast wrote this entry. Its bytes are proven like all others; its particulars can be shown after an update.")
        });
        let body = view! {
            {newer}
            <div class="grid">
                {says(row, visit.now, of_installation)}
                {place(&detail, visit.now, of_installation)}
                {changes(row)}
                {verify(&detail)}
            </div>
        };
        Ok(PageView::new(title, body).under("Audit trail", "/audit"))
    })
}

fn says(row: &TrailRow, now: Option<Timestamp>, of_installation: bool) -> AnyView {
    let about = explorer("about", &row.object, of_installation);
    let who = explorer("who", &row.who, of_installation);
    let behind = row
        .behind
        .as_deref()
        .map(|key| view! { <dt>"Made by"</dt><dd><bdi class="mono">{visible(key)}</bdi></dd> });
    let approval = row
        .approval
        .as_deref()
        .map(|id| view! { <dt>"By approval"</dt><dd><bdi class="mono">{visible(id)}</bdi></dd> });
    view! {
        <section class="panel c7">
            <header><h2>"What it says"</h2></header>
            <dl class="facts">
                <dt>"What"</dt><dd>{act_word(&row.act)}" "<code>{visible(&row.act)}</code></dd>
                <dt>"Outcome"</dt><dd>{outcome_badge(row.outcome)}</dd>
                <dt>"When"</dt><dd>{exactly(row.at, now)}</dd>
                <dt>"Who"</dt><dd><a href=who><bdi>{visible(&row.name)}</bdi></a>" "<bdi class="mono small muted">{visible(&row.who)}</bdi></dd>
                {behind}
                <dt>"From"</dt><dd>{or_none(row.address.as_deref())}</dd>
                <dt>"Program"</dt><dd>{or_none(row.agent.as_deref())}</dd>
                <dt>"About"</dt><dd>{object_view(&row.object)}" "<a class="small" href=about>"everything about it"</a></dd>
                {approval}
            </dl>
        </section>
    }
    .into_any()
}

/// Before and after side by side, each field once.
fn changes(row: &TrailRow) -> AnyView {
    if row.before.is_empty() && row.after.is_empty() {
        return ().into_any();
    }
    let mut fields: Vec<&str> =
        row.before.iter().chain(&row.after).map(|(field, _)| field.as_str()).collect();
    fields.sort_unstable();
    fields.dedup();
    let value = |side: &[(String, String)], field: &str| {
        side.iter().find(|(name, _)| name == field).map(|(_, value)| value_view(field, value))
    };
    let has_before = !row.before.is_empty();
    let table = Table::new("Particulars").lead("Field");
    let table = if has_before { table.text("Before").text("After") } else { table.text("Value") };
    let table = table.rows(fields, |field| {
        let none = || text("–");
        let mut cells = vec![text(visible(&field.replace('_', " ")))];
        if has_before {
            cells.push(value(&row.before, field).unwrap_or_else(none));
        }
        cells.push(value(&row.after, field).unwrap_or_else(none));
        cells
    });
    view! { <section class="panel c12"><header><h2>"Particulars"</h2></header>{table.view()}</section> }
        .into_any()
}

/// A value; an id of something that has a page leads there.
fn value_view(field: &str, value: &str) -> AnyView {
    let shown = visible(value);
    match ObjectKind::find(field).and_then(|kind| page_of(kind, value)) {
        Some(path) => view! { <a class="mono" href=path>{shown}</a> }.into_any(),
        None => view! { <bdi>{shown}</bdi> }.into_any(),
    }
}

fn place(detail: &TrailDetail, now: Option<Timestamp>, of_installation: bool) -> AnyView {
    let of = if of_installation { "?of=installation" } else { "" };
    let neighbour = |number: u64, word: &'static str| {
        view! { <a class="btn" href=format!("/audit/{number}{of}")>{word}</a> }
    };
    let row = &detail.row;
    let before = (row.number > detail.first).then(|| neighbour(row.number - 1, "The one before"));
    let after = (row.number < detail.last).then(|| neighbour(row.number + 1, "The one after"));
    let anchored = match &detail.head {
        Some(head) => head_view(head, now),
        None => notice(
            Tone::Info,
            "No signed head covers it yet. One is made every hour, and at once after an act of high risk.",
        ),
    };
    view! {
        <section class="panel c5">
            <header><h2>"What proves it"</h2></header>
            <dl class="facts">
                <dt>"Entry"</dt><dd>{format!("{} of {}", number(row.number), number(detail.last))}</dd>
                <dt>"Its hash"</dt><dd><code class="wrap">{visible(&row.hash)}</code></dd>
                <dt>"Hash before it"</dt><dd><code class="wrap">{visible(&detail.previous)}</code></dd>
            </dl>
            {anchored}
            <nav class="pager" aria-label="Neighbours">{before}{after}</nav>
        </section>
    }
    .into_any()
}

fn head_view(head: &HeadView, now: Option<Timestamp>) -> AnyView {
    let vaults = head.vaults.iter().map(|(vault, at)| {
        view! { <dt>"Lies in vault"</dt><dd><bdi>{visible(vault)}</bdi>" since "{when(*at, now)}</dd> }
    });
    let nowhere = head.vaults.is_empty().then(|| view! { <dt>"Lies in vault"</dt><dd>"not yet"</dd> });
    let (first, last) = head.entries;
    view! {
        <dl class="facts">
            <dt>"Under signed head"</dt><dd>{number(head.number)}</dd>
            <dt>"Signed"</dt><dd>{when(head.at, now)}</dd>
            <dt>"Covers entries"</dt><dd>{format!("{} to {}", number(first), number(last))}</dd>
            {vaults.collect_view()}
            {nowhere}
        </dl>
    }
    .into_any()
}

fn verify(detail: &TrailDetail) -> AnyView {
    view! {
        <section class="panel c12">
            <header><h2>"Check it without this server"</h2></header>
            <p>"Take the trail away with \"Export with proofs\" on the page before, and run this on any machine. The fingerprint has to be the one that was written down with the recovery key."</p>
            {code_block("command", &detail.verify_command)}
        </section>
    }
    .into_any()
}
