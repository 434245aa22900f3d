//! People of the organisation, their roles, and the link by which a person sets a password.
//!
//! Adding a person and making a link are posts to `/settings/people/add` and `/settings/people/link`, answered
//! with this page itself instead of a redirect: so the link is shown once and is never part of an address.

use domain::{
    Cursor, Fault,
    access::{Permission, Role},
    powers::{HeldRole, Powers},
};
use leptos::prelude::*;

use crate::{
    access::api::{ChangeUserFn, Me, PasswordLink, UserRow, titles},
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
        pager::pager,
        table::{Table, link},
        text::{code_block, name, visible},
        time::{when, when_or},
    },
};

/// What the server made of a post to `/settings/people/add` or `/settings/people/link`, put into the context
/// when it renders the answer.
#[derive(Clone)]
pub struct Handover(pub Result<PasswordLink, Fault>);

/// `/settings/people`
#[component]
pub fn PeoplePage() -> impl IntoView {
    let handover = use_context::<Handover>();
    page(Place::People, move |visit, me| async move {
        require(&me, Permission::ReadUsers)?;
        let people = visit.backend.list_users(visit.asked("after").map(Cursor)).await?;
        let may_manage = me.may(Permission::ManageUsers);
        let (shown, posted) = match handover {
            Some(Handover(Ok(link))) => (Some(link_shown(&visit, &link)), Posted::default()),
            Some(Handover(Err(fault))) => (None, Posted::refused(fault)),
            None => (None, Posted::default()),
        };
        let changed = visit.posted::<ChangeUserFn>();
        let done =
            visit.has_done("user").then(|| notice(Tone::Good, "Changed. The person's sessions have ended."));
        let removed = visit.has_done("removed").then(|| {
            notice(Tone::Good, "Removed. Sessions, tokens and open requests of that person have ended.")
        });
        let list = if people.rows.is_empty() {
            empty("No people", "Add the first person below.")
        } else {
            people_table(&visit, &me, may_manage, people.rows)
        };
        let body = view! {
            {done}
            {removed}
            {changed.summary()}
            {shown}
            <section class="panel">{list}{pager("/settings/people", &visit.query, people.next.as_ref())}</section>
            {may_manage.then(|| add_form(&me, &posted))}
        };
        let more = view! {
            <a class="btn" href="/invitations">"Invitations"</a>
            <a class="btn" href="/groups">"Groups"</a>
            <a class="btn" href="/roles">"Roles"</a>
        };
        Ok(PageView::new("People", body).under("Settings", "/settings").actions(more))
    })
}

fn link_shown(visit: &Visit, link: &PasswordLink) -> AnyView {
    view! {
        <section class="panel handover" aria-labelledby="handover">
            <header><h2 id="handover">"Password link for "{name(&link.email)}</h2></header>
            <p>"Shown this one time. Hand it over by a way that only this person reads; put this server's address before it. Good for one use until "
                {when(link.expires_at, visit.now)}"."</p>
            {code_block("password link", &link.path.0)}
        </section>
    }
    .into_any()
}

fn people_table(visit: &Visit, me: &Me, may_manage: bool, people: Vec<UserRow>) -> AnyView {
    let table =
        Table::new("People of the organisation").lead("Name").state("May sign in").text("E-mail address");
    let table = table.text("Role").text("Last signed in");
    let table = if may_manage { table.text("Change") } else { table };
    let now = visit.now;
    let own = me.id;
    table
        .rows(people, |person| {
            let state = match (person.enabled, person.has_password) {
                (false, _) => badge(Tone::Mute, "Disabled"),
                (true, false) => badge(Tone::Info, "Has no password yet"),
                (true, true) => badge(Tone::Good, "Yes"),
            };
            let change = if !may_manage {
                "".into_any()
            } else if person.id == own {
                view! { <span class="muted">"That is you"</span> }.into_any()
            } else if me.powers.may_give(&powers(&person.roles)) {
                change_form(me, &person)
            } else {
                view! { <span class="muted">"Only by a platform operator"</span> }.into_any()
            };
            vec![
                link(format!("/people/{}", person.id), &person.name),
                state,
                name(&person.email),
                name(&titles(&person.roles)),
                when_or(person.last_sign_in, now, "never"),
                change,
            ]
        })
        .view()
}

fn powers(roles: &[HeldRole]) -> Powers {
    roles.iter().fold(Powers::NONE, |powers, held| powers.or(held.powers))
}

/// Whether the server would let `me` give a role.
fn may_give(me: &Me, role: Role) -> bool {
    me.powers.may_give(&Powers::of(role))
}

fn change_form(me: &Me, person: &UserRow) -> AnyView {
    let id = person.id.to_string();
    let roles = Role::ALL.iter().filter(|role| may_give(me, **role)).map(|role| {
        view! { <option value=role.key() selected=person.roles.first().is_some_and(|held| held.role == (*role).into())>{role.title()}</option> }
    });
    let label = format!("Role of {}", visible(&person.name));
    view! {
        <details class="row-menu">
            <summary>"Change"<span class="visually-hidden">" "{visible(&person.name)}</span></summary>
            <form method="post" action="/fn/access/change_user" class="form">
                <input type="hidden" name="request[id]" value=id.clone() />
                <select name="request[role]" aria-label=label>{roles.collect_view()}</select>
                <label class="tick"><input type="checkbox" name="request[enabled]" value="true" checked=person.enabled />" May sign in"</label>
                <button class="btn">"Save"</button>
            </form>
            {button_form("/settings/people/link", vec![("id", id)], "btn", "Make a new password link")}
        </details>
    }
    .into_any()
}

fn add_form(me: &Me, posted: &Posted) -> AnyView {
    let roles = Role::ALL.iter().filter(|role| may_give(me, **role));
    let roles = roles.map(|role| (role.key().to_owned(), role.title().to_owned())).collect();
    let fields = view! {
        <div class="columns">
            {Field::text("add", "name", "Name").plain().after(posted).view()}
            {Field::text("add", "email", "E-mail address").kind("email").plain().after(posted).view()}
            {Field::choice("add", "role", "Role", roles).plain().after(posted).view()}
        </div>
        <button class="btn primary">"Add this person"</button>
    };
    view! {
        <section class="panel" id="add">
            <header><h2>"Add a person"</h2></header>
            <p class="muted">"You get a link, once, by which the person sets a password."</p>
            {form("/settings/people/add", posted, fields)}
        </section>
    }
    .into_any()
}
