//! What confirming a map changes, and the button that does it.

use domain::{Timestamp, access::Permission, id::kind};
use leptos::prelude::*;

use super::{
    map_api::{ConfirmMapFn, MapReview},
    route::route_view,
    summary::{confirmed, counts_line, map_notice},
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        empty::empty,
        field::hidden,
        form::{Posted, form},
        table::Table,
        text::{count, name, none},
    },
};

/// `/sources/:id/map/confirm`
#[component]
pub fn ConfirmMapPage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ManageTenantMap)?;
        let source = visit.id::<kind::Source>()?;
        let review = visit.backend.review_map(source).await?;
        let posted = visit.posted::<ConfirmMapFn>();
        let database = review.summary.database.clone();
        let body = body(review, &posted, visit.now);
        Ok(PageView::new(format!("Confirm the tenant map of {database}"), body)
            .under("Sources", "/sources")
            .under(database, format!("/sources/{source}"))
            .under("Tenant map", format!("/sources/{source}/map")))
    })
}

fn body(review: MapReview, posted: &Posted, now: Option<Timestamp>) -> AnyView {
    if review.summary.counts == super::map_api::RouteCounts::default() {
        let path = format!("/sources/{}/map", review.summary.source_id);
        return empty("No map to confirm yet", view! { <p><a href=path>"Infer one from the schema"</a></p> });
    }
    let drift = (!review.summary.drift.is_empty()).then(|| map_notice(&review.summary));
    let fields = view! {
        {hidden("source_id", review.summary.source_id.to_string())}
        {hidden("version", review.version.to_string())}
        <button class="btn primary">"Confirm this map"</button>
    };
    let shown = review.changes.len() as u64;
    let rest = (review.total > shown)
        .then(|| view! { <p class="small muted">{format!("and {}", count(review.total - shown, "more table", "more tables"))}</p> });
    let list = if review.changes.is_empty() {
        view! { <p class="muted">"No route changes. Confirming says that you have looked at the schema as it is now."</p> }.into_any()
    } else {
        Table::new("Routes that change")
            .lead("Table")
            .text("Until now")
            .text("From now on")
            .rows(review.changes, |change| {
                let side = |route: Option<&domain::tenancy::Route>| {
                    route.map_or_else(none, |route| route_view(Some(route)))
                };
                vec![name(&change.table), side(change.before.as_ref()), side(change.after.as_ref())]
            })
            .view()
    };
    view! {
        {drift}
        <div class="grid">
            <section class="panel c4">
                <header><h2>"Confirm"</h2></header>
                <dl class="facts">
                    <dt>"What changes"</dt><dd>"The next backup of this source is split by this map. Backups that exist stay as they are."</dd>
                    <dt>"What happens first"</dt><dd>"The schema is read as it is now. A route that leads nowhere, or to two rows at once, is refused by name, and nothing changes."</dd>
                    <dt>"What it says"</dt><dd>{counts_line(review.summary.counts)}</dd>
                    <dt>"Confirmed before"</dt><dd>{confirmed(&review.summary, now)}</dd>
                    <dt>"How to undo"</dt><dd>"Change the routes back and confirm again. Your name goes into the audit trail."</dd>
                </dl>
                {form("/fn/tenancy/confirm_map", posted, fields)}
            </section>
            <section class="panel c8">
                <header><h2>{format!("{} {}", count(review.total, "table", "tables"), if review.total == 1 { "changes" } else { "change" })}</h2></header>
                {list}
                {rest}
            </section>
        </div>
    }
    .into_any()
}
