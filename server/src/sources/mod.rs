//! What is protected, and the servers it lives on.

pub mod connect;
pub mod job;
pub mod protect;
pub mod read;
pub mod view;

use app::{
    approvals::api::Outcome,
    sources::api::{
        AddConnection, AddSource, ChangeConnection, ConnectionDetail, ConnectionRef, ConnectionRow,
        SourceDetail, SourceRow, SourcesPort,
    },
};
use async_trait::async_trait;
use domain::{ConnectionId, Fault, RunId, SourceId};

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn sources(&self) -> Result<Vec<SourceRow>> {
        read::list(self, self.allow().await?).await
    }
    async fn source(&self, id: SourceId) -> Result<SourceDetail> {
        read::get(self, self.allow().await?, id).await
    }
    async fn connections(&self) -> Result<Vec<ConnectionRow>> {
        read::list_connections(self, self.allow().await?).await
    }
    async fn connection(&self, id: ConnectionId) -> Result<ConnectionDetail> {
        read::get_connection(self, self.allow().await?, id).await
    }
    async fn added_connection(&self, request: AddConnection) -> Result<ConnectionId> {
        connect::add(self, self.allow().await?, request).await
    }
    async fn changed_connection(&self, request: ChangeConnection) -> Result<Outcome> {
        connect::change(self, self.allow().await?, request).await
    }
    async fn queued_probe(&self, request: ConnectionRef) -> Result<RunId> {
        connect::probe(self, self.allow().await?, request.id).await
    }
    async fn added_source(&self, request: AddSource) -> Result<SourceId> {
        protect::add(self, self.allow().await?, request).await
    }
    async fn added_server(&self, request: ConnectionRef) -> Result<SourceId> {
        protect::add_server(self, self.allow().await?, request.id).await
    }
}

#[async_trait]
impl SourcesPort for Caller {
    async fn list_sources(&self) -> Result<Vec<SourceRow>, Fault> {
        self.answer("list sources", self.sources().await)
    }
    async fn get_source(&self, id: SourceId) -> Result<SourceDetail, Fault> {
        self.answer("show a source", self.source(id).await)
    }
    async fn list_connections(&self) -> Result<Vec<ConnectionRow>, Fault> {
        self.answer("list servers", self.connections().await)
    }
    async fn get_connection(&self, id: ConnectionId) -> Result<ConnectionDetail, Fault> {
        self.answer("show a server", self.connection(id).await)
    }
    async fn add_connection(&self, request: AddConnection) -> Result<ConnectionId, Fault> {
        self.answer("add a server", self.added_connection(request).await)
    }
    async fn change_connection(&self, request: ChangeConnection) -> Result<Outcome, Fault> {
        self.answer("change a server", self.changed_connection(request).await)
    }
    async fn probe_connection(&self, request: ConnectionRef) -> Result<RunId, Fault> {
        self.answer("test a server", self.queued_probe(request).await)
    }
    async fn add_source(&self, request: AddSource) -> Result<SourceId, Fault> {
        self.answer("protect a database", self.added_source(request).await)
    }
    async fn add_server(&self, request: ConnectionRef) -> Result<SourceId, Fault> {
        self.answer("protect a server", self.added_server(request).await)
    }
}
