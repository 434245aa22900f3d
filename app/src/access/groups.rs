//! Groups: people who have roles together.

use domain::access::Permission;
use leptos::prelude::*;

use crate::{
    access::{
        api::{Me, UserRow},
        people_api::{GroupView, JoinGroupFn, LeaveGroupFn, RemoveGroupFn, RoleView, SaveGroupFn},
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::Tone,
        choice::{Way, boxes},
        empty::empty,
        field::{Field, hidden},
        form::{Posted, button_form, form},
        notice::notice,
        text::{name, visible},
    },
};

/// `/groups`
#[component]
pub fn GroupsPage() -> impl IntoView {
    page(Place::People, |visit, me| async move {
        require(&me, Permission::ReadUsers)?;
        let groups = visit.backend.groups().await?;
        let roles = visit.backend.roles().await?;
        let people = visit.backend.list_users(None).await?.rows;
        let may_manage = me.may(Permission::ManageUsers);
        let saved = visit.posted::<SaveGroupFn>();
        let refused =
            [visit.posted::<JoinGroupFn>(), visit.posted::<LeaveGroupFn>(), visit.posted::<RemoveGroupFn>()];
        let done = if visit.has_done("saved") {
            Some(notice(Tone::Good, "Saved. It holds from everybody's next click."))
        } else {
            visit.has_done("removed").then(|| notice(Tone::Good, "The group is removed; its people stay."))
        };
        let list = if groups.is_empty() {
            empty("No groups", "People in a group have its roles together.")
        } else {
            let panel = |group: &GroupView| group_panel(group, &roles, &people, &me, may_manage);
            groups.iter().map(panel).collect_view().into_any()
        };
        let body = view! {
            {done}
            {refused.iter().map(Posted::summary).collect_view()}
            {list}
            {may_manage.then(|| make_panel(&roles, &saved))}
        };
        Ok(PageView::new("Groups", body).under("People", "/settings/people"))
    })
}

fn group_panel(
    group: &GroupView,
    roles: &[RoleView],
    people: &[UserRow],
    me: &Me,
    may_manage: bool,
) -> AnyView {
    let id = group.id.to_string();
    let members = group.members.iter().map(|(user, member, is_external)| {
        let leave = (may_manage && *user != me.id).then(|| {
            button_form(
                "/fn/access/leave_group",
                vec![("request[id]", id.clone()), ("request[user_id]", user.to_string())],
                "btn",
                format!("Take {} out", visible(member)),
            )
        });
        let sign = is_external.then(|| view! { <span class="muted small">" by single sign-on"</span> });
        view! { <li><a href=format!("/people/{user}")>{name(member)}</a>{sign}" "{leave}</li> }
    });
    let names =
        if group.role_names.is_empty() { "none".to_owned() } else { visible(&group.role_names.join(", ")) };
    let external = group.external_name.as_ref().map(|external| {
        view! { <p class="muted">"Called "<code>{visible(external)}</code>" by whoever signs people in."</p> }
    });
    let others = people.iter().filter(|person| {
        person.id != me.id
            && !group.members.iter().any(|(user, _, is_external)| *user == person.id && !is_external)
    });
    let others = others.map(|person| (person.id.to_string(), visible(&person.name))).collect::<Vec<_>>();
    let form_id = format!("group-{id}");
    let change = may_manage.then(|| {
        let join = (!others.is_empty()).then(|| {
            let fields = view! {
                {hidden("id", id.clone())}
                {Field::choice(&format!("join-{id}"), "user_id", "Person", others).view()}
                <button class="btn">"Put into this group"</button>
            };
            form("/fn/access/join_group", &Posted::default(), fields)
        });
        let fields = view! {
            {hidden("id", id.clone())}
            {names_fields(&form_id, Some(group), &Posted::default())}
            {role_boxes(&form_id, roles, Some(group), None)}
            <button class="btn">"Save this group"</button>
        };
        view! {
            {join}
            <details class="row-menu">
                <summary>"Change"<span class="visually-hidden">" "{visible(&group.name)}</span></summary>
                {form("/fn/access/save_group", &Posted::default(), fields)}
                {button_form("/fn/access/remove_group", vec![("request[id]", id.clone())], "btn danger",
                    format!("Remove {}", visible(&group.name)))}
            </details>
        }
    });
    view! {
        <section class="panel">
            <header><h2>{name(&group.name)}</h2></header>
            <p>"Roles: "{names}</p>
            {external}
            <ul>{members.collect_view()}</ul>
            {change}
        </section>
    }
    .into_any()
}

fn names_fields(id: &str, group: Option<&GroupView>, posted: &Posted) -> AnyView {
    let named = group.map(|group| group.name.clone()).unwrap_or_default();
    let external = group.and_then(|group| group.external_name.clone()).unwrap_or_default();
    view! {
        <div class="columns">
            {Field::text(id, "name", "Name").value(named).after(posted).view()}
            {Field::text(id, "external_name", "Name in single sign-on").optional().value(external)
                .hint("People whom it names there come in and go out at each sign-in.").after(posted).view()}
        </div>
    }
    .into_any()
}

fn role_boxes(id: &str, roles: &[RoleView], group: Option<&GroupView>, error: Option<String>) -> AnyView {
    let ways = roles.iter().map(|role| {
        let is_in = group.is_some_and(|group| group.roles.contains(&role.role));
        Way::new(role.role.key(), visible(&role.name)).chosen(is_in).possible(role.may_give)
    });
    boxes(id, "request[roles][]", "Its members are", ways.collect(), error)
}

fn make_panel(roles: &[RoleView], posted: &Posted) -> AnyView {
    let fields = view! {
        {names_fields("make", None, posted)}
        {role_boxes("make", roles, None, posted.about("roles"))}
        <button class="btn primary">"Make this group"</button>
    };
    view! {
        <section class="panel" id="make">
            <header><h2>"Make a group"</h2></header>
            {form("/fn/access/save_group", posted, fields)}
        </section>
    }
    .into_any()
}
