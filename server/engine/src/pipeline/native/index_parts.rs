//! The index of a split backup: one part for each owner, under that owner's key.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{
    layout::Segments,
    owners::{self, OwnerEntry},
    tally::Tallies,
};
use crate::{
    Result,
    format::{
        Codec,
        context::SegmentKind,
        index::{IndexPart, IndexWriter},
        keys::Place,
        manifest::ObjectRef,
    },
    pipeline::{DatabaseContent, OwnedTable, OwnerContent, TenantReceipt, Vault},
    storage::PutMode,
};

/// An owner, and its part of the index.
pub(super) type Part = (Arc<OwnerEntry>, IndexPart<OwnerContent>);

/// What each owner's part of the index says: its segments, its rows.
pub(super) fn parts(
    entries: &[Arc<OwnerEntry>],
    segments: Segments,
    tallies: &Tallies,
    name: &dyn Fn(u32) -> String,
) -> Vec<Part> {
    let mut parts: BTreeMap<u32, Part> = BTreeMap::new();
    for entry in entries {
        let content = OwnerContent { tenant: entry.tenant.clone(), tables: Vec::new() };
        parts.insert(entry.slot, (Arc::clone(entry), IndexPart { segments: Vec::new(), content }));
    }
    // Threads number owners in the order in which they were opened: the shared one, then tenants as they came. The
    // shared one is the last of those that are no tenants.
    let shared =
        entries.iter().filter(|entry| entry.tenant.is_none()).map(|entry| entry.slot).max().unwrap_or(0);
    let slots: Vec<u32> = std::iter::once(shared)
        .chain(entries.iter().filter(|entry| entry.tenant.is_some()).map(|entry| entry.slot))
        .collect();
    for (entry, index) in segments.all {
        if let Some((_, part)) = parts.get_mut(&entry.slot) {
            part.segments.push(index);
        }
    }
    for ((owner, table), tally) in tallies {
        let slot = slots.get(*owner as usize).copied().unwrap_or(0);
        if let Some((_, part)) = parts.get_mut(&slot) {
            let sum = tally.table_sum();
            part.content.tables.push(OwnedTable {
                number: *table,
                name: name(*table),
                rows: sum.rows,
                sum: sum.sum,
            });
        }
    }
    parts.into_values().collect()
}

/// What a part of the index says of how much there is: rows of nobody, and what each tenant has.
pub(in crate::pipeline) fn count_up<'p>(
    parts: impl IntoIterator<Item = &'p IndexPart<OwnerContent>>,
) -> (u64, Vec<TenantReceipt>) {
    let (mut shared_rows, mut tenants) = (0, Vec::new());
    for part in parts {
        let rows: u64 = part.content.tables.iter().map(|table| table.rows).sum();
        let Some(key) = part.content.tenant.clone() else {
            shared_rows += rows;
            continue;
        };
        let frames = part.segments.iter().flat_map(|segment| &segment.frames);
        tenants.push(TenantReceipt {
            key,
            rows,
            plain_bytes: part.segments.iter().map(|segment| segment.plain_bytes).sum(),
            stored_bytes: frames.map(|frame| u64::from(frame.length)).sum(),
        });
    }
    (shared_rows, tenants)
}

/// Parts of the index: number 0 is what the backup's owner knows of everything; the part of any other owner has the
/// number of its slot.
pub(super) async fn store_index(
    vault: &Vault,
    place: &Place,
    home: &Arc<OwnerEntry>,
    content: DatabaseContent,
    parts: Vec<Part>,
) -> Result<ObjectRef> {
    let mut index = IndexWriter::begin();
    let context = |owner: &OwnerEntry| {
        owners::context(vault, place, owner, SegmentKind::Index, Codec::Zstd, owner.slot)
    };
    let mut own = Vec::new();
    for (entry, part) in parts {
        if entry.slot == home.slot {
            own = part.segments;
            continue;
        }
        index.part(context(&entry), &entry.data_key, &part)?;
    }
    index.part(context(home), &home.data_key, &IndexPart { segments: own, content })?;
    let key = place.index()?;
    let stored = vault.storage().put(&key, Bytes::from(index.end()), PutMode::CreateNew).await?;
    Ok(ObjectRef {
        key: key.to_string(),
        size: stored.size,
        sha256: hex::encode(stored.sha256),
        version: stored.version,
    })
}
