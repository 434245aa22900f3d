//! Takes a backup.

use bytes::Bytes;
use domain::{
    BackupId, SourceId,
    backups::{Phase, Sizes},
    sources::DatabaseName,
    spelling::Spelling,
    tenancy::{Drift, TenantKey},
};
use futures::{StreamExt, stream::FuturesOrdered};
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

use super::{
    Control, DatabaseContent, Vault,
    archive::{self, ArchiveOf, Content, context},
    count, failpoint,
    meter::Meter,
    phases::Phases,
    remove::sweep_attempt,
    task_failed,
    writer::{SegmentWriter, Written},
};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, Owner, VERSION,
        block::{self, BLOCK},
        context::SegmentKind,
        header,
        index::{self, IndexPart},
        keys::Place,
        manifest::{Manifest, ObjectRef, sha256_hex},
        slots::{Slot, SlotBundle},
    },
    seal::{Purpose, Secret, secret::random_array},
    source::{Engine, OpenRequest, OpenSource, mysql::connect::Endpoint},
    storage::{ObjectKey, PutMode},
};

/// Blocks that are compressed at the same time: one per core of a small machine, and the memory of that many.
const AT_ONCE: usize = 2;

/// What to back up, and where it goes in the vault.
pub struct BackupRequest {
    /// The place; a new attempt for every start.
    pub place: Place,
    /// Server and account.
    pub endpoint: Endpoint,
    /// The database.
    pub database: DatabaseName,
    /// Compression.
    pub codec: Codec,
}

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

/// Takes a backup. On failure everything of this attempt is removed again, as far as the store allows; what
/// remains is invisible, because it has no manifest.
pub async fn backup(
    vault: &Vault,
    engine: &dyn Engine,
    request: &BackupRequest,
    control: &Control,
) -> Result<Receipt> {
    let result = run(vault, engine, request, control).await;
    if result.as_ref().is_err_and(|error| error.kind() != Kind::Fenced) {
        // The first error is the one to report.
        let _ = sweep_attempt(vault, &request.place).await;
    }
    result
}

async fn run(
    vault: &Vault,
    engine: &dyn Engine,
    request: &BackupRequest,
    control: &Control,
) -> Result<Receipt> {
    let place = &request.place;
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("prepare");
    failpoint("backup.begin");
    let data_key = prepare(vault, place).await?;
    failpoint("slots.stored");

    phases.begin("snapshot");
    let seed = u64::from_be_bytes(random_array()?);
    let progress = Meter::new(control, "dump");
    let opened = engine
        .open(OpenRequest {
            endpoint: &request.endpoint,
            database: &request.database,
            seed,
            cancel: control.cancel.clone(),
            progress: progress.listener(),
        })
        .await?;
    let OpenSource { coordinate, proof, server, inventory, objects, mut dump, end } = opened;
    progress.expect(inventory.tables.iter().map(|table| table.bytes_estimate).sum());
    failpoint("source.opened");

    phases.begin("dump");
    let context_of_data = context(vault, place, SegmentKind::Data, request.codec);
    let (head, segment) = header::create(context_of_data, &data_key)?;
    let mut writer = SegmentWriter::new(vault, place.clone(), head, segment);
    if let Err(error) = pour(&mut *dump, &mut writer, request.codec, control, &progress).await {
        writer.abort().await;
        drop(dump);
        // The client's own exit says more than the broken pipe it left.
        return Err(match end.finish().await {
            Err(cause) if error.kind() != Kind::Cancelled && error.kind() == Kind::Source => cause,
            _ => error,
        });
    }
    failpoint("dump.read");
    phases.begin("compare");
    progress.phase("compare");
    let sums = match end.finish().await {
        Ok(sums) => sums,
        Err(error) => {
            writer.abort().await;
            return Err(error);
        }
    };
    failpoint("dump.checked");

    phases.begin("store");
    progress.phase("store");
    let Written { packs, index } = writer.finish().await?;
    let plain_bytes = index.plain_bytes;
    let frames = index.frames.len() as u64;
    let (tables, object_count) = (count(inventory.tables.len()), count(objects.len()));
    let (server_version, client_version) = (server.version.clone(), server.client_version.clone());
    let content = DatabaseContent {
        database: request.database.clone(),
        server,
        proof,
        seed,
        inventory,
        objects,
        sums,
        split: None,
    };
    let index = store_index(vault, place, &data_key, &IndexPart { segments: vec![index], content }).await?;
    failpoint("index.stored");
    for object in packs.iter().chain([&index]) {
        read_back(vault, object).await?;
    }
    let manifest = Manifest {
        format: "HFA1".into(),
        version: u32::from(VERSION),
        installation: vault.installation(),
        owner: place.owner.clone(),
        source: place.source,
        backup: place.backup,
        attempt: place.attempt,
        kind: "full".into(),
        parent: None,
        engine: engine.name().into(),
        created_at: control.clock.now(),
        coordinate,
        server_version,
        client_version,
        holdfast_version: env!("CARGO_PKG_VERSION").into(),
        codec: request.codec,
        plain_bytes,
        frames,
        segments: 1,
        packs,
        index,
    };
    publish(vault, manifest, tables, object_count, phases, control).await
}

/// Makes the data key and stores its slot: keys are there before anything is sealed with them.
pub(super) async fn prepare(vault: &Vault, place: &Place) -> Result<Secret> {
    let owner_key = vault.keyring().active(&place.owner, Purpose::Data).await?;
    let (slot, data_key) = Slot::create(place, 0, &place.owner, &owner_key)?;
    let bundle = SlotBundle::new(place, vec![slot]);
    let body = Bytes::from(bundle.encode()?);
    vault.storage().put(&place.slots(bundle.generation)?, body, PutMode::CreateNew).await?;
    Ok(data_key)
}

type Compressed = JoinHandle<Result<(Vec<u8>, Vec<u8>)>>;

/// Moves the dump into the segment; blocks are compressed beside each other and stored in order.
pub(super) async fn pour(
    dump: &mut (dyn AsyncRead + Send + Unpin),
    writer: &mut SegmentWriter<'_>,
    codec: Codec,
    control: &Control,
    progress: &Meter,
) -> Result<()> {
    let mut at_work: FuturesOrdered<Compressed> = FuturesOrdered::new();
    loop {
        control.stop_if_cancelled("back up")?;
        let plain = fill(dump).await?;
        if plain.is_empty() {
            break;
        }
        at_work.push_back(tokio::task::spawn_blocking(move || {
            let packed = block::compress(codec, &plain)?;
            Ok((plain, packed))
        }));
        if at_work.len() >= AT_ONCE {
            store_next(&mut at_work, writer, progress).await?;
        }
    }
    while !at_work.is_empty() {
        store_next(&mut at_work, writer, progress).await?;
    }
    Ok(())
}

async fn store_next(
    at_work: &mut FuturesOrdered<Compressed>,
    writer: &mut SegmentWriter<'_>,
    progress: &Meter,
) -> Result<()> {
    let Some(done) = at_work.next().await else { return Ok(()) };
    let (plain, packed) = done.map_err(|error| task_failed("compress a block", error))??;
    writer.block(&plain, &packed).await?;
    progress.stored(writer.stored());
    Ok(())
}

/// Reads a whole block, less only at the end.
async fn fill(dump: &mut (dyn AsyncRead + Send + Unpin)) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(BLOCK);
    while plain.len() < BLOCK {
        let room = (BLOCK - plain.len()) as u64;
        let read = (&mut *dump).take(room).read_buf(&mut plain).await.map_err(|error| {
            match error.downcast::<Error>() {
                Ok(error) => error,
                Err(error) => {
                    Error::new(Kind::Source, "read the dump", "the stream broke off").later().caused_by(error)
                }
            }
        })?;
        if read == 0 {
            break;
        }
    }
    Ok(plain)
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
    Ok(found.await?.map(|(receipt, _)| receipt))
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
