//! One person: what they are here, what is theirs to use, and the way out.

use domain::access::Permission;
use leptos::prelude::*;

use crate::{
    access::{
        api::{ChangeUserFn, Me},
        people_api::{GiveRoleFn, PersonView, RemovePersonFn, RoleView, TakeRoleFn},
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::{Tone, badge},
        empty::empty,
        field::{Field, hidden},
        form::{Posted, button_form, form},
        notice::notice,
        table::Table,
        text::{count, name, visible},
        time::{when, when_or},
    },
};

/// For how long a role is given.
pub const TERMS: [(&str, &str); 6] = [
    ("", "As usual for the role"),
    ("0", "Without an end"),
    ("7", "7 days"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "A year"),
];

/// `/people/:id`
#[component]
pub fn PersonPage() -> impl IntoView {
    page(Place::People, |visit, me| async move {
        require(&me, Permission::ReadUsers)?;
        let person = visit.backend.person(visit.id()?).await?;
        let roles = visit.backend.roles().await?;
        let is_other = person.row.id != me.id;
        let may_manage = is_other && me.may(Permission::ManageUsers);
        let (given, taken) = (visit.posted::<GiveRoleFn>(), visit.posted::<TakeRoleFn>());
        let (changed, left) = (visit.posted::<ChangeUserFn>(), visit.posted::<RemovePersonFn>());
        let done =
            visit.has_done("roles").then(|| notice(Tone::Good, "Changed. The person's sessions have ended."));
        let title = person.row.name.clone();
        let body = view! {
            {done}
            {taken.summary()}
            {changed.summary()}
            <div class="grid">
                {account_panel(&person, visit.now)}
                {use_panel(&person)}
            </div>
            {roles_panel(&person, may_manage, visit.now)}
            {may_manage.then(|| give_panel(&person, &roles, &given))}
            {may_manage.then(|| leave_panel(&person, &me, &left))}
        };
        Ok(PageView::new(title, body).under("People", "/settings/people"))
    })
}

fn account_panel(person: &PersonView, now: Option<domain::Timestamp>) -> AnyView {
    let row = &person.row;
    let state = match (row.enabled, row.has_password) {
        (false, _) => badge(Tone::Mute, "Disabled"),
        (true, false) => badge(Tone::Info, "Has no password yet"),
        (true, true) => badge(Tone::Good, "May sign in"),
    };
    view! {
        <section class="panel c6">
            <header><h2>"Account"</h2></header>
            <dl class="facts">
                <dt>"Name"</dt><dd>{name(&row.name)}</dd>
                <dt>"E-mail address"</dt><dd>{name(&row.email)}</dd>
                <dt>"State"</dt><dd>{state}</dd>
                <dt>"Last signed in"</dt><dd>{when_or(row.last_sign_in, now, "never")}</dd>
            </dl>
        </section>
    }
    .into_any()
}

fn use_panel(person: &PersonView) -> AnyView {
    let ending = person.ending;
    view! {
        <section class="panel c6">
            <header><h2>"In use"</h2></header>
            <dl class="facts">
                <dt>"Sessions"</dt><dd>{ending.sessions.to_string()}</dd>
                <dt>"Tokens"</dt><dd>{ending.tokens.to_string()}</dd>
                <dt>"Groups"</dt><dd>{ending.groups.to_string()}</dd>
                <dt>"Open requests"</dt><dd>{ending.requests.to_string()}</dd>
            </dl>
        </section>
    }
    .into_any()
}

fn roles_panel(person: &PersonView, may_manage: bool, now: Option<domain::Timestamp>) -> AnyView {
    let id = person.row.id.to_string();
    let table = Table::new("Roles of this person").lead("Role").text("From").text("Until");
    let table = if may_manage { table.text("Change") } else { table };
    let rows = table.rows(person.row.roles.clone(), |held| {
        let from = held.group.as_ref().map_or_else(|| "Their own".to_owned(), |group| visible(group));
        let until = held.expires_at.map_or_else(
            || view! { <span class="muted">"Without an end"</span> }.into_any(),
            |at| when(at, now),
        );
        let change = match held.group {
            Some(_) => view! { <a href="/groups">"In the group"</a> }.into_any(),
            None => button_form(
                "/fn/access/take_role",
                vec![("request[id]", id.clone()), ("request[role]", held.role.key())],
                "btn",
                format!("Take {} away", visible(&held.title)),
            ),
        };
        vec![name(&held.title), from.into_any(), until, change]
    });
    let list = if person.row.roles.is_empty() {
        empty("No role", "This person may do nothing here.")
    } else {
        rows.view()
    };
    view! { <section class="panel"><header><h2>"Roles"</h2></header>{list}</section> }.into_any()
}

/// Roles that may be given, as choices.
pub fn giveable(roles: &[RoleView]) -> Vec<(String, String)> {
    let may = roles.iter().filter(|role| role.may_give);
    may.map(|role| (role.role.key(), visible(&role.name))).collect()
}

fn terms() -> Vec<(String, String)> {
    TERMS.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
}

fn give_panel(person: &PersonView, roles: &[RoleView], posted: &Posted) -> AnyView {
    let fields = view! {
        {hidden("id", person.row.id.to_string())}
        <div class="columns">
            {Field::choice("give", "role", "Role", giveable(roles)).after(posted).view()}
            {term_field("give", posted)}
        </div>
        <button class="btn primary">"Give this role"</button>
    };
    view! {
        <section class="panel" id="give">
            <header><h2>"Give a role"</h2></header>
            {form("/fn/access/give_role", posted, fields)}
        </section>
    }
    .into_any()
}

/// For how long; a role that only reads evidence is meant to end.
pub fn term_field(id: &str, posted: &Posted) -> AnyView {
    Field::choice(id, "days", "For how long", terms())
        .hint("A compliance officer usually has 30 days, every other role no end.")
        .after(posted)
        .view()
}

fn leave_panel(person: &PersonView, me: &Me, posted: &Posted) -> AnyView {
    let ending = person.ending;
    let ends = [
        (ending.sessions, "session", "sessions"),
        (ending.tokens, "token", "tokens"),
        (ending.invitations, "invitation of theirs", "invitations of theirs"),
        (ending.requests, "open request or approval", "open requests and approvals"),
        (ending.groups, "membership of a group", "memberships of groups"),
    ];
    let ends = ends.iter().filter(|(n, ..)| *n > 0);
    let ends = ends.map(|(n, one, many)| view! { <li>{count(*n, one, many)}</li> }).collect_view();
    let account = if ending.closes_account {
        "Their account is closed: no other organisation knows them."
    } else {
        "They stay in their other organisations."
    };
    let fields = view! {
        {hidden("id", person.row.id.to_string())}
        {Field::text("leave", "confirm", "Type their e-mail address to confirm").after(posted).view()}
        <button class="btn danger">"Remove this person"</button>
    };
    view! {
        <section class="panel" id="leave">
            <header><h2>"Remove from "{name(&me.tenant)}</h2></header>
            <p>"This ends at once, together:"</p>
            <ul><li>"their roles here"</li>{ends}</ul>
            <p>{account}" Their name stays in everything that they did."</p>
            {form("/fn/access/remove_person", posted, fields)}
        </section>
    }
    .into_any()
}
