//! The form that takes a backup now.

use domain::{RunId, SourceId, tenancy::TenantKey};
use leptos::{nonce::use_nonce, prelude::*};

use crate::ui::{
    choice::{Way, choice},
    field::{Field, hidden},
    form::{Posted, form},
    text::visible,
};

/// The form for the whole database; while a run is at work a link to it instead.
pub fn start_form(source: SourceId, database: &str, active: Option<RunId>, posted: &Posted) -> AnyView {
    draw(source, (), &format!("Back up {} now", visible(database)), active, posted)
}

/// The form for a whole server: all of its files, or what changed since the newest backup.
pub fn start_server_form(source: SourceId, active: Option<RunId>, posted: &Posted) -> AnyView {
    let ways = choice(
        "start",
        "request[incremental]",
        "How much",
        vec![
            Way::new("true", "What changed since the newest backup")
                .hint("Smaller and faster. Where there is nothing to continue it is a full one.")
                .chosen(true),
            Way::new("false", "Everything").hint("Stands on nothing else."),
        ],
    );
    draw(source, ways, "Back up the whole server now", active, posted)
}

/// The form for one tenant of it.
pub fn start_tenant_form(
    source: SourceId,
    tenant: &TenantKey,
    active: Option<RunId>,
    posted: &Posted,
) -> AnyView {
    draw(source, hidden("tenant", tenant.as_str()), "Back up this tenant now", active, posted)
}

fn draw(
    source: SourceId,
    more: impl IntoAny,
    button: &str,
    active: Option<RunId>,
    posted: &Posted,
) -> AnyView {
    if let Some(run) = active {
        return view! {
            {posted.summary()}
            <p><a class="btn primary" href=format!("/runs/{run}")>"Watch the run that is active"</a></p>
        }
        .into_any();
    }
    // The nonce of the page is random and new each time: a form sent twice starts one run.
    let key = use_nonce().map(|nonce| hidden("idempotency_key", nonce.to_string()));
    let fields = view! {
        {hidden("source_id", source.to_string())}
        {more.into_any()}
        {key}
        {Field::text("start", "label", "Label").optional().hint("E.g. before the September release.").after(posted).view()}
        <button class="btn primary">{button.to_owned()}</button>
    };
    form("/fn/backups/start", posted, fields)
}
