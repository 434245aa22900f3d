//! What a job gets: its run, its rows, its vault, and the means to report and to be stopped.
//!
//! The run's row is the only input. A job builds everything else from rows, so that nothing that was put into a
//! queue can make it do something that nobody asked for.

use std::sync::Arc;

use catalog::{Catalog, Claim, Credential, Lease, Run, TenantCatalog};
use domain::{ConnectionId, TenantId, sources::Connection};
use engine::{
    Error, Kind,
    pipeline::{Control, Target, Vault},
    seal::credentials::{self, Binding},
    source::mysql::connect::Endpoint,
};

use crate::services::Services;

/// Why a job ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The data plane says why.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The catalog says why.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
}

/// A run at work.
pub struct Job {
    /// What the program has.
    pub services: Arc<Services>,
    /// The proof that the run is ours.
    pub claim: Arc<Claim>,
    /// Clock, cancellation, progress and fence for the engine.
    pub control: Control,
}

impl Job {
    /// The run as it was when claimed.
    pub fn run(&self) -> &Run {
        self.claim.run()
    }
    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.services.catalog
    }
    /// What may be written about the run.
    pub fn lease(&self) -> Lease<'_> {
        self.catalog().lease(&self.claim)
    }
    /// The rows of the run's organisation.
    pub fn rows(&self) -> TenantCatalog<'_> {
        self.catalog().of_run(&self.claim)
    }
    /// Where backups are kept.
    pub fn vault(&self) -> &Vault {
        &self.services.vault
    }
    /// Appends a line to the run's log.
    pub async fn say(&self, message: impl AsRef<str> + Send) -> Result<(), JobError> {
        Ok(self.lease().log(message.as_ref()).await?)
    }

    /// A server to restore on, with the client programs of this machine.
    pub async fn target(&self, endpoint: Endpoint) -> Target {
        Target { endpoint, clients: Arc::new(self.services.clients().await.clone()) }
    }

    /// A server with the account that was stored for it.
    pub async fn endpoint(&self, connection: &Connection) -> Result<Endpoint, JobError> {
        let attempt = || format!("log in to {}", connection.name);
        let stored = self.lease().credential(connection.id).await?.ok_or_else(|| {
            Error::new(Kind::Key, attempt(), "no password is stored for this host, port and user")
                .hint("Enter the password of the connection again.")
        })?;
        Ok(open_credential(self.vault(), self.run().tenant_id, connection.id, stored).await?)
    }
}

/// The server and the account of a stored password. Only workers can.
pub async fn open_credential(
    vault: &Vault,
    tenant: TenantId,
    connection: ConnectionId,
    stored: Credential,
) -> engine::Result<Endpoint> {
    let (tenant, connection) = (tenant.to_string(), connection.to_string());
    let binding = Binding {
        tenant: &tenant,
        connection: &connection,
        host: stored.host.as_str(),
        port: stored.port,
        user: stored.user.as_str(),
    };
    let worker = vault.worker_key().await?;
    let password = credentials::open(&worker, binding, &stored.sealed.0)?;
    Ok(Endpoint::new(stored.host, stored.port, stored.user, password, stored.tls))
}

/// What the run needs and its row does not have: a row of another version, or damaged.
pub fn incomplete(run: &Run, what: &'static str) -> JobError {
    Error::new(Kind::Input, format!("start run {}", run.id), format!("its row names no {what}")).into()
}
