//! Restores into a new database.

use async_trait::async_trait;
use domain::{BackupId, ConnectionId, Fault, Lines, RunId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::port::ApiError;
#[cfg(feature = "ssr")]
use crate::port::backend;

/// A restore into a database that does not exist yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartRestore {
    /// What is restored.
    pub backup_id: BackupId,
    /// On which server.
    pub connection_id: ConnectionId,
    /// Under which name.
    pub database: String,
    /// The database's name once more, typed by the person who means it.
    pub confirm: String,
    /// Tables whose rows are loaded, as [`Lines::names`] reads them; all if empty.
    #[serde(default)]
    pub tables: Lines,
    /// Keys of tenants whose rows are loaded, with the shared ones, as [`Lines::names`] reads them; all if
    /// empty.
    #[serde(default)]
    pub tenants: Lines,
    /// Definitions only, no rows.
    #[serde(default)]
    pub schema_only: bool,
    /// To whom views, triggers, routines and events belong.
    #[serde(default)]
    pub definers: DefinerChoice,
    /// Accounts in place of others as `old@host=new@host`, as [`Lines::names`] reads them.
    #[serde(default)]
    pub replacements: Lines,
}

/// To whom views, triggers, routines and events belong, as a form offers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefinerChoice {
    /// To the account that restores.
    #[default]
    Strip,
    /// To whom they belonged.
    Keep,
    /// To others, account by account.
    Map,
}

/// What a page may ask about restores.
#[async_trait]
pub trait RestoresPort: Send + Sync {
    /// Queues a restore.
    async fn start_restore(&self, request: StartRestore) -> Result<RunId, Fault>;
}

/// Restores into a new database.
#[server(name = StartRestoreFn, prefix = "/fn", endpoint = "restores/start")]
pub async fn start_restore(request: StartRestore) -> Result<RunId, ApiError> {
    let id = backend()?.start_restore(request).await?;
    Ok(crate::redirect_to(&format!("/runs/{id}"), id))
}
