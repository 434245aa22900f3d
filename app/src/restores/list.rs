//! Every tenant restore, filtered by the address.

use std::str::FromStr;

use domain::{
    Cursor, Timestamp,
    access::Permission,
    id::Id,
    restores::{RequestState, SelectionSummary},
    tenancy::TenantKey,
};
use leptos::prelude::*;

use super::request_api::{RestoreFilter, RestoreRow};
use crate::{
    backups::list::source_select,
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    sources::api::SourceRow,
    tenancy::address::tenant_path,
    ui::{
        badge::Badged,
        empty::empty,
        pager::pager,
        table::{Table, link, text},
        text::{count, none, number, visible},
        time::when,
    },
};

/// `/restores?state=…&source=…&tenant=…&after=…`
#[component]
pub fn RestoresPage() -> impl IntoView {
    page(Place::Restores, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let filter = RestoreFilter {
            state: visit.asked("state").and_then(|key| RequestState::find(&key)),
            source: visit.asked("source").and_then(|text| Id::from_str(&text).ok()),
            tenant: visit.asked("tenant").and_then(|key| TenantKey::new(key).ok()),
            after: visit.asked("after").map(Cursor),
        };
        let is_filtered = filter != RestoreFilter::default();
        let sources = visit.backend.list_sources().await?;
        let restores = visit.backend.list_restores(filter.clone()).await?;
        let list = match (restores.rows.is_empty(), is_filtered) {
            (true, true) => {
                empty("No restore matches", view! { <p><a href="/restores">"Show all restores"</a></p> })
            }
            (true, false) => empty(
                "No tenant restore yet",
                view! { <p>"Open a "<a href="/tenants">"tenant"</a>" and choose Restore. A preview shows what would change before anything does."</p> },
            ),
            (false, _) => restores_table(restores.rows, visit.now, true),
        };
        let body = view! {
            {filters(&filter, &sources)}
            <section class="panel">{list}{pager("/restores", &visit.query, restores.next.as_ref())}</section>
        };
        Ok(PageView::new("Restores", body))
    })
}

/// Requests; `with_tenant` where they are of several tenants.
pub fn restores_table(restores: Vec<RestoreRow>, now: Option<Timestamp>, with_tenant: bool) -> AnyView {
    let table = Table::new("Tenant restores, newest first").lead("Restore").state("State");
    let table = if with_tenant { table.text("Tenant") } else { table };
    table
        .text("As of")
        .text("What")
        .number("Rows to change")
        .text("Asked by")
        .text("Asked")
        .rows(restores, |restore| {
            let title =
                format!("{} · tenant {}", visible(&restore.database), visible(restore.tenant.as_str()));
            let tenant = with_tenant
                .then(|| link(tenant_path(restore.source_id, &restore.tenant), restore.tenant.as_str()));
            let mut cells = vec![link(format!("/restores/{}", restore.id), &title), restore.state.badge()];
            cells.extend(tenant);
            cells.extend([
                when(restore.snapshot_at, now),
                text(selection_words(&restore.selection)),
                restore
                    .changes
                    .filter(|_| !restore.state.is_void())
                    .map_or_else(none, |changes| text(number(changes))),
                text(visible(&restore.requested_by)),
                when(restore.created_at, now),
            ]);
            cells
        })
        .view()
}

/// What of a tenant is put back: `everything`, `2 tables`, `3 rows of grc_risk`.
pub fn selection_words(selection: &SelectionSummary) -> String {
    match selection {
        SelectionSummary::Everything => "everything".into(),
        SelectionSummary::Tables { only: Some(table), .. } => format!("table {}", visible(table)),
        SelectionSummary::Tables { tables, only: None } => count(*tables, "table", "tables"),
        SelectionSummary::Rows { table, rows } => {
            format!("{} of {}", count(*rows, "row", "rows"), visible(table))
        }
    }
}

fn filters(filter: &RestoreFilter, sources: &[SourceRow]) -> AnyView {
    let states = RequestState::ALL.iter().map(|state| view! { <option value=state.key() selected=filter.state == Some(*state)>{state.title()}</option> });
    let tenant = filter.tenant.as_ref().map(|key| key.as_str().to_owned()).unwrap_or_default();
    view! {
        <form method="get" action="/restores" class="filters" role="search" aria-label="Filter restores">
            <label>"State"<select name="state"><option value="">"any"</option>{states.collect_view()}</select></label>
            <label>"Source"{source_select(filter.source, sources)}</label>
            <label>"Tenant's key"<input name="tenant" value=tenant /></label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}
