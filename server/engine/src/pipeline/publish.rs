//! From the last pack to the manifest, and what the caller gets for it: index, a look at what the store kept, the
//! manifest last. And the way back: a backup that was published, but of which nobody was told.

use bytes::Bytes;
use domain::{
    BackupId, SourceId,
    backups::{Phase, Sizes},
    spelling::Spelling,
    tenancy::{Drift, TenantKey},
};
use serde::Serialize;
use tokio::io::AsyncReadExt;

use super::{
    Control, DatabaseContent, Vault,
    archive::{self, ArchiveOf, Content, context},
    count, failpoint,
    phases::Phases,
};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, Owner,
        context::SegmentKind,
        index::{self, IndexPart},
        keys::Place,
        manifest::{Manifest, ObjectRef, sha256_hex},
    },
    seal::Secret,
    storage::{ObjectKey, PutMode},
};

/// What was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// The manifest.
    pub manifest: Manifest,
    /// Its name in the vault.
    pub manifest_key: ObjectKey,
    /// SHA-256 of its bytes, in hex.
    pub manifest_sha256: String,
    /// Sizes.
    pub sizes: Sizes,
    /// Base tables.
    pub tables: u32,
    /// Views, triggers, routines and events.
    pub objects: u32,
    /// How long each phase took; empty for a backup that was found.
    pub phases: Vec<Phase>,
    /// Tenants in it, where it is split by tenant.
    pub tenants: Vec<TenantReceipt>,
    /// Rows that belong to no tenant, where it is split by tenant.
    pub shared_rows: u64,
    /// What no longer fits between the tenant map and the schema.
    pub drift: Vec<Drift>,
    /// How its tenants are spelled, where it is split by tenant.
    pub spelling: Option<Spelling>,
    /// What a person should know, one sentence each.
    pub remarks: Vec<String>,
}

/// What was stored of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantReceipt {
    /// Which.
    pub key: TenantKey,
    /// Rows in all tables.
    pub rows: u64,
    /// Bytes of its SQL.
    pub plain_bytes: u64,
    /// Bytes of its frames in the vault.
    pub stored_bytes: u64,
}

pub(super) async fn store_index<C: Serialize + Sync>(
    vault: &Vault,
    place: &Place,
    data_key: &Secret,
    part: &IndexPart<C>,
) -> Result<ObjectRef> {
    let body = index::write(context(vault, place, SegmentKind::Index, Codec::Zstd), data_key, part)?;
    let key = place.index()?;
    let stored = vault.storage().put(&key, Bytes::from(body), PutMode::CreateNew).await?;
    Ok(ObjectRef {
        key: key.to_string(),
        size: stored.size,
        sha256: hex::encode(stored.sha256),
        version: stored.version,
    })
}

/// Asks the store for size and the two ends of an object: a store that lost it says so now and not at restore.
pub(super) async fn read_back(vault: &Vault, object: &ObjectRef) -> Result<()> {
    let key = ObjectKey::new(&*object.key)?;
    let attempt = || format!("read back {key}");
    let lost = |what: String| {
        Error::new(Kind::Storage, attempt(), what)
            .later()
            .hint("The store does not keep what it accepted. Do not rely on it.")
    };
    let meta = vault
        .storage()
        .head(&key, object.version.as_deref())
        .await?
        .ok_or_else(|| lost("the store does not have it".into()))?;
    if meta.size != object.size {
        return Err(lost(format!("the store has {} of {} bytes", meta.size, object.size)));
    }
    let edge = object.size.min(4096);
    for range in [0..edge, object.size - edge..object.size] {
        let mut reader = vault.storage().read(&key, object.version.as_deref(), Some(range)).await?;
        let mut bytes = Vec::new();
        reader
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| crate::storage::while_reading(attempt(), error))?;
    }
    Ok(())
}

pub(super) async fn publish(
    vault: &Vault,
    manifest: Manifest,
    tables: u32,
    objects: u32,
    phases: Phases,
    control: &Control,
) -> Result<Receipt> {
    let key = manifest.place().manifest()?;
    let body = manifest.sign(&vault.signer().await?)?;
    control.stop_if_cancelled("publish the backup")?;
    control.fence.check().await?;
    failpoint("manifest.before");
    vault.storage().put(&key, Bytes::from(body.clone()), PutMode::CreateNew).await?;
    failpoint("manifest.stored");
    Ok(receipt(manifest, key, &body, tables, objects, phases.finish()))
}

fn receipt(
    manifest: Manifest,
    key: ObjectKey,
    body: &[u8],
    tables: u32,
    objects: u32,
    phases: Vec<Phase>,
) -> Receipt {
    let stored = manifest.stored_bytes() + body.len() as u64;
    let sizes = Sizes { plain: domain::ByteSize(manifest.plain_bytes), stored: domain::ByteSize(stored) };
    Receipt {
        manifest_sha256: sha256_hex(body),
        manifest,
        manifest_key: key,
        sizes,
        tables,
        objects,
        phases,
        tenants: Vec::new(),
        shared_rows: 0,
        spelling: None,
        drift: Vec::new(),
        remarks: Vec::new(),
    }
}

/// The backup with this id, if one of its attempts was published: a worker that died between publishing and
/// telling the catalog leaves one, and its successor adopts it instead of storing everything twice.
pub async fn find(
    vault: &Vault,
    owner: &Owner,
    source: SourceId,
    backup: BackupId,
) -> Result<Option<Receipt>> {
    let found = find_of(vault, owner, source, backup, |content: &DatabaseContent| {
        (content.inventory.tables.len(), content.objects.len())
    });
    Ok(found.await?.map(|(receipt, content)| {
        let remarks = content.lost_in_sentences().collect();
        Receipt { remarks, ..receipt }
    }))
}

/// The same with what it remembers; `counts` gives its tables and objects.
pub(super) async fn find_of<C: Content>(
    vault: &Vault,
    owner: &Owner,
    source: SourceId,
    backup: BackupId,
    counts: impl Fn(&C) -> (usize, usize),
) -> Result<Option<(Receipt, C)>> {
    let any = Place { owner: owner.clone(), source, backup, attempt: 0 };
    let mut after = None::<String>;
    loop {
        let page = vault.storage().list(&any.backup_prefix(), after.as_deref(), 1000).await?;
        for object in &page.objects {
            let Some(place) = Place::of_manifest(object.key.as_str()) else { continue };
            let body = archive::manifest_bytes(vault, &place).await?;
            let ArchiveOf { manifest, index, .. } = ArchiveOf::<C>::open(vault, &place).await?;
            let (tables, objects) = counts(&index.content);
            let receipt =
                receipt(manifest, object.key.clone(), &body, count(tables), count(objects), Vec::new());
            return Ok(Some((receipt, index.content)));
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}
