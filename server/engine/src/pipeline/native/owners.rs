//! Whose segments there are, and the key of each.
//!
//! Tenants are found while rows are read, so their keys are made then: a thread that meets a new one asks, and the
//! side that talks to keyring and vault answers. Each owner has a data key of its own for this backup, in a slot.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::tenancy::TenantKey;
use tokio::sync::{mpsc, oneshot};

use super::layout::{At, Layout, Piece};
use crate::{
    Error, Result,
    format::{
        Codec, Context, Owner, block,
        context::SegmentKind,
        header,
        keys::Place,
        slots::{Slot, SlotBundle},
    },
    pipeline::Vault,
    seal::{Purpose, Secret},
    source::mysql::{native::schema::PREAMBLE, tenancy::tenant_key},
};

/// An owner in this backup.
pub struct OwnerEntry {
    /// Who.
    pub owner: Owner,
    /// The tenant as the database names it.
    pub tenant: Option<TenantKey>,
    /// The slot of its data key; also the number of its part of the index and, for tenants, of its segment.
    pub slot: u32,
    /// The data key.
    pub data_key: Secret,
}

/// A question of a thread: where do the rows of this tenant go?
pub struct Asked {
    tenant: TenantKey,
    answer: oneshot::Sender<Result<u32>>,
}

/// The owners that are known, as threads see them.
#[derive(Clone)]
pub struct Known {
    places: Arc<Mutex<HashMap<TenantKey, u32>>>,
    segments: Arc<Mutex<Vec<At>>>,
    ask: mpsc::Sender<Asked>,
}

/// The place of the shared rows among [`Known::segment`].
pub const SHARED: u32 = 0;

impl Known {
    /// The number of a tenant among [`Known::segment`]; asks if it is a new one. Blocks.
    pub fn tenant(&self, tenant: &TenantKey) -> Result<u32> {
        if let Some(number) = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Ok(*number);
        }
        let gone = || Error::cancelled("make the key of a tenant");
        let (answer, answered) = oneshot::channel();
        self.ask.blocking_send(Asked { tenant: tenant.clone(), answer }).map_err(|_| gone())?;
        answered.blocking_recv().map_err(|_| gone())?
    }
    /// The segment of an owner.
    pub fn segment(&self, number: u32) -> Option<At> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).get(number as usize).copied()
    }
}

/// The side that makes keys and segments.
pub struct Owners<'v> {
    vault: &'v Vault,
    place: Place,
    codec: Codec,
    layout: Arc<Layout>,
    slots: Vec<Slot>,
    all: Vec<Arc<OwnerEntry>>,
    places: Arc<Mutex<HashMap<TenantKey, u32>>>,
    segments: Arc<Mutex<Vec<At>>>,
    asked: mpsc::Receiver<Asked>,
}

/// Number of the segment with the definitions.
pub const SCHEMA_SEGMENT: u32 = 0;
/// Number of the segment with the shared rows; that of a tenant is the number of its slot, which is higher.
pub const SHARED_SEGMENT: u32 = 1;

impl<'v> Owners<'v> {
    /// For a backup at `place`.
    pub fn new(vault: &'v Vault, place: &Place, codec: Codec, layout: Arc<Layout>) -> (Self, Known) {
        let (ask, asked) = mpsc::channel(1);
        let known = Known { places: Arc::default(), segments: Arc::default(), ask };
        let owners = Self {
            vault,
            place: place.clone(),
            codec,
            layout,
            slots: Vec::new(),
            all: Vec::new(),
            places: Arc::clone(&known.places),
            segments: Arc::clone(&known.segments),
            asked,
        };
        (owners, known)
    }

    /// Adds an owner with a data key of its own.
    pub async fn add(&mut self, owner: Owner, tenant: Option<TenantKey>) -> Result<Arc<OwnerEntry>> {
        let number = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let key = self.vault.keyring().active(&owner, Purpose::Data).await?;
        let (slot, data_key) = Slot::create(&self.place, number, &owner, &key)?;
        self.slots.push(slot);
        let entry = Arc::new(OwnerEntry { owner, tenant, slot: number, data_key });
        self.all.push(Arc::clone(&entry));
        Ok(entry)
    }

    /// Adds a segment of `owner`.
    pub fn segment(&self, owner: &Arc<OwnerEntry>, number: u32) -> Result<At> {
        let context = context(self.vault, &self.place, owner, SegmentKind::Data, self.codec, number);
        let (header, segment) = header::create(context, &owner.data_key)?;
        Ok(self.layout.add(Arc::clone(owner), header, segment))
    }
    /// Makes a segment one that threads can write rows to.
    pub fn open(&self, at: At) -> u32 {
        let mut segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        segments.push(at);
        u32::try_from(segments.len() - 1).unwrap_or(u32::MAX)
    }
    /// Names the tenant whose rows go to a segment.
    pub fn name(&self, tenant: TenantKey, number: u32) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, number);
    }

    /// Answers threads until none is left to ask. `begin` stores the first block of a new segment.
    pub async fn serve(&mut self, begin: &mpsc::Sender<Piece>) -> Result<()> {
        while let Some(Asked { tenant, answer }) = self.asked.recv().await {
            let made = self.make(&tenant, begin).await;
            let failed = made.is_err();
            // A thread that has gone needs no answer.
            let _ = answer.send(made);
            if failed {
                break;
            }
        }
        Ok(())
    }

    async fn make(&mut self, tenant: &TenantKey, begin: &mpsc::Sender<Piece>) -> Result<u32> {
        // Two threads may have asked for the same one.
        let known = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).copied();
        if let Some(number) = known {
            return Ok(number);
        }
        let entry = self.add(tenant_key::owner_of(tenant), Some(tenant.clone())).await?;
        let at = self.segment(&entry, entry.slot)?;
        let piece = preamble(&self.layout, at, self.codec)?;
        begin.send(piece).await.map_err(|_| Error::cancelled("begin a segment"))?;
        let number = self.open(at);
        self.name(tenant.clone(), number);
        Ok(number)
    }

    /// What is stored beside the data, and the owners for the index.
    pub fn finish(self) -> (SlotBundle, Vec<Arc<OwnerEntry>>) {
        (SlotBundle::new(&self.place, self.slots), self.all)
    }
}

/// The first block of every segment: what a session that loads it must say first.
pub fn preamble(layout: &Layout, at: At, codec: Codec) -> Result<Piece> {
    text(layout, at, codec, PREAMBLE.as_bytes(), false)
}

/// A block of text that is no rows.
pub fn text(layout: &Layout, at: At, codec: Codec, plain: &[u8], last: bool) -> Result<Piece> {
    let packed = block::compress(codec, plain)?;
    layout.seal(at, plain.len(), &packed, None, last, &mut Vec::new())
}

/// What a segment, or a part of the index, of `owner` is bound to.
pub fn context(
    vault: &Vault,
    place: &Place,
    owner: &OwnerEntry,
    kind: SegmentKind,
    codec: Codec,
    segment: u32,
) -> Context {
    Context {
        installation: vault.installation(),
        owner: owner.owner.clone(),
        source: place.source,
        kind,
        backup: place.backup,
        attempt: place.attempt,
        segment,
        codec,
        slot: owner.slot,
    }
}
