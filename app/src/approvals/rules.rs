//! By which rules people agree, who is away, and that an organisation of one person works alone.

use domain::{Timestamp, access::Permission, approvals::Class, clock::human_duration_ms};
use leptos::prelude::*;

use super::rules_api::{
    AbsenceView, AddAbsenceFn, ApprovalRules, EndAbsenceFn, RuleView, SetRuleFn, WorkAloneFn,
};
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, Visit, page, require},
    },
    ui::{
        badge::Tone,
        field::{Field, hidden},
        form::{button_form, form},
        notice::notice,
        table::{Table, text},
        text::{name, visible},
        time::when,
    },
};

const HOUR_MS: i64 = 3_600_000;

/// `/settings/approvals?class=…`
#[component]
pub fn ApprovalRulesPage() -> impl IntoView {
    page(Place::Approvals, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let rules = visit.backend.approval_rules().await?;
        let may = me.may(Permission::ManageUsers);
        let done = (visit.has_done("rule") || visit.has_done("absence") || visit.has_done("alone"))
            .then(|| notice(Tone::Good, "Changed."));
        let body = view! {
            {done}
            {alone_notice(&rules, &visit)}
            {rules_panel(&rules)}
            <div class="grid">
                {may.then(|| change_panel(&rules, &visit))}
                {absences_panel(&rules, &visit)}
                {may.then(|| alone_panel(&rules, &visit))}
            </div>
        };
        Ok(PageView::new("Rules of approval", body).under("Approvals", "/approvals"))
    })
}

fn alone_notice(rules: &ApprovalRules, visit: &Visit) -> Option<AnyView> {
    if let Some((since, reason)) = &rules.alone {
        let words = view! {
            <p><b>"This organisation works alone: no second person is asked for anything."</b></p>
            <p>"Since "{when(*since, visit.now)}": "<bdi>{visible(reason)}</bdi>" Everything that would need one is told to whoever gets the notices. It ends by itself as soon as somebody could agree."</p>
        };
        return Some(notice(Tone::Warn, words));
    }
    rules.nobody_could.then(|| {
        notice(
            Tone::Warn,
            "Nobody could agree to what you ask for: nobody else may, or only people whom you added or gave their role. Have somebody else add an approver.",
        )
    })
}

fn in_words(ms: i64) -> String {
    if ms == 0 { "at once".into() } else { format!("after {}", human_duration_ms(ms)) }
}

fn rules_panel(rules: &ApprovalRules) -> AnyView {
    let table = Table::new("What needs somebody else")
        .lead("What")
        .text("Who agrees")
        .number("How many")
        .text("Within")
        .text("Done")
        .number("Who could agree with you")
        .rows(rules.rules.iter().copied(), |row: RuleView| {
            let roles = row.class.permission().roles().iter().map(|role| role.title()).collect::<Vec<_>>();
            vec![
                text(row.class.title()),
                text(roles.join(", ")),
                text(row.rule.approvals.to_string()),
                text(human_duration_ms(row.rule.within_ms)),
                text(in_words(row.rule.cool_off_ms)),
                text(row.could_agree.to_string()),
            ]
        })
        .view();
    view! { <section class="panel">{table}</section> }.into_any()
}

fn change_panel(rules: &ApprovalRules, visit: &Visit) -> AnyView {
    let posted = visit.posted::<SetRuleFn>();
    let asked = visit.asked("class").and_then(|key| Class::find(&key)).unwrap_or(Class::RestoreLive);
    let rule = rules.rules.iter().find(|row| row.class == asked).map_or(asked.default_rule(), |row| row.rule);
    let classes =
        rules.rules.iter().map(|row| (row.class.key().to_owned(), row.class.title().to_owned())).collect();
    let fields = view! {
        {Field::choice("rule", "class", "What", classes).value(asked.key()).after(&posted).view()}
        {Field::text("rule", "approvals", "How many others have to agree").kind("number").value(rule.approvals.to_string()).after(&posted).view()}
        {Field::text("rule", "within_hours", "Within how many hours").kind("number").value((rule.within_ms / HOUR_MS).to_string()).after(&posted).view()}
        {Field::text("rule", "cool_off_hours", "How many hours it rests before it is done").kind("number").value((rule.cool_off_ms / HOUR_MS).to_string())
            .hint("It can be withdrawn meanwhile. 0 is at once.").after(&posted).view()}
        {Field::lines("rule", "reason", "Why").hint("Somebody else has to agree to another rule, too.").after(&posted).view()}
        <button class="btn">"Ask for this rule"</button>
    };
    view! {
        <section class="panel c6" id="change">
            <header><h2>"Another rule"</h2></header>
            {form("/fn/approvals/set_rule", &posted, fields)}
        </section>
    }
    .into_any()
}

fn absences_panel(rules: &ApprovalRules, visit: &Visit) -> AnyView {
    let posted = visit.posted::<AddAbsenceFn>();
    let ended = visit.posted::<EndAbsenceFn>();
    let mut deputies = vec![(String::new(), "nobody".to_owned())];
    deputies.extend(rules.deputies.iter().map(|(id, name)| (id.to_string(), visible(name))));
    let fields = view! {
        {Field::text("away", "from", "First day away").kind("date").after(&posted).view()}
        {Field::text("away", "through", "Last day away").kind("date").hint("Days are those of UTC.").after(&posted).view()}
        {Field::choice("away", "deputy", "Who agrees in your place", deputies)
            .hint("They agree with your voice, never to what they or you asked for, and it is written down as theirs for you.").after(&posted).view()}
        <button class="btn">"I am away"</button>
    };
    let lines = rules.absences.iter().map(|one| absence_line(one, visit.now));
    let list = if rules.absences.is_empty() {
        view! { <p class="muted">"Nobody is away."</p> }.into_any()
    } else {
        view! { <ul class="list">{lines.collect_view()}</ul> }.into_any()
    };
    view! {
        <section class="panel c6" id="away">
            <header><h2>"Who is away"</h2></header>
            {ended.summary()}
            {list}
            {rules.has_voice.then(|| view! {
                <details class="edit" open=posted.is_refused()>
                    <summary>"I am away…"</summary>
                    {form("/fn/approvals/add_absence", &posted, fields)}
                </details>
            })}
        </section>
    }
    .into_any()
}

fn absence_line(one: &AbsenceView, now: Option<Timestamp>) -> AnyView {
    let deputy = one.deputy.as_deref().map(|deputy| view! { "; "{name(deputy)}" agrees in their place" });
    let end = one.may_end.then(|| {
        let fields = vec![("request[id]", one.id.to_string())];
        button_form("/fn/approvals/end_absence", fields, "btn", "End it")
    });
    view! {
        <li><span class="grow">{name(&one.name)}": from "{when(one.from, now)}" until "{when(one.until, now)}{deputy}</span>{end}</li>
    }
    .into_any()
}

fn alone_panel(rules: &ApprovalRules, visit: &Visit) -> Option<AnyView> {
    let posted = visit.posted::<WorkAloneFn>();
    let body = if rules.alone.is_some() {
        let fields = vec![("request[alone]", "false".to_owned())];
        view! {
            {posted.summary()}
            {button_form("/fn/approvals/work_alone", fields, "btn", "Stop working alone")}
        }
        .into_any()
    } else if rules.nobody_could {
        let fields = view! {
            {hidden("alone", "true")}
            {Field::lines("alone", "reason", "Why there is nobody else").after(&posted).view()}
            <button class="btn danger">"Work without a second person"</button>
        };
        view! {
            <p class="muted small">"Only an organisation that has never had a second member can say so. Then one person, or one stolen account, can delete and change everything; each such act is told to whoever gets the notices, and this page and the overview keep saying so."</p>
            {form("/fn/approvals/work_alone", &posted, fields)}
        }
        .into_any()
    } else {
        return None;
    };
    Some(view! { <section class="panel c6" id="alone"><header><h2>"Working alone"</h2></header>{body}</section> }.into_any())
}
