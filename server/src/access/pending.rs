//! The recovery key between `holdfast migrate`, which makes it with the vault, and the person who writes it down.
//!
//! It waits in the vault, wrapped by the root key, which opens everything there anyway; the first run moves it into
//! the catalog, from where it goes when it was typed back. The two steps may run on different machines, so a file
//! of one machine would not do.

use std::sync::Arc;

use domain::InstallationId;
use engine::{
    Result,
    seal::{RootKey, recovery, sealed_box::PrivateKey},
    storage::{self, ObjectKey, PutMode, Storage},
};
use zeroize::Zeroizing;

const LONGEST: u64 = 16 << 10;

fn place() -> Result<ObjectKey> {
    ObjectKey::new("setup/recovery-key.wrapped")
}

/// Keeps the key of a vault that was just made.
pub async fn store(
    storage: &Arc<dyn Storage>,
    root: &dyn RootKey,
    installation: InstallationId,
    recovery_key: &str,
) -> Result<()> {
    let wrapped = wrap(root, installation, &recovery::from_text(recovery_key)?).await?;
    storage.put(&place()?, wrapped.into(), PutMode::Replace).await.map(|_| ())
}

/// The waiting key, wrapped; none if it was taken already.
pub async fn find(storage: &Arc<dyn Storage>) -> Result<Option<Vec<u8>>> {
    match storage::read_small(storage.as_ref(), &place()?, None, LONGEST).await {
        Ok(wrapped) => Ok(Some(wrapped.to_vec())),
        Err(error) if storage::is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Forgets it here.
pub async fn forget(storage: &Arc<dyn Storage>) -> Result<()> {
    storage.delete(&place()?).await
}

/// The key as it is written down.
pub async fn open(
    root: &dyn RootKey,
    installation: InstallationId,
    wrapped: &[u8],
) -> Result<Zeroizing<String>> {
    let id = installation.to_string();
    let secret = root.unwrap(&context(&id), wrapped).await?;
    Ok(recovery::to_text(&PrivateKey::from_secret(secret)))
}

async fn wrap(root: &dyn RootKey, installation: InstallationId, key: &PrivateKey) -> Result<Vec<u8>> {
    let id = installation.to_string();
    root.wrap(&context(&id), key.secret()).await
}

const fn context(installation: &str) -> [(&str, &str); 3] {
    [
        ("application", "holdfast"),
        ("purpose", "recovery key not yet written down"),
        ("installation", installation),
    ]
}
