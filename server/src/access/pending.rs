//! The recovery key between `holdfast migrate`, which makes it with the vault, and the person who writes it down.
//!
//! It is made and kept before the vault is, so that a crash in between loses nothing. It waits in the vault, wrapped by the root key, which opens everything there anyway; the first run moves it into
//! the catalog, from where it goes when it was typed back. The two steps may run on different machines, so a file
//! of one machine would not do.

use std::sync::Arc;

use domain::InstallationId;
use engine::{
    Result, Retry,
    seal::{RootKey, recovery, sealed_box::PrivateKey},
    storage::{self, ObjectKey, PutMode, Storage},
};
use zeroize::Zeroizing;

const LONGEST: u64 = 16 << 10;

fn place() -> Result<ObjectKey> {
    ObjectKey::new("setup/recovery-key.wrapped")
}

/// The key for the vault that is about to be made: the one that an interrupted `holdfast migrate` left here, or a new
/// one, which is stored before anything is wrapped for it. Only while there is no vault, and nobody else makes one.
pub async fn prepare(
    storage: &Arc<dyn Storage>,
    root: &dyn RootKey,
    installation: InstallationId,
) -> Result<PrivateKey> {
    if let Some(wrapped) = find(storage).await? {
        let id = installation.to_string();
        match root.unwrap(&context(&id), &wrapped).await {
            Ok(secret) => return Ok(PrivateKey::from_secret(secret)),
            Err(error) if error.retry() == Retry::Later => return Err(error),
            // Of another root key or installation. There is no vault yet, so nothing was ever wrapped for it.
            Err(error) => {
                tracing::warn!(error = error.chain(), "what is left of an earlier set-up is replaced");
            }
        }
    }
    let (key, _) = PrivateKey::generate()?;
    let wrapped = wrap(root, installation, &key).await?;
    storage.put(&place()?, wrapped.into(), PutMode::Replace).await?;
    Ok(key)
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
