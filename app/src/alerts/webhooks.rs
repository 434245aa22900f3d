//! Webhooks: how they stand, and the form that adds one.

use domain::{Timestamp, access::Permission, audit::Act};
use leptos::prelude::*;

use crate::{
    alerts::webhooks_api::{AddWebhookFn, RemoveWebhookFn, ResumeWebhookFn, WebhookView},
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::{Tone, badge},
        choice::{Way, boxes},
        empty::empty,
        field::Field,
        form::{Posted, button_form, form},
        notice::notice,
        table::Table,
        text::{name, or_none},
        time::when_or,
    },
};

/// What most programs want to be told of.
const USUAL: [Act; 6] = [
    Act::BackupComplete,
    Act::VerificationComplete,
    Act::RunFail,
    Act::TenantRestoreRequest,
    Act::TenantRestoreApplied,
    Act::ExportComplete,
];

/// `/settings/webhooks`
#[component]
pub fn WebhooksPage() -> impl IntoView {
    page(Place::Settings, |visit, me| async move {
        require(&me, Permission::ManageAlerts)?;
        let webhooks = visit.backend.list_webhooks().await?;
        let dones = [
            ("added", "Added. It is told what happens from now on."),
            ("removed", "Removed. It is told nothing more."),
            ("resumed", "Resumed. It goes on where it stood."),
        ];
        let done =
            dones.into_iter().find(|(key, _)| visit.has_done(key)).map(|(_, text)| notice(Tone::Good, text));
        let list = if webhooks.is_empty() {
            empty("No webhook yet", "A program that has to know at once what happens needs one.")
        } else {
            table_of(webhooks, visit.now)
        };
        let body = view! {
            {done}
            {visit.posted::<RemoveWebhookFn>().summary()}
            {visit.posted::<ResumeWebhookFn>().summary()}
            <p class="muted">"What happens here is posted as it stands in the audit trail, in its order, signed, and again until it
                is taken. Nothing is left out: a webhook that is down goes on where it stood."</p>
            <section class="panel">{list}</section>
            {add_form(&visit.posted::<AddWebhookFn>())}
        };
        Ok(PageView::new("Webhooks", body).under("Settings", "/settings"))
    })
}

fn table_of(webhooks: Vec<WebhookView>, now: Option<Timestamp>) -> AnyView {
    let table = Table::new("Webhooks").lead("Posts to").state("State").text("Of");
    let table = table.text("Last told").text("Next attempt").text("Error").text("Do");
    let rows = table.rows(webhooks, |webhook| {
        let (tone, state) = match (webhook.is_active, webhook.attempts) {
            (false, _) => (Tone::Bad, "Suspended"),
            (true, 0) => (Tone::Good, "Active"),
            (true, _) => (Tone::Warn, "Trying again"),
        };
        let field = || vec![("request[id]", webhook.id.to_string())];
        let resume = (!webhook.is_active || webhook.attempts > 0)
            .then(|| button_form("/fn/alerts/resume_webhook", field(), "btn", "Try now"));
        vec![
            name(&webhook.url),
            badge(tone, state),
            webhook.acts.iter().map(|act| act.title()).collect::<Vec<_>>().join(", ").into_any(),
            when_or(webhook.last_sent_at, now, "never"),
            when_or(webhook.next_at, now, "as it happens"),
            or_none(webhook.error.as_deref()),
            view! { {resume}{button_form("/fn/alerts/remove_webhook", field(), "btn", "Remove")} }.into_any(),
        ]
    });
    rows.view()
}

fn add_form(posted: &Posted) -> AnyView {
    let ways = Act::ALL.iter().map(|act| {
        Way::new(act.key(), act.title()).hint(view! { <code>{act.key()}</code> }).chosen(USUAL.contains(act))
    });
    let fields = view! {
        <div class="columns">
            {Field::text("add", "url", "Post to").kind("url").hint("An address with https://.").after(posted).view()}
            {Field::password("add", "secret", "Signing secret")
                .hint("Sixteen characters at least. The receiver proves with it that a request is from here.").after(posted).view()}
        </div>
        {boxes("add", "request[acts][]", "It is told of", ways.collect(), posted.about("acts"))}
        <button class="btn primary">"Add this webhook"</button>
    };
    view! {
        <section class="panel" id="add">
            <header><h2>"Add a webhook"</h2></header>
            {form("/fn/alerts/add_webhook", posted, fields)}
        </section>
    }
    .into_any()
}
