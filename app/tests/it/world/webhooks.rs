//! The scripted backend's webhooks.

use app::alerts::webhooks_api::{AddWebhook, WebhookRef, WebhookView, WebhooksPort};
use async_trait::async_trait;
use domain::{Fault, audit::Act, id::WebhookId};

use super::{
    data::{self, HOUR, MARKUP, NOW},
    script::Script,
};

fn webhooks() -> Vec<WebhookView> {
    let webhook = |n, url: &str, is_active: bool, attempts: i64| WebhookView {
        id: data::id(n),
        url: url.into(),
        acts: vec![Act::BackupComplete, Act::RunFail],
        is_active,
        sent: 4711,
        attempts,
        next_at: (is_active && attempts > 0).then(|| NOW.plus_ms(HOUR)),
        error: (attempts > 0).then(|| MARKUP.into()),
        created_at: NOW.plus_ms(-48 * HOUR),
        last_sent_at: Some(NOW.plus_ms(-HOUR)),
    };
    vec![
        webhook(91, "https://hook.example/siem", true, 0),
        webhook(92, MARKUP, true, 3),
        webhook(93, "https://old.example/", false, 8),
    ]
}

#[async_trait]
impl WebhooksPort for Script {
    async fn list_webhooks(&self) -> Result<Vec<WebhookView>, Fault> {
        self.answer(|| Ok(Vec::new()), webhooks)
    }
    async fn add_webhook(&self, _: AddWebhook) -> Result<WebhookId, Fault> {
        Err(Fault::invalid("url", "use https://"))
    }
    async fn remove_webhook(&self, _: WebhookRef) -> Result<(), Fault> {
        Err(Fault::NotFound)
    }
    async fn resume_webhook(&self, _: WebhookRef) -> Result<(), Fault> {
        Err(Fault::NotFound)
    }
}
