//! One server: what its account can do, its databases, and the form to change it.

use domain::{
    Timestamp,
    access::Permission,
    audit::ObjectKind,
    backups::RunState,
    id::kind,
    sources::{Connection, TlsMode},
};
use leptos::prelude::*;

use crate::{
    audit::story::story,
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    sources::{
        api::{AddSourceFn, ChangeConnectionFn, ConnectionDetail, ProbeConnectionFn},
        connection_form::connection_fields,
        findings::findings,
        whole::whole_server_panel,
    },
    ui::{
        badge::{Badged, Tone, badge},
        empty::empty,
        field::{Field, hidden},
        form::{button_form, form},
        notice::notice,
        table::{Table, link},
        text::{name, none, visible},
        time::when_or,
    },
};

/// `/connections/:id`
#[component]
pub fn ConnectionPage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ReadSources)?;
        let detail = visit.backend.get_connection(visit.id::<kind::Connection>()?).await?;
        let may_manage = me.may(Permission::ManageSources);
        let probed = visit.posted::<ProbeConnectionFn>();
        let connection = &detail.row.connection;
        let test = me.may(Permission::ProbeSources).then(|| {
            button_form(
                "/fn/sources/probe_connection",
                vec![("request[id]", connection.id.to_string())],
                "btn primary",
                "Test this connection",
            )
        });
        let void = (!connection.has_credentials).then(|| {
            notice(Tone::Bad, "The stored password was for another host, port or account. Enter the password again below; until then nothing can be backed up from here.")
        });
        let title = connection.name.to_string();
        let found = found_panel(&detail, visit.now);
        let databases = databases_panel(&detail, &visit, may_manage);
        let whole = whole_server_panel(&detail, &visit, may_manage);
        let address = address_panel(connection, visit.now);
        let edit = may_manage.then(|| edit_panel(connection, &visit));
        let body = view! {
            {probed.summary()}
            {void}
            <div class="grid">
                {found}
                <div class="c5 stack">{databases}{whole}{address}{edit}</div>
            </div>
            {story(&me, ObjectKind::Connection, connection.id)}
        };
        Ok(PageView::new(title, body).under("Sources", "/sources").actions(test))
    })
}

fn found_panel(detail: &ConnectionDetail, now: Option<Timestamp>) -> AnyView {
    let probe = detail.probe.as_ref().map(|run| {
        let path = format!("/runs/{}", run.id);
        let error = run.error.as_ref().map(|error| {
            let hint = error.hint.as_deref().map(visible);
            notice(Tone::Bad, view! { <p><b>{visible(&error.message)}</b></p><p>{hint}</p> })
        });
        view! { <p class="small">"Newest test: "<a href=path>{run.state.badge()}</a></p>{error} }
    });
    let body = match &detail.row.connection.capabilities {
        Some(found) => findings(found),
        None => empty("Nothing is known about this server yet", what_next(detail)),
    };
    view! {
        <section class="panel c7">
            <header><h2>"What this account can do"</h2><span class="small muted">{when_or(detail.row.connection.probed_at, now, "no test completed yet")}</span></header>
            {probe}
            {body}
        </section>
    }
    .into_any()
}

fn what_next(detail: &ConnectionDetail) -> &'static str {
    if detail.probe.as_ref().is_some_and(|run| run.state == RunState::Failed) {
        "Mend what the test found, then test again. It tells which grants and settings are missing."
    } else {
        "The test tells which grants and settings are missing. Load this page again when it is done."
    }
}

fn databases_panel(detail: &ConnectionDetail, visit: &Visit, may_manage: bool) -> AnyView {
    let added = visit.posted::<AddSourceFn>();
    let id = detail.row.connection.id;
    let known = detail.protected.len() + detail.unprotected.len();
    let table = Table::new("Databases of this server").lead("Database").state("State");
    let table = if may_manage { table.text("Protect") } else { table };
    let table = table.rows(&detail.protected, |(id, database)| {
        vec![link(format!("/sources/{id}"), database), badge(Tone::Info, "Protected"), none()]
    });
    let table = table.rows(&detail.unprotected, |database| {
        let fields =
            vec![("request[connection_id]", id.to_string()), ("request[database]", database.clone())];
        let label = format!("Protect {}", visible(database));
        let protect = button_form("/fn/sources/add_source", fields, "btn", label);
        vec![name(database), badge(Tone::Mute, "Not protected"), protect]
    });
    let remark = match detail.row.connection.capabilities {
        None => "Databases appear here once a test was completed.",
        Some(_) if known == 0 => "This account sees no database.",
        Some(_) if detail.unprotected.is_empty() => "Every database that this account can see is protected.",
        Some(_) => "Protected here means: backed up through this account.",
    };
    view! {
        <section class="panel" id="databases">
            <header><h2>"Databases"</h2></header>
            {added.summary()}
            {(known > 0).then(|| table.view())}
            <p class="muted small">{remark}</p>
        </section>
    }
    .into_any()
}

fn address_panel(connection: &Connection, now: Option<Timestamp>) -> AnyView {
    let version = connection.capabilities.as_ref().map_or_else(
        || "not known yet".to_owned(),
        |found| format!("{} {}", found.family, visible(&found.version)),
    );
    let tls = match connection.tls {
        TlsMode::Verify => "encrypted, certificate checked",
        TlsMode::Encrypt => "encrypted, certificate not checked",
        TlsMode::Off => "not encrypted",
    };
    view! {
        <section class="panel">
            <header><h2>"Server"</h2></header>
            <dl class="facts">
                <dt>"Address"</dt><dd>{format!("{}:{}", visible(connection.host.as_str()), connection.port)}</dd>
                <dt>"Account"</dt><dd>{name(connection.user.as_str())}</dd>
                <dt>"Password"</dt><dd>{if connection.has_credentials { "stored, sealed" } else { "needed" }}</dd>
                <dt>"Connection"</dt><dd>{tls}</dd>
                <dt>"Version"</dt><dd>{version}</dd>
                <dt>"Last completed test"</dt><dd>{when_or(connection.probed_at, now, "none")}</dd>
            </dl>
        </section>
    }
    .into_any()
}

fn edit_panel(connection: &Connection, visit: &Visit) -> AnyView {
    let posted = visit.posted::<ChangeConnectionFn>();
    let fields = view! {
        {hidden("id", connection.id.to_string())}
        {hidden("version", connection.version.to_string())}
        {connection_fields(Some(connection), &posted)}
        {Field::text("server", "reason", "Why").optional()
            .hint("Needed for another host or port while databases are protected by this connection: somebody else has to agree to that.").after(&posted).view()}
        <button class="btn">"Save and test again"</button>
    };
    view! {
        <section class="panel" id="change">
            <details class="edit" open=posted.is_refused() || !connection.has_credentials>
                <summary>"Change this server"</summary>
                {form("/fn/sources/change_connection", &posted, fields)}
            </details>
        </section>
    }
    .into_any()
}
