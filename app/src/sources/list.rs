//! Every source with its standing, and the servers they live on.

use domain::{access::Permission, health::Standing};
use leptos::prelude::*;

use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    sources::api::{ConnectionRow, SourceRow},
    ui::{
        badge::{Badged, Tone, badge},
        empty::empty,
        table::{Table, link, text},
        text::{count, name, visible},
        time::when_or,
    },
};

/// `/sources`
#[component]
pub fn SourcesPage() -> impl IntoView {
    page(Place::Sources, |visit, me| async move {
        require(&me, Permission::ReadSources)?;
        let sources = visit.backend.list_sources().await?;
        let connections = visit.backend.list_connections().await?;
        let may_manage = me.may(Permission::ManageSources);
        let add =
            may_manage.then(|| view! { <a class="btn primary" href="/connections/new">"Add a server"</a> });
        let restorable = sources
            .iter()
            .filter(|source| matches!(source.standing, Standing::Restorable | Standing::Late))
            .count();
        let answer = (!sources.is_empty()).then(|| {
            view! { <p class="lead-line">{format!("{restorable} of {} can be restored.", count(sources.len() as u64, "source", "sources"))}</p> }
        });
        let list = if sources.is_empty() {
            empty("No database is protected yet", first_step(&connections, may_manage))
        } else {
            let now = visit.now;
            Table::new("Sources, worst first")
                .lead("Database")
                .state("State")
                .text("Server")
                .text("Why")
                .text("Restorable to")
                .text("Next backup")
                .rows(sources, |source| source_cells(&source, now))
                .view()
        };
        let servers = (!connections.is_empty()).then(|| servers_panel(connections));
        let body = view! {
            {answer}
            <section class="panel">{list}</section>
            {servers}
        };
        Ok(PageView::new("Sources", body).actions(add))
    })
}

fn first_step(connections: &[ConnectionRow], may_manage: bool) -> AnyView {
    match (connections.first(), may_manage) {
        (_, false) => view! { <p>"A tenant admin of your organisation adds servers and databases."</p> }.into_any(),
        (Some(row), true) => {
            let path = format!("/connections/{}", row.connection.id);
            view! { <p>"Next: "<a href=path>"choose databases of "{name(row.connection.name.as_str())}</a>"."</p> }.into_any()
        }
        (None, true) => view! { <p>"First step: "<a href="/connections/new">"add a MySQL or MariaDB server"</a>"; then choose its databases."</p> }.into_any(),
    }
}

fn source_cells(source: &SourceRow, now: Option<domain::Timestamp>) -> Vec<AnyView> {
    let next = match source.active_run {
        Some(run) => {
            view! { <a href=format!("/runs/{run}")>{badge(Tone::Info, "Running now")}</a> }.into_any()
        }
        None => when_or(source.next_run_at, now, "not scheduled"),
    };
    vec![
        link(format!("/sources/{}", source.id), &source.database),
        source.standing.badge(),
        link(format!("/connections/{}", source.connection_id), &source.connection),
        text(visible(&source.because)),
        when_or(source.restorable_to, now, "never"),
        next,
    ]
}

fn servers_panel(connections: Vec<ConnectionRow>) -> AnyView {
    let table = Table::new("Servers")
        .lead("Server")
        .state("State")
        .text("Address")
        .text("Version")
        .number("Databases protected");
    let table = table.rows(connections, |row| {
        let connection = row.connection;
        let state = match (row.worst, connection.has_credentials) {
            (_, false) => badge(Tone::Bad, "Password needed"),
            (Some(worst), true) => worst.badge(),
            (None, true) => match row.probe {
                Some((_, state)) => {
                    badge(state.tone_and_word().0, format!("Test: {}", state.title().to_lowercase()))
                }
                None => badge(Tone::Mute, "Not tested"),
            },
        };
        let version = connection.capabilities.as_ref().map_or_else(
            || "not known yet".to_owned(),
            |found| format!("{} {}", found.family, visible(&found.version)),
        );
        let address = format!("{}:{}", visible(connection.host.as_str()), connection.port);
        vec![
            link(format!("/connections/{}", connection.id), connection.name.as_str()),
            state,
            text(address),
            text(version),
            text(row.sources.to_string()),
        ]
    });
    view! {
        <section class="panel">
            <header><h2>"Servers"</h2></header>
            {table.view()}
        </section>
    }
    .into_any()
}
