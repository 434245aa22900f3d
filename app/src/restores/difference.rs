//! What a tenant restore would change, in figures and table by table.

use domain::{
    ByteSize, Page,
    restores::{Figures, RequestState, TableDifference},
};
use leptos::prelude::*;
use leptos_router::location::Url;

use super::request_api::RestoreRow;
use crate::{
    layout::page::Visit,
    ui::{
        badge::{Tone, badge},
        notice::notice,
        pager::pager_by_name,
        table::{Table, text},
        text::{count, name, number, visible},
    },
};

/// The answer to the reader's question: what changes, and whether anybody else is touched. Nothing is said to have
/// happened of which nobody knows.
pub fn answer(difference: &Figures, state: RequestState, is_unsure: bool) -> AnyView {
    let (tone, sign) = match state {
        _ if is_unsure => (Tone::Warn, Tone::Warn.sign()),
        _ if difference.foreign_rows > 0 || !difference.obstacles.is_empty() => (Tone::Bad, Tone::Bad.sign()),
        RequestState::Applied => (Tone::Good, Tone::Good.sign()),
        _ => (Tone::Info, "⇄"),
    };
    let foreign = difference.foreign_rows;
    let touched = if foreign == 0 { badge(Tone::Good, "0") } else { badge(Tone::Bad, number(foreign)) };
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{sign}</div>
                <div>
                    <p class="big">{sentence(difference, state, is_unsure)}</p>
                    {is_unsure.then(|| view! { <p><b>"It is not known whether this was done."</b></p> })}
                    <p>"Rows of other tenants touched: "{touched}</p>
                    <p class="muted small">{format!("{} of {} differ; {} are equal.", number(difference.changed_tables), count(difference.tables, "table", "tables"), count(difference.unchanged, "row", "rows"))}</p>
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn sentence(difference: &Figures, state: RequestState, is_unsure: bool) -> String {
    if difference.changes() == 0 {
        return "Nothing differs".into();
    }
    let is_past =
        !is_unsure && matches!(state, RequestState::Applied | RequestState::Undoing | RequestState::Undone);
    let verb = |n: u64, [past, void, one, many]: [&'static str; 4]| match n {
        _ if is_past => past,
        _ if state.is_void() => void,
        1 => one,
        _ => many,
    };
    let (inserts, updates, deletes) = (difference.inserts, difference.updates, difference.deletes);
    let parts = [
        (inserts, verb(inserts, ["came back", "would have come back", "comes back", "come back"])),
        (updates, verb(updates, ["changed", "would have changed", "changes", "change"])),
        (deletes, verb(deletes, ["deleted", "would have been deleted", "is deleted", "are deleted"])),
    ];
    let words = parts.iter().filter(|(n, _)| *n > 0).enumerate().map(|(index, (n, verb))| {
        let rows = if index == 0 { count(*n, "row", "rows") } else { number(*n) };
        format!("{rows} {verb}")
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What keeps it from being applied, and what should be known.
pub fn remarks(difference: &Figures) -> AnyView {
    let foreign = (difference.foreign_rows > 0).then(|| {
        notice(Tone::Bad, view! { <p><b>"This difference would touch rows of other tenants and is refused."</b></p><p>"Look at the tenant map: a route of a changed table is wrong."</p> })
    });
    let obstacles = (!difference.obstacles.is_empty()).then(|| {
        let lines = difference.obstacles.iter().map(|obstacle| {
            let hint = obstacle
                .hint
                .as_deref()
                .map(|hint| view! { <span class="line muted">{visible(hint)}</span> });
            view! { <li><b>{name(&obstacle.table)}</b>": "{visible(&obstacle.what)}{hint}</li> }
        });
        let lines = lines.collect_view();
        notice(
            Tone::Bad,
            view! { <p><b>"This cannot be applied as it stands."</b></p><ul class="remarks">{lines}</ul> },
        )
    });
    let remarks = (!difference.remarks.is_empty()).then(|| {
        let lines =
            difference.remarks.iter().map(|remark| view! { <li>{visible(remark)}</li> }).collect_view();
        notice(
            Tone::Warn,
            view! { <p><b>"Know this before you agree."</b></p><ul class="remarks">{lines}</ul> },
        )
    });
    view! { {foreign}{obstacles}{remarks} }.into_any()
}

/// How much was read for it: a tenant's restore reads its own bytes only.
pub fn reading(difference: &Figures) -> AnyView {
    let (read, whole) = (ByteSize(difference.bytes_read), ByteSize(difference.bytes_whole));
    view! { <span>{format!("{read} of {whole} of the backup")}</span> }.into_any()
}

/// First characters of a digest, the whole of it on demand.
pub fn digest(digest: &str) -> AnyView {
    let short: String = digest.chars().take(12).collect();
    view! {
        <details class="digest"><summary><code>{short}"…"</code></summary><code class="wrap">{digest.to_owned()}</code></details>
    }
    .into_any()
}

/// Tables of the difference.
pub fn tables_panel(
    restore: &RestoreRow,
    visit: &Visit,
    tables: Page<TableDifference>,
    opens: bool,
) -> AnyView {
    let path = format!("/restores/{}", restore.id);
    let is_kept = !restore.state.is_void();
    let all = visit.asked("all").is_some();
    let search = visit.asked("search").unwrap_or_default();
    let pager = pager_by_name(&path, &visit.query, tables.next.as_ref());
    let list = if tables.rows.is_empty() {
        let words = if all || !search.is_empty() { "No table matches." } else { "No table changes." };
        view! { <p class="muted">{words}</p> }.into_any()
    } else {
        table(&path, tables.rows, opens && is_kept)
    };
    let hint = opens.then(|| {
        let words =
            if is_kept { "Open one to see its rows" } else { "The rows themselves are not kept any more" };
        view! { <span class="small muted">{words}</span> }
    });
    view! {
        <section class="panel c12" id="tables">
            <header><h2>"By table"</h2>{hint}</header>
            <form method="get" action=format!("{path}#tables") class="filters" role="search" aria-label="Filter tables">
                <label>"Table contains"<input name="search" value=search /></label>
                <label class="tick"><input type="checkbox" name="all" value="true" checked=all />"Equal ones as well"</label>
                <button class="btn">"Filter"</button>
            </form>
            {list}
            {pager}
        </section>
    }
    .into_any()
}

fn table(path: &str, tables: Vec<TableDifference>, opens: bool) -> AnyView {
    let figure = |n: u64, class: &'static str| {
        let class = if n == 0 { "muted" } else { class };
        view! { <span class=class>{number(n)}</span> }.into_any()
    };
    Table::new("Differences by table")
        .lead("Table")
        .number("Come back")
        .number("Change")
        .number("Are deleted")
        .number("Equal")
        .rows(tables, |table| {
            let rows = format!("{path}/table?name={}", Url::escape(&table.table));
            let lead = if opens && table.changes() > 0 {
                view! { <a href=rows>{name(&table.table)}</a> }.into_any()
            } else {
                name(&table.table)
            };
            vec![
                lead,
                figure(table.inserts, "added"),
                figure(table.updates, "changed"),
                figure(table.deletes, "removed"),
                text(number(table.unchanged)),
            ]
        })
        .view()
}
