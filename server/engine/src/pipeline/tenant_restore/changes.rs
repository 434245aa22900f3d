//! The change set: every row that changes, as it was and as it is to be, sealed under the tenant's key.
//!
//! One segment. A block holds rows of one table and one side, a line each: kind, number, tab, tuple. Numbers count
//! the changes of a table from 1; the old and the new form of an updated row have the same one. What is applied
//! forwards is undone backwards, so the set is its own inverse.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Timestamp, sources::Coordinate, tenancy::TenantKey};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        Control, Vault,
        archive::{context, data_key, slots},
        native::{
            blocks::{BlockRef, Blocks},
            owners::OwnerEntry,
        },
        remove::sweep_attempt,
    },
    RestorePlace,
    content::{Content, Side, hash},
    sides::groups,
    stopping::check,
};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, VERSION,
        context::SegmentKind,
        index::{self, IndexPart, SegmentIndex},
        keys::Place,
        manifest::{Manifest, ObjectRef, sha256_hex},
    },
    source::sums::Sum,
    storage::{self, ObjectKey, PutMode},
};

/// The signed list of what a change set consists of is no longer than this, in bytes.
const LONGEST: u64 = 16 << 20;

/// Stores index and signed list, the latter last: without it there is no change set.
pub async fn publish(
    vault: &Vault,
    place: &Place,
    entry: &OwnerEntry,
    segments: Vec<SegmentIndex>,
    packs: Vec<ObjectRef>,
    content: Content,
    control: &Control,
) -> Result<()> {
    let plain_bytes = segments.iter().map(|segment| segment.plain_bytes).sum();
    let frames = segments.iter().map(|segment| segment.frames.len() as u64).sum();
    let part = IndexPart { segments, content };
    let body = index::write(context(vault, place, SegmentKind::Index, Codec::Zstd), &entry.data_key, &part)?;
    let key = place.index()?;
    let stored = vault.storage().put(&key, Bytes::from(body), PutMode::CreateNew).await?;
    let list = Manifest {
        format: "HFA1".into(),
        version: u32::from(VERSION),
        installation: vault.installation(),
        owner: place.owner.clone(),
        source: place.source,
        backup: place.backup,
        attempt: place.attempt,
        kind: KIND.into(),
        engine: super::super::native::ENGINE.into(),
        created_at: control.clock.now(),
        coordinate: nowhere(control.clock.now()),
        server_version: String::new(),
        client_version: String::new(),
        holdfast_version: env!("CARGO_PKG_VERSION").into(),
        codec: Codec::Zstd,
        plain_bytes,
        frames,
        segments: 1,
        parent: None,
        packs,
        index: ObjectRef {
            key: key.to_string(),
            size: stored.size,
            sha256: hex::encode(stored.sha256),
            version: stored.version,
        },
    };
    control.fence.check().await?;
    let signed = list.sign(&vault.signer().await?)?;
    vault.storage().put(&place.changes()?, Bytes::from(signed), PutMode::CreateNew).await?;
    Ok(())
}

const KIND: &str = "changes";

/// A change set stands at no position: what it is relative to is in its sums.
const fn nowhere(at: Timestamp) -> Coordinate {
    Coordinate { file: String::new(), position: 0, gtid: String::new(), server_uuid: String::new(), at }
}

fn altered(what: &str) -> Error {
    Error::new(Kind::Integrity, "open the change set", what)
        .hint("Nothing was changed. Plan the restore anew.")
}

/// What is done with each row of a change set: its kind, number and text.
pub type EachChange<'e> = &'e mut dyn FnMut(u8, u64, &[u8]) -> Result<()>;

/// Takes a row of a change set: its kind, its number, its tuple.
pub type EachRow<'f> = &'f mut (dyn FnMut(u8, u64, &[u8]) -> Result<()> + Send);

/// A change set that is open.
#[derive(Clone)]
pub struct Changes {
    /// What it is about.
    pub content: Arc<Content>,
    blocks: Arc<Blocks>,
}

impl Changes {
    /// Opens the set of a restore of `tenant` and checks everything that can be checked without reading its rows.
    pub async fn open(vault: &Vault, at: &RestorePlace, tenant: &TenantKey) -> Result<Self> {
        let place = at.place(tenant);
        let bytes = match storage::read_small(&**vault.storage(), &place.changes()?, None, LONGEST).await {
            Err(error) if storage::is_missing(&error) => {
                let what = format!("there is none of this restore and tenant {tenant} in the vault");
                return Err(Error::new(Kind::Input, "open the change set", what)
                    .hint("Plan the restore anew; it never got so far, or its change set was removed."));
            }
            result => result?,
        };
        let list = Manifest::open(&bytes, &place, vault.signing_public())?;
        if list.kind != KIND {
            return Err(altered("it is something else"));
        }
        let key = ObjectKey::new(&*list.index.key)?;
        if key != place.index()? {
            return Err(altered("its list points to another set's index"));
        }
        let body =
            storage::read_small(&**vault.storage(), &key, list.index.version.as_deref(), list.index.size)
                .await?;
        if sha256_hex(&body) != list.index.sha256 {
            return Err(altered("the SHA-256 of its index is another one"));
        }
        let slots = slots(vault, &place).await?;
        let data_key = data_key(vault, &place, slots.of(&place.owner)?).await?;
        let context = context(vault, &place, SegmentKind::Index, Codec::Zstd);
        let part: IndexPart<Content> = index::read(&*body, &context, &data_key).await?;
        let content = part.content;
        if content.wish.tenant != *tenant {
            return Err(altered("it is another tenant's"));
        }
        if content.digest()? != content.difference.digest {
            return Err(altered("its digest is not that of what it holds"));
        }
        let packs = (0u32..)
            .zip(&list.packs)
            .map(|(number, object)| {
                let key = ObjectKey::new(&*object.key)?;
                if key == place.pack(number)? {
                    Ok((key, object.version.clone()))
                } else {
                    Err(altered("its list points to another set's data"))
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let entry = OwnerEntry { owner: place.owner.clone(), tenant: None, slot: 0, data_key };
        let blocks = Blocks::of_owner(vault, &place, Codec::Zstd, packs, &entry, part.segments).await?;
        Ok(Self::new(content, Arc::new(blocks)))
    }

    /// One that was just written.
    pub fn new(content: Content, blocks: Arc<Blocks>) -> Self {
        Self { content: Arc::new(content), blocks }
    }

    fn refs(&self, table: u32, side: Side) -> Vec<(BlockRef, (u64, u64))> {
        let all = self.blocks.of_segment(0);
        let numbered = all.into_iter().zip(self.content.numbers.iter().copied());
        numbered.filter(|(at, _)| self.blocks.table_and_chunk(*at) == Some((table, side.number()))).collect()
    }

    /// Gives every row of a table and side: kind, number, tuple. From a thread that may block.
    pub fn each(
        &self,
        table: u32,
        side: Side,
        handle: &Handle,
        token: &CancellationToken,
        each: EachChange<'_>,
    ) -> Result<()> {
        let refs: Vec<_> = self.refs(table, side).into_iter().map(|(at, _)| at).collect();
        for group in groups(&self.blocks, &refs) {
            check(token, "read the change set")?;
            for plain in handle.block_on(self.blocks.fetch(group))? {
                rows(&plain, each)?;
            }
        }
        Ok(())
    }

    /// Gives the rows of a table and side whose number is in a range, one after the other: a row may be as large as the
    /// server allows, so nothing keeps several.
    pub async fn between(
        &self,
        table: u32,
        side: Side,
        first: u64,
        last: u64,
        each: EachRow<'_>,
    ) -> Result<()> {
        let refs: Vec<_> = self
            .refs(table, side)
            .into_iter()
            .filter(|(_, (low, high))| *low <= last && *high >= first)
            .map(|(at, _)| at)
            .collect();
        for group in groups(&self.blocks, &refs) {
            for plain in self.blocks.fetch(group).await? {
                rows(&plain, &mut |kind, number, tuple| {
                    if (first..=last).contains(&number) { each(kind, number, tuple) } else { Ok(()) }
                })?;
            }
        }
        Ok(())
    }

    /// Reads everything and compares it with the counts and sums of the digest. From a thread that may block.
    pub fn prove(&self, handle: &Handle, token: &CancellationToken) -> Result<()> {
        for (number, table) in (0u32..).zip(&self.content.tables) {
            let (mut sum, mut counts) = (Sum::default(), [0u64; 4]);
            for side in [Side::Old, Side::New] {
                self.each(number, side, handle, token, &mut |kind, _, tuple| {
                    sum.add(hash(&table.name, side, kind, tuple));
                    let place = match (side, kind) {
                        (Side::Old, b'u') => 0,
                        (Side::Old, b'd') => 1,
                        (Side::New, b'u') => 2,
                        (Side::New, b'i') => 3,
                        _ => return Err(altered("a change is of an unknown kind")),
                    };
                    if let Some(count) = counts.get_mut(place) {
                        *count += 1;
                    }
                    Ok(())
                })?;
            }
            if sum != table.changes || counts != [table.updates, table.deletes, table.updates, table.inserts]
            {
                return Err(altered("its rows are not those of its digest"));
            }
        }
        Ok(())
    }
}

fn rows(plain: &[u8], each: EachChange<'_>) -> Result<()> {
    let body = plain.strip_suffix(b"\n").ok_or_else(|| altered("a block has no end"))?;
    for line in body.split(|byte| *byte == b'\n') {
        let parsed = line.split_first().and_then(|(kind, rest)| {
            let tab = rest.iter().position(|byte| *byte == b'\t')?;
            let number = std::str::from_utf8(rest.get(..tab)?).ok()?.parse().ok()?;
            Some((*kind, number, rest.get(tab + 1..)?))
        });
        let (kind, number, tuple) = parsed.ok_or_else(|| altered("a line is no change"))?;
        each(kind, number, tuple)?;
    }
    Ok(())
}

/// Removes a change set, or what an interrupted plan left of one. After this it can be neither applied nor undone.
pub async fn forget_tenant_restore(vault: &Vault, at: &RestorePlace, tenant: &TenantKey) -> Result<()> {
    let place = at.place(tenant);
    vault.storage().delete(&place.changes()?).await?;
    sweep_attempt(vault, &place).await?;
    Ok(())
}
