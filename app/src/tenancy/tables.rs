//! The tables of a tenant in one backup.

use domain::{Fault, Page};
use leptos::prelude::*;

use super::api::{TenantPoint, TenantTable};
use crate::{
    layout::{
        fault::{advice, sentence},
        page::Visit,
    },
    ui::{
        badge::Tone,
        notice::notice,
        pager::Pager,
        table::{Table, text},
        text::{name, number},
        time::when,
    },
};

/// The panel of the tables where the vault does not say which they are.
pub fn no_tables_panel(fault: &Fault) -> AnyView {
    view! {
        <section class="panel c7" id="tables">
            <header><h2>"Tables"</h2></header>
            {notice(Tone::Bad, format!("The vault did not say which they are. {} {}", sentence(fault), advice(fault, None)))}
        </section>
    }
    .into_any()
}

/// Tables with the tenant's rows in its newest point.
pub fn tables_panel(path: &str, visit: &Visit, point: &TenantPoint, tables: Page<TenantTable>) -> AnyView {
    let pager = Pager { path, key: "tables", words: ("First", "Next"), label: "Pages of tables" };
    let pager = pager.view(&visit.query, tables.next.as_ref());
    let search = visit.asked("table").unwrap_or_default();
    let list = if tables.rows.is_empty() {
        view! { <p class="muted">"No table matches."</p> }.into_any()
    } else {
        Table::new("Tables of this tenant")
            .lead("Table")
            .number("Rows")
            .rows(tables.rows, |table| vec![name(&table.table), text(number(table.rows))])
            .view()
    };
    view! {
        <section class="panel c7" id="tables">
            <header><h2>"Tables"</h2><span class="small muted">"as of "{when(point.snapshot_at, visit.now)}</span></header>
            <form method="get" action=format!("{path}#tables") class="filters" role="search" aria-label="Filter tables">
                <label>"Name contains"<input name="table" value=search /></label>
                <button class="btn">"Filter"</button>
            </form>
            {list}
            {pager}
        </section>
    }
    .into_any()
}
