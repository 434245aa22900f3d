//! Where notices go: read, changed, tried.

use app::{
    alerts::api::{Channels, Delivery, SetChannels},
    approvals::api::Outcome,
};
use catalog::{NewChannels, Scope, Sealed};
use domain::{Fault, access::may, approvals::Change};
use engine::seal::credentials;
use secrecy::SecretString;

use super::{channels::webhook::check_url, deliver::WebhookBinding};
use crate::{
    access::people::check_email,
    approvals::ask::ask_or_do,
    caller::Caller,
    fault::{Result, Wrong},
};

const DELIVERIES: u32 = 10;
const LONGEST_URL: usize = 2000;

/// Where notices go. Secrets are never sent back.
pub async fn read(caller: &Caller, scope: Scope<may::ReadSettings>) -> Result<Channels> {
    let rows = caller.rows(&scope);
    let channels = rows.channels().await?;
    let deliveries = rows.list_deliveries(DELIVERIES).await?.into_iter().map(|row| Delivery {
        at: row.at,
        channel: row.channel,
        subject: row.subject,
        state: row.state,
        error: row.error,
    });
    Ok(Channels {
        email_to: channels.email_to.unwrap_or_default(),
        smtp_configured: caller.services.config.smtp.is_some(),
        webhook_url: channels.webhook_url.unwrap_or_default(),
        has_webhook_secret: channels.has_webhook_secret,
        deliveries: deliveries.collect(),
    })
}

/// Changes where notices go; what takes a channel away needs somebody else.
pub async fn set(caller: &Caller, scope: Scope<may::ManageAlerts>, request: SetChannels) -> Result<Outcome> {
    let secret = Some(request.webhook_secret.0).filter(|secret| !secret.is_empty()).map(SecretString::from);
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut wrong = Wrong::default();
    let email_to = given(&request.email_to).and_then(|text| wrong.check("email_to", check_email(&text)));
    let webhook_url = given(&request.webhook_url);
    if let Some(url) = &webhook_url {
        if url.len() > LONGEST_URL {
            wrong.note("webhook_url", format!("a URL has at most {LONGEST_URL} characters"));
        }
        wrong.check("webhook_url", check_url(url));
    } else if secret.is_some() {
        wrong.note("webhook_secret", "a signing secret needs a webhook");
    }
    wrong.finish()?;
    let webhook_secret = match (&webhook_url, secret) {
        (Some(url), Some(secret)) => {
            let bound = WebhookBinding::new(scope.tenant(), url)
                .map_err(|message| Fault::invalid("webhook_url", message))?;
            let workers = caller.services.vault.worker_public();
            Some(Sealed(credentials::seal(workers, bound.binding(), &secret)?))
        }
        _ => None,
    };
    let rows = caller.rows(&scope);
    let before = rows.channels().await?;
    // A channel that is taken away or leads elsewhere: whoever was told is not told any more.
    let is_lost = |before: &Option<String>, after: &Option<String>| before.is_some() && before != after;
    if is_lost(&before.email_to, &email_to) || is_lost(&before.webhook_url, &webhook_url) {
        let webhook_secret = webhook_secret.map(|Sealed(sealed)| hex::encode(sealed));
        let change = Change::SetChannels { email_to, webhook_url, webhook_secret };
        return ask_or_do(caller, &scope, &change, &request.reason).await;
    }
    rows.set_channels(NewChannels { email_to, webhook_url, webhook_secret }).await?;
    Ok(Outcome::DONE)
}

/// Puts a test notice into every channel's outbox.
pub async fn test(caller: &Caller, scope: Scope<may::ManageAlerts>) -> Result<()> {
    if caller.rows(&scope).queue_test_notice().await? == 0 {
        return Err(Fault::invalid("email_to", "enter an address or a webhook first and save it").into());
    }
    Ok(())
}
