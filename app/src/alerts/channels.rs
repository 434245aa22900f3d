//! The form that says where notices go, and the newest deliveries.

use domain::Timestamp;
use leptos::prelude::*;

use crate::{
    alerts::api::Channels,
    ui::{
        badge::{Tone, badge},
        empty::empty,
        field::Field,
        form::{Posted, button_form, form},
        notice::notice,
        table::{Table, text},
        text::{or_none, visible},
        time::when,
    },
};

/// Form and deliveries.
pub fn channels_panel(
    channels: Channels,
    posted: &Posted,
    tested: &Posted,
    may_manage: bool,
    now: Option<Timestamp>,
) -> AnyView {
    let has_secret = channels.has_webhook_secret;
    let (has_email, has_webhook) = (!channels.email_to.is_empty(), !channels.webhook_url.is_empty());
    // Whoever relies on being told must see that nothing would arrive.
    let unheard = match (has_email && channels.smtp_configured, has_webhook, has_email) {
        (true, ..) | (_, true, _) => None,
        (_, _, true) => {
            Some("No notice is sent: there is an address, but the server has no mail server to send by.")
        }
        (..) => Some("No notice is sent: there is neither an address nor a webhook."),
    };
    let unheard = unheard.map(|text| notice(Tone::Warn, text));
    let test = (has_email || has_webhook)
        .then(|| button_form("/fn/alerts/test", Vec::new(), "btn", "Send a test notice"));
    let secret_hint = if has_secret {
        "A secret is stored; leave this empty to keep it."
    } else {
        "Signs every request, so that the receiver can tell it is from here."
    };
    let body = if may_manage {
        let email = Field::text("channels", "email_to", "E-mail address").kind("email").optional();
        let email = email.value(channels.email_to);
        let email = if channels.smtp_configured {
            email
        } else {
            email.hint(view! { "No mail server is configured: add an "<code>"[smtp]"</code>" section to the configuration file first." })
        };
        let fields = view! {
            {email.after(posted).view()}
            {Field::text("channels", "webhook_url", "Webhook").kind("url").optional().value(channels.webhook_url)
                .hint("Receives a signed POST.").after(posted).view()}
            {Field::password("channels", "webhook_secret", "Signing secret of the webhook").optional().hint(secret_hint).after(posted).view()}
            {Field::text("channels", "reason", "Why").optional()
                .hint("Needed if somebody is not told any more, or somebody else is: another person has to agree to that.").after(posted).view()}
            <button class="btn primary">"Save where notices go"</button>
        };
        view! {
            {tested.summary()}
            {form("/fn/alerts/set_channels", posted, fields)}
            {test}
        }
        .into_any()
    } else {
        let or_word = |text: String| if text.is_empty() { "none".to_owned() } else { visible(&text) };
        view! {
            <dl class="facts">
                <dt>"E-mail address"</dt><dd>{or_word(channels.email_to)}</dd>
                <dt>"Webhook"</dt><dd>{or_word(channels.webhook_url)}</dd>
            </dl>
        }
        .into_any()
    };
    let deliveries = if channels.deliveries.is_empty() {
        empty("Nothing has been sent yet", "Notices and what became of them appear here.")
    } else {
        Table::new("Newest notices")
            .lead("About")
            .state("State")
            .text("Channel")
            .text("Sent")
            .text("Error")
            .rows(channels.deliveries, |delivery| {
                let state = match delivery.state.as_str() {
                    "sent" => badge(Tone::Good, "Sent"),
                    "failed" => badge(Tone::Bad, "Failed"),
                    _ => badge(Tone::Info, "Waiting"),
                };
                vec![
                    text(visible(&delivery.subject)),
                    state,
                    text(delivery.channel),
                    when(delivery.at, now),
                    or_none(delivery.error.as_deref()),
                ]
            })
            .view()
    };
    view! {
        <section class="panel c12" id="notices">
            <header><h2>"Notices"</h2></header>
            <p class="muted">"Sent when a backup fails for good, when a proof fails, and when a backup is overdue."</p>
            {unheard}
            {body}
        </section>
        <section class="panel c12">
            <header><h2>"Newest notices"</h2></header>
            {deliveries}
        </section>
    }
    .into_any()
}
