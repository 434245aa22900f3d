//! Setting a password by a link that an administrator handed over.

use leptos::prelude::*;

use crate::{
    access::api::ResetPasswordFn,
    layout::page::open_page,
    ui::{
        badge::Tone,
        field::{Field, hidden},
        form::form,
        notice::notice,
    },
};

/// `/reset?token=…`
#[component]
pub fn ResetPage() -> impl IntoView {
    open_page("Set a new password", |visit| async move {
        let posted = visit.posted::<ResetPasswordFn>();
        let Some(token) = visit.asked("token") else {
            let text =
                "This link is incomplete. Open the whole link that you were given, or ask for a new one.";
            return Ok(notice(Tone::Bad, text));
        };
        let fields = view! {
            {hidden("token", token)}
            {Field::password("reset", "new", "New password").at_least("12")
                .hint("At least 12 characters. Several words are easier to remember and harder to guess.").after(&posted).view()}
            <button class="btn primary wide">"Set this password"</button>
        };
        Ok(view! {
            <p class="muted">"The link works once. All sessions of this account end when the password is set."</p>
            {form("/fn/access/reset_password", &posted, fields)}
        }
        .into_any())
    })
}
