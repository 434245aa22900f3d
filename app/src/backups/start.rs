//! The form that takes a backup now.

use domain::{RunId, SourceId, tenancy::TenantKey};
use leptos::{nonce::use_nonce, prelude::*};

use crate::ui::{
    field::{Field, hidden},
    form::{Posted, form},
    text::visible,
};

/// The form for the whole database; while a run is at work a link to it instead.
pub fn start_form(source: SourceId, database: &str, active: Option<RunId>, posted: &Posted) -> AnyView {
    draw(source, None, &format!("Back up {} now", visible(database)), active, posted)
}

/// The form for one tenant of it.
pub fn start_tenant_form(
    source: SourceId,
    tenant: &TenantKey,
    active: Option<RunId>,
    posted: &Posted,
) -> AnyView {
    draw(source, Some(tenant), "Back up this tenant now", active, posted)
}

fn draw(
    source: SourceId,
    tenant: Option<&TenantKey>,
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
        {tenant.map(|tenant| hidden("tenant", tenant.as_str()))}
        {key}
        {Field::text("start", "label", "Label").optional().hint("E.g. before the September release.").after(posted).view()}
        <button class="btn primary">{button.to_owned()}</button>
    };
    form("/fn/backups/start", posted, fields)
}
