//! Every tenant with its standing: of one source, or of all.

use std::str::FromStr;

use domain::{
    Cursor, SourceId,
    access::Permission,
    health::TenantStanding,
    id::{Id, kind},
};
use leptos::prelude::*;

use super::{
    api::{TenantFilter, TenantList},
    rows::tenants_table,
    summary::map_notice,
};
use crate::{
    backups::list::source_select,
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    sources::api::SourceRow,
    ui::{badge::Badged, empty::empty, pager::pager_by_name, text::count},
};

/// `/tenants?source=…&search=…&standing=…&after=…`
#[component]
pub fn TenantsPage() -> impl IntoView {
    page(Place::Tenants, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let source = visit.asked("source").and_then(|text| Id::from_str(&text).ok());
        let sources = visit.backend.list_sources().await?;
        let filter = filter(&visit, source);
        let tenants = visit.backend.list_tenants(filter.clone()).await?;
        let filters = filters("/tenants", &filter, Some(&sources));
        Ok(PageView::new("Tenants", body("/tenants", &visit, &filter, filters, tenants, true)))
    })
}

/// `/sources/:id/tenants?search=…&standing=…&after=…`
#[component]
pub fn SourceTenantsPage() -> impl IntoView {
    page(Place::Tenants, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let source = visit.id::<kind::Source>()?;
        let filter = filter(&visit, Some(source));
        let tenants = visit.backend.list_tenants(filter.clone()).await?;
        let database = match tenants.maps.first() {
            Some(map) => map.database.clone(),
            None => visit.backend.get_source(source).await?.row.database,
        };
        let path = format!("/sources/{source}/tenants");
        let filters = filters(&path, &filter, None);
        let body = body(&path, &visit, &filter, filters, tenants, false);
        let map = view! { <a class="btn" href=format!("/sources/{source}/map")>"Tenant map"</a> };
        Ok(PageView::new(format!("Tenants of {database}"), body)
            .under("Sources", "/sources")
            .under(database, format!("/sources/{source}"))
            .actions(map))
    })
}

fn filter(visit: &Visit, source: Option<SourceId>) -> TenantFilter {
    TenantFilter {
        source,
        search: visit.asked("search"),
        standing: visit.asked("standing").and_then(|key| TenantStanding::find(&key)),
        after: visit.asked("after").map(Cursor),
    }
}

fn body(
    path: &str,
    visit: &Visit,
    filter: &TenantFilter,
    filters: AnyView,
    tenants: TenantList,
    with_source: bool,
) -> AnyView {
    let is_filtered = filter.search.is_some()
        || filter.standing.is_some()
        || filter.after.is_some()
        || (with_source && filter.source.is_some());
    let notices = tenants.maps.iter().filter_map(map_notice).collect_view();
    let total = (tenants.total > 0).then(|| {
        let have = if tenants.total == 1 { "has" } else { "have" };
        view! { <p class="lead-line">{format!("{} {have} rows in backups that are kept.", count(tenants.total, "tenant", "tenants"))}</p> }
    });
    let list = match (tenants.page.rows.is_empty(), is_filtered) {
        (true, true) => {
            let path = path.to_owned();
            empty("No tenant matches", view! { <p><a href=path>"Show all tenants"</a></p> })
        }
        (true, false) => empty(
            "No tenant yet",
            view! { <p>"Tenants appear after the first backup by the native engine with a confirmed tenant map. Begin at a "<a href="/sources">"source"</a>"."</p> },
        ),
        (false, _) => tenants_table(tenants.page.rows, visit.now, with_source),
    };
    let pager = pager_by_name(path, &visit.query, tenants.page.next.as_ref());
    view! {
        {notices}
        {total}
        {filters}
        <section class="panel">{list}{pager}</section>
    }
    .into_any()
}

fn filters(path: &str, filter: &TenantFilter, sources: Option<&[SourceRow]>) -> AnyView {
    let standings = TenantStanding::ALL.iter().map(|standing| {
        let chosen = filter.standing == Some(*standing);
        view! { <option value=standing.key() selected=chosen>{standing.tone_and_word().1}</option> }
    });
    let sources = sources.map(|sources| {
        view! { <label>"Source"{source_select(filter.source, sources)}</label> }
    });
    view! {
        <form method="get" action=path.to_owned() class="filters" role="search" aria-label="Filter tenants">
            <label>"Key or name contains"<input name="search" value=filter.search.clone().unwrap_or_default() /></label>
            {sources}
            <label>"State"<select name="standing"><option value="">"any"</option>{standings.collect_view()}</select></label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}
