//! Signing in.

use leptos::prelude::*;

use crate::{
    access::{
        api::{Setup, SignInFn},
        passkeys,
    },
    layout::page::open_page,
    ui::{
        badge::Tone,
        field::{Field, hidden},
        form::form,
        notice::notice,
    },
};

/// `/sign-in`
#[component]
pub fn SignInPage() -> impl IntoView {
    open_page("Sign in", |visit| async move {
        if visit.backend.setup().await? == Setup::Needed {
            crate::redirect_to("/setup", ());
        } else if visit.backend.me().await?.is_some() {
            crate::redirect_to("/", ());
        }
        let posted = visit.posted::<SignInFn>();
        let done = visit
            .has_done("password")
            .then(|| notice(Tone::Good, "The new password is set. Sign in with it."));
        let next = visit.asked("next").map(|next| hidden("next", crate::local_path(Some(&next))));
        let fields = view! {
            {next}
            {Field::text("sign-in", "email", "E-mail address").kind("email").autocomplete("username").after(&posted).view()}
            {Field::password("sign-in", "password", "Password").autocomplete("current-password").after(&posted).view()}
            <button class="btn primary wide">"Sign in"</button>
        };
        Ok(view! {
            {done}
            {form("/fn/access/sign_in", &posted, fields)}
            {passkeys::use_button(&visit, "Use a passkey instead", visit.asked("next"))}
            <p class="muted small">"Password forgotten? A tenant admin of your organisation can hand you a new password link."</p>
        }
        .into_any())
    })
}
