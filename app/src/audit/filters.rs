//! What the address says about which entries are wanted, and the form that writes it there.

use domain::{
    Cursor, Fault,
    audit::{Act, Object, Outcome},
};
use leptos::prelude::*;

use super::api::{TrailFilter, instant};
use crate::{
    access::api::{Me, UserRow},
    layout::page::Visit,
};

/// Tasks of Holdfast's own, as they are written down.
const TASKS: [(&str, &str); 5] = [
    ("system:worker", "Holdfast: work of runs"),
    ("system:schedule", "Holdfast: schedules"),
    ("system:leases", "Holdfast: lost workers"),
    ("system:retention", "Holdfast: retention"),
    ("command_line:root", "Command line (root)"),
];

/// What is asked for. What cannot be read is refused: a filter that was left out would show too much and look complete.
pub fn filter_of(visit: &Visit) -> Result<TrailFilter, Fault> {
    let unknown = |field: &str, words: &str| Fault::invalid(field, words);
    let time = |field: &str, is_end| instant(field, visit.asked(field).as_deref(), is_end);
    let act =
        visit.asked("act").map(|key| Act::find(&key).ok_or_else(|| unknown("act", "there is no such act")));
    let object = visit.asked("about").map(|key| {
        Object::find(&key).ok_or_else(|| unknown("about", "write kind and id, e.g. backup:019ab3c4-…"))
    });
    let outcome = visit
        .asked("outcome")
        .map(|key| Outcome::find(&key).ok_or_else(|| unknown("outcome", "there is no such outcome")));
    Ok(TrailFilter {
        of_installation: visit.asked("of").as_deref() == Some("installation"),
        from: time("from", false)?,
        until: time("until", true)?,
        who: visit.asked("who"),
        act: act.transpose()?,
        object: object.transpose()?,
        outcome: outcome.transpose()?,
        after: visit.asked("after").map(Cursor),
        limit: 0,
    })
}

/// The form.
pub fn filters(visit: &Visit, filter: &TrailFilter, me: &Me, people: &[UserRow]) -> AnyView {
    let text = |field: &str| visit.asked(field).unwrap_or_default();
    let acts = Act::ALL.iter().map(
        |act| view! { <option value=act.key() selected=filter.act == Some(*act)>{act.title()}</option> },
    );
    let outcomes = Outcome::ALL.iter().map(|outcome| {
        let word = outcome_word(*outcome);
        view! { <option value=outcome.key() selected=filter.outcome == Some(*outcome)>{word}</option> }
    });
    let of = me.powers.runs_installation.then(|| {
        view! {
            <label>"Trail"<select name="of">
                <option value="">"this organisation"</option>
                <option value="installation" selected=filter.of_installation>"the installation"</option>
            </select></label>
        }
    });
    view! {
        <form method="get" action="/audit" class="filters" role="search" aria-label="Filter the audit trail">
            {of}
            <label>"From"<input type="date" name="from" value=text("from") /></label>
            <label>"Until"<input type="date" name="until" value=text("until") /></label>
            <label>"Who"{who_select(filter.who.as_deref(), people)}</label>
            <label>"What"<select name="act"><option value="">"any"</option>{acts.collect_view()}</select></label>
            <label>"About"<input name="about" value=text("about") placeholder="backup:019a…" /></label>
            <label>"Outcome"<select name="outcome"><option value="">"any"</option>{outcomes.collect_view()}</select></label>
            <button class="btn">"Filter"</button>
        </form>
    }
    .into_any()
}

fn who_select(chosen: Option<&str>, people: &[UserRow]) -> AnyView {
    let mut ways: Vec<(String, String)> = people
        .iter()
        .map(|person| (format!("user:{}", person.id), crate::ui::text::visible(&person.name)))
        .chain(TASKS.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())))
        .collect();
    // Somebody who is not in the list: a token, or a person of another page of it.
    if let Some(key) = chosen
        && !ways.iter().any(|(way, _)| way == key)
    {
        ways.push((key.to_owned(), crate::ui::text::visible(key)));
    }
    let options = ways.into_iter().map(|(key, name)| {
        let is_chosen = chosen == Some(key.as_str());
        view! { <option value=key selected=is_chosen>{name}</option> }
    });
    view! { <select name="who"><option value="">"anybody"</option>{options.collect_view()}</select> }
        .into_any()
}

/// An outcome in words.
pub const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "Done",
        Outcome::Refused => "Refused",
        Outcome::Failed => "Failed",
    }
}
