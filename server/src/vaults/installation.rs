//! What the installation is made of, for the settings page.

use app::vaults::api::{InstallationView, VaultView};
use catalog::{Scope, SystemTask};
use domain::{ByteSize, access::may};

use crate::{caller::Caller, config::RootKeyConfig, fault::Result};

/// The installation.
pub async fn installation(caller: &Caller, scope: Scope<may::ReadSettings>) -> Result<InstallationView> {
    let services = &caller.services;
    let vaults = services.catalog.system(SystemTask::Startup).vaults().await?;
    let used = caller.rows(&scope).vault_use().await?;
    // A store that does not answer must not take the whole page with it.
    let space = services.vault.storage().space().await.unwrap_or_else(|error| {
        tracing::warn!(error = error.chain(), "the vault does not say how much room is left");
        None
    });
    let space = space.map(|space| (ByteSize(space.free), ByteSize(space.total)));
    let vaults = vaults.into_iter().map(|vault| {
        let used = used.iter().find(|used| used.vault_id == vault.id);
        VaultView {
            backups: used.map_or(0, |used| used.backups),
            stored: used.map_or(ByteSize(0), |used| used.stored),
            space: space.filter(|_| vault.id == services.vault_id),
            id: vault.id,
            name: vault.name,
            kind: vault.kind,
            location: vault.location,
        }
    });
    let verification = services.config.verification.iter();
    Ok(InstallationView {
        id: services.vault.installation(),
        version: env!("CARGO_PKG_VERSION").into(),
        catalog: services.catalog.database().into(),
        root_key: match &services.config.root_key {
            RootKeyConfig::File(_) => "local key file".into(),
            RootKeyConfig::Kms { .. } => services.root.id().to_owned(),
        },
        recovery_key: services.vault.recovery_public().fingerprint(),
        signing_key: services.vault.signing_fingerprint(),
        vaults: vaults.collect(),
        verification: verification
            .map(|server| {
                let endpoint = &server.endpoint;
                (server.family.to_string(), format!("{}:{}", endpoint.host, endpoint.port))
            })
            .collect(),
    })
}
