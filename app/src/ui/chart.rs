//! Numbers as pictures: SVG drawn on the server, a caption above, the numbers themselves in a table behind.
//!
//! Shapes differ as well as colours (a half bar is unproven, a crossed outline is missing), so that a strip can be
//! read in print and by the colour-blind.

use domain::{ByteSize, Timestamp};
use leptos::prelude::*;

use crate::{
    health::api::Day,
    ui::{
        table::{Table, text},
        text::visible,
    },
};

/// What a day of the strip is called.
pub const fn day_word(day: Day) -> &'static str {
    match day {
        Day::Proven => "proven",
        Day::Stored => "stored, not proven",
        Day::Missing => "missing or failed",
        Day::Nothing => "nothing due",
    }
}

fn day_name(at: Timestamp) -> String {
    at.utc().format("%-d %b").to_string()
}

/// Days of several sources, one strip each: name, days and the last word beside it.
pub fn heat(days: &[Timestamp], strips: &[(String, Vec<Day>, String)]) -> AnyView {
    let rows = strips.iter().map(|(source, strip, last)| {
        let label = format!("{}: {}", visible(source), summary(strip));
        view! {
            <div class="heat-row">
                <b><bdi>{visible(source)}</bdi></b>
                {strip_svg(strip, label)}
                <span class="last">{last.clone()}</span>
            </div>
        }
    });
    let ends = [days.first(), days.last()].map(|day| day.copied().map(day_name).unwrap_or_default());
    view! {
        <figure class="heat">
            <figcaption class="legend">
                <span><i class="key proven" aria-hidden="true"></i>"proven"</span>
                <span><i class="key stored" aria-hidden="true"></i>"stored, not proven"</span>
                <span><i class="key missing" aria-hidden="true"></i>"missing or failed"</span>
                <span><i class="key nothing" aria-hidden="true"></i>"nothing due"</span>
            </figcaption>
            {rows.collect_view()}
            <div class="heat-row axis" aria-hidden="true">
                <b></b><div class="ends"><span>{ends[0].clone()}</span><span>{ends[1].clone()}</span></div><span class="last"></span>
            </div>
            <details><summary>"The same as a table"</summary>{heat_table(days, strips)}</details>
        </figure>
    }
    .into_any()
}

fn summary(strip: &[Day]) -> String {
    let of = |day| strip.iter().filter(|&&other| other == day).count();
    format!(
        "{} of {} days proven, {} unproven, {} missing",
        of(Day::Proven),
        strip.len(),
        of(Day::Stored),
        of(Day::Missing)
    )
}

fn strip_svg(strip: &[Day], label: String) -> impl IntoView {
    let width = strip.len() * 20;
    let marks = strip.iter().enumerate().map(|(index, day)| {
        let x = index * 20 + 1;
        match day {
            Day::Proven => view! { <rect class="proven" x=x y="1" width="18" height="20" /> }.into_any(),
            Day::Stored => view! { <g class="stored"><rect class="soft" x=x y="1" width="18" height="20" /><rect x=x y="11" width="18" height="10" /></g> }.into_any(),
            Day::Missing => {
                let cross = format!("M{} 6l10 10m0-10l-10 10", x + 4);
                view! { <g class="missing"><rect class="soft" x=x y="1" width="18" height="20" /><path d=cross /></g> }.into_any()
            }
            Day::Nothing => view! { <rect class="nothing" x=x y="1" width="18" height="20" /> }.into_any(),
        }
    });
    let marks = marks.collect_view();
    view! {
        <svg role="img" aria-label=label viewBox=format!("0 0 {width} 22") preserveAspectRatio="none" height="22">{marks}</svg>
    }
}

fn heat_table(days: &[Timestamp], strips: &[(String, Vec<Day>, String)]) -> AnyView {
    let table = Table::new("Restorable points by source and day").lead("Source").text("Day").text("State");
    let cells = strips.iter().flat_map(|(source, strip, _)| {
        days.iter().zip(strip).map(move |(&day, &state)| (source, day, state))
    });
    table
        .rows(cells, |(source, day, state)| {
            vec![text(visible(source)), text(day_name(day)), text(day_word(state))]
        })
        .view()
}

/// Amounts over days as a filled line from zero, with the numbers behind.
pub fn sparkline(title: &'static str, days: &[Timestamp], amounts: &[ByteSize]) -> AnyView {
    let top = amounts.iter().map(|amount| amount.0).max().unwrap_or(0).max(1);
    let steps = amounts.len().saturating_sub(1).max(1);
    let point = |(index, amount): (usize, &ByteSize)| {
        // Whole numbers on a canvas of 1000 × 100: no fractions, no rounding to explain.
        let y = 96 - u64::try_from(u128::from(amount.0) * 88 / u128::from(top)).unwrap_or(0);
        format!("{} {y}", index * 1000 / steps)
    };
    let points = amounts.iter().enumerate().map(point).collect::<Vec<_>>();
    let line = format!("M{}", points.join(" L"));
    let area = format!("{line} L1000 96 L0 96Z");
    let first_and_last = amounts.first().zip(amounts.last());
    let label =
        first_and_last.map_or_else(String::new, |(first, last)| format!("{title}: from {first} to {last}"));
    let table = Table::new(title).lead("Day").number("Stored");
    let table = table
        .rows(days.iter().zip(amounts), |(&day, amount)| vec![text(day_name(day)), text(amount.to_string())]);
    let drawing = (points.len() > 1).then(|| {
        view! {
            <svg class="spark" role="img" aria-label=label viewBox="0 0 1000 100" preserveAspectRatio="none" height="46">
                <path class="area" d=area /><path class="line" d=line />
            </svg>
        }
    });
    view! {
        <figure class="sparkline">
            {drawing}
            <details><summary>"By day"</summary>{table.view()}</details>
        </figure>
    }
    .into_any()
}
