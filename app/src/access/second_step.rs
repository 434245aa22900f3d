//! The second step of signing in.

use leptos::prelude::*;

use crate::{
    access::{passkeys, security_api::SecondStepFn},
    layout::page::open_page,
    ui::{
        field::{Field, hidden},
        form::form,
    },
};

/// `/sign-in/second`
#[component]
pub fn SecondStepPage() -> impl IntoView {
    open_page("Second step", |visit| async move {
        if !visit.backend.second_step_waits().await? {
            crate::redirect_to("/sign-in", ());
            return Ok(view! { <p><a href="/sign-in">"Begin with your password"</a></p> }.into_any());
        }
        let posted = visit.posted::<SecondStepFn>();
        let next = visit.asked("next").map(|next| hidden("next", crate::local_path(Some(&next))));
        let fields = view! {
            {next}
            {Field::password("second", "code", "Code").autocomplete("one-time-code")
                .hint("The six digits that your authenticator app shows now, or one of your recovery codes.").after(&posted).view()}
            <button class="btn primary wide">"Sign in"</button>
        };
        Ok(view! {
            {passkeys::use_button(&visit, "Use a passkey", visit.asked("next"))}
            {form("/fn/access/second_step", &posted, fields)}
            <p class="muted small">"Neither app nor codes at hand? Whoever runs the installation can take them away at its command line: "
                <code>"holdfast user forget-factors"</code>". "
                <a href="/sign-in">"Begin again"</a></p>
        }
        .into_any())
    })
}
