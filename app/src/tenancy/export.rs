//! The form that takes a tenant's rows away as a file.

use domain::tenancy::{ExportFormat, TenantKey};
use leptos::prelude::*;

use super::api::TenantPoint;
use crate::ui::{
    badge::Badged,
    field::{Field, hidden},
    form::{Posted, form},
};

/// The form; `points` are what can be chosen.
pub fn export_panel(tenant: &TenantKey, points: &[TenantPoint], posted: &Posted) -> AnyView {
    let points = points.iter().map(|point| {
        let state = point.verification.tone_and_word().1.to_lowercase();
        let state = if point.is_complete { state } else { "not complete".into() };
        (point.backup_id.to_string(), format!("{}, {state}", point.snapshot_at.exact()))
    });
    let formats = ExportFormat::ALL.iter().map(|format| (format.key().to_owned(), format.title().to_owned()));
    let fields = view! {
        {hidden("tenant", tenant.as_str())}
        {Field::choice("export", "backup_id", "As of", points.collect()).after(posted).view()}
        {Field::choice("export", "format", "As", formats.collect()).after(posted).view()}
        <button class="btn">"Export this tenant"</button>
    };
    view! {
        <section class="panel c5" id="export">
            <header><h2>"Export"</h2></header>
            <dl class="facts">
                <dt>"What is in it"</dt><dd>"The definitions of all tables and the rows of this tenant; no shared rows. The file is read again after writing: a row of another tenant in it fails the export."</dd>
                <dt>"Where it is"</dt><dd>"On the page of the run, until it expires. It is not encrypted; whoever has the file has the rows."</dd>
            </dl>
            {form("/fn/tenancy/export", posted, fields)}
        </section>
    }
    .into_any()
}
