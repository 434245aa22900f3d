//! The composition root: everything that requests and runs need, opened once.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use catalog::{Catalog, Queue, SystemTask};
use domain::{Clock, RunId, TenantId, VaultId, vaults::VaultKind};
use engine::{
    pipeline::Vault,
    seal::{LocalRoot, RootKey, kms::KmsRoot},
    source::mysql::clients::Clients,
    storage::{self, Storage, VaultConfig},
};
use secrecy::ExposeSecret;
use tokio::sync::{OnceCell, broadcast};

use crate::{
    access::secrets::SignInKey,
    backups::downloads::Downloads,
    config::{Config, RootKeyConfig},
};

/// The name under which the vault of the configuration file is known in the catalog.
pub const VAULT_NAME: &str = "vault";
/// Changes of runs that a slow listener may be behind before it is told to look at the row again.
const EVENTS: usize = 1024;

/// A run changed: state, progress or log. The row has the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunChanged {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which.
    pub run_id: RunId,
}

/// Everything that requests and runs need.
pub struct Services {
    /// What this installation is told.
    pub config: Config,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// What is remembered.
    pub catalog: Catalog,
    /// Wakes workers.
    pub queue: Queue,
    /// Where backups are kept.
    pub vault: Vault,
    /// Its row in the catalog.
    pub vault_id: VaultId,
    /// The root of all keys.
    pub root: Arc<dyn RootKey>,
    /// Told to listeners in this process; a change in another process is found by looking at the row.
    pub events: broadcast::Sender<RunChanged>,
    /// Downloads that run in this process.
    pub downloads: Downloads,
    pub(crate) sign_in_key: OnceCell<SignInKey>,
    clients: OnceCell<Clients>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}

impl Services {
    /// Opens everything. Fails, saying what to do, if `holdfast migrate` has to be run first.
    pub async fn open(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Self>> {
        let catalog = open_catalog(&config, &clock).await?;
        let pending = catalog.pending_migrations().await.context("look at the catalog's schema")?;
        if !pending.is_empty() {
            bail!(
                "the catalog's schema is not up to date ({} to apply)\n  What to do: run `holdfast migrate` once",
                pending.join(", ")
            );
        }
        let queue = Queue::open(config.queue_url.expose_secret()).await.context("open the queue")?;
        let storage = storage::open(&config.vault).await?;
        let root = open_root(&config.root_key).await?;
        let vault = Vault::open(storage, Arc::clone(&root), Arc::clone(&clock)).await?;
        Self::new(config, clock, catalog, queue, vault, root).await
    }

    /// Puts opened parts together.
    pub async fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        catalog: Catalog,
        queue: Queue,
        vault: Vault,
        root: Arc<dyn RootKey>,
    ) -> anyhow::Result<Arc<Self>> {
        let installation = catalog.installation().await.context("read the installation from the catalog")?;
        if installation.id != vault.installation() {
            bail!(
                "the vault ({}) belongs to another installation than the catalog\n  What to do: configure the vault \
                 and the catalog that belong together; `holdfast-recover` reads any vault with its keys",
                vault.storage().describe()
            );
        }
        let vault_id = register_vault(&catalog, &config.vault, vault.storage().as_ref()).await?;
        catalog
            .publish_keys(&vault.worker_public().0, vault.signing_public(), false)
            .await
            .context("compare the vault's public keys with those in the catalog: do they belong together?")?;
        let events = broadcast::Sender::new(EVENTS);
        Ok(Arc::new(Self {
            config,
            clock,
            catalog,
            queue,
            vault,
            vault_id,
            root,
            events,
            downloads: Downloads::default(),
            sign_in_key: OnceCell::new(),
            clients: OnceCell::new(),
        }))
    }

    /// The client programs on this machine, looked for when first needed.
    pub async fn clients(&self) -> &Clients {
        self.clients.get_or_init(|| Clients::detect(&self.config.clients)).await
    }

    /// Tells listeners that a run changed.
    pub fn run_changed(&self, tenant_id: TenantId, run_id: RunId) {
        // Nobody listening is fine.
        let _ = self.events.send(RunChanged { tenant_id, run_id });
    }

    /// Wakes a worker for a run that was just committed. A lost wake-up is repaired by the dispatch sweep.
    pub async fn wake(&self, tenant_id: TenantId, run_id: RunId, starts: i64) {
        if let Err(error) = self.queue.push(run_id, starts, self.clock.now()).await {
            tracing::warn!(run.id = %run_id, %error, "the queue took no wake-up; the dispatch sweep repeats it");
        }
        self.run_changed(tenant_id, run_id);
    }
}

/// Opens the catalog without looking at its schema.
pub async fn open_catalog(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Catalog> {
    let catalog = Catalog::open(config.catalog_url.expose_secret(), Arc::clone(clock)).await;
    Ok(catalog.context("open the catalog")?.with_session_limits(config.sessions))
}

/// Opens the root of all keys.
pub async fn open_root(config: &RootKeyConfig) -> engine::Result<Arc<dyn RootKey>> {
    match config {
        RootKeyConfig::File(path) => Ok(Arc::new(LocalRoot::open(path)?)),
        RootKeyConfig::Kms { key, endpoint, region } => {
            Ok(Arc::new(KmsRoot::connect(key, endpoint.as_deref(), region.as_deref()).await?))
        }
    }
}

/// Makes sure that the vault of the configuration file has a row.
pub async fn register_vault(
    catalog: &Catalog,
    config: &VaultConfig,
    storage: &dyn Storage,
) -> anyhow::Result<VaultId> {
    let kind = match config {
        VaultConfig::Local { .. } => VaultKind::Local,
        VaultConfig::S3(_) => VaultKind::S3,
    };
    let location = storage.describe();
    catalog
        .system(SystemTask::Startup)
        .register_vault(VAULT_NAME, kind, &location)
        .await
        .context("register the vault in the catalog")
}
