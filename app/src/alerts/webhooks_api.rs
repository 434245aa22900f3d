//! Where programs are told what happens.

use async_trait::async_trait;
use domain::{Fault, Timestamp, audit::Act, id::WebhookId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::port::{ApiError, SecretText};

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookView {
    /// Which.
    pub id: WebhookId,
    /// Where events are posted.
    pub url: String,
    /// What it is told of.
    pub acts: Vec<Act>,
    /// Whether it is told; if not, it was given up until somebody resumes it.
    pub is_active: bool,
    /// The last entry of the audit trail that it was told of, or that was none for it.
    pub sent: u64,
    /// Failed attempts for the next one.
    pub attempts: i64,
    /// When the next is tried, if the last one failed.
    pub next_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was told something.
    pub last_sent_at: Option<Timestamp>,
}

/// A webhook to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddWebhook {
    /// Where events shall be posted.
    pub url: String,
    /// By which they are signed.
    pub secret: SecretText,
    /// Keys of the acts that it is told of.
    #[serde(default)]
    pub acts: Vec<String>,
}

/// One webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WebhookRef {
    /// Which.
    pub id: WebhookId,
}

/// What a page may ask about webhooks.
#[async_trait]
pub trait WebhooksPort: Send + Sync {
    /// Every one, the oldest first.
    async fn list_webhooks(&self) -> Result<Vec<WebhookView>, Fault>;
    /// Makes one. It is told what happens from now on.
    async fn add_webhook(&self, request: AddWebhook) -> Result<WebhookId, Fault>;
    /// Removes one.
    async fn remove_webhook(&self, request: WebhookRef) -> Result<(), Fault>;
    /// Tries one again at once, from where it stood.
    async fn resume_webhook(&self, request: WebhookRef) -> Result<(), Fault>;
}

/// Makes a webhook.
#[server(name = AddWebhookFn, prefix = "/fn", endpoint = "alerts/add_webhook")]
pub async fn add_webhook(request: AddWebhook) -> Result<WebhookId, ApiError> {
    let id = backend()?.add_webhook(request).await?;
    Ok(crate::redirect_to("/settings/webhooks?done=added", id))
}

/// Removes a webhook.
#[server(name = RemoveWebhookFn, prefix = "/fn", endpoint = "alerts/remove_webhook")]
pub async fn remove_webhook(request: WebhookRef) -> Result<(), ApiError> {
    backend()?.remove_webhook(request).await?;
    crate::redirect_to("/settings/webhooks?done=removed", ());
    Ok(())
}

/// Tries a webhook again.
#[server(name = ResumeWebhookFn, prefix = "/fn", endpoint = "alerts/resume_webhook")]
pub async fn resume_webhook(request: WebhookRef) -> Result<(), ApiError> {
    backend()?.resume_webhook(request).await?;
    crate::redirect_to("/settings/webhooks?done=resumed", ());
    Ok(())
}
