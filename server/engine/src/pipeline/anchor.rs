//! Signed heads of the audit trail, laid into the vault.
//!
//! The vault is where the owner of the database does not rule: a head that lies there cannot be made up anew. It is
//! created and never replaced, and a bucket with object lock by default keeps it locked. Heads are numbered; the trail of
//! a catalog that was put back from an older copy, or made up, meets its own past here.

use domain::audit::{TreeHead, encoding};
use serde::{Deserialize, Serialize};

use super::Vault;
use crate::{
    Error, Kind, Result,
    format::{keys, manifest::canonical},
    seal::signing,
    storage::{self, PutMode},
};

/// A head is no longer than this, in bytes.
const LONGEST: u64 = 16 << 10;
const FORMAT: &str = "HFA1 audit head";

/// A head as it lies in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Laid {
    format: String,
    head: TreeHead,
    signature: String,
}

fn refused(number: u64, what: &str) -> Error {
    Error::new(Kind::Integrity, format!("lay head {number} of the audit trail into the vault"), what)
}

/// Signs a head with the installation's key.
pub async fn sign_head(vault: &Vault, head: &TreeHead) -> Result<[u8; 64]> {
    if head.installation != vault.installation() {
        return Err(refused(head.number, "it is of another installation than the vault"));
    }
    Ok(vault.signer().await?.sign(&head.bytes()))
}

/// Whether a head was signed with the installation's key.
pub fn is_signed(vault: &Vault, bytes: &[u8], signature: &[u8; 64]) -> bool {
    signing::verify(vault.signing_public(), bytes, signature)
}

/// Lays a head into the vault. That it lies there already is fine; that another lies in its place is not.
pub async fn lay_head(vault: &Vault, head: &TreeHead, signature: &[u8; 64]) -> Result<()> {
    if !is_signed(vault, &head.bytes(), signature) {
        return Err(refused(head.number, "its signature is not that of this installation")
            .hint("Rows of the audit trail were altered in the catalog: run `holdfast audit verify`."));
    }
    let key = keys::audit_head(head.number)?;
    let laid = Laid { format: FORMAT.into(), head: head.clone(), signature: encoding::to_hex(signature) };
    let body = canonical(&laid)?;
    match vault.storage().put(&key, body.clone().into(), PutMode::CreateNew).await {
        Err(error) if storage::already_exists(&error) => {}
        result => return result.map(drop),
    }
    let there = storage::read_small(vault.storage().as_ref(), &key, None, LONGEST).await?;
    if there == body {
        return Ok(());
    }
    Err(refused(head.number, "another one lies in its place").hint(
        "The catalog was put back from an older copy, or its audit trail was made up anew. Compare it with the heads in \
         the vault (audit/heads/) before anything else is done with it.",
    ))
}

/// A head that lies in the vault, if there is one of this number and it is genuine.
pub async fn find_head(vault: &Vault, number: u64) -> Result<Option<TreeHead>> {
    let attempt = || format!("read head {number} of the audit trail");
    let body = match storage::read_small(vault.storage().as_ref(), &keys::audit_head(number)?, None, LONGEST)
        .await
    {
        Err(error) if storage::is_missing(&error) => return Ok(None),
        result => result?,
    };
    let laid: Laid = serde_json::from_slice(&body)
        .map_err(|error| Error::new(Kind::Integrity, attempt(), "it is damaged").caused_by(error))?;
    let signature = encoding::from_hex(&laid.signature).and_then(|bytes| bytes.try_into().ok());
    let is_genuine = laid.format == FORMAT
        && laid.head.number == number
        && laid.head.installation == vault.installation()
        && signature.is_some_and(|signature| is_signed(vault, &laid.head.bytes(), &signature));
    if is_genuine {
        return Ok(Some(laid.head));
    }
    Err(Error::new(Kind::Integrity, attempt(), "its signature is not that of this installation")
        .hint("Somebody put it there who does not have the installation's key."))
}
