//! Servers and the accounts that read them.

use domain::{
    ConnectionId, RunId,
    sources::{AccountName, Connection, HostName, Label, TlsMode},
};

use crate::{Sealed, TenantCatalog, error::Result};

/// A server to add.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Made by the caller's clock, because the password is sealed to it.
    pub id: ConnectionId,
    /// What people call it.
    pub name: Label,
    /// Where it is.
    pub host: HostName,
    /// TCP port.
    pub port: u16,
    /// The account.
    pub user: AccountName,
    /// Protection of the connection.
    pub tls: TlsMode,
    /// Its password, sealed, bound to tenant, connection, host, port and user.
    pub credential: Option<Sealed>,
}

/// A change to a server.
#[derive(Debug, Clone)]
pub struct ChangeConnection {
    /// The new values; `credential` `None` keeps the stored one if host, port and user stay, and voids it
    /// otherwise.
    pub values: NewConnection,
    /// The version that was looked at.
    pub version: i64,
}

impl TenantCatalog<'_> {
    /// Every server, by name.
    pub async fn list_connections(&self) -> Result<Vec<Connection>> { todo!() }
    /// One server.
    pub async fn get_connection(&self, id: ConnectionId) -> Result<Connection> { todo!() }
    /// Adds a server and queues its probe. [`crate::Conflict::Duplicate`] if the name is taken.
    pub async fn create_connection(&self, new: NewConnection) -> Result<RunId> { todo!() }
    /// Changes a server and queues its probe (or returns the probe that is active already).
    /// [`crate::Conflict::Stale`] if it changed since.
    pub async fn change_connection(&self, change: ChangeConnection) -> Result<RunId> { todo!() }
}
