//! `holdfast migrate`: makes what is missing and brings the catalog's schema up to date. Can be run again at any time.
//!
//! The order matters. The root key exists before anything is wrapped by it; the installation's id comes from the
//! catalog and goes into the vault; the vault's public keys come back into the catalog. A root key is made only
//! while there is no vault: another one would open nothing in it. The recovery key is kept before the vault is made for
//! it, so that a process that dies at any step loses nothing: the next one goes on where it stopped.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use domain::Clock;
use engine::{
    format::keys,
    pipeline::{Vault, failpoint},
    seal::{LocalRoot, RootKey},
    storage::{self, VaultConfig},
};

use crate::{
    access::pending,
    config::{Config, RootKeyConfig},
    services::{open_catalog, open_root, register_vault},
};

/// What was done, in sentences for the person at the command line.
pub async fn migrate(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Vec<String>> {
    let mut done = Vec::new();
    make_directories(config, &mut done)?;
    let catalog = open_catalog(config, &clock).await?;
    let pending = catalog.pending_migrations().await.context("look at the catalog's schema")?;
    catalog.migrate().await?;
    done.push(match pending.len() {
        0 => format!("The catalog ({}) was up to date.", catalog.database()),
        count => format!("Applied {count} to the catalog ({}): {}.", catalog.database(), pending.join(", ")),
    });
    failpoint("migrate.catalog");
    let installation = catalog.installation().await?;
    // From here to the vault one at a time: two would remove each other's keys. It ends with the process.
    let hold = catalog.hold_installation().await.context("wait for another `holdfast migrate`")?;
    let storage = storage::open(&config.vault).await?;
    let has_vault = storage.head(&keys::installation()?, None).await?.is_some();
    let root = root_key(&config.root_key, has_vault, &mut done).await?;
    failpoint("migrate.root");
    let vault = if has_vault {
        done.push(format!("The vault is {}.", storage.describe()));
        Vault::open(storage, root, Arc::clone(&clock)).await?
    } else {
        let recovery_key = pending::prepare(&storage, root.as_ref(), installation.id).await?;
        failpoint("migrate.pending");
        let vault =
            Vault::create_for(Arc::clone(&storage), root, installation.id, &recovery_key, clock).await?;
        done.push(format!("Made {} the vault of this installation.", storage.describe()));
        vault
    };
    hold.release().await?;
    failpoint("migrate.vault");
    if vault.installation() != installation.id {
        bail!(
            "the vault ({}) belongs to another installation than the catalog\n  What to do: configure the vault and \
             the catalog that belong together, or an empty place for a new vault",
            vault.storage().describe()
        );
    }
    catalog
        .publish_keys(&vault.worker_public().0, vault.signing_public(), false)
        .await
        .context("publish the vault's public keys in the catalog")?;
    failpoint("migrate.published");
    register_vault(&catalog, &config.vault, vault.storage().as_ref()).await?;
    catalog.close().await;
    Ok(done)
}

async fn root_key(
    config: &RootKeyConfig,
    has_vault: bool,
    done: &mut Vec<String>,
) -> anyhow::Result<Arc<dyn RootKey>> {
    if let RootKeyConfig::File(path) = config
        && !path.exists()
    {
        if has_vault {
            bail!(
                "the root key {} is missing and the vault was made with it\n  What to do: put the file back; without \
                 it only the recovery key opens the backups (`holdfast-recover`)",
                path.display()
            );
        }
        LocalRoot::create(path)?;
        done.push(format!("Made the root key {}. Keep a copy of it away from this machine.", path.display()));
    }
    Ok(open_root(config).await?)
}

/// Directories of this installation: only its own account can read them.
fn make_directories(config: &Config, done: &mut Vec<String>) -> anyhow::Result<()> {
    let mut wanted = vec![config.state_dir.clone()];
    if let RootKeyConfig::File(path) = &config.root_key {
        wanted.extend(path.parent().map(Path::to_path_buf));
    }
    if let VaultConfig::Local { path } = &config.vault {
        wanted.push(path.clone());
    }
    for url in [&config.catalog_url, &config.queue_url] {
        let url = secrecy::ExposeSecret::expose_secret(url);
        let file = url.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
        wanted
            .extend(file.and_then(|path| Path::new(path.split('?').next()?).parent()).map(Path::to_path_buf));
    }
    for directory in wanted.iter().filter(|path| !path.as_os_str().is_empty() && !path.exists()) {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("make the directory {}", directory.display()))?;
        done.push(format!("Made the directory {}.", directory.display()));
    }
    Ok(())
}
