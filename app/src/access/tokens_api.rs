//! One's own tokens: by which programs act for a person in one organisation.

use async_trait::async_trait;
use domain::{Fault, Timestamp, TokenId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::port::{ApiError, SecretText};

/// Days that a token is good for, at most.
pub const MOST_DAYS: u32 = 365;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// Which.
    pub id: TokenId,
    /// What its maker calls it.
    pub name: String,
    /// How its secret begins.
    pub prefix: String,
    /// Names of the permissions that it has.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A token to make.
#[derive(Debug, Clone)]
pub struct MakeToken {
    /// What to call it.
    pub name: String,
    /// How many days it is good for.
    pub days: u32,
    /// Names of permissions; each has to be one's own.
    pub scopes: Vec<String>,
}

/// A token that was made. Its secret is shown this one time.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// What it is called.
    pub name: String,
    /// The secret.
    pub secret: SecretText,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// One token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenRef {
    /// Which.
    pub id: TokenId,
}

/// What a page may ask about one's own tokens.
#[async_trait]
pub trait TokensPort: Send + Sync {
    /// One's own, the newest first.
    async fn own_tokens(&self) -> Result<Vec<TokenView>, Fault>;
    /// Makes one.
    async fn make_token(&self, request: MakeToken) -> Result<MadeToken, Fault>;
    /// Revokes one.
    async fn revoke_token(&self, request: TokenRef) -> Result<(), Fault>;
}

/// Revokes one of one's own tokens.
#[server(name = RevokeTokenFn, prefix = "/fn", endpoint = "access/revoke_token")]
pub async fn revoke_token(request: TokenRef) -> Result<(), ApiError> {
    backend()?.revoke_token(request).await?;
    crate::redirect_to("/profile/tokens?done=revoked", ());
    Ok(())
}
