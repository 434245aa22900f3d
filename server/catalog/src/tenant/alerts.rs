//! Where notices go.

use domain::Timestamp;

use crate::{Sealed, TenantCatalog, error::Result};

/// Where notices go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channels {
    /// Address for e-mail.
    pub email_to: Option<String>,
    /// URL of the webhook.
    pub webhook_url: Option<String>,
    /// Whether a signing secret is stored.
    pub has_webhook_secret: bool,
}

/// Where notices shall go.
#[derive(Debug, Clone, Default)]
pub struct NewChannels {
    /// Address for e-mail.
    pub email_to: Option<String>,
    /// URL of the webhook.
    pub webhook_url: Option<String>,
    /// A new signing secret, sealed; `None` keeps the stored one while the URL's host stays, and drops it with the URL.
    pub webhook_secret: Option<Sealed>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When the notice was made.
    pub at: Timestamp,
    /// `email` or `webhook`.
    pub channel: String,
    /// What it is about.
    pub subject: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl TenantCatalog<'_> {
    /// Where notices go.
    pub async fn channels(&self) -> Result<Channels> { todo!() }
    /// Changes where notices go.
    pub async fn set_channels(&self, new: NewChannels) -> Result<()> { todo!() }
    /// Puts a test notice into the outbox of every channel. Returns how many.
    pub async fn queue_test_notice(&self) -> Result<u64> { todo!() }
    /// The newest deliveries, newest first.
    pub async fn list_deliveries(&self, limit: u32) -> Result<Vec<Delivery>> { todo!() }
}
