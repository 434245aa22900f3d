//! Takes a backup.

use bytes::Bytes;
use domain::sources::DatabaseName;

use super::{
    Control, DatabaseContent, Receipt, Vault,
    archive::context,
    count, failpoint,
    meter::Meter,
    phases::Phases,
    pour::pour,
    publish::{publish, read_back, store_index},
    remove::sweep_attempt,
    writer::{SegmentWriter, Written},
};
use crate::{
    Kind, Result,
    format::{
        Codec, VERSION,
        context::SegmentKind,
        header,
        index::IndexPart,
        keys::Place,
        manifest::Manifest,
        slots::{Slot, SlotBundle},
    },
    seal::{Purpose, Secret, secret::random_array},
    source::{Engine, OpenRequest, OpenSource, mysql::connect::Endpoint},
    storage::PutMode,
};

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
    let remarks = content.lost_in_sentences().collect();
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
    let receipt = publish(vault, manifest, tables, object_count, phases, control).await?;
    Ok(Receipt { remarks, ..receipt })
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
