//! From when: one of the tenant's recovery points.

use domain::{Cursor, Fault};
use leptos::prelude::*;

use super::state::Answers;
use crate::{
    layout::page::Visit,
    tenancy::{
        api::{PointFilter, TenantRow},
        rows::{PointAction, points_table},
    },
    ui::{empty::empty, pager::Pager},
};

/// The recovery points, each with its button.
pub async fn panel(visit: &Visit, answers: &Answers, tenant: &TenantRow) -> Result<AnyView, Fault> {
    let filter = PointFilter {
        source_id: answers.source,
        tenant: answers.tenant.clone(),
        after: visit.asked("points").map(Cursor),
    };
    let points = visit.backend.list_points(filter).await?;
    let path = answers.path();
    let pager =
        Pager { path: &path, key: "points", words: ("Newest", "Older"), label: "Pages of recovery points" };
    let pager = pager.view(&visit.query, points.next.as_ref());
    let list = if points.rows.is_empty() {
        empty("No recovery point", "No backup that is kept holds a row of this tenant.")
    } else {
        points_table(points.rows, visit.now, PointAction::Restore(tenant))
    };
    Ok(view! {
        <section class="panel c12">
            <header><h2>"From when?"</h2><span class="small muted">"Newest first"</span></header>
            <p class="small muted">"Everything that was written after the chosen instant is not in it. Prefer a point that is proven restorable."</p>
            {list}
            {pager}
        </section>
    }
    .into_any())
}
