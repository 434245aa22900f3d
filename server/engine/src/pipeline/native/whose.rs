//! Whose parts of a split backup are opened: finding a tenant by any spelling, and opening the keys.

use std::collections::BTreeSet;

use domain::tenancy::TenantKey;
use futures::{StreamExt, TryStreamExt, stream};

use super::owners::{self, OwnerEntry};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, Owner,
        context::SegmentKind,
        index::{self, IndexPart},
        keys::Place,
        slots::Slot,
    },
    pipeline::{
        OwnerContent, Vault,
        archive::{Archive, data_key},
    },
    seal::Secret,
    source::mysql::tenancy::tenant_key::owner_of,
};

/// Keys that are opened at the same time.
const KEYS_AT_ONCE: usize = 16;

/// Whose blocks are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// The shared ones, and those of these tenants.
    SharedAnd(Vec<TenantKey>),
    /// Those of this tenant only.
    Tenant(TenantKey),
}

/// The parts of the index of `whose`; nothing of the data is read. A tenant that the backup does not hold is an error.
pub(in crate::pipeline) async fn parts_of(
    vault: &Vault,
    place: &Place,
    archive: &Archive,
    whose: &Whose,
) -> Result<Vec<(OwnerEntry, IndexPart<OwnerContent>)>> {
    let mut wanted: Vec<&Slot> = Vec::new();
    let by_owner = |owner: &Owner| archive.slots.slots.iter().rev().find(|slot| slot.owner == *owner);
    let is_home = |slot: &Slot| slot.id == 0;
    match whose {
        Whose::All => wanted.extend(archive.slots.slots.iter().filter(|slot| !is_home(slot))),
        Whose::SharedAnd(tenants) => {
            wanted.extend(by_owner(&Owner::Shared));
            for tenant in tenants {
                wanted.push(tenant_slot(archive, tenant)?);
            }
        }
        Whose::Tenant(tenant) => wanted.push(tenant_slot(archive, tenant)?),
    }
    // Two spellings of one tenant are that tenant once.
    let mut seen = BTreeSet::new();
    wanted.retain(|slot| seen.insert(slot.id));
    // Collected first: a stream over the closure is not `Send` for every lifetime, and tasks need that.
    let opening: Vec<_> = wanted.iter().map(|slot| data_key(vault, place, slot)).collect();
    let keys: Vec<Secret> = stream::iter(opening).buffered(KEYS_AT_ONCE).try_collect().await?;
    let entries: Vec<OwnerEntry> = wanted
        .iter()
        .zip(keys)
        .map(|(slot, data_key)| OwnerEntry {
            owner: slot.owner.clone(),
            tenant: None,
            slot: slot.id,
            data_key,
        })
        .collect();
    let contexts: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                owners::context(vault, place, entry, SegmentKind::Index, Codec::Zstd, entry.slot),
                &entry.data_key,
            )
        })
        .collect();
    let parts = index::read_parts(&*archive.sealed_index, &contexts).await?;
    drop(contexts);
    Ok(entries.into_iter().zip(parts).collect())
}

fn tenant_slot<'a>(archive: &'a Archive, tenant: &TenantKey) -> Result<&'a Slot> {
    let split = archive.index.content.split.as_ref();
    let owner = owner_of(&split.map_or_else(|| tenant.clone(), |split| split.spelled(tenant)));
    archive.slots.slots.iter().rev().find(|slot| slot.owner == owner).ok_or_else(|| {
        Error::new(
            Kind::Input,
            format!("find tenant {tenant} in the backup"),
            "the backup has no rows of this tenant",
        )
        .hint("Check the tenant's id, and whether the tenant existed when the backup was taken.")
    })
}
