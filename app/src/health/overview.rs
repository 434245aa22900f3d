//! The first page of the morning: one sentence, what needs a person, the numbers, the strip, what runs, what is new.

use domain::{ByteSize, Timestamp, clock::human_duration_ms, health::Standing};
use leptos::prelude::*;

use crate::{
    access::api::{Me, Setup},
    backups::{api::RunRow, progress::progress_line, rows::backups_table},
    health::api::{Concern, Overview},
    layout::{
        navigation::Place,
        page::{PageView, page},
    },
    ui::{
        badge::{Tone, badge},
        chart::{heat, sparkline},
        empty::empty,
        notice::notice,
        text::{count, name, visible},
    },
};

/// `/`
#[component]
pub fn OverviewPage() -> impl IntoView {
    page(Place::Overview, |visit, me| async move {
        let setup = visit.backend.setup().await?;
        let overview = visit.backend.overview().await?;
        let unconfirmed = (setup == Setup::RecoveryKeyUnconfirmed).then(|| {
            // Only whoever set Holdfast up is shown the key.
            let way = if me.powers.runs_installation {
                view! { <a href="/setup/recovery-key">"Store it and type it back"</a>"." }.into_any()
            } else {
                "The platform operator who set Holdfast up has to store it and type it back.".into_any()
            };
            notice(Tone::Warn, view! { <p>"The recovery key has not been checked yet. "{way}</p> })
        });
        let body = if overview.sources.is_empty() { first_steps(&me) } else { whole(overview) };
        Ok(PageView::new("Overview", view! { {unconfirmed}{body} }))
    })
}

fn first_steps(me: &Me) -> AnyView {
    let may = me.may(domain::access::Permission::ManageSources);
    let step = if may {
        view! { <p>"First step: "<a class="btn primary" href="/connections/new">"Add a server"</a></p> }
            .into_any()
    } else {
        view! { <p>"A tenant admin of your organisation adds servers and databases."</p> }.into_any()
    };
    view! { <section class="panel">{empty("Nothing is protected yet", step)}</section> }.into_any()
}

fn whole(overview: Overview) -> AnyView {
    let now = overview.now;
    let answer = answer(&overview);
    let concerns = concerns(&overview.concerns, now);
    let numbers = numbers(&overview);
    let strips = overview.sources.iter().zip(&overview.strip).map(|(source, strip)| {
        let last = source
            .restorable_to
            .map_or_else(|| "never".to_owned(), |at| human_duration_ms(now.since_ms(at).max(0)));
        (source.database.clone(), strip.clone(), last)
    });
    let strips = strips.collect::<Vec<_>>();
    let latest = if overview.latest.is_empty() {
        empty(
            "No backup yet",
            view! { <p>"Open a "<a href="/sources">"source"</a>" and back it up, or wait for its schedule."</p> },
        )
    } else {
        backups_table("Latest backups", overview.latest, Some(now), true)
    };
    view! {
        <div class="grid">
            {answer}
            {concerns}
            {numbers}
            <section class="panel c8">
                <header><h2>"Restorable points, last 14 days"</h2><span class="small muted">"at the end: age of the newest proven instant"</span></header>
                {heat(&overview.days, &strips)}
            </section>
            {running(&overview.active)}
            <section class="panel c12">
                <header><h2>"Latest backups"</h2><a href="/backups">"All backups"</a></header>
                {latest}
            </section>
        </div>
    }
    .into_any()
}

fn answer(overview: &Overview) -> AnyView {
    let (all, good) = (overview.sources.len(), overview.restorable());
    let of =
        |standing| overview.sources.iter().filter(|source| source.standing == standing).collect::<Vec<_>>();
    let (broken, late, new) = (of(Standing::NotRestorable), of(Standing::Late), of(Standing::New));
    let tone = match (broken.is_empty(), late.is_empty() && new.is_empty()) {
        (false, _) => Tone::Bad,
        (true, false) => Tone::Warn,
        (true, true) => Tone::Good,
    };
    let sentence = if good == all {
        if all == 1 {
            "The one source can be restored".to_owned()
        } else {
            format!("All {all} sources can be restored")
        }
    } else {
        format!("{good} of {} can be restored", count(all as u64, "source", "sources"))
    };
    let worst = broken.first().or(late.first()).or(new.first());
    let because = worst.map_or_else(
        || "Every newest backup was restored elsewhere and compared with its source.".to_owned(),
        |source| format!("{}: {}", visible(&source.database), visible(&source.because)),
    );
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{tone.sign()}</div>
                <div><p class="big">{sentence}</p><p class="muted">{because}</p></div>
            </div>
        </section>
    }
    .into_any()
}

fn concerns(concerns: &[Concern], now: Timestamp) -> AnyView {
    let items = concerns.iter().map(|concern| {
        let tone = match concern.severity {
            domain::sources::Severity::Bad => Tone::Bad,
            domain::sources::Severity::Warn => Tone::Warn,
            domain::sources::Severity::Good => Tone::Info,
        };
        view! {
            <li>
                {badge(tone, visible(&concern.title))}
                <span class="grow">
                    <a href=crate::local_path(Some(&concern.path))>{name(&concern.subject)}</a><br />
                    <span class="muted small">{visible(&concern.detail)}" · "<time datetime=concern.since.rfc3339() title=concern.since.exact()>{concern.since.relative(now)}</time></span>
                </span>
            </li>
        }
    });
    let body = if concerns.is_empty() {
        view! { <p class="muted">"Nothing at present."</p> }.into_any()
    } else {
        view! { <ul class="list">{items.collect_view()}</ul> }.into_any()
    };
    view! { <section class="panel c4"><header><h2>"Needs a person"</h2></header>{body}</section> }.into_any()
}

fn numbers(overview: &Overview) -> AnyView {
    let age = overview.worst_age_ms.map_or_else(|| "never proven".to_owned(), human_duration_ms);
    let restore = overview.slowest_restore_ms.map_or_else(|| "not measured".to_owned(), human_duration_ms);
    let share =
        (overview.expected > 0).then(|| u64::from(overview.completed) * 1000 / u64::from(overview.expected));
    let share = share.map_or_else(|| "–".to_owned(), |share| format!("{}.{} %", share / 10, share % 10));
    let runs = match overview.expected {
        0 => "none was due".to_owned(),
        expected => format!("{} of {expected} that were due", overview.completed),
    };
    let stored = overview.stored_by_day.last().copied().unwrap_or(ByteSize(0)).max(overview.stored);
    view! {
        <section class="panel stat c3">
            <p class="k">"Most that would be lost now"</p><p class="v">{age}</p>
            <p class="n">"age of the newest proven instant, "<a href="/sources">"worst source"</a></p>
        </section>
        <section class="panel stat c3">
            <p class="k">"Slowest measured restore"</p><p class="v">{restore}</p>
            <p class="n">"last verification of each source"</p>
        </section>
        <section class="panel stat c3">
            <p class="k">"Runs as expected, 7 days"</p><p class="v">{share}</p>
            <p class="n"><a href="/runs?kind=backup">{runs}</a></p>
        </section>
        <section class="panel stat c3">
            <p class="k">"Stored in all vaults"</p><p class="v">{stored.to_string()}</p>
            {sparkline("Stored at the end of each day", &overview.days, &overview.stored_by_day)}
        </section>
    }
    .into_any()
}

fn running(runs: &[RunRow]) -> AnyView {
    let items = runs.iter().map(|run| {
        view! {
            <li><span class="grow"><a href=format!("/runs/{}", run.id)>{run.kind.title()}" · "{name(&run.subject)}</a>{progress_line(run)}</span></li>
        }
    });
    let body = if runs.is_empty() {
        view! { <p class="muted">"Nothing runs or waits."</p> }.into_any()
    } else {
        view! { <ul class="list">{items.collect_view()}</ul> }.into_any()
    };
    view! { <section class="panel c4"><header><h2>"Running now"</h2><a href="/runs">"All runs"</a></header>{body}</section> }.into_any()
}
