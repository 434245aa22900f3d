//! Routes in words.

use domain::tenancy::{Path, Route};
use leptos::prelude::*;

use crate::ui::{
    badge::{Tone, badge},
    text::visible,
};

/// A path as people read it: `risk_id → grc_risk, register_id → grc_register . TenantId`.
pub fn path_view(path: &Path) -> AnyView {
    let steps = path.steps.iter().map(|step| {
        let columns = step.columns.iter().map(|column| visible(column)).collect::<Vec<_>>().join(" + ");
        let table = visible(&step.table);
        view! { <bdi>{columns}</bdi>" → "<bdi>{table}</bdi>", " }
    });
    let steps = steps.collect_view();
    view! { <span class="route-path">{steps}<b><bdi>{visible(&path.column)}</bdi></b></span> }.into_any()
}

/// A route with what it goes by; none is a table that the map does not have.
pub fn route_view(route: Option<&Route>) -> AnyView {
    match route {
        None => badge(Tone::Bad, "No route"),
        Some(Route::Column { column }) => {
            view! { <span class="route">"column "<b><bdi>{visible(column)}</bdi></b></span> }.into_any()
        }
        Some(Route::Paths { paths }) => {
            let paths = paths.iter().map(|path| view! { <span class="line">{path_view(path)}</span> });
            let paths = paths.collect_view();
            view! { <span class="route">"by foreign keys "{paths}</span> }.into_any()
        }
        Some(Route::Shared) => view! { <span class="route">"shared"</span> }.into_any(),
        Some(Route::Excluded { reason }) => {
            view! { <span class="route">"excluded: "<bdi>{visible(reason)}</bdi></span> }.into_any()
        }
    }
}
