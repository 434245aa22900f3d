//! The inbox: what waits for the reader, what they asked for, what is open and what was decided.

use domain::{
    Cursor, Timestamp,
    access::Permission,
    approvals::{Class, State},
};
use leptos::prelude::*;

use super::api::{ApprovalFilter, ApprovalRow, Drawer};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::{Badged, Tone, badge},
        empty::empty,
        pager::pager,
        table::{Table, link, text},
        text::visible,
        time::when,
    },
};

/// `/approvals?which=…&class=…&after=…`
#[component]
pub fn ApprovalsPage() -> impl IntoView {
    page(Place::Approvals, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let filter = ApprovalFilter {
            which: visit.asked("which").and_then(|key| Drawer::find(&key)).unwrap_or_default(),
            class: visit.asked("class").and_then(|key| Class::find(&key)),
            after: visit.asked("after").map(Cursor),
        };
        let found = visit.backend.list_approvals(filter.clone()).await?;
        let list = if found.rows.is_empty() {
            let (title, words) = match filter.which {
                Drawer::ForMe => {
                    ("Nothing waits for you", "What somebody else asks for and you may agree to comes here.")
                }
                Drawer::ByMe => (
                    "You have asked for nothing",
                    "What needs a second person and was asked for by you comes here.",
                ),
                Drawer::Open => {
                    ("Nothing is open", "No request waits, and none is approved and not done yet.")
                }
                Drawer::Decided => ("Nothing was decided yet", "Requests that are over stay here."),
            };
            empty(title, words)
        } else {
            approvals_table(found.rows, visit.now)
        };
        let body = view! {
            {filters(&filter)}
            <section class="panel">{list}{pager("/approvals", &visit.query, found.next.as_ref())}</section>
        };
        let rules = view! { <a class="btn" href="/settings/approvals">"Rules and absences"</a> };
        Ok(PageView::new("Approvals", body).actions(rules))
    })
}

fn filters(filter: &ApprovalFilter) -> AnyView {
    let drawers = Drawer::ALL.map(|which| {
        view! { <option value=which.key() selected=filter.which == which>{which.title()}</option> }
    });
    let classes = Class::ALL.iter().map(|class| {
        view! { <option value=class.key() selected=filter.class == Some(*class)>{class.title()}</option> }
    });
    view! {
        <form method="get" action="/approvals" class="filters" role="search" aria-label="Filter requests">
            <label>"Which"<select name="which">{drawers.into_iter().collect_view()}</select></label>
            <label>"What"<select name="class"><option value="">"anything"</option>{classes.collect_view()}</select></label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}

fn approvals_table(rows: Vec<ApprovalRow>, now: Option<Timestamp>) -> AnyView {
    Table::new("Requests that need somebody else, newest first")
        .lead("Request")
        .state("State")
        .text("What")
        .text("Asked by")
        .text("Asked")
        .text("Agreed")
        .text("Due")
        .rows(rows, |row| {
            let who = if row.is_mine { "you".to_owned() } else { visible(&row.requester) };
            let due = if row.state == State::Waiting { when(row.expires_at, now) } else { text("—") };
            vec![
                link(format!("/approvals/{}", row.id), &visible(&row.title)),
                state_badge(&row),
                text(row.class.title()),
                text(who),
                when(row.created_at, now),
                text(format!("{} of {}", row.agreed, row.needed)),
                due,
            ]
        })
        .view()
}

/// Where a request stands; one that somebody took upon themselves says so.
pub fn state_badge(row: &ApprovalRow) -> AnyView {
    if row.is_emergency { badge(Tone::Bad, "Done alone") } else { row.state.badge() }
}
