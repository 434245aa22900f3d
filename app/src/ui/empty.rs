//! What stands where nothing is yet: what would be here, and the first step towards it.

use leptos::prelude::*;

/// An empty place that teaches the first step.
pub fn empty(title: impl Into<String>, first_step: impl IntoAny) -> AnyView {
    view! {
        <div class="empty">
            <p class="title">{title.into()}</p>
            <div class="muted">{first_step.into_any()}</div>
        </div>
    }
    .into_any()
}
