//! Connections and the databases protected through them.

use async_trait::async_trait;
use domain::{
    ConnectionId, Fault, RunId, SourceId, Timestamp,
    backups::RunState,
    health::Standing,
    sources::{Connection, EngineKind, Severity, TlsMode},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::{
    approvals::api::Outcome,
    backups::api::{BackupRow, RunRow},
    policies::api::ScheduleView,
    port::{ApiError, SecretText},
};
#[cfg(feature = "ssr")]
use crate::{approvals::api::went_to, port::backend};

/// One source in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Which.
    pub id: SourceId,
    /// The database, or what stands for the whole server.
    pub database: String,
    /// What reads it. The physical engine protects a whole server, all others one database.
    pub engine: EngineKind,
    /// The server, by its label.
    pub connection: String,
    /// Which server.
    pub connection_id: ConnectionId,
    /// `MariaDB 10.11.14`, empty before the first probe.
    pub server: String,
    /// Whether it can be restored.
    pub standing: Standing,
    /// One sentence that explains the standing.
    pub because: String,
    /// The instant that the newest proven backup holds.
    pub restorable_to: Option<Timestamp>,
    /// Next slot of its schedule.
    pub next_run_at: Option<Timestamp>,
    /// A run at work now.
    pub active_run: Option<RunId>,
}

/// One source with everything its page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceDetail {
    /// As in the list.
    pub row: SourceRow,
    /// When it was added.
    pub created_at: Timestamp,
    /// Its server.
    pub connection: Connection,
    /// Its schedules.
    pub schedules: Vec<ScheduleView>,
    /// Newest backups first, ten at most.
    pub backups: Vec<BackupRow>,
    /// Newest runs first, ten at most.
    pub runs: Vec<RunRow>,
}

/// One server in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRow {
    /// The server.
    pub connection: Connection,
    /// Databases protected through it.
    pub sources: u32,
    /// The worst finding of the last probe.
    pub worst: Option<Severity>,
    /// The newest probe.
    pub probe: Option<(RunId, RunState)>,
}

/// One server with its databases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionDetail {
    /// As in the list.
    pub row: ConnectionRow,
    /// The newest probe with its error, if it failed.
    pub probe: Option<RunRow>,
    /// Databases on it that are protected.
    pub protected: Vec<(SourceId, String)>,
    /// Databases on it that are not.
    pub unprotected: Vec<String>,
    /// The source that protects all of it by its files.
    pub whole: Option<SourceId>,
}

/// A server to add.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddConnection {
    /// What people call it.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Account.
    pub user: String,
    /// Its password; sealed at once to the workers' key.
    pub password: SecretText,
    /// Protection of the connection.
    pub tls: TlsMode,
}

/// A change to a server. Another host, port or user voids the stored password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeConnection {
    /// Which.
    pub id: ConnectionId,
    /// The version that was looked at.
    pub version: i64,
    /// What people call it.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Account.
    pub user: String,
    /// A new password; empty keeps the stored one, if host, port and user stay.
    #[serde(default)]
    pub password: SecretText,
    /// Protection of the connection.
    pub tls: TlsMode,
    /// Why, where somebody else has to agree.
    #[serde(default)]
    pub reason: String,
}

/// One server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectionRef {
    /// Which.
    pub id: ConnectionId,
}

/// One source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourceRef {
    /// Which.
    pub id: SourceId,
}

/// A database to protect. It gets the daily schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddSource {
    /// On which server.
    pub connection_id: ConnectionId,
    /// Which database.
    pub database: String,
}

/// What a page may ask about sources.
#[async_trait]
pub trait SourcesPort: Send + Sync {
    /// Every source, worst standing first.
    async fn list_sources(&self) -> Result<Vec<SourceRow>, Fault>;
    /// One source.
    async fn get_source(&self, id: SourceId) -> Result<SourceDetail, Fault>;
    /// Every server.
    async fn list_connections(&self) -> Result<Vec<ConnectionRow>, Fault>;
    /// One server.
    async fn get_connection(&self, id: ConnectionId) -> Result<ConnectionDetail, Fault>;
    /// Adds a server and queues its probe.
    async fn add_connection(&self, request: AddConnection) -> Result<ConnectionId, Fault>;
    /// Changes a server and queues its probe.
    /// Another host or port of a server by which something is protected waits for somebody else.
    async fn change_connection(&self, request: ChangeConnection) -> Result<Outcome, Fault>;
    /// Queues a probe.
    async fn probe_connection(&self, request: ConnectionRef) -> Result<RunId, Fault>;
    /// Protects a database.
    async fn add_source(&self, request: AddSource) -> Result<SourceId, Fault>;
    /// Protects a whole server by its files.
    async fn add_server(&self, request: ConnectionRef) -> Result<SourceId, Fault>;
}

/// Adds a server.
#[server(name = AddConnectionFn, prefix = "/fn", endpoint = "sources/add_connection")]
pub async fn add_connection(request: AddConnection) -> Result<ConnectionId, ApiError> {
    let id = backend()?.add_connection(request).await?;
    Ok(crate::redirect_to(&format!("/connections/{id}"), id))
}

/// Changes a server.
#[server(name = ChangeConnectionFn, prefix = "/fn", endpoint = "sources/change_connection")]
pub async fn change_connection(request: ChangeConnection) -> Result<Outcome, ApiError> {
    let path = format!("/connections/{}", request.id);
    let outcome = backend()?.change_connection(request).await?;
    Ok(crate::redirect_to(&went_to(outcome, &path), outcome))
}

/// Tests a server.
#[server(name = ProbeConnectionFn, prefix = "/fn", endpoint = "sources/probe_connection")]
pub async fn probe_connection(request: ConnectionRef) -> Result<RunId, ApiError> {
    let path = format!("/connections/{}", request.id);
    Ok(crate::redirect_to(&path, backend()?.probe_connection(request).await?))
}

/// Protects a database.
#[server(name = AddSourceFn, prefix = "/fn", endpoint = "sources/add_source")]
pub async fn add_source(request: AddSource) -> Result<SourceId, ApiError> {
    let id = backend()?.add_source(request).await?;
    Ok(crate::redirect_to(&format!("/sources/{id}"), id))
}

/// Protects a whole server by its files.
#[server(name = AddServerFn, prefix = "/fn", endpoint = "sources/add_server")]
pub async fn add_server(request: ConnectionRef) -> Result<SourceId, ApiError> {
    let id = backend()?.add_server(request).await?;
    Ok(crate::redirect_to(&format!("/sources/{id}"), id))
}
