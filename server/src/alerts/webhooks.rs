//! Webhooks: made, seen, removed, and told what happened.
//!
//! What a program is told is an entry of the audit trail, so it sees what the trail shows; whoever makes one must be
//! allowed to read the trail. It is told in the order of the trail, and one thing that cannot be delivered holds up the
//! rest: a program that follows must never see a restore before its approval. After a day and a half of failures the
//! webhook is suspended, its organisation is told, and it goes on where it stood when somebody resumes it.

use std::sync::Arc;

use app::alerts::webhooks_api::{AddWebhook, WebhookRef, WebhookView, WebhooksPort};
use async_trait::async_trait;
use catalog::{NewWebhook, Sealed, SystemTask, ToTell};
use domain::{
    Fault, TenantId,
    access::may::{ManageAlerts, ReadAudit},
    audit::Act,
    id::WebhookId,
};
use engine::seal::credentials;
use futures::future::join_all;
use secrecy::SecretString;

use super::{
    channels::{
        Undelivered,
        egress::EgressRules,
        webhook::{check_url, post},
    },
    deliver::{WebhookBinding, next_attempt},
};
use crate::{
    api::AuditEntry,
    audit::read::row,
    caller::Caller,
    fault::{Error, Result, Wrong},
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Webhooks that are told at once.
const AT_ONCE: u32 = 10;
const LONGEST_URL: usize = 2_000;
const SHORTEST_SECRET: usize = 16;

async fn list(caller: &Caller) -> Result<Vec<WebhookView>> {
    let scope = caller.allow::<ManageAlerts>().await?;
    let view = |webhook: catalog::Webhook| WebhookView {
        id: webhook.id,
        url: webhook.url,
        acts: webhook.acts,
        is_active: webhook.is_active,
        sent: webhook.sent,
        attempts: webhook.attempts,
        next_at: (webhook.is_active && webhook.attempts > 0).then_some(webhook.next_at),
        error: webhook.error,
        created_at: webhook.created_at,
        last_sent_at: webhook.last_sent_at,
    };
    Ok(caller.rows(&scope).list_webhooks().await?.into_iter().map(view).collect())
}

async fn add(caller: &Caller, request: AddWebhook) -> Result<WebhookId> {
    let scope = caller.allow::<ManageAlerts>().await?;
    caller.allow::<ReadAudit>().await?;
    let mut wrong = Wrong::default();
    let url = request.url.trim().to_owned();
    if url.len() > LONGEST_URL {
        wrong.note("url", format!("a URL has at most {LONGEST_URL} characters"));
    }
    wrong.check("url", check_url(&url));
    if request.secret.0.len() < SHORTEST_SECRET {
        wrong.note("secret", format!("a signing secret has at least {SHORTEST_SECRET} characters"));
    }
    let acts: Option<Vec<_>> = request.acts.iter().map(|key| Act::find(key)).collect();
    let Some(mut acts) = acts.filter(|acts| !acts.is_empty()) else {
        wrong.note("acts", "choose at least one of the things that it is told of");
        return Err(wrong.finish().err().unwrap_or(Fault::Forbidden).into());
    };
    wrong.finish()?;
    acts.sort();
    acts.dedup();
    let bound = WebhookBinding::new(scope.tenant(), &url)
        .map_err(|_| Error::Impossible("a URL was checked and is none"))?;
    let secret = SecretString::from(request.secret.0);
    let workers = caller.services.vault.worker_public();
    let secret = Sealed(credentials::seal(workers, bound.binding(), &secret)?);
    Ok(caller.rows(&scope).create_webhook(NewWebhook { url, secret, acts }).await?)
}

async fn remove(caller: &Caller, id: WebhookId) -> Result<()> {
    let scope = caller.allow::<ManageAlerts>().await?;
    Ok(caller.rows(&scope).remove_webhook(id).await?)
}

async fn resume(caller: &Caller, id: WebhookId) -> Result<()> {
    let scope = caller.allow::<ManageAlerts>().await?;
    Ok(caller.rows(&scope).resume_webhook(id).await?)
}

#[async_trait]
impl WebhooksPort for Caller {
    async fn list_webhooks(&self) -> Result<Vec<WebhookView>, Fault> {
        self.answer("list webhooks", list(self).await)
    }
    async fn add_webhook(&self, request: AddWebhook) -> Result<WebhookId, Fault> {
        self.answer("add a webhook", add(self, request).await)
    }
    async fn remove_webhook(&self, request: WebhookRef) -> Result<(), Fault> {
        self.answer("remove a webhook", remove(self, request.id).await)
    }
    async fn resume_webhook(&self, request: WebhookRef) -> Result<(), Fault> {
        self.answer("resume a webhook", resume(self, request.id).await)
    }
}

/// What is posted: an entry of the trail, and by what its receiver knows it again.
#[derive(serde::Serialize)]
struct Event<'e> {
    id: &'e str,
    #[serde(flatten)]
    entry: AuditEntry,
}

/// Tells webhooks what is new.
pub async fn tell(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Webhooks);
    let taken = system.take_webhooks(AT_ONCE).await?;
    // Beside each other: one silent receiver must not hold up those of others.
    let told = join_all(taken.iter().map(|webhook| tell_one(services, webhook))).await;
    let mut count = 0;
    for told in told {
        count += told?;
    }
    Ok(Swept::done(count))
}

async fn tell_one(services: &Services, webhook: &ToTell) -> Result<u64, JobError> {
    let system = services.catalog.system(SystemTask::Webhooks);
    let mut count = 0;
    let secret = match secret(services, webhook.tenant_id, webhook).await {
        Ok(secret) => secret,
        Err(failure) => return failed(services, webhook, webhook.attempts, &failure).await.map(|()| count),
    };
    let rules = EgressRules { allowed: services.config.private_webhooks.clone() };
    for entry in &webhook.entries {
        let (sequence, id) = (entry.sequence, format!("{}.{}", webhook.id, entry.sequence));
        let event = Event { id: &id, entry: AuditEntry::from(row(entry.clone())) };
        let sent = match serde_json::to_vec(&event) {
            Ok(body) => post(body, &id, &webhook.url, Some(&secret), &rules, services.clock.now()).await,
            Err(_) => Err(Undelivered::never("an entry of the audit trail could not be written as JSON")),
        };
        if let Err(failure) = sent {
            // Attempts were of the first one.
            let before = if count == 0 { webhook.attempts } else { 0 };
            return failed(services, webhook, before, &failure).await.map(|()| count);
        }
        system.webhook_told(webhook, sequence).await?;
        count += 1;
    }
    system.webhook_done(webhook).await?;
    Ok(count)
}

async fn failed(
    services: &Services,
    webhook: &ToTell,
    before: i64,
    failure: &Undelivered,
) -> Result<(), JobError> {
    tracing::warn!(webhook.id = %webhook.id, "a webhook was not told what happened: {failure}");
    let next = failure.later.then(|| next_attempt(before.saturating_add(1), services.clock.now())).flatten();
    Ok(services.catalog.system(SystemTask::Webhooks).webhook_failed(webhook, &failure.reason, next).await?)
}

async fn secret(
    services: &Services,
    tenant: TenantId,
    webhook: &ToTell,
) -> Result<SecretString, Undelivered> {
    let binding = WebhookBinding::new(tenant, &webhook.url).map_err(Undelivered::never)?;
    let key = services.vault.worker_key().await.map_err(|error| Undelivered::later(error.to_string()))?;
    credentials::open(&key, binding.binding(), &webhook.secret.0)
        .map_err(|_| Undelivered::never("the signing secret cannot be opened; make the webhook again"))
}
