//! Rows of one table that a restore changes: as they are now, and as they will be.

use domain::{
    ByteSize, Cursor, Fault,
    access::Permission,
    id::kind,
    restores::{Cell, RequestState},
};
use leptos::prelude::*;

use super::difference_api::{CellDifference, RowChange, RowDifference, RowFilter};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::{Tone, badge},
        empty::empty,
        pager::Pager,
        text::{count, name, number, visible},
    },
};

/// `/restores/:id/table?name=…&after=…`
#[component]
pub fn ChangedRowsPage() -> impl IntoView {
    page(Place::Restores, |visit, me| async move {
        require(&me, Permission::ReadContents)?;
        let id = visit.id::<kind::Restore>()?;
        let table = visit.asked_exactly("name").filter(|name| !name.is_empty()).ok_or(Fault::NotFound)?;
        let restore = visit.backend.get_restore(id).await?.row;
        let filter = RowFilter { restore_id: id, table, after: visit.asked("after").map(Cursor) };
        let found = visit.backend.list_row_differences(filter.clone()).await?;
        let path = format!("/restores/{id}/table");
        let pager = Pager { path: &path, key: "after", words: ("First", "Next"), label: "Pages of rows" };
        let pager = pager.view(&visit.query, found.rows.next.as_ref());
        let rows = |n, one: &str, many: &str| format!("{} {}", number(n), if n == 1 { one } else { many });
        let figures = format!(
            "{}, {}, {}, {}.",
            rows(found.table.inserts, "row comes back", "rows come back"),
            rows(found.table.updates, "changes", "change"),
            rows(found.table.deletes, "is deleted", "are deleted"),
            rows(found.table.unchanged, "is equal", "are equal"),
        );
        let words = match restore.state {
            RequestState::Applied | RequestState::Undoing | RequestState::Undone => ("Before", "Restored"),
            _ => ("Now", "After the restore"),
        };
        let list = if found.rows.rows.is_empty() {
            empty(
                "No row to show",
                "Every row of this table is equal, or its changes are beyond what is kept to look at.",
            )
        } else {
            let rows = found.rows.rows.into_iter().map(|row| row_view(row, &found.columns, words));
            view! { <div class="rows">{rows.collect_view()}</div> }.into_any()
        };
        let body = view! {
            <p class="lead-line">{figures}</p>
            {list}
            {pager}
        };
        let crumb = format!("Tenant {} of {}", restore.tenant, restore.database);
        Ok(PageView::new(filter.table, body)
            .under("Restores", "/restores")
            .under(crumb, format!("/restores/{id}")))
    })
}

fn row_view(row: RowDifference, columns: &[String], words: (&'static str, &'static str)) -> AnyView {
    let (tone, word) = match row.change {
        RowChange::Insert => (Tone::Good, "Comes back"),
        RowChange::Update => (Tone::Info, "Changes"),
        RowChange::Delete => (Tone::Bad, "Is deleted"),
    };
    let key = row.key.iter().map(|value| visible(value)).collect::<Vec<_>>().join(", ");
    let title = format!("{word}: row {key}");
    let changed = row.cells.iter().filter(|cell| cell.is_changed).count() as u64;
    let remark = (row.change == RowChange::Update).then(|| {
        view! { <span class="small muted">{format!("{} of {}", number(changed), count(columns.len() as u64, "column", "columns"))}</span> }
    });
    // What changes is what is looked at; the columns that stay are there for whoever asks.
    let (shown, equal): (Vec<_>, Vec<_>) = columns
        .iter()
        .zip(&row.cells)
        .partition(|(_, cell)| row.change != RowChange::Update || cell.is_changed);
    let equal = (!equal.is_empty()).then(|| {
        let many = count(equal.len() as u64, "column stays", "columns stay");
        view! { <details class="equal"><summary>{many}</summary>{values(&format!("{title}, what stays"), &equal, row.change, words)}</details> }
    });
    view! {
        <section class="panel" aria-label=title.clone()>
            <header><h2>{badge(tone, word)}" "<span class="mono"><bdi>{key}</bdi></span></h2>{remark}</header>
            {values(&title, &shown, row.change, words)}
            {equal}
        </section>
    }
    .into_any()
}

fn values(
    title: &str,
    cells: &[(&String, &CellDifference)],
    change: RowChange,
    words: (&'static str, &'static str),
) -> AnyView {
    let cells = cells.iter().map(|(column, cell)| cell_view(column, cell, change)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label=format!("{title}, values")>
            <table class="values" role="table">
                <caption class="visually-hidden">{title.to_owned()}</caption>
                <thead role="rowgroup"><tr role="row">
                    <th scope="col" role="columnheader">"Column"</th>
                    <th scope="col" role="columnheader">{words.0}</th>
                    <th scope="col" role="columnheader">{words.1}</th>
                </tr></thead>
                <tbody role="rowgroup">{cells}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn cell_view(column: &str, cell: &CellDifference, change: RowChange) -> AnyView {
    let is_marked = cell.is_changed && change == RowChange::Update;
    let class = is_marked.then_some("is-changed");
    let side = |value: Option<&Cell>, is_new: bool| match value {
        None => view! { <span class="muted">"no row"</span> }.into_any(),
        Some(value) if is_marked && is_new => view! { <ins>{value_view(value)}</ins> }.into_any(),
        Some(value) if is_marked => view! { <del>{value_view(value)}</del> }.into_any(),
        Some(value) => value_view(value),
    };
    let (old, new) = (side(cell.old.as_ref(), false), side(cell.new.as_ref(), true));
    view! {
        <tr role="row" class=class>
            <th scope="row" role="rowheader">{name(column)}</th>
            <td role="cell" data-label="Now">{old}</td>
            <td role="cell" data-label="After">{new}</td>
        </tr>
    }
    .into_any()
}

fn value_view(cell: &Cell) -> AnyView {
    match cell {
        Cell::Null => view! { <span class="null">"NULL"</span> }.into_any(),
        Cell::Text { text, .. } if text.is_empty() => view! { <span class="null">"empty"</span> }.into_any(),
        Cell::Text { text, length } => {
            let rest = (text.len() as u64) < *length;
            let rest = rest
                .then(|| view! { <span class="muted">{format!("… {} in all", ByteSize(*length))}</span> });
            view! { <bdi>{visible(text)}</bdi>{rest} }.into_any()
        }
        Cell::Binary { hex, length } => {
            let rest = (hex.len() as u64 / 2) < *length;
            let rest = rest
                .then(|| view! { <span class="muted">{format!("… {} in all", ByteSize(*length))}</span> });
            view! { <code class="wrap">"0x"{visible(hex)}</code>{rest} }.into_any()
        }
    }
}
