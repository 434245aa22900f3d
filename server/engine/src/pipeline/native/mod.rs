//! The native engine: every tenant's backup in one pass over a shared database.
//!
//! Several connections stand at one snapshot; each is read by a thread that leads every row to its owner, writes it
//! as SQL, compresses and seals it. A tenant's rows end up in a segment of its own, under a key of its own, so that
//! restoring, exporting or destroying one tenant never touches the bytes of another. Counts and sums by table and
//! owner come out of the same pass.
//!
//! Reading order: this file (from the request to the manifest), [`worker`] (a row's way), [`buffers`], [`layout`]
//! (places in the packs), [`sink`] (to the store), [`owners`] (keys), [`index_parts`] (what is remembered). Memory: 40 MiB of rows a reader, a few pieces
//! on their way, the index; a row of many megabytes needs itself once more.

pub mod blocks;
mod buffers;
pub(super) mod index_parts;
pub(super) mod layout;
pub(super) mod open;
pub(super) mod owners;
mod plain;
mod readers;
mod remarks;
pub(super) mod restore;
pub(super) mod sink;
pub mod stages;
mod statements;
mod tally;
pub(super) mod whose;
mod worker;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use bytes::Bytes;
use domain::{
    sources::DatabaseName,
    tenancy::{DEFAULT_TENANT_COLUMN, TenantKey, TenantMap},
};
use tokio::sync::mpsc;

pub(super) use plain::plain;

use layout::Layout;
use owners::{Owners, SCHEMA_SEGMENT, SHARED_SEGMENT};
use stages::Stages;
use worker::Work;

use super::{
    Control, DatabaseContent, Receipt, Split, Vault, count, failpoint,
    meter::Meter,
    phases::Phases,
    publish::{publish, read_back},
    remove::sweep_attempt,
};
use crate::{
    Error, Kind, Result,
    format::{Codec, Owner, VERSION, keys::Place, manifest::Manifest, slots::SlotBundle},
    seal::secret::random_array,
    source::{
        Proof,
        mysql::{
            connect::Endpoint,
            end,
            native::{json, schema},
        },
        sums::{Method, SourceSums},
    },
    storage::PutMode,
};

/// What to back up, and where it goes in the vault.
pub struct NativeRequest {
    /// The place; a new attempt for every start. Its owner is the system, or the only tenant.
    pub place: Place,
    /// Server and account.
    pub endpoint: Endpoint,
    /// The database.
    pub database: DatabaseName,
    /// Compression.
    pub codec: Codec,
    /// The tenant map; without one it is inferred.
    pub map: Option<TenantMap>,
    /// Whether a person has confirmed it; otherwise the backup says so.
    pub confirmed: bool,
    /// The column that is looked for when a map is inferred.
    pub tenant_column: String,
    /// Back up this tenant only.
    pub tenant: Option<TenantKey>,
    /// Connections that read at the same time, if they can agree on a snapshot.
    pub readers: usize,
}

impl NativeRequest {
    /// A full backup with an inferred map and two readers.
    pub fn full(place: Place, endpoint: Endpoint, database: DatabaseName) -> Self {
        Self {
            place,
            endpoint,
            database,
            codec: Codec::Zstd,
            map: None,
            confirmed: false,
            tenant_column: DEFAULT_TENANT_COLUMN.into(),
            tenant: None,
            readers: 2,
        }
    }
}

/// Takes a backup. On failure everything of this attempt is removed again, as far as the store allows; what
/// remains is invisible, because it has no manifest.
pub async fn back_up(vault: &Vault, request: &NativeRequest, control: &Control) -> Result<Receipt> {
    measured(vault, request, control).await.map(|(receipt, _)| receipt)
}

/// The same, and where the readers' time went.
pub async fn measured(
    vault: &Vault,
    request: &NativeRequest,
    control: &Control,
) -> Result<(Receipt, Stages)> {
    let result = run(vault, request, control).await;
    if result.as_ref().is_err_and(|error| error.kind() != Kind::Fenced) {
        // The first error is the one to report.
        let _ = sweep_attempt(vault, &request.place).await;
    }
    result
}

async fn run(vault: &Vault, request: &NativeRequest, control: &Control) -> Result<(Receipt, Stages)> {
    let place = &request.place;
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("prepare");
    failpoint("backup.begin");
    let progress = Meter::new(control, "dump");
    let opening = open::open(request);
    let mut opened = tokio::select! {
        opened = opening => opened?,
        () = control.cancel.cancelled() => return Err(Error::cancelled("open the database")),
    };
    phases.begin("snapshot");
    progress.expect(opened.plans.iter().map(|plan| plan.bytes_estimate).sum());
    let (agreed, plans) = open::agree(request, &opened.server, opened.plans, &control.cancel).await?;
    let sequences = open::numbers(request, &opened.server, &mut opened.inventory).await?;
    failpoint("source.opened");

    phases.begin("dump");
    let layout = Arc::new(Layout::new());
    let (mut owners, known) = Owners::new(vault, place, request.codec, Arc::clone(&layout));
    let home = owners.add(place.owner.clone(), None).await?;
    let common =
        if request.tenant.is_none() { owners.add(Owner::Shared, None).await? } else { Arc::clone(&home) };
    let schema_at = owners.segment(&common, SCHEMA_SEGMENT)?;
    let mut first = vec![
        owners::preamble(&layout, schema_at, request.codec)?,
        owners::text(
            &layout,
            schema_at,
            request.codec,
            schema::script(&opened.inventory, &sequences).as_bytes(),
            true,
        )?,
    ];
    if request.tenant.is_none() {
        let shared_at = owners.segment(&common, SHARED_SEGMENT)?;
        first.push(owners::preamble(&layout, shared_at, request.codec)?);
        owners.open(shared_at);
    } else {
        // Nothing is ever written there: a row that is not the tenant's stops the backup.
        owners.open(schema_at);
    }
    let seed = u64::from_be_bytes(random_array()?);
    let work = Arc::new(Work::new(
        plans,
        seed,
        request.tenant.clone(),
        progress.listener(),
        control.cancel.child_token(),
    ));
    let (pieces, coming) = mpsc::channel(sink::ON_THE_WAY);
    let reading = readers::read(&work, agreed.readers, &layout, known, first, pieces.clone(), request.codec);
    let (stored, served, read) = tokio::join!(
        sink::store(&**vault.storage(), place, coming, &progress),
        async {
            let served = owners.serve(&pieces).await;
            drop(pieces);
            served
        },
        reading
    );
    // Whoever failed first made the others give up; the one that did not give up has the reason.
    let (idle, unread) = match read {
        Ok(wires) => (wires, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut failures: Vec<Error> = [served.err(), unread].into_iter().flatten().collect();
    let packs = match stored {
        Ok(packs) => packs,
        Err(error) => {
            failures.push(error);
            Vec::new()
        }
    };
    if !failures.is_empty() {
        let reason = failures.iter().position(|error| error.kind() != Kind::Cancelled).unwrap_or(0);
        return Err(failures.swap_remove(reason));
    }
    refuse_nobody(request, &work)?;
    failpoint("dump.read");
    phases.begin("compare");
    progress.phase("compare");
    let who = request.endpoint.shown();
    end::check_unchanged(
        &request.endpoint,
        &who,
        opened.server.family,
        &request.database,
        &opened.inventory,
        &opened.objects,
        Some(&opened.incarnations),
    )
    .await?;
    // Until now they kept everybody from changing definitions back before they were compared.
    drop(idle);
    failpoint("dump.checked");

    phases.begin("store");
    progress.phase("store");
    let (bundle, entries) = owners.finish();
    store_slots(vault, place, &bundle).await?;
    failpoint("slots.stored");
    let work = Arc::into_inner(work)
        .ok_or_else(|| Error::new(Kind::Format, "end the backup", "a reader is still at work"))?;
    let stages = work.stages.into_inner().unwrap_or_default();
    let tallies = work.tallies.into_inner().unwrap_or_default();
    let unled = work.unled.into_inner().unwrap_or_default();
    let narrowed = work.narrowed.into_inner().unwrap_or_default();
    let segments = Arc::into_inner(layout)
        .ok_or_else(|| Error::new(Kind::Format, "end the backup", "a writer is still at work"))?
        .finish()?;
    let (frames, plain_bytes) = (segments.frames, segments.plain_bytes);
    let segment_count = count(segments.all.len());
    let name = |number: u32| {
        opened.inventory.tables.get(number as usize).map(|table| table.name.clone()).unwrap_or_default()
    };
    let unled: BTreeMap<String, u64> = unled.iter().map(|(table, rows)| (name(*table), *rows)).collect();
    let narrowed = json::by_table(&opened.inventory, &narrowed);
    let blurred = opened.incarnations.is_blurred();
    let content = DatabaseContent {
        database: request.database.clone(),
        server: opened.server.clone(),
        proof: Proof::SamePosition,
        seed,
        inventory: opened.inventory.clone(),
        objects: opened.objects.clone(),
        sums: SourceSums { method: Method::TextRows, tables: BTreeMap::new() },
        split: Some(Split {
            map: opened.map,
            confirmed: request.confirmed,
            drift: opened.drift.clone(),
            only: request.tenant.clone(),
            primary: opened.primary,
            sequences,
            agreed: agreed.said,
            unled,
            narrowed,
            spelling: Some(opened.spelling),
        }),
    };
    let remarks = remarks::remarks(&content, blurred);
    let parts = index_parts::parts(&entries, segments, &tallies, &name);
    let (shared_rows, tenants) = index_parts::count_up(parts.iter().map(|(_, part)| part));
    let index = index_parts::store_index(vault, place, &home, content, parts).await?;
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
        kind: if request.tenant.is_some() { "tenant" } else { "full" }.into(),
        parent: None,
        engine: ENGINE.into(),
        created_at: control.clock.now(),
        coordinate: agreed.coordinate,
        server_version: opened.server.version.clone(),
        client_version: String::new(),
        holdfast_version: env!("CARGO_PKG_VERSION").into(),
        codec: request.codec,
        plain_bytes,
        frames,
        segments: segment_count,
        packs,
        index,
    };
    let (tables, objects) = (count(opened.inventory.tables.len()), count(opened.objects.len()));
    let receipt = publish(vault, manifest, tables, objects, phases, control).await?;
    Ok((
        Receipt {
            tenants,
            shared_rows,
            drift: opened.drift,
            spelling: Some(opened.spelling),
            remarks,
            ..receipt
        },
        stages,
    ))
}

/// An empty backup of a tenant looks like a good one. Nobody asks for that on purpose: it is another spelling of the key.
fn refuse_nobody(request: &NativeRequest, work: &Work) -> Result<()> {
    let Some(tenant) = &request.tenant else { return Ok(()) };
    if !work.tallies.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        return Ok(());
    }
    let why = format!("no table of {} has a row of tenant {tenant}", request.database);
    Err(Error::new(Kind::Input, "back up one tenant", why)
        .hint("Look for the key in `holdfast tenant list`."))
}

/// Its name in manifests.
pub const ENGINE: &str = "native";

async fn store_slots(vault: &Vault, place: &Place, bundle: &SlotBundle) -> Result<()> {
    let body = Bytes::from(bundle.encode()?);
    vault.storage().put(&place.slots(bundle.generation)?, body, PutMode::CreateNew).await?;
    Ok(())
}
