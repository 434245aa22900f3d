//! Organisations, for whoever runs the installation.

use domain::Fault;
use leptos::prelude::*;

use crate::{
    access::people_api::{AddOrganisationFn, OrganisationRow},
    layout::{
        navigation::Place,
        page::{PageView, page},
    },
    ui::{badge::Tone, field::Field, form::form, notice::notice, table::Table, text::name, time::when_or},
};

/// `/organisations`
#[component]
pub fn OrganisationsPage() -> impl IntoView {
    page(Place::Settings, |visit, me| async move {
        if !me.powers.runs_installation {
            return Err(Fault::Forbidden);
        }
        let rows = visit.backend.organisations().await?;
        let posted = visit.posted::<AddOrganisationFn>();
        let done = visit.has_done("added").then(|| {
            notice(Tone::Good, "Added. Choose it in the header to go to work there and to invite its people.")
        });
        let table = Table::new("Organisations").lead("Name").number("People").number("Sources");
        let table = table.text("Newest proven backup");
        let now = visit.now;
        let table = table.rows(rows, |row: OrganisationRow| {
            vec![
                name(&row.name),
                row.people.to_string().into_any(),
                row.sources.to_string().into_any(),
                when_or(row.restorable_at, now, "none yet"),
            ]
        });
        let fields = view! {
            {Field::text("add", "name", "Name").after(&posted).view()}
            <button class="btn primary">"Add this organisation"</button>
        };
        let body = view! {
            {done}
            <section class="panel">{table.view()}</section>
            <section class="panel" id="add">
                <header><h2>"Add an organisation"</h2></header>
                <p class="muted">"You become its platform operator and can invite its people."</p>
                {form("/fn/access/add_organisation", &posted, fields)}
            </section>
        };
        Ok(PageView::new("Organisations", body).under("Settings", "/settings"))
    })
}
