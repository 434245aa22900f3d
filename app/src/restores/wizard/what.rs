//! What of the tenant: everything, some tables, or some rows of one table.

use domain::{Cursor, Fault, Lines, Page};
use leptos::prelude::*;

use super::state::{Answers, Step, along, what_key, with_fields};
use crate::{
    layout::page::Visit,
    restores::request_api::What,
    tenancy::api::{TenantTable, TenantTableFilter},
    ui::{
        choice::{Way, choice},
        pager::Pager,
        table::{Table, text},
        text::{name, number, visible},
    },
};

/// The choice, or the tables and rows that it needs.
pub async fn panel(visit: &Visit, answers: &Answers) -> Result<AnyView, Fault> {
    match answers.asked {
        Some(What::Tables) => {
            let tables = tables(visit, answers).await?;
            Ok(tables_panel(visit, answers, tables))
        }
        Some(What::Rows) if answers.table.is_empty() => {
            let tables = tables(visit, answers).await?;
            Ok(table_panel(visit, answers, tables))
        }
        Some(What::Rows) => Ok(rows_panel(answers)),
        _ => Ok(choice_panel(answers)),
    }
}

async fn tables(visit: &Visit, answers: &Answers) -> Result<Page<TenantTable>, Fault> {
    let filter = TenantTableFilter {
        backup_id: answers.backup.ok_or(Fault::NotFound)?,
        tenant: answers.tenant.clone(),
        search: visit.asked("search"),
        after: visit.asked("after").map(Cursor),
    };
    visit.backend.list_tenant_tables(filter).await
}

fn choice_panel(answers: &Answers) -> AnyView {
    let ways = vec![
        Way::new(what_key(What::Everything), "Everything")
            .hint("Every row of every table of this tenant.")
            .chosen(true),
        Way::new(what_key(What::Tables), "Some tables").hint("Every row of the tables that you name."),
        Way::new(what_key(What::Rows), "Some rows")
            .hint("Rows of one table by primary key. Into the live database only."),
    ];
    view! {
        <section class="panel c8">
            <header><h2>"What of it?"</h2></header>
            <form method="get" action=answers.path() class="form">
                {along(answers.fields(Step::What))}
                {choice("what", "what", "What is put back", ways)}
                <button class="btn primary">"Next"</button>
            </form>
        </section>
    }
    .into_any()
}

fn tables_panel(visit: &Visit, answers: &Answers, tables: Page<TenantTable>) -> AnyView {
    let chosen = answers.tables.names();
    let add = |table: &str| {
        let mut names = chosen.clone();
        match names.iter().position(|name| name == table) {
            Some(index) => drop(names.remove(index)),
            None => names.push(table.to_owned()),
        }
        kept(
            visit,
            answers,
            &[("what", "tables".into()), ("tables", Lines::of_names(names).0), ("edit", "true".into())],
        )
    };
    let list = Table::new("Tables of this tenant in that backup").lead("Table").number("Rows").text("Choose");
    let list = list.rows(tables.rows, |table| {
        let is_chosen = chosen.contains(&table.table);
        let word = if is_chosen { "Take out" } else { "Add" };
        let label = format!(" {}", visible(&table.table));
        let button = view! { <a class="btn" href=add(&table.table)>{word}<span class="visually-hidden">{label}</span></a> };
        vec![name(&table.table), text(number(table.rows)), button.into_any()]
    });
    let lines = chosen.len().clamp(3, 10).to_string();
    let value = Lines::of_names(&chosen).0;
    view! {
        <section class="panel c8">
            <header><h2>"Which tables?"</h2></header>
            <form method="get" action=answers.path() class="form">
                {along(answers.fields(Step::What))}
                <input type="hidden" name="what" value="tables" />
                <div class="field">
                    <label for="what-tables">"Names, one per line"</label>
                    {textarea("what-tables", "tables", &lines, &value)}
                    <p class="hint" id="what-tables-hint">"Type them, or add them from the list below. Rows of other tables that refer to them stay as they are; the preview names what would break."</p>
                </div>
                <button class="btn primary">"Next"</button>
            </form>
            {search(visit, answers, What::Tables)}
            {list.view()}
            {pages(visit, answers, tables.next.as_ref())}
        </section>
    }
    .into_any()
}

fn table_panel(visit: &Visit, answers: &Answers, tables: Page<TenantTable>) -> AnyView {
    let list = Table::new("Tables of this tenant in that backup").lead("Table").number("Rows");
    let list = list.rows(tables.rows, |table| {
        let path = kept(visit, answers, &[("what", "rows".into()), ("table", table.table.clone())]);
        vec![view! { <a href=path>{name(&table.table)}</a> }.into_any(), text(number(table.rows))]
    });
    view! {
        <section class="panel c8">
            <header><h2>"Rows of which table?"</h2></header>
            {search(visit, answers, What::Rows)}
            {list.view()}
            {pages(visit, answers, tables.next.as_ref())}
        </section>
    }
    .into_any()
}

fn rows_panel(answers: &Answers) -> AnyView {
    let error = answers.wrong_line.map(|line| {
        view! { <p class="error" id="what-keys-error"><span aria-hidden="true">"✕ "</span>{format!("Line {line} is not a list of values. Close every quote, and put values with a comma into quotes.")}</p> }
    });
    let lines = answers.keys.0.lines().count().clamp(3, 10).to_string();
    view! {
        <section class="panel c8">
            <header><h2>"Which rows of "{name(&answers.table)}"?"</h2></header>
            <form method="get" action=answers.path() class="form">
                {along(answers.fields(Step::What))}
                <input type="hidden" name="what" value="rows" />
                <input type="hidden" name="table" value=answers.table.clone() />
                <div class="field">
                    <label for="what-keys">"Primary keys, one row per line"</label>
                    {textarea("what-keys", "keys", &lines, &answers.keys.0)}
                    <p class="hint" id="what-keys-hint">"A key of several columns: its values separated by commas, in the order of the key. A value with a comma in it: in double quotes."</p>
                    {error}
                </div>
                <button class="btn primary">"Next"</button>
            </form>
        </section>
    }
    .into_any()
}

/// Several lines of text, sent under their own name. The hint has the id of the element with `-hint`.
fn textarea(id: &'static str, name: &'static str, rows: &str, value: &str) -> AnyView {
    // The renderer writes the text of this element as it is.
    let value = format!("\n{}", value.replace('&', "&amp;").replace('<', "&lt;"));
    view! {
        <textarea id=id name=name rows=rows.to_owned() required spellcheck="false" autocapitalize="off"
            aria-describedby=format!("{id}-hint {id}-error")>{value}</textarea>
    }
    .into_any()
}

fn search(visit: &Visit, answers: &Answers, what: What) -> AnyView {
    let mut fields = answers.fields(Step::What);
    fields.push(("what", what_key(what).to_owned()));
    if what == What::Tables {
        fields.extend([("tables", answers.tables.0.clone()), ("edit", "true".to_owned())]);
    }
    view! {
        <form method="get" action=answers.path() class="filters" role="search" aria-label="Filter tables">
            {along(fields)}
            <label>"Table contains"<input name="search" value=visit.asked("search").unwrap_or_default() /></label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}

/// This page with other answers, the search and the page of the list kept.
fn kept(visit: &Visit, answers: &Answers, fields: &[(&'static str, String)]) -> String {
    let mut all = answers.fields(Step::What);
    all.extend_from_slice(fields);
    all.extend(visit.asked("search").map(|search| ("search", search)));
    all.extend(visit.asked("after").map(|after| ("after", after)));
    with_fields(&answers.path(), &all)
}

fn pages(visit: &Visit, answers: &Answers, next: Option<&Cursor>) -> AnyView {
    let path = answers.path();
    Pager { path: &path, key: "after", words: ("First", "Next"), label: "Pages of tables" }
        .view(&visit.query, next)
}
