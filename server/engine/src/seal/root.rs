//! The root of all keys.

use std::{fmt::Write as _, os::unix::fs::OpenOptionsExt, path::Path};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{aead, secret::Secret};
use crate::{Error, Kind, Result};

/// What wraps owners' keys: a local file, or a key that never leaves a KMS.
#[async_trait]
pub trait RootKey: Send + Sync {
    /// Identifies the very key, so that a record says which one opens it: `local:…` or the ARN.
    fn id(&self) -> &str;
    /// Wraps a key; `context` must be given again to unwrap.
    async fn wrap(&self, context: &[(&str, &str)], key: &Secret) -> Result<Vec<u8>>;
    /// Unwraps a key.
    async fn unwrap(&self, context: &[(&str, &str)], wrapped: &[u8]) -> Result<Secret>;
}

/// A root key in a file of 32 bytes, readable by its owner only.
pub struct LocalRoot {
    id: String,
    key: Secret,
}

impl LocalRoot {
    /// Reads a key file. Refuses one that others can read.
    pub fn open(path: &Path) -> Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let attempt = || format!("read the root key {}", path.display());
        let failed = |error: std::io::Error| {
            Error::new(Kind::Key, attempt(), error.to_string())
                .hint("`holdfast migrate` makes a new one; an existing installation needs the very file it was made with.")
        };
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::new(
                Kind::Key,
                attempt(),
                format!("others can read it (mode {:o})", mode & 0o777),
            )
            .hint(format!("chmod 0400 '{}'", path.display())));
        }
        let bytes = Zeroizing::new(std::fs::read(path).map_err(failed)?);
        Ok(Self::new(Secret::from_slice(&bytes)?))
    }
    /// Makes a new key file; never overwrites one.
    pub fn create(path: &Path) -> Result<Self> {
        use std::io::Write;
        let failed = |error: std::io::Error| {
            Error::new(Kind::Key, format!("create the root key {}", path.display()), error.to_string())
        };
        let key = Secret::random()?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(path)
            .map_err(failed)?;
        file.write_all(key.expose()).and_then(|()| file.sync_all()).map_err(failed)?;
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
        }
        Ok(Self::new(key))
    }
    /// A key from memory.
    pub fn new(key: Secret) -> Self {
        use sha2::{Digest, Sha256};
        let digest = Sha256::new().chain_update(b"HFA1 root id").chain_update(key.expose()).finalize();
        Self { id: format!("local:{}", hex::encode(&digest[..8])), key }
    }
}

/// Length-prefixed pairs in the order given.
fn aad(context: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::from("HFA1 root");
    for (name, value) in context {
        // Writing to a String cannot fail.
        let _ = write!(text, "|{}:{name}={}:{value}", name.len(), value.len());
    }
    text.into_bytes()
}

#[async_trait]
impl RootKey for LocalRoot {
    fn id(&self) -> &str {
        &self.id
    }
    async fn wrap(&self, context: &[(&str, &str)], key: &Secret) -> Result<Vec<u8>> {
        aead::wrap(&self.key, &aad(context), key.expose())
    }
    async fn unwrap(&self, context: &[(&str, &str)], wrapped: &[u8]) -> Result<Secret> {
        let plain = aead::unwrap(&self.key, &aad(context), wrapped).ok_or_else(|| {
            Error::new(
                Kind::Key,
                "unwrap a key with the root key",
                "the root key does not fit, or the record was altered",
            )
            .hint("Use the root key file this installation was made with, or the recovery key.")
        })?;
        Secret::from_slice(&plain)
    }
}
