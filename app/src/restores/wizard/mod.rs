//! The restore of a tenant, asked for step by step: from when, what of it, where to, preview.
//!
//! Every answer is a field of the address, so that the way back is the browser's own, a step can be sent to a
//! colleague, and nothing is needed but links and forms.

mod from;
mod state;
mod to;
mod what;

use domain::{access::Permission, id::kind};
use leptos::prelude::*;

use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    tenancy::{
        address::{key_of, tenant_path},
        rows::tenant_title,
        summary::map_notice,
    },
};
use state::{Answers, Step};

/// `/sources/:id/tenants/:key/restore?backup=…&what=…&to=…`
#[component]
pub fn WizardPage() -> impl IntoView {
    page(Place::Restores, |visit, me| async move {
        require(&me, Permission::RequestRestore)?;
        let source = visit.id::<kind::Source>()?;
        let key = key_of(visit.param("key").unwrap_or_default())?;
        let tenant = visit.backend.get_tenant(source, key.clone()).await?;
        let answers = Answers::read(&visit, source, &key);
        let step = answers.step();
        let panel = match step {
            Step::From => from::panel(&visit, &answers, &tenant.row).await?,
            Step::What => what::panel(&visit, &answers).await?,
            Step::To => to::choice_panel(&visit, &answers).await?,
            Step::Preview => to::preview_panel(&visit, &answers, &tenant.row),
            Step::New => to::new_panel(&visit, &answers, &tenant.row).await?,
        };
        let chosen = answers.chosen_panel(&tenant.row, &visit).await?;
        let body = view! {
            {map_notice(&tenant.map)}
            {answers.steps_view()}
            <div class="grid">{panel}{chosen}</div>
        };
        let title = format!("Restore {}", tenant_title(&tenant.row).replacen("Tenant", "tenant", 1));
        Ok(PageView::new(title, body)
            .under("Sources", "/sources")
            .under(tenant.row.database.clone(), format!("/sources/{source}"))
            .under(tenant_title(&tenant.row), tenant_path(source, &key)))
    })
}
