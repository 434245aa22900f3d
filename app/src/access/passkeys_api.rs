//! Passkeys. Browser and server exchange what the standard says, as JSON; nobody reads it here.

use async_trait::async_trait;
use domain::{Fault, Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::port::ApiError;
#[cfg(feature = "ssr")]
use crate::port::backend;

/// One passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyView {
    /// Which.
    pub id: String,
    /// What its person calls it.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// A passkey that the browser has made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddPasskey {
    /// What to call it.
    pub name: String,
    /// What the browser answered.
    #[serde(default)]
    pub credential: String,
}

/// One passkey.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemovePasskey {
    /// Which.
    pub id: String,
}

/// A passkey that is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UsePasskey {
    /// What the browser answered.
    #[serde(default)]
    pub credential: String,
    /// Path to go to afterwards; only paths of this site are followed.
    #[serde(default)]
    pub next: Option<String>,
}

/// What a page may ask about passkeys.
#[async_trait]
pub trait PasskeysPort: Send + Sync {
    /// One's own, the oldest first.
    async fn passkeys(&self) -> Result<Vec<PasskeyView>, Fault>;
    /// What the browser is asked to make one.
    async fn begin_passkey(&self) -> Result<String, Fault>;
    /// Keeps one.
    async fn add_passkey(&self, request: AddPasskey) -> Result<(), Fault>;
    /// Takes one away.
    async fn remove_passkey(&self, request: RemovePasskey) -> Result<(), Fault>;
    /// What the browser is asked to show one.
    async fn ask_passkey(&self) -> Result<String, Fault>;
    /// Signs in by one, or proves that one is still oneself.
    async fn use_passkey(&self, request: UsePasskey) -> Result<(), Fault>;
}

/// What the browser is asked to make a passkey.
#[server(name = BeginPasskeyFn, prefix = "/fn", endpoint = "access/begin_passkey")]
pub async fn begin_passkey() -> Result<String, ApiError> {
    Ok(backend()?.begin_passkey().await?)
}

/// Keeps a passkey.
#[server(name = AddPasskeyFn, prefix = "/fn", endpoint = "access/add_passkey")]
pub async fn add_passkey(request: AddPasskey) -> Result<(), ApiError> {
    backend()?.add_passkey(request).await?;
    crate::redirect_to("/profile/security?done=passkey", ());
    Ok(())
}

/// Takes a passkey away.
#[server(name = RemovePasskeyFn, prefix = "/fn", endpoint = "access/remove_passkey")]
pub async fn remove_passkey(request: RemovePasskey) -> Result<(), ApiError> {
    backend()?.remove_passkey(request).await?;
    crate::redirect_to("/profile/security?done=passkey_removed", ());
    Ok(())
}

/// What the browser is asked to show a passkey.
#[server(name = AskPasskeyFn, prefix = "/fn", endpoint = "access/ask_passkey")]
pub async fn ask_passkey() -> Result<String, ApiError> {
    Ok(backend()?.ask_passkey().await?)
}

/// Uses a passkey.
#[server(name = UsePasskeyFn, prefix = "/fn", endpoint = "access/use_passkey")]
pub async fn use_passkey(request: UsePasskey) -> Result<(), ApiError> {
    let next = crate::local_path(request.next.as_deref());
    backend()?.use_passkey(request).await?;
    crate::redirect_to(&next, ());
    Ok(())
}
