//! The life of a request as a line of steps, and as a list of who did what.

use domain::{Timestamp, restores::RequestState};
use leptos::prelude::*;

use super::request_api::{RestoreDetail, RestoreEvent};
use crate::ui::{
    badge::Badged,
    text::{name, visible},
    time::when,
};

/// The steps of a restore that goes well, and what each is called.
const STEPS: [(&str, &[RequestState]); 4] = [
    ("Preview", &[RequestState::Planning, RequestState::Planned]),
    ("Approval", &[RequestState::AwaitingApproval]),
    ("Apply", &[RequestState::Approved, RequestState::Applying]),
    ("Applied", &[RequestState::Applied]),
];

/// Where a request stands on its way.
pub fn steps(restore: &RestoreDetail) -> AnyView {
    let state = restore.row.state;
    let reached = |step: &[RequestState]| restore.history.iter().any(|event| step.contains(&event.state));
    let mut steps: Vec<(String, &'static str, bool)> = STEPS
        .iter()
        .enumerate()
        .map(|(index, (title, states))| {
            let is_now = states.contains(&state);
            let is_passed = STEPS[index + 1..].iter().any(|(_, later)| reached(later));
            let class = match (is_now, is_passed || reached(states)) {
                // The last step is the goal: once there, it is done.
                (true, _) if state == RequestState::Applied => "done",
                (true, _) => "now",
                (false, true) => "done",
                (false, false) => "",
            };
            ((*title).to_owned(), class, is_now)
        })
        .collect();
    match state {
        RequestState::Undoing => steps.push(("Undo".into(), "now", true)),
        RequestState::Undone => steps.push((state.title().into(), "done", true)),
        RequestState::Rejected | RequestState::Withdrawn | RequestState::Failed => {
            // What did not happen is not drawn as if it were still to come, nor what was broken off as if it were done.
            steps.retain(|(_, class, _)| *class == "done");
            if state == RequestState::Failed {
                steps.pop();
            }
            steps.push((state.title().into(), "stopped", true));
        }
        _ => {}
    }
    let items = steps.into_iter().map(|(title, class, is_now)| {
        let word = match class {
            "done" => ": done",
            "now" => ": now",
            "stopped" => ": ended here",
            _ => ": to come",
        };
        let current = is_now.then_some("step");
        view! { <li class=class aria-current=current>{title}<span class="visually-hidden">{word}</span></li> }
    });
    view! { <ol class="steps" aria-label="Steps of this restore">{items.collect_view()}</ol> }.into_any()
}

/// Who did what, oldest first.
pub fn history_panel(events: Vec<RestoreEvent>, now: Option<Timestamp>) -> AnyView {
    let lines = events.into_iter().map(|event| {
        let run = event.run_id.map(|run| view! { " · "<a href=format!("/runs/{run}")>"the run"</a> });
        let comment =
            event.comment.as_deref().map(|text| view! { <p class="said"><bdi>{visible(text)}</bdi></p> });
        view! {
            <li>
                {event.state.badge()}
                <div class="grow">
                    <p class="small">{when(event.at, now)}" · "{name(&event.by)}{run}</p>
                    {comment}
                </div>
            </li>
        }
    });
    view! {
        <section class="panel c6">
            <header><h2>"What happened"</h2><span class="small muted">"Oldest first"</span></header>
            <ol class="list history">{lines.collect_view()}</ol>
        </section>
    }
    .into_any()
}
