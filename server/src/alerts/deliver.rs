//! Delivers the outbox.
//!
//! A notice was written in the same transaction as what it tells of; this takes what is due, tries its channel and
//! writes down how it went. A crash between sending and writing sends twice, with the same id: a notice too many is
//! better than one too few.

use std::sync::Arc;

use catalog::{NoticeToSend, SystemTask};
use domain::Timestamp;
use engine::seal::credentials::{self, Binding};
use futures::future::join_all;
use secrecy::SecretString;

use super::channels::{
    Message, Undelivered,
    egress::EgressRules,
    email,
    webhook::{self, check_url},
};
use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Notices that are taken at once.
const AT_ONCE: u32 = 20;
/// Minutes between attempts; after the last one a notice is given up, a day and a half after it was made.
const BACK_OFF_MINUTES: [i64; 8] = [1, 5, 15, 60, 180, 360, 720, 720];

/// Delivers what is due.
pub async fn due(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Notices);
    let taken = system.take_notices(AT_ONCE).await?;
    // Beside each other: one silent receiver must not hold up the rest for longer than they are ours.
    let tried = join_all(taken.iter().map(|notice| deliver(services, notice))).await;
    let mut count = 0;
    for (notice, result) in taken.iter().zip(tried) {
        match result {
            Ok(()) => {
                system.notice_sent(notice).await?;
                count += 1;
            }
            Err(failure) => {
                tracing::warn!(notice.id = %notice.id, channel = notice.channel, "a notice was not delivered: {failure}");
                let next =
                    failure.later.then(|| next_attempt(notice.attempts, services.clock.now())).flatten();
                system.notice_failed(notice, &failure.reason, next).await?;
            }
        }
    }
    Ok(Swept::done(count))
}

/// When to try again after so many attempts; nothing after the last one.
pub(super) fn next_attempt(attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0);
    BACK_OFF_MINUTES.get(index).map(|minutes| now.plus_ms(minutes * 60_000))
}

async fn deliver(services: &Services, notice: &NoticeToSend) -> Result<(), Undelivered> {
    let message = message(notice, &services.config.web.public_url);
    match notice.channel.as_str() {
        "email" => {
            let server = services.config.smtp.as_ref().ok_or_else(|| {
                Undelivered::later(
                    "no mail server is configured; add an [smtp] section to the configuration file",
                )
            })?;
            email::send(&message, &notice.target, server).await
        }
        "webhook" => {
            let secret = open_secret(services, notice).await?;
            let rules = EgressRules { allowed: services.config.private_webhooks.clone() };
            webhook::send(&message, &notice.target, secret.as_ref(), &rules, services.clock.now()).await
        }
        other => Err(Undelivered::never(format!("this version knows no channel {other}"))),
    }
}

/// What every channel is given.
fn message(notice: &NoticeToSend, public_url: &str) -> Message {
    Message {
        id: notice.id.to_string(),
        kind: notice.kind.key(),
        subject: notice.subject.clone(),
        text: notice.body.clone(),
        url: (!public_url.is_empty() && !notice.path.is_empty())
            .then(|| format!("{public_url}{}", notice.path)),
        at: notice.created_at,
    }
}

/// What a webhook's signing secret is bound to, so that it signs nothing for another host.
pub struct WebhookBinding {
    tenant: String,
    host: String,
    port: u16,
}

impl WebhookBinding {
    /// For the webhook of an organisation.
    pub fn new(tenant: domain::TenantId, url: &str) -> Result<Self, String> {
        let url = check_url(url)?;
        Ok(Self {
            tenant: tenant.to_string(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
        })
    }
    /// As the sealing wants it.
    pub fn binding(&self) -> Binding<'_> {
        Binding { tenant: &self.tenant, connection: "webhook", host: &self.host, port: self.port, user: "" }
    }
}

async fn open_secret(
    services: &Services,
    notice: &NoticeToSend,
) -> Result<Option<SecretString>, Undelivered> {
    let Some(sealed) = &notice.webhook_secret else { return Ok(None) };
    let binding = WebhookBinding::new(notice.tenant_id, &notice.target).map_err(Undelivered::never)?;
    let key = services.vault.worker_key().await.map_err(|error| Undelivered::later(error.to_string()))?;
    credentials::open(&key, binding.binding(), &sealed.0)
        .map(Some)
        .map_err(|_| Undelivered::never("the signing secret was entered for another host; enter it again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_become_rarer_and_end() {
        assert_eq!(next_attempt(1, Timestamp(0)), Some(Timestamp(60_000)));
        assert_eq!(next_attempt(3, Timestamp(0)), Some(Timestamp(900_000)));
        assert_eq!(next_attempt(8, Timestamp(0)), Some(Timestamp(43_200_000)));
        assert_eq!(next_attempt(9, Timestamp(0)), None);
    }
}
