//! The tenant map of a source: every table with its route, what does not fit, and the way to confirm it.

use domain::{
    Cursor, Timestamp,
    access::Permission,
    id::kind,
    tenancy::{DEFAULT_TENANT_COLUMN, RouteKind},
};
use leptos::prelude::*;

use super::{
    address::mapping_path,
    map_api::{InferMapFn, MapDetail, MapFilter, MapRow, MapState, MapSummary},
    route::route_view,
    summary::{confirmed, map_notice},
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    ui::{
        badge::{Badged, Tone, badge},
        empty::empty,
        field::{Field, hidden},
        form::{Posted, form},
        notice::notice,
        pager::{address, pager_by_name},
        table::{Table, text},
        text::{name, none, number, visible},
        time::when_or,
    },
};

/// `/sources/:id/map?kind=…&attention=true&search=…&after=…`
#[component]
pub fn MapPage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ReadSources)?;
        let source = visit.id::<kind::Source>()?;
        let filter = MapFilter {
            source_id: source,
            kind: visit.asked("kind").and_then(|key| RouteKind::find(&key)),
            attention: visit.asked("attention").is_some(),
            search: visit.asked("search"),
            after: visit.asked("after").map(Cursor),
        };
        let may_manage = me.may(Permission::ManageTenantMap);
        let map = visit.backend.get_map(filter.clone()).await?;
        let database = map.summary.database.clone();
        let path = format!("/sources/{source}/map");
        let confirm = (may_manage && matches!(map.summary.state, MapState::Unconfirmed | MapState::Changed))
            .then(|| view! { <a class="btn primary" href=format!("{path}/confirm")>"Confirm this map…"</a> });
        let tenants = view! { <a class="btn" href=format!("/sources/{source}/tenants")>"Tenants"</a> };
        let body = body(map, &filter, &visit, &path, may_manage);
        Ok(PageView::new(format!("Tenant map of {database}"), body)
            .under("Sources", "/sources")
            .under(database, format!("/sources/{source}"))
            .actions(view! { {tenants}{confirm} }))
    })
}

fn body(map: MapDetail, filter: &MapFilter, visit: &Visit, path: &str, may_manage: bool) -> AnyView {
    let done = visit
        .has_done("mapping")
        .then(|| notice(Tone::Good, "The route is saved. Backups follow it once the map is confirmed."));
    let posted = visit.posted::<InferMapFn>();
    let active = map.active_run.map(|run| {
        notice(Tone::Info, view! { <p><a href=format!("/runs/{run}")>"The schema is being read now."</a>" Load this page again when that is done."</p> })
    });
    let infer = may_manage.then(|| infer_panel(&map, &posted));
    let facts = facts_panel(&map, visit.now);
    let is_missing = map.summary.state == MapState::Missing;
    let notices = (!is_missing).then(|| map_notice(&map.summary));
    let counts = (!is_missing).then(|| counts(&map.summary, visit, path));
    let list = match (is_missing, map.tables.rows.is_empty()) {
        (true, _) => empty("No map yet", first_step(may_manage)),
        (false, true) => {
            let path = path.to_owned();
            empty("No table matches", view! { <p><a href=path>"Show all tables"</a></p> })
        }
        (false, false) => tables(map.tables.rows, &map.summary, may_manage),
    };
    let pager = pager_by_name(path, &visit.query, map.tables.next.as_ref());
    let filters = (!is_missing).then(|| filters(path, filter));
    view! {
        {done}
        {active}
        {notices}
        {counts}
        <div class="grid">
            <section class="panel c12" id="tables">{filters}{list}{pager}</section>
            {facts}
            {infer}
        </div>
    }
    .into_any()
}

fn first_step(may_manage: bool) -> &'static str {
    if may_manage {
        "Let Holdfast read the schema below. It proposes a route for every table; you look at them and confirm."
    } else {
        "A tenant admin of your organisation has it inferred from the schema and confirms it."
    }
}

/// How many tables go which way; each a link to them.
fn counts(map: &MapSummary, visit: &Visit, path: &str) -> AnyView {
    let counts = map.counts;
    let count = |kind: RouteKind, n: u64, what: &'static str| {
        let path = address(path, &visit.query, "kind", Some(kind.key()));
        view! {
            <section class="panel stat c3">
                <p class="k">{kind.title()}</p>
                <p class="v"><a href=path>{number(n)}</a></p>
                <p class="n">{what}</p>
            </section>
        }
    };
    view! {
        <div class="grid counts">
            {count(RouteKind::Column, counts.column, "led by a column of the table")}
            {count(RouteKind::Paths, counts.paths, "led over foreign keys")}
            {count(RouteKind::Shared, counts.shared, "rows of everybody, in every new database that a tenant is restored into")}
            {count(RouteKind::Excluded, counts.excluded, "in no backup")}
        </div>
    }
    .into_any()
}

fn tables(rows: Vec<MapRow>, map: &MapSummary, may_manage: bool) -> AnyView {
    let source = map.source_id;
    let table = Table::new("Tables of the map")
        .lead("Table")
        .state("State")
        .text("Route")
        .text("Comes from")
        .text("Remark");
    let table = if may_manage { table.text("Change") } else { table };
    table
        .rows(rows, |row| {
            let path = mapping_path(source, &row.table);
            let label = format!(" the route of {}", visible(&row.table));
            let mut cells = vec![
                view! { <a href=path.clone()>{name(&row.table)}</a> }.into_any(),
                state(&row),
                route_view(row.route.as_ref()),
                text(origin(&row)),
                remark(&row),
            ];
            if may_manage {
                cells.push(view! { <a class="btn" href=path>"Change"<span class="visually-hidden">{label}</span></a> }.into_any());
            }
            cells
        })
        .view()
}

/// Whether a table fits and is confirmed.
pub fn state(row: &MapRow) -> AnyView {
    match &row.drift {
        Some(drift) if drift.breaks_coverage() => badge(Tone::Bad, "Not covered"),
        Some(_) => badge(Tone::Warn, "Changed"),
        None if row.is_confirmed => badge(Tone::Good, "Confirmed"),
        None => badge(Tone::Info, "Not confirmed"),
    }
}

fn origin(row: &MapRow) -> &'static str {
    match (&row.route, row.is_chosen) {
        (None, _) => "–",
        (Some(_), true) => "chosen",
        (Some(_), false) => "inferred",
    }
}

fn remark(row: &MapRow) -> AnyView {
    let lines = [row.drift.as_ref().map(ToString::to_string), row.note.clone()];
    let lines = lines
        .into_iter()
        .flatten()
        .map(|line| view! { <span class="line"><bdi>{visible(&line)}</bdi></span> });
    let lines = lines.collect::<Vec<_>>();
    if lines.is_empty() { none() } else { lines.into_any() }
}

fn facts_panel(map: &MapDetail, now: Option<Timestamp>) -> AnyView {
    view! {
        <section class="panel c6">
            <header><h2>"This map"</h2></header>
            <dl class="facts">
                <dt>"State"</dt><dd>{map.summary.state.badge()}</dd>
                <dt>"Confirmed"</dt><dd>{confirmed(&map.summary, now)}</dd>
                <dt>"Column looked for"</dt><dd><code class="wrap">{name(&map.tenant_column)}</code></dd>
                <dt>"Schema read"</dt><dd>{when_or(map.inferred_at, now, "not yet")}</dd>
                <dt>"Version of the draft"</dt><dd>{map.version.to_string()}</dd>
            </dl>
            <p class="hint">"A row of a table with a column or a path belongs to the tenant that it leads to. Where it leads to none or to two, the row is kept with the shared ones. Backups follow the confirmed map; changes here are a draft until then."</p>
        </section>
    }
    .into_any()
}

fn infer_panel(map: &MapDetail, posted: &Posted) -> AnyView {
    let column = if map.tenant_column.is_empty() { DEFAULT_TENANT_COLUMN } else { &map.tenant_column };
    let is_missing = map.summary.state == MapState::Missing;
    let (heading, button) = if is_missing {
        ("Infer a map", "Read the schema and infer a map")
    } else {
        ("Infer again", "Read the schema and infer again")
    };
    let fields = view! {
        {hidden("source_id", map.summary.source_id.to_string())}
        {Field::text("infer", "tenant_column", "Column that names the tenant").value(column)
            .hint("As it is called in most tables. Foreign keys to such tables are followed.").after(posted).view()}
        <button class="btn">{button}</button>
    };
    view! {
        <section class="panel c6" id="infer">
            <header><h2>{heading}</h2></header>
            <p class="small muted">"Only the schema is read, no rows. Routes that a person chose stay; the rest of the draft is made anew. Nothing is confirmed by it."</p>
            {form("/fn/tenancy/infer_map", posted, fields)}
        </section>
    }
    .into_any()
}

fn filters(path: &str, filter: &MapFilter) -> AnyView {
    let kinds = RouteKind::ALL.iter().map(
        |kind| view! { <option value=kind.key() selected=filter.kind == Some(*kind)>{kind.title()}</option> },
    );
    view! {
        <form method="get" action=path.to_owned() class="filters" role="search" aria-label="Filter tables">
            <label>"Table contains"<input name="search" value=filter.search.clone().unwrap_or_default() /></label>
            <label>"Route"<select name="kind"><option value="">"any"</option>{kinds.collect_view()}</select></label>
            <label class="tick"><input type="checkbox" name="attention" value="true" checked=filter.attention />"Needs attention"</label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}
