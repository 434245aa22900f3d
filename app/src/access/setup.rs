//! First run, step one: who runs this installation.

use std::cmp::Ordering;

use leptos::prelude::*;

use crate::{
    access::api::{FirstRunFn, Setup},
    layout::page::open_page,
    ui::{field::Field, form::form},
};

/// The two steps of the first run, with the present one marked.
pub fn steps(now: usize) -> AnyView {
    let titles = ["First operator", "Recovery key"];
    let items = titles.into_iter().enumerate().map(|(index, title)| {
        let class = match index.cmp(&now) {
            Ordering::Less => "done",
            Ordering::Equal => "now",
            Ordering::Greater => "",
        };
        let current = (index == now).then_some("step");
        view! { <li class=class aria-current=current>{title}</li> }
    });
    view! { <ol class="steps" aria-label="Steps of the set-up">{items.collect_view()}</ol> }.into_any()
}

/// `/setup`
#[component]
pub fn SetupPage() -> impl IntoView {
    open_page("Set up Holdfast", |visit| async move {
        match visit.backend.setup().await? {
            Setup::Needed => {}
            Setup::RecoveryKeyUnconfirmed => crate::redirect_to("/setup/recovery-key", ()),
            Setup::Done => crate::redirect_to("/sign-in", ()),
        }
        let posted = visit.posted::<FirstRunFn>();
        let fields = view! {
            {Field::text("setup", "organisation", "Organisation that runs the platform").autocomplete("organization").after(&posted).view()}
            {Field::text("setup", "name", "Your name").autocomplete("name").after(&posted).view()}
            {Field::text("setup", "email", "E-mail address").kind("email").autocomplete("username")
                .hint("You sign in with it.").after(&posted).view()}
            {Field::password("setup", "password", "Password").at_least("12").hint("At least 12 characters; several words that have nothing to do with each other are good.").after(&posted).view()}
            {Field::password("setup", "code", "Set-up code").autocomplete("off")
                .hint(view! { "Printed by " <code>"holdfast serve"</code> " when it started, so that a stranger on the network cannot be first." })
                .after(&posted).view()}
            <button class="btn primary wide">"Create the first operator"</button>
        };
        Ok(view! {
            {steps(0)}
            <p class="muted">"Nobody has set this installation up yet. The account you create now is its platform operator; it can add everybody else."</p>
            {form("/fn/access/first_run", &posted, fields)}
        }
        .into_any())
    })
}
