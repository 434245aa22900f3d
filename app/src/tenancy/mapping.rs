//! The route of one table: what it is, and a small form to choose another one.

use domain::{
    Fault,
    access::Permission,
    id::kind,
    tenancy::{Route, RouteKind},
};
use leptos::prelude::*;

use super::{
    map::state,
    map_api::{MappingDetail, SetMappingFn},
    route::{path_view, route_view},
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::Tone,
        choice::{Way, boxes, choice},
        field::{Field, hidden},
        form::{Posted, form},
        notice::notice,
        text::visible,
    },
};

/// `/sources/:id/map/table?name=…`
#[component]
pub fn MappingPage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ReadSources)?;
        let source = visit.id::<kind::Source>()?;
        let table = visit.asked_exactly("name").filter(|name| !name.is_empty()).ok_or(Fault::NotFound)?;
        let mapping = visit.backend.get_mapping(source, table).await?;
        let posted = visit.posted::<SetMappingFn>();
        let edit = me.may(Permission::ManageTenantMap).then(|| edit_panel(&mapping, &posted));
        let database = mapping.database.clone();
        let title = mapping.row.table.clone();
        let body = view! {
            {problems(&mapping)}
            <div class="grid">
                {edit}
                {now_panel(&mapping)}
            </div>
        };
        Ok(PageView::new(title, body)
            .under("Sources", "/sources")
            .under(database, format!("/sources/{source}"))
            .under("Tenant map", format!("/sources/{source}/map")))
    })
}

fn problems(mapping: &MappingDetail) -> AnyView {
    let drift = mapping.row.drift.as_ref().map(|drift| {
        let tone = if drift.breaks_coverage() { Tone::Bad } else { Tone::Warn };
        let advice = if drift.breaks_coverage() {
            "Its rows are kept with the shared ones until a route is chosen and the map is confirmed."
        } else {
            "Its route still works. Look at it once more and confirm the map."
        };
        notice(
            tone,
            view! { <p><b>{crate::layout::fault::capitalised(&drift.to_string())}"."</b></p><p>{advice}</p> },
        )
    });
    let note = mapping.row.note.as_ref().map(|note| notice(Tone::Info, visible(note)));
    view! { {drift}{note} }.into_any()
}

fn now_panel(mapping: &MappingDetail) -> AnyView {
    let confirmed = match &mapping.confirmed {
        Some(route) => route_view(Some(route)),
        None => {
            view! { <span class="muted">"none; its rows are kept with the shared ones"</span> }.into_any()
        }
    };
    let columns = mapping.columns.iter().map(|column| {
        let null = if column.is_nullable { ", may be NULL" } else { "" };
        view! { <li><bdi>{visible(&column.column)}</bdi>" "<span class="muted small">{visible(&column.data_type)}{null}</span></li> }
    });
    let columns = columns.collect_view();
    let count = mapping.columns.len();
    view! {
        <section class="panel c5">
            <header><h2>"This table"</h2></header>
            <dl class="facts">
                <dt>"State"</dt><dd>{state(&mapping.row)}</dd>
                <dt>"Backups follow"</dt><dd>{confirmed}</dd>
                <dt>"Draft"</dt><dd>{route_view(mapping.row.route.as_ref())}</dd>
                <dt>"Comes from"</dt><dd>{if mapping.row.is_chosen { "a person" } else { "the schema" }}</dd>
            </dl>
            <details open=count <= 20><summary>{format!("Columns ({count})")}</summary><ul class="remarks">{columns}</ul></details>
        </section>
    }
    .into_any()
}

fn edit_panel(mapping: &MappingDetail, posted: &Posted) -> AnyView {
    let chosen = mapping.row.route.as_ref().map(Route::kind);
    let has_paths = !mapping.paths.is_empty();
    let way = |kind: RouteKind, label: &'static str, hint: &'static str| {
        Way::new(kind.key(), label).hint(hint).chosen(chosen == Some(kind))
    };
    let ways = vec![
        way(RouteKind::Column, "By a column of its own", "The column's value is the tenant's key. Rows where it is NULL are shared."),
        way(
            RouteKind::Paths,
            "Over foreign keys",
            if has_paths {
                "To a table that has such a column. A row whose paths lead to two tenants, or to none, is shared."
            } else {
                "No foreign key of this table leads to a tenant."
            },
        )
        .possible(has_paths),
        way(RouteKind::Shared, "Shared", "Reference data. It goes along when a tenant is restored into a new database, so it must be nobody's secret; a restore in place and an export leave it out."),
        way(RouteKind::Excluded, "Excluded", "In no backup at all. Nothing can bring its rows back."),
    ];
    let column = match &mapping.row.route {
        Some(Route::Column { column }) => column.clone(),
        _ => String::new(),
    };
    let columns = std::iter::once((String::new(), "choose one".to_owned()))
        .chain(mapping.columns.iter().map(|column| {
            let null = if column.is_nullable { ", may be NULL" } else { "" };
            (
                column.column.clone(),
                format!("{} ({}{null})", visible(&column.column), visible(&column.data_type)),
            )
        }))
        .collect();
    let reason = match &mapping.row.route {
        Some(Route::Excluded { reason }) => reason.clone(),
        _ => String::new(),
    };
    let paths = mapping
        .paths
        .iter()
        .map(|path| Way::new(path.id.clone(), path_view(&path.path)).chosen(path.is_chosen));
    let paths = has_paths.then(|| {
        boxes(
            "mapping",
            "request[paths][]",
            "For foreign keys: which of them",
            paths.collect(),
            posted.about("paths"),
        )
    });
    let fields = view! {
        {hidden("source_id", mapping.source_id.to_string())}
        {hidden("version", mapping.version.to_string())}
        {hidden("table", mapping.row.table.clone())}
        {choice("mapping", "request[route]", "How a row of this table is led to its tenant", ways)}
        {Field::choice("mapping", "column", "For a column: which", columns).value(column).after(posted).view()}
        {paths}
        {Field::text("mapping", "reason", "For excluded: why").optional().value(reason)
            .hint("Shown wherever somebody might miss the table.").after(posted).view()}
        <button class="btn primary">"Save this route"</button>
    };
    view! {
        <section class="panel c7" id="edit">
            <header><h2>"Choose its route"</h2></header>
            {form("/fn/tenancy/set_mapping", posted, fields)}
        </section>
    }
    .into_any()
}
