//! What the organisation asks of its people when they sign in.

use domain::{
    access::Permission,
    sign_in::{AskedOf, MOST_GRACE_DAYS},
};
use leptos::prelude::*;

use crate::{
    access::security_api::SetPolicyFn,
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{badge::Tone, field::Field, form::form, notice::notice},
};

/// `/settings/sign-in`
#[component]
pub fn PolicyPage() -> impl IntoView {
    page(Place::Settings, |visit, me| async move {
        require(&me, Permission::ReadSettings)?;
        let policy = visit.backend.sign_in_policy().await?;
        let posted = visit.posted::<SetPolicyFn>();
        let done = visit.has_done("policy").then(|| notice(Tone::Good, "Changed. It holds from now on."));
        let choices =
            AskedOf::ALL.iter().map(|asked| (asked.key().to_owned(), asked.title().to_owned())).collect();
        let form = if me.may(Permission::ManageUsers) {
            let fields = view! {
                {Field::choice("policy", "requires", "A second factor is asked of", choices).value(policy.requires.key()).after(&posted).view()}
                {Field::text("policy", "grace_days", "Days in which one may still do without").kind("number")
                    .value(policy.grace_days.to_string())
                    .hint(format!("At most {MOST_GRACE_DAYS}. They count from now, and for new people from the day they come. Afterwards nothing but setting one up is possible."))
                    .after(&posted).view()}
                <button class="btn primary">"Change it"</button>
            };
            form("/fn/access/set_sign_in_policy", &posted, fields)
        } else {
            let grace = policy.grace_days;
            view! {
                <dl class="facts">
                    <dt>"A second factor is asked of"</dt><dd>{policy.requires.title()}</dd>
                    <dt>"Days in which one may still do without"</dt><dd>{grace}</dd>
                </dl>
            }
            .into_any()
        };
        let body = view! {
            {done}
            <section class="panel">
                <header><h2>"Second factors"</h2></header>
                <p class="muted">"A second factor is an authenticator app or a passkey. Whoever has one is always asked for it; here you say who has to have one."</p>
                {form}
            </section>
        };
        Ok(PageView::new("Signing in", body).under("Settings", "/settings"))
    })
}
