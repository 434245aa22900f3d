//! Who was asked to come and has not come yet. Inviting and renewing are posts that this page answers itself, so that a
//! link that has to be handed over is shown once and is never part of an address.

use domain::{Fault, access::Permission};
use leptos::prelude::*;

use crate::{
    access::{
        people_api::{InvitationLink, InvitationView, RevokeInvitationFn, RoleView},
        person::{TERMS, giveable},
    },
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    ui::{
        badge::{Tone, badge},
        empty::empty,
        field::Field,
        form::{Posted, button_form, form},
        notice::notice,
        table::Table,
        text::{code_block, name, visible},
        time::when,
    },
};

/// What the server made of a post to `/invitations` or `/invitations/renew`.
#[derive(Clone)]
pub struct InvitationHandover(pub Result<InvitationLink, Fault>);

/// `/invitations`
#[component]
pub fn InvitationsPage() -> impl IntoView {
    let handover = use_context::<InvitationHandover>();
    page(Place::People, move |visit, me| async move {
        require(&me, Permission::ReadUsers)?;
        let waiting = visit.backend.invitations().await?;
        let roles = visit.backend.roles().await?;
        let may_manage = me.may(Permission::ManageUsers);
        let (shown, posted) = match handover {
            Some(InvitationHandover(Ok(link))) => (Some(link_shown(&visit, &link)), Posted::default()),
            Some(InvitationHandover(Err(fault))) => (None, Posted::refused(fault)),
            None => (None, Posted::default()),
        };
        let revoked = visit.posted::<RevokeInvitationFn>();
        let done = visit
            .has_done("revoked")
            .then(|| notice(Tone::Good, "Revoked. The link opens nothing any more."));
        let list = if waiting.is_empty() {
            empty("No invitation waits", "Everybody who was invited has come, or nobody was.")
        } else {
            waiting_table(&visit, waiting, may_manage)
        };
        let body = view! {
            {done}
            {revoked.summary()}
            {shown}
            <section class="panel">{list}</section>
            {may_manage.then(|| invite_form(&roles, &posted))}
        };
        Ok(PageView::new("Invitations", body).under("People", "/settings/people"))
    })
}

fn link_shown(visit: &Visit, link: &InvitationLink) -> AnyView {
    let until = when(link.expires_at, visit.now);
    let Some(path) = &link.path else {
        let text = view! { <p>"The invitation is on its way to "{name(&link.email)}". Its link is good until "{until}"."</p> };
        return notice(Tone::Good, text);
    };
    view! {
        <section class="panel handover" aria-labelledby="handover">
            <header><h2 id="handover">"Invitation for "{name(&link.email)}</h2></header>
            <p>"No mail was sent. Shown this one time: hand it over by a way that only this person reads, and put this server's address before it. Good for one use until "
                {until}"."</p>
            {code_block("invitation link", &path.0)}
        </section>
    }
    .into_any()
}

fn waiting_table(visit: &Visit, waiting: Vec<InvitationView>, may_manage: bool) -> AnyView {
    let table = Table::new("Invitations that wait").lead("E-mail address").state("State").text("Roles");
    let table = table.text("Invited by").text("Sent").text("Good until");
    let table = if may_manage { table.text("Change") } else { table };
    let now = visit.now;
    table
        .rows(waiting, |row| {
            let is_over = now.is_some_and(|now| row.expires_at <= now);
            let state =
                if is_over { badge(Tone::Mute, "Too old") } else { badge(Tone::Info, "Waits") };
            let fields = |key| vec![(key, row.id.to_string())];
            let change = may_manage.then(|| {
                view! {
                    {button_form("/invitations/renew", fields("id"), "btn", format!("Send {} a new link", visible(&row.email)))}
                    {button_form("/fn/access/revoke_invitation", fields("request[id]"), "btn danger", format!("Revoke {}", visible(&row.email)))}
                }
            });
            vec![
                name(&row.email),
                state,
                visible(&row.roles.join(", ")).into_any(),
                name(&row.invited_by),
                when(row.sent_at, now),
                when(row.expires_at, now),
                change.into_any(),
            ]
        })
        .view()
}

fn invite_form(roles: &[RoleView], posted: &Posted) -> AnyView {
    let terms = TERMS.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect();
    let fields = view! {
        <div class="columns">
            {Field::text("invite", "email", "E-mail address").kind("email").plain().after(posted).view()}
            {Field::choice("invite", "role", "Role", giveable(roles)).plain().after(posted).view()}
            {Field::choice("invite", "days", "For how long", terms).plain()
                .hint("A compliance officer usually has 30 days, every other role no end.").after(posted).view()}
        </div>
        <button class="btn primary">"Invite this person"</button>
    };
    view! {
        <section class="panel" id="invite">
            <header><h2>"Invite somebody"</h2></header>
            <p class="muted">"By mail, if this server sends mail; otherwise you get the link, once. It is good for seven days. Somebody who has an account keeps it and joins this organisation too."</p>
            {form("/invitations", posted, fields)}
        </section>
    }
    .into_any()
}
