//! Which part of a backup goes into the new database.

use leptos::prelude::*;

use crate::ui::{
    field::{Field, tick},
    form::Posted,
};

/// Fields for a part of a backup that is split by tenant; everything if they stay empty.
pub fn part_fields(posted: &Posted) -> AnyView {
    let is_wrong = ["tables", "tenants"].iter().any(|field| posted.about(field).is_some());
    view! {
        <details class="edit" open=is_wrong>
            <summary>"Only a part of it"</summary>
            <div class="form">
                {Field::lines("restore", "tables", "Only rows of these tables").optional()
                    .hint("One name per line; empty means all. Every table is created either way.").after(posted).view()}
                {Field::lines("restore", "tenants", "Only rows of these tenants").optional()
                    .hint("One key per line; empty means all. The shared rows come along.").after(posted).view()}
                {tick("restore", "schema_only", "Definitions only, no rows", false)}
            </div>
        </details>
    }
    .into_any()
}
