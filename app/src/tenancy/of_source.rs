//! What the page of a source says about its tenants, and the choice of what reads it.

use domain::{Fault, SourceId, Timestamp, sources::EngineKind};
use leptos::prelude::*;

use super::{
    map_api::MapSummary,
    summary::{confirmed, counts_line, map_notice},
};
use crate::{
    layout::fault::{advice, sentence},
    ui::{
        badge::Badged,
        choice::{Way, choice},
        field::hidden,
        form::{Posted, form},
    },
};

/// The panel. A map that cannot be read now does not take the page of its source with it.
pub fn tenants_panel(
    source: SourceId,
    map: Result<MapSummary, Fault>,
    posted: &Posted,
    may_choose: bool,
    now: Option<Timestamp>,
) -> AnyView {
    let body = match map {
        Ok(map) => known(&map, posted, may_choose, now),
        Err(fault) => {
            view! { <p>{sentence(&fault)}</p><p class="muted small">{advice(&fault, None)}</p> }.into_any()
        }
    };
    view! {
        <section class="panel" id="engine">
            <header><h2>"Tenants"</h2><a href=format!("/sources/{source}/tenants")>"All tenants of it"</a></header>
            {body}
        </section>
    }
    .into_any()
}

fn known(map: &MapSummary, posted: &Posted, may_choose: bool, now: Option<Timestamp>) -> AnyView {
    let path = format!("/sources/{}/map", map.source_id);
    let engine = if may_choose {
        engine_form(map, posted)
    } else {
        view! { <p class="small">"Read by: "{map.engine.title()}</p> }.into_any()
    };
    view! {
        {map_notice(map)}
        <dl class="facts">
            <dt>"Tenant map"</dt><dd><a href=path>{map.state.badge()}</a></dd>
            <dt>"Confirmed"</dt><dd>{confirmed(map, now)}</dd>
            <dt>"It says"</dt><dd>{counts_line(map.counts)}</dd>
        </dl>
        {engine}
    }
    .into_any()
}

fn engine_form(map: &MapSummary, posted: &Posted) -> AnyView {
    let ways = EngineKind::OF_A_DATABASE.iter().map(|engine| {
        let hint = match engine {
            EngineKind::Native => "Reads in parallel and keeps each tenant under a key of its own, so that one tenant can be restored, exported and previewed.",
            EngineKind::Mysqldump | EngineKind::Physical => "The dump client of the server's family, one stream. Backups can be restored as a whole only.",
        };
        Way::new(engine.key(), engine.title()).hint(hint).chosen(map.engine == *engine)
    });
    let fields = view! {
        {hidden("source_id", map.source_id.to_string())}
        {choice("engine", "request[engine]", "What reads this source", ways.collect())}
        <button class="btn">"Use this engine from the next backup on"</button>
    };
    view! {
        <details class="edit" open=posted.is_refused()>
            <summary>{format!("Engine: {}", map.engine.title())}</summary>
            {form("/fn/tenancy/set_engine", posted, fields)}
        </details>
    }
    .into_any()
}
