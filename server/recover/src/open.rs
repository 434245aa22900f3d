//! Opening a vault with whatever key is left. Nothing here writes.

use std::{io::Read as _, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use engine::{
    pipeline::Vault,
    seal::{LocalRoot, RootKey, keyring::Opener, kms::KmsRoot, recovery},
    storage::{self, S3Config, VaultConfig},
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    args::{KeyArgs, VaultArgs},
    clock::MachineClock,
};

/// Opens the vault for reading.
pub async fn vault(place: &VaultArgs, key: &KeyArgs) -> Result<Vault> {
    let storage = storage::open(&config(place)?).await?;
    Ok(Vault::open_for_recovery(storage, opener(key).await?, Arc::new(MachineClock)).await?)
}

fn config(args: &VaultArgs) -> Result<VaultConfig> {
    match (&args.vault, &args.s3) {
        (Some(path), _) if path.is_dir() => Ok(VaultConfig::Local { path: path.clone() }),
        // Opening would make it, and an empty new vault is not what anybody looks for here.
        (Some(path), _) => {
            bail!("there is no directory {}\n  What to do: check the path of the vault", path.display())
        }
        (None, Some(bucket)) => {
            let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
            let access = args.s3_access_key_file.as_deref().map(secret).transpose()?;
            Ok(VaultConfig::S3(S3Config {
                endpoint: args.s3_endpoint.clone(),
                region: args.s3_region.clone(),
                bucket: bucket.into(),
                prefix: prefix.trim_matches('/').into(),
                access_key: access.map(|key| key.to_string()),
                secret_key: args.s3_secret_key_file.as_deref().map(password).transpose()?,
                checksums: None,
            }))
        }
        (None, None) => bail!("say where the vault is\n  What to do: --vault DIR, or --s3 BUCKET/PREFIX"),
    }
}

async fn opener(args: &KeyArgs) -> Result<Opener> {
    let root: Arc<dyn RootKey> = match (&args.key_file, &args.recovery_key_file, &args.kms_key) {
        (Some(path), _, _) => Arc::new(LocalRoot::open(path)?),
        (None, Some(path), _) => return Ok(Opener::Recovery(recovery::from_text(&secret(path)?)?)),
        (None, None, Some(key)) => {
            Arc::new(KmsRoot::connect(key, args.kms_endpoint.as_deref(), args.kms_region.as_deref()).await?)
        }
        (None, None, None) => {
            bail!(
                "say which key opens the vault\n  What to do: --key-file FILE, --recovery-key-file FILE, or --kms-key ARN"
            )
        }
    };
    Ok(Opener::Root(root))
}

/// The text in a file, without the line break at its end; `-` is standard input.
fn secret(path: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("read standard input")?;
    } else {
        *text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    }
    Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// A password in a file.
pub fn password(path: &Path) -> Result<SecretString> {
    Ok(SecretString::from(secret(path)?.to_string()))
}
