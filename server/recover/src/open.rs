//! Opening a vault with whatever key is left. Nothing here writes.

use std::{io::Read as _, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use engine::{
    pipeline::Vault,
    seal::{LocalRoot, RootKey, keyring::Opener, kms::KmsRoot, recovery, signing},
    storage::{self, S3Config, VaultConfig},
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    args::{KeyArgs, VaultArgs},
    clock::MachineClock,
    screen,
};

/// Opens the vault for reading.
pub async fn vault(place: &VaultArgs, key: &KeyArgs) -> Result<Vault> {
    let storage = storage::open(&config(place)?).await?;
    let opener = opener(key).await?;
    let is_recovery = matches!(opener, Opener::Recovery(_));
    let vault = Vault::open_for_recovery(storage, opener, Arc::new(MachineClock)).await?;
    check_signing_key(&vault, key.signing_key.as_deref(), is_recovery)?;
    Ok(vault)
}

/// Keys are wrapped *to* the recovery key with its public half, which stands in the vault: whoever can write there can
/// make up a vault that the recovery key opens. Only the fingerprint on paper tells the two apart. The root key is not
/// fooled, because nobody wraps anything with it who does not have it.
fn check_signing_key(vault: &Vault, expected: Option<&str>, is_recovery: bool) -> Result<()> {
    let fingerprint = vault.signing_fingerprint();
    match expected {
        Some(expected) if !signing::is_fingerprint(vault.signing_public(), expected) => bail!(
            "the backups in this vault are signed by another key: {fingerprint}\n  What to do: compare it with what was \
             written down beside the recovery key. If that is what you typed, somebody put a vault of their own in \
             place of yours: restore nothing from it, and look for another copy"
        ),
        None if is_recovery => {
            screen::warn(&format!("The backups in this vault are signed by the key {fingerprint}"));
            screen::warn(
                "Compare it with the fingerprint beside the recovery key before you trust what comes out: a vault can be \
                 forged by anybody who can write to it. With --signing-key FINGERPRINT it is compared for you.",
            );
        }
        _ => {}
    }
    Ok(())
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
