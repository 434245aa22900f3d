//! Who may what, as a table; and the roles that the organisation makes itself.

use domain::{
    access::Permission,
    powers::{PermissionSet, RoleRef},
};
use leptos::prelude::*;

use crate::{
    access::{
        api::Me,
        people_api::{RemoveRoleFn, RoleView, SaveRoleFn},
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::Tone,
        choice::{Way, boxes},
        field::{Field, hidden},
        form::{Posted, button_form, form},
        notice::notice,
        text::{count, name, visible},
    },
};

/// `/roles`
#[component]
pub fn RolesPage() -> impl IntoView {
    page(Place::People, |visit, me| async move {
        require(&me, Permission::ReadUsers)?;
        let roles = visit.backend.roles().await?;
        let may_manage = me.may(Permission::ManageUsers);
        let (saved, removed) = (visit.posted::<SaveRoleFn>(), visit.posted::<RemoveRoleFn>());
        let done = if visit.has_done("saved") {
            Some(notice(Tone::Good, "Saved. It holds from everybody's next click."))
        } else {
            visit
                .has_done("removed")
                .then(|| notice(Tone::Good, "Removed, and taken from everybody who had it."))
        };
        let custom = roles.iter().filter(|role| matches!(role.role, RoleRef::Custom(_)));
        let custom = custom.map(|role| custom_panel(role, &me, may_manage && role.may_give)).collect_view();
        let body = view! {
            {done}
            {removed.summary()}
            <section class="panel">
                <header><h2>"Who may what"</h2></header>
                {matrix(&roles)}
            </section>
            {custom}
            {may_manage.then(|| make_panel(&me, &saved))}
        };
        Ok(PageView::new("Roles", body).under("People", "/settings/people"))
    })
}

fn matrix(roles: &[RoleView]) -> AnyView {
    let heads =
        roles.iter().map(|role| view! { <th scope="col" role="columnheader">{name(&role.name)}</th> });
    let rows = Permission::ALL.iter().map(|permission| {
        let cells = roles.iter().map(|role| {
            let cell = if role.permissions.contains(*permission) {
                view! { <span aria-hidden="true">"✓"</span><span class="visually-hidden">"yes"</span> }.into_any()
            } else {
                view! { <span class="visually-hidden">"no"</span> }.into_any()
            };
            view! { <td role="cell" data-label=visible(&role.name)>{cell}</td> }
        });
        view! {
            <tr role="row"><th scope="row" role="rowheader" class="lead">{spaced(permission.name())}</th>{cells.collect_view()}</tr>
        }
    });
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Roles and what they may">
            <table role="table">
                <caption class="visually-hidden">"Roles and what they may"</caption>
                <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader" class="lead">"May"</th>{heads.collect_view()}</tr></thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The boxes of what `me` may put into a role; what is in it already stays possible.
fn permissions(id: &str, me: &Me, present: PermissionSet, error: Option<String>) -> AnyView {
    let ways = Permission::ALL.iter().map(|permission| {
        let is_in = present.contains(*permission);
        Way::new(permission.name(), spaced(permission.name()))
            .chosen(is_in)
            .possible(is_in || me.may(*permission))
    });
    boxes(id, "request[permissions][]", "It may", ways.collect(), error)
}

fn custom_panel(role: &RoleView, me: &Me, may_change: bool) -> Option<AnyView> {
    let RoleRef::Custom(id) = role.role else { return None };
    let people = match role.people {
        0 => "Nobody has it.".to_owned(),
        n => format!("{} have it.", count(n, "person", "people")),
    };
    let form_id = format!("role-{id}");
    let change = may_change.then(|| {
        let fields = view! {
            {hidden("id", id.to_string())}
            {Field::text(&form_id, "name", "Name").value(role.name.clone()).view()}
            {permissions(&form_id, me, role.permissions, None)}
            <button class="btn">"Save this role"</button>
        };
        view! {
            <details class="row-menu">
                <summary>"Change"<span class="visually-hidden">" "{visible(&role.name)}</span></summary>
                {form("/fn/access/save_role", &Posted::default(), fields)}
                {button_form("/fn/access/remove_role", vec![("request[id]", id.to_string())], "btn danger",
                    format!("Remove {}", visible(&role.name)))}
            </details>
        }
    });
    let panel = view! {
        <section class="panel">
            <header><h2>{name(&role.name)}</h2></header>
            <p class="muted">{people}</p>
            {change}
        </section>
    };
    Some(panel.into_any())
}

fn make_panel(me: &Me, posted: &Posted) -> AnyView {
    let fields = view! {
        {Field::text("make", "name", "Name").after(posted).view()}
        {permissions("make", me, PermissionSet::NONE, posted.about("permissions"))}
        <button class="btn primary">"Make this role"</button>
    };
    view! {
        <section class="panel" id="make">
            <header><h2>"Make a role"</h2></header>
            <p class="muted">"Of what you may yourself. Built-in roles stay as they are."</p>
            {form("/fn/access/save_role", posted, fields)}
        </section>
    }
    .into_any()
}

/// `ReadBackups` as `Read backups`.
pub fn spaced(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
            text.push(letter.to_ascii_lowercase());
        } else {
            text.push(letter);
        }
    }
    text
}
