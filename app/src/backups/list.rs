//! Every backup, filtered by the address.

use std::str::FromStr;

use domain::{Cursor, access::Permission, backups::Verification, id::Id};
use leptos::prelude::*;

use crate::{
    backups::{api::BackupFilter, rows::backups_table},
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    sources::api::SourceRow,
    ui::{empty::empty, pager::pager, text::visible},
};

/// `/backups?source=…&verification=…&label=…&removed=true&after=…`
#[component]
pub fn BackupsPage() -> impl IntoView {
    page(Place::Backups, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let filter = filter(&visit);
        let is_filtered = filter.source.is_some()
            || filter.verification.is_some()
            || filter.label.is_some()
            || filter.after.is_some();
        let sources = visit.backend.list_sources().await?;
        let backups = visit.backend.list_backups(filter.clone()).await?;
        let list = match (backups.rows.is_empty(), is_filtered) {
            (true, true) => {
                empty("No backup matches", view! { <p><a href="/backups">"Show all backups"</a></p> })
            }
            (true, false) => empty(
                "No backup yet",
                view! { <p>"Open a "<a href="/sources">"source"</a>" and back it up, or wait for its schedule."</p> },
            ),
            (false, _) => backups_table("Backups, newest first", backups.rows, visit.now, true),
        };
        let body = view! {
            {filters(&filter, &sources)}
            <section class="panel">{list}{pager("/backups", &visit.query, backups.next.as_ref())}</section>
        };
        Ok(PageView::new("Backups", body))
    })
}

fn filter(visit: &Visit) -> BackupFilter {
    BackupFilter {
        source: visit.asked("source").and_then(|text| Id::from_str(&text).ok()),
        verification: visit.asked("verification").and_then(|key| Verification::find(&key)),
        removed: visit.asked("removed").is_some(),
        label: visit.asked("label"),
        after: visit.asked("after").map(Cursor),
    }
}

fn filters(filter: &BackupFilter, sources: &[SourceRow]) -> AnyView {
    let states = Verification::ALL.iter().map(|state| {
        view! { <option value=state.key() selected=filter.verification == Some(*state)>{state.title()}</option> }
    });
    view! {
        <form method="get" action="/backups" class="filters" role="search" aria-label="Filter backups">
            <label>"Source"{source_select(filter.source, sources)}</label>
            <label>"State"<select name="verification"><option value="">"any"</option>{states.collect_view()}</select></label>
            <label>"Label contains"<input name="label" value=filter.label.clone().unwrap_or_default() /></label>
            <label class="tick"><input type="checkbox" name="removed" value="true" checked=filter.removed />"Removed ones too"</label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}

/// A choice of one source, for filters.
pub fn source_select(chosen: Option<domain::SourceId>, sources: &[SourceRow]) -> AnyView {
    let options = sources.iter().map(|source| {
        let label = format!("{} on {}", visible(&source.database), visible(&source.connection));
        view! { <option value=source.id.to_string() selected=chosen == Some(source.id)>{label}</option> }
    });
    view! { <select name="source"><option value="">"any"</option>{options.collect_view()}</select> }
        .into_any()
}
