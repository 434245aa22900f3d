//! Where to: into the live database, by way of a preview, or into a new one.

use domain::{Fault, Lines, backups::Verification};
use leptos::prelude::*;

use super::state::{Answers, Step, along, what_key};
use crate::{
    layout::page::Visit,
    restores::{
        api::StartRestoreFn,
        definers::definer_fields,
        request_api::{PlanRestoreFn, What},
    },
    tenancy::api::TenantRow,
    ui::{
        badge::Tone,
        choice::{Way, choice},
        empty::empty,
        field::{Field, hidden},
        form::form,
        notice::notice,
        text::{name, visible},
    },
};

/// The choice of the destination.
pub async fn choice_panel(visit: &Visit, answers: &Answers) -> Result<AnyView, Fault> {
    let backup = visit.backend.get_backup(answers.backup.ok_or(Fault::NotFound)?).await?;
    let can_be_new = answers.what != Some(What::Rows);
    let ways = vec![
        Way::new("live", "Into the live database")
            .hint("A preview shows every row that would change; nothing is changed until a second person has agreed to exactly that. Can be undone.")
            .chosen(true),
        Way::new("new", "Into a new database")
            .hint(if can_be_new {
                "To look at the rows beside the live ones, or to hand them over. Touches no database that exists."
            } else {
                "Only for whole tables: choose those instead of rows."
            })
            .possible(can_be_new),
    ];
    let unproven = unproven(backup.row.verification);
    Ok(view! {
        <section class="panel c8">
            <header><h2>"Where to?"</h2></header>
            {unproven}
            <form method="get" action=answers.path() class="form">
                {along(answers.fields(Step::To))}
                {choice("to", "to", "Where the rows go", ways)}
                <button class="btn primary">"Next"</button>
            </form>
        </section>
    }
    .into_any())
}

fn unproven(verification: Verification) -> Option<AnyView> {
    (verification != Verification::RestoreOk).then(|| {
        notice(Tone::Warn, "This backup is not proven. Its bytes are checked while they are read, but no restore of it was ever compared with the source.")
    })
}

/// The last step before the preview: what it does and the button that computes it.
pub fn preview_panel(visit: &Visit, answers: &Answers, tenant: &TenantRow) -> AnyView {
    let posted = visit.posted::<PlanRestoreFn>();
    let what = answers.what.unwrap_or(What::Everything);
    let rest = match what {
        What::Everything => ().into_any(),
        What::Tables => hidden("tables", answers.tables.0.clone()),
        What::Rows => {
            view! { {hidden("table", answers.table.clone())}{hidden("keys", answers.keys.0.clone())} }
                .into_any()
        }
    };
    let fields = view! {
        {hidden("backup_id", answers.backup.map(|backup| backup.to_string()).unwrap_or_default())}
        {hidden("tenant", answers.tenant.as_str())}
        {hidden("what", what_key(what))}
        {rest}
        <button class="btn primary">"Compute the preview"</button>
    };
    view! {
        <section class="panel c8">
            <header><h2>"Preview"</h2></header>
            <dl class="facts">
                <dt>"What happens now"</dt><dd>"The rows of the tenant in the backup are compared with those in "{name(&tenant.database)}". Both are only read."</dd>
                <dt>"What comes of it"</dt><dd>"A list of every row that would come back, change or be deleted, with a digest."</dd>
                <dt>"What happens then"</dt><dd>"You look at it and ask for it; a second person agrees; then it is applied, in one transaction. Rows written meanwhile make it refuse, never overwrite."</dd>
            </dl>
            {form("/fn/restores/plan", &posted, fields)}
        </section>
    }
    .into_any()
}

/// A new database for the tenant's rows.
pub async fn new_panel(visit: &Visit, answers: &Answers, tenant: &TenantRow) -> Result<AnyView, Fault> {
    let backup = visit.backend.get_backup(answers.backup.ok_or(Fault::NotFound)?).await?;
    let posted = visit.posted::<StartRestoreFn>();
    let body = if backup.targets.is_empty() {
        empty(
            "No server to restore to",
            view! { <p><a href="/connections/new">"Add a server"</a>" whose account may create a database."</p> },
        )
    } else {
        let servers = backup.targets.iter().map(|(id, label)| (id.to_string(), visible(label))).collect();
        let tables = (answers.what == Some(What::Tables)).then(|| hidden("tables", answers.tables.0.clone()));
        let fields = view! {
            {hidden("backup_id", backup.row.id.to_string())}
            {hidden("tenants", Lines::of_names([answers.tenant.as_str()]).0)}
            {tables}
            {Field::choice("restore", "connection_id", "On this server", servers)
                .hint("Its account must be allowed to create this database and everything in it; an account for backups only is not.")
                .after(&posted).view()}
            {Field::text("restore", "database", "Name of the new database")
                .hint("A name that is not in use there.").after(&posted).view()}
            {Field::text("restore", "confirm", "The same name once more")
                .hint("Typed, not copied: it is the name that will appear on that server.").after(&posted).view()}
            {definer_fields(&posted)}
            <button class="btn danger">"Restore into this new database"</button>
        };
        form("/fn/restores/start", &posted, fields)
    };
    Ok(view! {
        <section class="panel c8">
            <header><h2>"A new database"</h2></header>
            {unproven(backup.row.verification)}
            <dl class="facts">
                <dt>"What changes"</dt><dd>"A new database appears on the server you choose. No database that exists is touched."</dd>
                <dt>"What is in it"</dt><dd>"Every table, the shared rows, and the rows of tenant "{name(tenant.key.as_str())}" only."</dd>
                <dt>"How to undo"</dt><dd>"Drop the new database."</dd>
            </dl>
            {body}
        </section>
    }
    .into_any())
}
