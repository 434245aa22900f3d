//! One tenant: how it stands, the points it can be brought back to, what was done for it and what can be done.

use domain::{Cursor, Fault, Timestamp, access::Permission, id::kind, tenancy::TenantKey};
use leptos::prelude::*;

use super::{
    address::{key_of, restore_path, tenant_path},
    api::{ExportTenantFn, PointFilter, TenantDetail, TenantPoint, TenantTableFilter},
    export::export_panel,
    rows::{PointAction, points_table, tenant_title},
    summary::{confirmed, map_notice},
    tables::{no_tables_panel, tables_panel},
};
use crate::{
    access::api::Me,
    backups::{api::StartBackupFn, rows::runs_table, start::start_tenant_form},
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    restores::list::restores_table,
    ui::{
        badge::Badged,
        empty::empty,
        pager::Pager,
        text::{name, number},
        time::{when, when_or},
    },
};

/// `/sources/:id/tenants/:key`
#[component]
pub fn TenantPage() -> impl IntoView {
    page(Place::Tenants, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let source = visit.id::<kind::Source>()?;
        let key = key_of(visit.param("key").unwrap_or_default())?;
        let detail = visit.backend.get_tenant(source, key.clone()).await?;
        let of = |after| PointFilter { source_id: source, tenant: key.clone(), after };
        let points = visit.backend.list_points(of(visit.asked("points").map(Cursor))).await?;
        // Tables are those of the newest point, whichever page of points is looked at.
        let newest = match visit.asked("points") {
            None => points.rows.first().cloned(),
            Some(_) => visit.backend.list_points(of(None)).await?.rows.into_iter().next(),
        };
        let tables = match &newest {
            None => None,
            // Only the vault knows them; on the day it does not answer the rest of the page is needed most.
            Some(point) => match tables_of(&visit, point, &key).await {
                Err(fault @ (Fault::Internal { .. } | Fault::Unavailable { .. })) => Some(Err(fault)),
                tables => Some(Ok(tables?)),
            },
        };
        let path = tenant_path(source, &key);
        let restore = (newest.is_some() && me.may(Permission::RequestRestore)).then(
            || view! { <a class="btn" href=restore_path(source, &key, None)>"Restore this tenant…"</a> },
        );
        let title = tenant_title(&detail.row);
        let database = detail.row.database.clone();
        let body = body(detail, Lists { points, tables, newest }, &visit, &me, &path);
        Ok(PageView::new(title, body)
            .under("Sources", "/sources")
            .under(database, format!("/sources/{source}"))
            .under("Tenants", format!("/sources/{source}/tenants"))
            .actions(restore))
    })
}

/// What the page lists page by page.
struct Lists {
    points: domain::Page<TenantPoint>,
    tables: Option<Result<domain::Page<super::api::TenantTable>, Fault>>,
    newest: Option<TenantPoint>,
}

async fn tables_of(
    visit: &Visit,
    point: &TenantPoint,
    key: &TenantKey,
) -> Result<domain::Page<super::api::TenantTable>, Fault> {
    let filter = TenantTableFilter {
        backup_id: point.backup_id,
        tenant: key.clone(),
        search: visit.asked("table"),
        after: visit.asked("tables").map(Cursor),
    };
    visit.backend.list_tenant_tables(filter).await
}

fn body(detail: TenantDetail, lists: Lists, visit: &Visit, me: &Me, path: &str) -> AnyView {
    let now = visit.now;
    let (started, exported) = (visit.posted::<StartBackupFn>(), visit.posted::<ExportTenantFn>());
    let row = &detail.row;
    let start = me
        .may(Permission::StartBackup)
        .then(|| start_tenant_form(row.source_id, &row.key, detail.active_run, &started));
    let heading = if start.is_some() { "Back up" } else { "About this tenant" };
    let answer = answer(&detail, now);
    let facts = facts(&detail, now);
    let map = map_notice(&detail.map);
    let action =
        if me.may(Permission::RequestRestore) { PointAction::Restore(row) } else { PointAction::None };
    let options = (lists.newest.is_some() && me.may(Permission::ExportBackup))
        .then(|| export_panel(&row.key, &lists.points.rows, &exported));
    let points = points_panel(lists.points, visit, path, action);
    let tables = lists.newest.zip(lists.tables).map(|(newest, tables)| match tables {
        Ok(tables) => tables_panel(path, visit, &newest, tables),
        Err(fault) => no_tables_panel(&fault),
    });
    let runs = if detail.runs.is_empty() {
        empty("No run for this tenant yet", "Its own backups, exports and restores appear here.")
    } else {
        runs_table("Newest runs for this tenant", detail.runs, now)
    };
    let restores = (!detail.restores.is_empty()).then(|| {
        view! {
            <section class="panel c12">
                <header><h2>"Restores into the live database"</h2><a href="/restores">"All restores"</a></header>
                {restores_table(detail.restores, now, false)}
            </section>
        }
    });
    view! {
        {map}
        <div class="grid">
            {answer}
            <section class="panel c4"><header><h2>{heading}</h2></header>{start}{facts}</section>
            {points}
            {restores}
            {tables}
            {options}
            <section class="panel c12">
                <header><h2>"Newest runs for this tenant"</h2></header>
                {runs}
            </section>
        </div>
    }
    .into_any()
}

fn answer(detail: &TenantDetail, now: Option<Timestamp>) -> AnyView {
    let (tone, word) = detail.row.standing.tone_and_word();
    let to = detail.row.restorable_to.map(|at| view! { <p>"Restorable to "{when(at, now)}</p> });
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{tone.sign()}</div>
                <div><p class="big">{word}</p><p class="muted">{crate::ui::text::visible(&detail.because)}</p>{to}</div>
            </div>
        </section>
    }
    .into_any()
}

fn facts(detail: &TenantDetail, now: Option<Timestamp>) -> AnyView {
    let row = &detail.row;
    let restore = row.last_restore.map_or_else(
        || view! { <span class="muted">"none"</span> }.into_any(),
        |last| {
            let word = last.state.tone_and_word().1;
            view! { <a href=format!("/restores/{}", last.id)>{word}</a>" "{when(last.at, now)} }.into_any()
        },
    );
    let map_path = format!("/sources/{}/map", row.source_id);
    let since = detail.map.confirmed_at.map(|_| view! { ", confirmed "{confirmed(&detail.map, now)} });
    view! {
        <dl class="facts">
            <dt>"Key"</dt><dd><code class="wrap">{name(row.key.as_str())}</code></dd>
            <dt>"Rows"</dt><dd>{number(row.rows)}</dd>
            <dt>"Stored"</dt><dd>{row.stored.to_string()}</dd>
            <dt>"Last restore"</dt><dd>{restore}</dd>
            <dt>"Restorable to"</dt><dd>{when_or(row.restorable_to, now, "never")}</dd>
            <dt>"Tenant map"</dt><dd><a href=map_path>{detail.map.state.tone_and_word().1}</a>{since}</dd>
        </dl>
    }
    .into_any()
}

fn points_panel(
    points: domain::Page<TenantPoint>,
    visit: &Visit,
    path: &str,
    action: PointAction<'_>,
) -> AnyView {
    let pager = Pager { path, key: "points", words: ("Newest", "Older"), label: "Pages of recovery points" };
    let pager = pager.view(&visit.query, points.next.as_ref());
    let list = if points.rows.is_empty() {
        empty(
            "No recovery point",
            "No backup that is kept holds a row of this tenant. The next backup of the source does, if it has rows then.",
        )
    } else {
        points_table(points.rows, visit.now, action)
    };
    view! {
        <section class="panel c12" id="points">
            <header><h2>"Recovery points"</h2><span class="small muted">"Newest first"</span></header>
            {list}
            {pager}
        </section>
    }
    .into_any()
}
