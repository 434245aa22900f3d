//! An archive that is being read: manifest, data key, index.

use domain::BackupId;
use serde::de::DeserializeOwned;

use super::{
    DatabaseContent, Vault,
    native::{
        blocks,
        whose::{Whose, parts_of},
    },
};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, Context,
        context::SegmentKind,
        index::{self, IndexPart},
        keys::Place,
        manifest::Manifest,
        slots::{Slot, SlotBundle},
    },
    seal::{Purpose, Secret},
    storage,
};

/// A manifest is no longer than this, in bytes: a hundred thousand packs.
const MANIFEST_LIMIT: u64 = 64 << 20;
/// A slot bundle is no longer than this, in bytes.
const SLOTS_LIMIT: u64 = 64 << 20;

/// Reads the manifest of a backup and checks its signature.
pub async fn open_manifest(vault: &Vault, place: &Place) -> Result<Manifest> {
    let bytes = manifest_bytes(vault, place).await?;
    Manifest::open(&bytes, place, vault.signing_public())
}

pub(super) async fn manifest_bytes(vault: &Vault, place: &Place) -> Result<bytes::Bytes> {
    match storage::read_small(&**vault.storage(), &place.manifest()?, None, MANIFEST_LIMIT).await {
        Err(error) if storage::is_missing(&error) => Err(no_such(place.backup, &vault.storage().describe())),
        result => result,
    }
}

pub(super) fn no_such(backup: BackupId, vault: &str) -> Error {
    Error::new(
        Kind::Input,
        format!("find backup {backup}"),
        format!("there is none with a manifest in {vault}"),
    )
    .hint("List what is there; a backup without manifest was never finished.")
}

/// The context of the one data segment, or of the one part of the index.
pub(super) fn context(vault: &Vault, place: &Place, kind: SegmentKind, codec: Codec) -> Context {
    Context {
        installation: vault.installation(),
        owner: place.owner.clone(),
        source: place.source,
        kind,
        backup: place.backup,
        attempt: place.attempt,
        segment: 0,
        codec,
        slot: 0,
    }
}

/// What an index remembers; it differs by what was read.
pub(super) trait Content: DeserializeOwned {
    /// Fails, saying what to do, if the backup holds something else.
    fn accept(manifest: &Manifest) -> Result<()>;
}

/// An archive of a database whose index was opened.
pub(super) type Archive = ArchiveOf<DatabaseContent>;

/// An archive whose index was opened.
pub(super) struct ArchiveOf<C> {
    pub manifest: Manifest,
    pub data_key: Secret,
    pub index: IndexPart<C>,
    /// Keys of all owners, wrapped.
    pub slots: SlotBundle,
    /// The sealed index, in which other owners' parts lie too.
    pub sealed_index: bytes::Bytes,
}

impl<C: Content> ArchiveOf<C> {
    /// Opens manifest, slot and index. Nothing of the data is read.
    pub async fn open(vault: &Vault, place: &Place) -> Result<Self> {
        let manifest = open_manifest(vault, place).await?;
        C::accept(&manifest)?;
        let slots = slots(vault, place).await?;
        let data_key = data_key(vault, place, slots.of(&place.owner)?).await?;
        let key = crate::storage::ObjectKey::new(&*manifest.index.key)?;
        if key != place.index()? {
            return Err(Error::new(
                Kind::Integrity,
                "open the index",
                "the manifest points to another backup's index",
            ));
        }
        let body = storage::read_small(
            &**vault.storage(),
            &key,
            manifest.index.version.as_deref(),
            manifest.index.size,
        )
        .await?;
        if crate::format::manifest::sha256_hex(&body) != manifest.index.sha256 {
            return Err(Error::new(
                Kind::Integrity,
                "open the index",
                "its SHA-256 is not the one of the manifest",
            )
            .hint("The copy is damaged. Use another copy of this backup, or an older backup."));
        }
        let context = context(vault, place, SegmentKind::Index, Codec::Zstd);
        let index = index::read(&*body, &context, &data_key).await?;
        Ok(Self { manifest, data_key, index, slots, sealed_index: body })
    }
}

impl Archive {
    /// Adds up what all owners counted, where each keeps its own counts.
    pub async fn add_up(&mut self, vault: &Vault, place: &Place) -> Result<()> {
        if self.index.content.split.is_some() {
            let parts = parts_of(vault, place, self, &Whose::All).await?;
            let counted = parts.iter().map(|(_, part)| &part.content);
            self.index.content.sums = blocks::totals(&self.index.content, counted);
        }
        Ok(())
    }
}

/// The newest generation of slots.
pub(super) async fn slots(vault: &Vault, place: &Place) -> Result<SlotBundle> {
    let page = vault.storage().list(&place.slots_prefix(), None, 1000).await?;
    let newest = page.objects.last().ok_or_else(|| {
        Error::new(Kind::Key, format!("open backup {}", place.backup), "its keys are gone")
            .hint("They were destroyed, or removed by somebody who can delete in the vault. Look for them in another copy.")
    })?;
    let body = storage::read_small(&**vault.storage(), &newest.key, None, SLOTS_LIMIT).await?;
    SlotBundle::decode(&body, place)
}

/// The data key in a slot.
pub(super) async fn data_key(vault: &Vault, place: &Place, slot: &Slot) -> Result<Secret> {
    let key = vault.keyring().get(&slot.owner, Purpose::Data, slot.key_version).await?;
    slot.open(place, &key)
}
