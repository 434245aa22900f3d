//! Where notices go.

use async_trait::async_trait;
use domain::{Fault, Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    approvals::api::Outcome,
    port::{ApiError, SecretText},
};
#[cfg(feature = "ssr")]
use crate::{approvals::api::went_to, port::backend};

/// Where notices go, as it is shown: secrets are never sent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// Address for e-mail; empty if none.
    pub email_to: String,
    /// Whether the server can send mail at all (configuration file).
    pub smtp_configured: bool,
    /// URL of the webhook; empty if none.
    pub webhook_url: String,
    /// Whether a signing secret is stored.
    pub has_webhook_secret: bool,
    /// The newest deliveries, newest first, ten at most.
    pub deliveries: Vec<Delivery>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When it was made.
    pub at: Timestamp,
    /// `email` or `webhook`.
    pub channel: String,
    /// What it is about.
    pub subject: String,
    /// `sent`, `waiting` or `failed`.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// Where notices shall go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetChannels {
    /// Address for e-mail; empty for none.
    #[serde(default)]
    pub email_to: String,
    /// URL of the webhook; empty for none.
    #[serde(default)]
    pub webhook_url: String,
    /// Signing secret of the webhook; empty keeps the stored one.
    #[serde(default)]
    pub webhook_secret: SecretText,
    /// Why, where somebody else has to agree.
    #[serde(default)]
    pub reason: String,
}

/// What a page may ask about alerts.
#[async_trait]
pub trait AlertsPort: Send + Sync {
    /// Where notices go.
    async fn channels(&self) -> Result<Channels, Fault>;
    /// Changes where notices go. What takes a channel away or leads it elsewhere waits for somebody else.
    async fn set_channels(&self, request: SetChannels) -> Result<Outcome, Fault>;
    /// Sends a test notice everywhere.
    async fn test_channels(&self) -> Result<(), Fault>;
}

/// Changes where notices go.
#[server(name = SetChannelsFn, prefix = "/fn", endpoint = "alerts/set_channels")]
pub async fn set_channels(request: SetChannels) -> Result<Outcome, ApiError> {
    let outcome = backend()?.set_channels(request).await?;
    Ok(crate::redirect_to(&went_to(outcome, "/settings?done=channels"), outcome))
}

/// Sends a test notice.
#[server(name = TestChannelsFn, prefix = "/fn", endpoint = "alerts/test")]
pub async fn test_channels() -> Result<(), ApiError> {
    backend()?.test_channels().await?;
    crate::redirect_to("/settings?done=test", ());
    Ok(())
}
