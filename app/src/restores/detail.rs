//! One tenant restore, from its preview to its undo.

use domain::{
    Cursor, Timestamp,
    access::Permission,
    audit::ObjectKind,
    id::kind,
    restores::{RequestState, Selection},
};
use leptos::prelude::*;

use super::{
    actions::{next_panel, next_word},
    difference::{answer, digest, reading, remarks, tables_panel},
    difference_api::DifferenceFilter,
    history::{history_panel, steps},
    list::selection_words,
    request_api::RestoreDetail,
};
use crate::{
    audit::story::story,
    backups::{live::LiveRun, progress::progress_view, run::error_notice},
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    tenancy::address::tenant_path,
    ui::{
        badge::{Badged, Tone},
        notice::notice,
        text::{name, visible},
        time::{exactly, when},
    },
};

/// `/restores/:id?all=true&search=…&after=…`
#[component]
pub fn RestorePage() -> impl IntoView {
    page(Place::Restores, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let id = visit.id::<kind::Restore>()?;
        let restore = visit.backend.get_restore(id).await?;
        let tables = match restore.difference {
            None => None,
            Some(_) => Some(visit.backend.list_differences(filter(&visit, id)).await?),
        };
        let row = &restore.row;
        let title = format!("Tenant {} of {}, as of {}", row.tenant, row.database, row.snapshot_at.exact());
        let next = next_panel(&restore, &visit, &me);
        // The form stands below the tables that it is about: a long way down.
        let down = next_word(&restore, &me).map(|word| view! { <a class="btn" href="#next">{word}</a> });
        let tables = tables.map(|tables| tables_panel(row, &visit, tables, me.may(Permission::ReadContents)));
        let answer = restore.difference.as_ref().map_or_else(
            || without_difference(&restore),
            |difference| view! { {answer(difference, row.state, restore.is_unsure)} }.into_any(),
        );
        let remarks = restore.difference.as_ref().filter(|_| !row.state.is_settled()).map(remarks);
        let error =
            restore.run.as_ref().filter(|run| run.row.error.is_some()).and_then(|run| error_notice(&run.row));
        let (live, listens) = live(&restore);
        let body = view! {
            {error}
            {ended(&restore)}
            {steps(&restore)}
            {remarks}
            <div class="grid">
                {answer}
                {facts(&restore, visit.now)}
                {live}
                {tables}
                {next}
                {history_panel(restore.history.clone(), visit.now)}
            </div>
            {story(&me, ObjectKind::Restore, id)}
            {listens.then(|| view! { <LiveRun /> })}
        };
        let database = restore.row.database.clone();
        Ok(PageView::new(title, body)
            .under("Restores", "/restores")
            .under(database, format!("/sources/{}", restore.row.source_id))
            .actions(down))
    })
}

/// Why it ended before anything was applied, in the words of who ended it. A run that failed says so itself.
fn ended(restore: &RestoreDetail) -> Option<AnyView> {
    let state = restore.row.state;
    if !matches!(state, RequestState::Rejected | RequestState::Withdrawn) {
        return None;
    }
    let last = restore.history.last().filter(|event| event.state == state)?;
    let said = visible(last.comment.as_deref()?);
    let who = format!("{} by ", state.title());
    Some(notice(Tone::Warn, view! { <p><b>{who}{name(&last.by)}"."</b></p><p><bdi>{said}</bdi></p> }))
}

fn filter(visit: &Visit, id: domain::RestoreId) -> DifferenceFilter {
    DifferenceFilter {
        restore_id: id,
        // What changes is what somebody has to agree to; everything else is looked for by name, or asked for.
        changed: !(visit.asked("all").is_some() || visit.asked("search").is_some()),
        search: visit.asked("search"),
        after: visit.asked("after").map(Cursor),
    }
}

/// The run at work, live as on its own page.
fn live(restore: &RestoreDetail) -> (Option<AnyView>, bool) {
    let Some(run) = restore.run.as_ref().filter(|run| !run.row.state.is_finished()) else {
        return (None, false);
    };
    let row = &run.row;
    let panel = view! {
        <section class="panel c12" data-events=format!("/events/runs/{}", row.id) data-state=row.state.key()>
            <header><h2>{row.kind.title()}</h2><a href=format!("/runs/{}", row.id)>"The run"</a></header>
            {progress_view(row.progress.as_ref())}
            <p class="muted small" data-live="link" role="status">"Load the page again to see how far it is."</p>
        </section>
    };
    (Some(panel.into_any()), true)
}

fn without_difference(restore: &RestoreDetail) -> AnyView {
    let (tone, word) = restore.row.state.tone_and_word();
    let because = match restore.row.state {
        RequestState::Planning => {
            "The tenant's rows in the backup are compared with the live ones. Nothing is changed."
        }
        RequestState::Failed => "The difference could not be computed. The live rows were not changed.",
        _ => "There is no difference to look at.",
    };
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{tone.sign()}</div>
                <div><p class="big">{word}</p><p class="muted">{because}</p></div>
            </div>
        </section>
    }
    .into_any()
}

fn facts(restore: &RestoreDetail, now: Option<Timestamp>) -> AnyView {
    let row = &restore.row;
    let difference = restore.difference.as_ref().map(|difference| {
        view! {
            <dt>"Digest"</dt><dd>{digest(&difference.digest)}</dd>
            <dt>"Read for it"</dt><dd>{reading(difference)}</dd>
        }
    });
    view! {
        <section class="panel c4">
            <dl class="facts">
                <dt>"State"</dt><dd>{row.state.badge()}</dd>
                <dt>"Tenant"</dt><dd><a href=tenant_path(row.source_id, &row.tenant)>{name(row.tenant.as_str())}</a></dd>
                <dt>"From"</dt><dd><a href=format!("/backups/{}", row.backup_id)>{exactly(row.snapshot_at, now)}</a></dd>
                <dt>"What"</dt><dd>{selection(restore)}</dd>
                <dt>"Asked by"</dt><dd>{name(&row.requested_by)}</dd>
                <dt>"Asked"</dt><dd>{when(row.created_at, now)}</dd>
                {difference}
            </dl>
        </section>
    }
    .into_any()
}

/// The selection, with its names on demand; the keys of rows only for those who may see rows.
fn selection(restore: &RestoreDetail) -> AnyView {
    let names: Vec<String> = match &restore.selection {
        None | Some(Selection::Everything) => Vec::new(),
        Some(Selection::Tables { tables }) if tables.len() < 2 => Vec::new(),
        Some(Selection::Tables { tables }) => tables.iter().map(|table| visible(table)).collect(),
        Some(Selection::Rows { keys, .. }) => {
            keys.iter().map(|key| visible(&domain::Lines::row(key))).collect()
        }
    };
    let words = selection_words(&restore.row.selection);
    if names.is_empty() {
        return words.into_any();
    }
    let names = names.into_iter().map(|name| view! { <li><bdi>{name}</bdi></li> }).collect_view();
    view! { <details><summary>{words}</summary><ul class="remarks">{names}</ul></details> }.into_any()
}
