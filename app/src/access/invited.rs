//! Where an invitation's link leads. It shows both ways in, always: whether the address has an account is for whoever
//! owns it to know.

use leptos::prelude::*;

use crate::{
    access::people_api::{AcceptInvitationFn, JoinOrganisationFn},
    layout::page::open_page,
    port::SecretText,
    ui::{
        badge::Tone,
        field::{Field, hidden},
        form::form,
        notice::notice,
        text::name,
    },
};

/// `/invitation?token=…`
#[component]
pub fn InvitedPage() -> impl IntoView {
    open_page("Your invitation", |visit| async move {
        let Some(token) = visit.asked("token") else {
            let text =
                "This link is incomplete. Open the whole link that you were given, or ask for a new one.";
            return Ok(notice(Tone::Bad, text));
        };
        let invited = visit.backend.invited(SecretText(token.clone())).await?;
        let (accepted, joined) = (visit.posted::<AcceptInvitationFn>(), visit.posted::<JoinOrganisationFn>());
        let intro = view! {
            <p>{name(&invited.email)}" is invited to "<b>{name(&invited.organisation)}</b>"."</p>
        };
        if let Some(me) = visit.backend.me().await? {
            let fields = view! {
                {hidden("token", token)}
                <button class="btn primary wide">"Join as "{name(&me.email)}</button>
            };
            return Ok(view! { {intro}{form("/fn/access/join_organisation", &joined, fields)} }.into_any());
        }
        let back = leptos_router::location::Url::escape(&format!("/invitation?token={token}"));
        let fields = view! {
            {hidden("token", token)}
            {Field::text("invited", "name", "Your name").autocomplete("name").after(&accepted).view()}
            {Field::password("invited", "password", "Password").at_least("12")
                .hint("At least 12 characters. Several words are easier to remember and harder to guess.").after(&accepted).view()}
            <button class="btn primary wide">"Make my account"</button>
        };
        Ok(view! {
            {intro}
            <p>"If you have an account here: "<a href=format!("/sign-in?next={back}")>"sign in, then accept"</a>"."</p>
            {form("/fn/access/accept_invitation", &accepted, fields)}
        }
        .into_any())
    })
}
