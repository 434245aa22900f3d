//! What verifications of a backup found: every table, every FLOAT column, every difference.

use domain::{
    Timestamp,
    backups::{Evidence, TableEvidence},
};
use leptos::prelude::*;

use crate::{
    backups::api::EvidenceView,
    ui::{
        badge::{Tone, badge},
        empty::empty,
        table::{Table, text},
        text::{count, name, none, number, visible},
        time::{exactly, took},
        timeline::phase_word,
    },
};

/// The newest verification in full, older ones folded.
pub fn evidence_panel(evidence: Vec<EvidenceView>, now: Option<Timestamp>) -> AnyView {
    let mut views = evidence.into_iter();
    let newest = match views.next() {
        Some(view) => one(view, now),
        None => empty(
            "Not proven yet",
            "A verification restores this backup into a scratch database on another server and compares every table with the source.",
        ),
    };
    let older = views.map(|view| {
        let title = if view.evidence.equal { "equal" } else { "not equal" };
        let at = view.at.exact();
        view! { <details class="older"><summary>{format!("{at}: {title}")}</summary>{one(view, now)}</details> }
    });
    view! {
        <section class="panel c12" id="evidence">
            <header><h2>"Evidence"</h2></header>
            {newest}
            {older.collect_view()}
        </section>
    }
    .into_any()
}

fn one(view: EvidenceView, now: Option<Timestamp>) -> AnyView {
    let evidence = view.evidence;
    let tables = evidence.tables.len() as u64;
    let equal = evidence.tables.iter().filter(|table| table.equal).count() as u64;
    let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
    let verdict = if evidence.equal { badge(Tone::Good, "Equal") } else { badge(Tone::Bad, "Not equal") };
    let inexact =
        evidence.tables.iter().flat_map(|table| &table.floats).filter(|column| !column.bit_exact).count()
            as u64;
    let floats = (inexact > 0).then(|| {
        let columns = count(inexact, "FLOAT column is", "FLOAT columns are");
        view! { <p>{badge(Tone::Warn, "FLOAT")}{format!(" {columns} equal to six digits only: the dump client prints no more. The table names them.")}</p> }
    });
    let phases = evidence
        .phases
        .iter()
        .map(|(phase, ms)| format!("{} {}", phase_word(phase), took(*ms)))
        .collect::<Vec<_>>()
        .join(" · ");
    let remarks = evidence.remarks.iter().map(|remark| view! { <li>{visible(remark)}</li> }).collect_view();
    view! {
        <div class="evidence">
            <p>{verdict}" "<b>{format!("{equal} of {} equal, {} compared.", count(tables, "table", "tables"), count(rows, "row", "rows"))}</b></p>
            {floats}
            <dl class="facts">
                <dt>"What it proves"</dt><dd>{evidence.proof.title()}</dd>
                <dt>"Views, triggers, routines, events"</dt><dd>{objects(&evidence)}</dd>
                <dt>"Restored on"</dt><dd>{visible(&evidence.server)}</dd>
                <dt>"Took"</dt><dd>{phases}</dd>
                <dt>"Found"</dt><dd>{exactly(view.at, now)}" by "<a href=format!("/runs/{}", view.run_id)>"this run"</a></dd>
            </dl>
            <ul class="remarks">{remarks}</ul>
            {differences(&evidence)}
            {tables_table(evidence.tables)}
        </div>
    }
    .into_any()
}

fn objects(evidence: &Evidence) -> String {
    match evidence.differences.len() {
        0 => format!("{} compared, all equal", evidence.objects),
        n => format!("{} compared, {n} differ", evidence.objects),
    }
}

fn differences(evidence: &Evidence) -> Option<AnyView> {
    (!evidence.differences.is_empty()).then(|| {
        Table::new("What does not agree")
            .lead("Name")
            .state("Difference")
            .text("Kind")
            .rows(&evidence.differences, |difference| {
                vec![
                    name(&difference.name),
                    badge(Tone::Bad, visible(&difference.difference)),
                    text(visible(&difference.kind)),
                ]
            })
            .view()
    })
}

fn tables_table(mut tables: Vec<TableEvidence>) -> AnyView {
    // What needs eyes comes first; the rest keeps its order.
    tables.sort_by_key(|table| (table.equal, table.floats.is_empty()));
    let is_short = tables.len() <= 12 || tables.iter().any(|table| !table.equal);
    let title = format!("Table by table ({})", tables.len());
    let table = Table::new("Tables compared")
        .lead("Table")
        .state("Checksum")
        .number("Rows at the source")
        .number("Rows restored")
        .text("FLOAT columns");
    let table = table.rows(tables, |table| {
        let verdict = if table.equal { badge(Tone::Good, "Equal") } else { badge(Tone::Bad, "Different") };
        let floats = table.floats.iter().map(|column| {
            let (tone, word) = match (column.bit_exact, column.equal_to_six_digits) {
                (true, _) => (Tone::Good, "exact"),
                (false, true) => (Tone::Warn, "six digits"),
                (false, false) => (Tone::Bad, "different"),
            };
            view! { <span class="float"><code>{visible(&column.column)}</code>" "{badge(tone, word)}</span> }
        });
        let floats = if table.floats.is_empty() { none() } else { floats.collect_view().into_any() };
        vec![
            name(&table.table),
            verdict,
            text(number(table.rows_source)),
            text(number(table.rows_restored)),
            floats,
        ]
    });
    view! { <details open=is_short><summary>{title}</summary>{table.view()}</details> }.into_any()
}
