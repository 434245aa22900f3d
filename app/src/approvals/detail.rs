//! One request: what would happen and what cannot be undone stand first, in the order in which somebody reads who has
//! to decide on a phone; what they can do about it comes right after.

use domain::{Timestamp, access::Permission, approvals::State, id::kind};
use leptos::prelude::*;

use super::{
    api::{ApprovalDetail, Candidate, Said},
    decide::decide_panel,
    list::state_badge,
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::{Badged, Tone},
        notice::notice,
        text::{name, visible},
        time::{exactly, when},
    },
};

/// `/approvals/:id`
#[component]
pub fn ApprovalPage() -> impl IntoView {
    page(Place::Approvals, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let found = visit.backend.get_approval(visit.id::<kind::Approval>()?).await?;
        let title = found.row.title.clone();
        let body = view! {
            {what_came_of_it(&found, visit.now)}
            <div class="grid">
                {consequences(&found)}
                {decide_panel(&found, &visit)}
                {facts(&found, visit.now)}
                {said_panel(&found.said, visit.now)}
            </div>
        };
        Ok(PageView::new(title, body).under("Approvals", "/approvals"))
    })
}

fn what_came_of_it(found: &ApprovalDetail, now: Option<Timestamp>) -> Option<AnyView> {
    let alone = found.row.is_emergency.then(|| {
        view! { <p>"This was done by one person alone, as an emergency. Somebody else has to review it."</p> }
    });
    let words = match (found.row.state, &found.problem, found.done_at) {
        (State::Failed, Some(problem), _) => {
            view! { <p><b>"It was approved and could not be done."</b></p><p><bdi>{visible(problem)}</bdi></p>{alone} }.into_any()
        }
        (State::Approved, _, Some(at)) => {
            view! { <p>"Enough have agreed. It is done by itself "{when(at, now)}"; until then it can be withdrawn."</p>{alone} }.into_any()
        }
        _ => return alone.map(|alone| notice(Tone::Warn, alone)),
    };
    let tone = if found.row.state == State::Failed { Tone::Bad } else { Tone::Info };
    Some(notice(tone, words))
}

fn consequences(found: &ApprovalDetail) -> AnyView {
    let preview = &found.preview;
    let facts = preview.facts.iter().map(|fact| {
        view! { <dt>{visible(&fact.name)}</dt><dd><bdi>{visible(&fact.value)}</bdi></dd> }
    });
    let lost = preview.lost.iter().map(|lost| view! { <li>{visible(lost)}</li> }).collect_view();
    let lost = (!preview.lost.is_empty()).then(|| {
        view! { <h3>"What cannot be undone, or costs"</h3><ul class="lost">{lost}</ul> }
    });
    view! {
        <section class="panel c6" id="consequences">
            <header><h2>"What would happen"</h2><a href=found.path.clone()>"Look at it"</a></header>
            <p><bdi>{visible(&preview.what)}</bdi></p>
            <dl class="facts">{facts.collect_view()}</dl>
            {lost}
        </section>
    }
    .into_any()
}

fn facts(found: &ApprovalDetail, now: Option<Timestamp>) -> AnyView {
    let row = &found.row;
    let due = (row.state == State::Waiting).then(|| {
        view! { <dt>"Has to be decided"</dt><dd>{when(row.expires_at, now)}</dd> }
    });
    let approved = found.approved_at.map(|at| view! { <dt>"Approved"</dt><dd>{exactly(at, now)}</dd> });
    let over = found.settled_at.map(|at| view! { <dt>"Over since"</dt><dd>{exactly(at, now)}</dd> });
    let could = (row.state == State::Waiting).then(|| {
        view! { <dt>"Could still agree"</dt><dd>{candidates(&found.could_agree, now)}</dd> }
    });
    let agreed = if row.needed == 0 {
        "Nobody has to: a rule of this organisation lets one person do it".to_owned()
    } else {
        format!("{} of {}", row.agreed, row.needed)
    };
    view! {
        <section class="panel c6">
            <header><h2>"The request"</h2>{state_badge(row)}</header>
            <dl class="facts">
                <dt>"Asked by"</dt><dd>{name(&row.requester)}</dd>
                <dt>"Why"</dt><dd><bdi>{visible(&found.reason)}</bdi></dd>
                <dt>"Asked"</dt><dd>{exactly(row.created_at, now)}</dd>
                {due}
                <dt>"Agreed so far"</dt><dd>{agreed}</dd>
                {could}
                {approved}
                {over}
                <dt>"Digest"</dt><dd><code class="digest">{found.digest.clone()}</code></dd>
            </dl>
        </section>
    }
    .into_any()
}

fn candidates(all: &[Candidate], now: Option<Timestamp>) -> AnyView {
    if all.is_empty() {
        return view! { <span>"Nobody. Somebody who administers has to give an approver a role that neither of you gave the other."</span> }.into_any();
    }
    let items = all.iter().map(|one| {
        let away = one.away_until.map(|until| view! { " (away until "{when(until, now)}")" });
        view! { <li>{name(&one.name)}{away}</li> }
    });
    view! { <ul class="plain">{items.collect_view()}</ul> }.into_any()
}

fn said_panel(said: &[Said], now: Option<Timestamp>) -> AnyView {
    let lines = said.iter().map(|one| {
        let instead = one.instead_of.as_deref().map(|who| view! { " for "{name(who)} });
        let comment =
            one.comment.as_deref().map(|text| view! { <p class="said"><bdi>{visible(text)}</bdi></p> });
        let void = one.is_void.then(|| view! { <span class="muted">" · does not count any more"</span> });
        view! {
            <li>
                {one.verdict.badge()}
                <div class="grow">
                    <p class="small">{when(one.at, now)}" · "{name(&one.by)}{instead}{void}</p>
                    {comment}
                </div>
            </li>
        }
    });
    let body = if said.is_empty() {
        view! { <p class="muted">"Nobody has said anything to it yet."</p> }.into_any()
    } else {
        view! { <ol class="list history">{lines.collect_view()}</ol> }.into_any()
    };
    view! {
        <section class="panel c6">
            <header><h2>"What was said"</h2><span class="small muted">"Oldest first"</span></header>
            {body}
        </section>
    }
    .into_any()
}
