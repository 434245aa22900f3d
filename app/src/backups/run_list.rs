//! Every run, filtered by the address.

use std::str::FromStr;

use domain::{
    Cursor,
    access::Permission,
    backups::{RunKind, RunState},
    id::Id,
};
use leptos::prelude::*;

use crate::{
    backups::{api::RunFilter, list::source_select, rows::runs_table},
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    sources::api::SourceRow,
    ui::{empty::empty, pager::pager},
};

/// `/runs?source=…&kind=…&state=…&after=…`
#[component]
pub fn RunsPage() -> impl IntoView {
    page(Place::Runs, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let filter = RunFilter {
            source: visit.asked("source").and_then(|text| Id::from_str(&text).ok()),
            kind: visit.asked("kind").and_then(|key| RunKind::find(&key)),
            state: visit.asked("state").and_then(|key| RunState::find(&key)),
            after: visit.asked("after").map(Cursor),
        };
        let is_filtered = filter != RunFilter::default();
        let sources = visit.backend.list_sources().await?;
        let runs = visit.backend.list_runs(filter.clone()).await?;
        let list = match (runs.rows.is_empty(), is_filtered) {
            (true, true) => empty("No run matches", view! { <p><a href="/runs">"Show all runs"</a></p> }),
            (true, false) => empty(
                "No run yet",
                view! { <p>"Runs appear when something is backed up, verified, restored or tested. Start from a "<a href="/sources">"source"</a>"."</p> },
            ),
            (false, _) => runs_table("Runs, newest first", runs.rows, visit.now),
        };
        let body = view! {
            {filters(&filter, &sources)}
            <section class="panel">{list}{pager("/runs", &visit.query, runs.next.as_ref())}</section>
        };
        Ok(PageView::new("Runs", body))
    })
}

fn filters(filter: &RunFilter, sources: &[SourceRow]) -> AnyView {
    let kinds = RunKind::ALL.iter().map(
        |kind| view! { <option value=kind.key() selected=filter.kind == Some(*kind)>{kind.title()}</option> },
    );
    let states = RunState::ALL.iter().map(|state| view! { <option value=state.key() selected=filter.state == Some(*state)>{state.title()}</option> });
    view! {
        <form method="get" action="/runs" class="filters" role="search" aria-label="Filter runs">
            <label>"Source"{source_select(filter.source, sources)}</label>
            <label>"Kind"<select name="kind"><option value="">"any"</option>{kinds.collect_view()}</select></label>
            <label>"State"<select name="state"><option value="">"any"</option>{states.collect_view()}</select></label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}
