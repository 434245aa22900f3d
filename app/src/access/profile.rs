//! One's own account.

use leptos::prelude::*;

use crate::{
    access::{api::ChangePasswordFn, own_sessions},
    layout::{
        navigation::Place,
        page::{PageView, page},
    },
    ui::{badge::Tone, field::Field, form::form, notice::notice, text::name},
};

/// `/profile`
#[component]
pub fn ProfilePage() -> impl IntoView {
    page(Place::Profile, |visit, me| async move {
        let posted = visit.posted::<ChangePasswordFn>();
        let sessions = visit.backend.own_sessions().await?;
        let ended = visit.has_done("session").then(|| notice(Tone::Good, "The session has ended."));
        let done = visit
            .has_done("password")
            .then(|| notice(Tone::Good, "Your password is changed. Every other session of yours has ended."));
        let fields = view! {
            {Field::password("password", "current", "Present password").autocomplete("current-password").after(&posted).view()}
            {Field::password("password", "new", "New password").at_least("12").hint("At least 12 characters; several words that have nothing to do with each other are good.").after(&posted).view()}
            <button class="btn primary">"Change my password"</button>
        };
        let body = view! {
            {done}
            {ended}
            <div class="grid">
                <section class="panel c6">
                    <header><h2>"Account"</h2></header>
                    <dl class="facts">
                        <dt>"Name"</dt><dd>{name(&me.name)}</dd>
                        <dt>"E-mail address"</dt><dd>{name(&me.email)}</dd>
                        <dt>"Organisation"</dt><dd>{name(&me.tenant)}</dd>
                        <dt>"Roles"</dt><dd>{name(&me.titles())}</dd>
                    </dl>
                </section>
                <section class="panel c6">
                    <header><h2>"Password"</h2></header>
                    {form("/fn/access/change_password", &posted, fields)}
                </section>
            </div>
            {own_sessions::panel(sessions, visit.now)}
            <section class="panel">
                <header><h2>"Security"</h2></header>
                <p>"An authenticator app and recovery codes, so that a stolen password alone opens nothing. "<a href="/profile/security">"Your second factors"</a></p>
            </section>
            <section class="panel">
                <header><h2>"Tokens"</h2></header>
                <p>"Programs act for you by tokens. "<a href="/profile/tokens">"Your tokens"</a></p>
            </section>
        };
        Ok(PageView::new("Your profile", body))
    })
}
