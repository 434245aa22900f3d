//! How the map that tells tenants apart stands, in a badge, a sentence and a notice.

use domain::{Timestamp, sources::EngineKind, tenancy::Drift};
use leptos::prelude::*;

use super::{
    address::mapping_path,
    map_api::{MapState, MapSummary, RouteCounts},
};
use crate::ui::{
    badge::{Badged, Tone},
    notice::notice,
    text::{count, name, number, visible},
    time::when,
};

/// Drifted tables that a notice names; the map's page has all of them.
const NAMED: usize = 5;

impl Badged for MapState {
    fn tone_and_word(&self) -> (Tone, &'static str) {
        match self {
            Self::Missing => (Tone::Mute, "No map yet"),
            Self::Unconfirmed => (Tone::Warn, "Not confirmed"),
            Self::Confirmed => (Tone::Good, "Confirmed"),
            Self::Changed => (Tone::Warn, "Changes not confirmed"),
        }
    }
}

/// When a map was confirmed and by whom.
pub fn confirmed(map: &MapSummary, now: Option<Timestamp>) -> AnyView {
    let Some(at) = map.confirmed_at else {
        return view! { <span class="muted">"never"</span> }.into_any();
    };
    let by = map.confirmed_by.as_ref().map(|who| view! { " by "{name(who)} });
    view! { {when(at, now)}{by} }.into_any()
}

/// What keeps the tenants of a source from being told apart, with the way to mend it; nothing if all is well.
pub fn map_notice(map: &MapSummary) -> Option<AnyView> {
    let path = format!("/sources/{}/map", map.source_id);
    let database = name(&map.database);
    if map.engine != EngineKind::Native {
        let words = view! { <p><b>{database}" is backed up by mysqldump, which mixes all tenants in one stream."</b></p>
        <p>"Choose the native engine in the "<a href=format!("/sources/{}#engine", map.source_id)>"settings of the source"</a>"."</p> };
        return Some(notice(Tone::Warn, words));
    }
    let (sentence, link) = match map.state {
        MapState::Missing => ("Nobody has said yet whose rows are whose in ", "Open the tenant map"),
        MapState::Unconfirmed => {
            ("The tenant map was inferred and nobody has confirmed it: ", "Look at it and confirm it")
        }
        MapState::Changed => {
            ("Backups do not follow the newest changes of the tenant map of ", "Confirm them")
        }
        MapState::Confirmed if map.drift.is_empty() => return None,
        MapState::Confirmed => {
            ("The schema is not what the tenant map was confirmed for: ", "Open the tenant map")
        }
    };
    let tone = if map.is_incomplete() { Tone::Bad } else { Tone::Warn };
    let incomplete = map.is_incomplete().then(|| {
        view! { <p>"Rows of tenants may lie among the shared ones; no tenant's backup is complete until this is mended."</p> }
    });
    Some(notice(
        tone,
        view! {
            <p><b>{sentence}{database}"."</b>" "<a href=path>{link}</a></p>
            {incomplete}
            {drift_list(map)}
        },
    ))
}

/// The first drifted tables.
fn drift_list(map: &MapSummary) -> Option<AnyView> {
    let total = map.drift.len();
    let lines = map.drift.iter().take(NAMED).map(|drift| {
        let path = mapping_path(map.source_id, drift.table());
        let text = visible(&drift.to_string());
        match drift {
            Drift::Gone { .. } => view! { <li><bdi>{text}</bdi></li> }.into_any(),
            _ => view! { <li><a href=path><bdi>{text}</bdi></a></li> }.into_any(),
        }
    });
    let lines = lines.collect_view();
    let more = (total > NAMED).then(|| {
        let path = format!("/sources/{}/map?attention=true", map.source_id);
        let words = format!("and {}", count((total - NAMED) as u64, "more table", "more tables"));
        view! { <li><a href=path>{words}</a></li> }
    });
    (total > 0).then(|| view! { <ul class="remarks">{lines}{more}</ul> }.into_any())
}

/// Tables by the way their rows are led.
pub fn counts_line(counts: RouteCounts) -> String {
    let total = counts.column + counts.paths + counts.shared + counts.excluded;
    format!(
        "{}: {} by a column, {} by foreign keys, {} shared, {} excluded",
        count(total, "table", "tables"),
        number(counts.column),
        number(counts.paths),
        number(counts.shared),
        number(counts.excluded)
    )
}
