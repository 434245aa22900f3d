//! What a connection test found, with the exact lines that mend it.

use domain::sources::{Capabilities, Severity, Tested};
use leptos::prelude::*;

use crate::ui::{
    badge::{Badged, Tone, badge},
    text::{code_block, visible},
};

/// Every finding, worst first; those that are fine are folded away.
pub fn findings(found: &Capabilities) -> AnyView {
    let (fine, open): (Vec<_>, Vec<_>) =
        found.findings.iter().partition(|finding| finding.severity == Severity::Good);
    let open_count = open.len();
    let open = open.into_iter().map(|finding| {
        let remedy = (!finding.remedy.is_empty()).then(|| code_block("remedy", &finding.remedy));
        view! {
            <li class="finding">
                <p>{finding.severity.badge()}" "<b>{visible(&finding.title)}</b>": "{visible(&finding.found)}</p>
                <p class="muted">{visible(&finding.why)}</p>
                {remedy}
            </li>
        }
    });
    let open = open.collect_view();
    let fine_list = fine.iter().map(|finding| {
        view! { <li>{finding.severity.badge()}" "{visible(&finding.title)}": "<span class="muted">{visible(&finding.found)}</span></li> }
    });
    let fine_list = fine_list.collect_view();
    let answer = match open_count {
        0 => "This account can do everything a verified backup needs.".to_owned(),
        1 => "One thing could be better.".to_owned(),
        n => format!("{n} things could be better."),
    };
    let untested = (found.tested == Tested::Never).then(|| {
        view! { <p>{badge(Tone::Warn, "Never tested")}" Holdfast has not been tested with this version of the server. It may well work; verify the first backup before you rely on it."</p> }
    });
    let position = if found.can_prove_position {
        "Verifications can compare with the source at the very position of the dump."
    } else {
        "Verifications can compare with the rows of the dump only: this account cannot prove that two reads stand at the same position."
    };
    view! {
        <p class="lead-line">{answer}</p>
        {untested}
        <ul class="findings">{open}</ul>
        <p class="muted small">{position}</p>
        <details><summary>{format!("What is fine ({})", fine.len())}</summary><ul class="findings fine">{fine_list}</ul></details>
    }
    .into_any()
}
