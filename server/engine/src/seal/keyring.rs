//! Owners' keys: made when first needed, wrapped at least twice, kept beside the backups.
//!
//! A record says which versions exist and which one is active; it carries a *list* of wraps, so that a further
//! root or recovery key can be added without touching the others. Records are written once and never changed;
//! a new version is a new object. Nothing of them is secret without a root or recovery key.

use std::{collections::HashMap, sync::Arc};

use domain::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    root::RootKey,
    sealed_box::{PrivateKey, PublicKey},
    secret::Secret,
};
use crate::{
    Error, Kind, Result,
    format::{Owner, keys, manifest::unhex},
    storage::{self, ObjectKey, PutMode, Storage},
};

/// What an owner's key is for. One key, one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Wraps data keys.
    Data,
    /// The workers' private key, to which passwords of sources are sealed.
    Credentials,
    /// Signs manifests.
    Signing,
}

impl Purpose {
    /// How it is written.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Credentials => "credentials",
            Self::Signing => "signing",
        }
    }
}

/// A key of an owner.
pub struct OwnerKey {
    /// Its version, from 1.
    pub version: u32,
    /// The key.
    pub secret: Secret,
}

/// How a key is wrapped once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrap {
    /// `root` or `recovery`.
    by: String,
    /// Which key: [`RootKey::id`] or the fingerprint of the recovery public key.
    key: String,
    /// In hex.
    wrapped: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: String,
    owner: Owner,
    purpose: Purpose,
    version: u32,
    created_at: Timestamp,
    wraps: Vec<Wrap>,
}

const FORMAT: &str = "HFA1 key";
const RECOVERY_INFO: &[u8] = b"HFA1 recovery wrap";
/// No record is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// What opens owners' keys.
pub enum Opener {
    /// In daily life.
    Root(Arc<dyn RootKey>),
    /// On the day when the root is lost.
    Recovery(PrivateKey),
}

type Cache = HashMap<(Owner, Purpose, u32), Arc<OwnerKey>>;

/// The keys of a vault.
pub struct Keyring {
    storage: Arc<dyn Storage>,
    opener: Opener,
    recovery: Option<PublicKey>,
    clock: Arc<dyn Clock>,
    /// One call to the KMS per key, not one per backup.
    cache: Mutex<Cache>,
}

impl Keyring {
    /// A keyring that can make keys: every one is wrapped for the recovery key too.
    pub fn new(
        storage: Arc<dyn Storage>,
        root: Arc<dyn RootKey>,
        recovery: PublicKey,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { storage, opener: Opener::Root(root), recovery: Some(recovery), clock, cache: Mutex::default() }
    }
    /// A keyring that only reads.
    pub fn read_only(storage: Arc<dyn Storage>, opener: Opener, clock: Arc<dyn Clock>) -> Self {
        Self { storage, opener, recovery: None, clock, cache: Mutex::default() }
    }

    /// The newest version of an owner's key; made now if there is none.
    pub async fn active(&self, owner: &Owner, purpose: Purpose) -> Result<Arc<OwnerKey>> {
        match self.newest(owner, purpose).await? {
            Some(version) => self.get(owner, purpose, version).await,
            None => match self.create(owner, purpose, 1, Secret::random()?).await {
                // Somebody else made it in the same moment: theirs counts.
                Err(error) if storage::already_exists(&error) => self.get(owner, purpose, 1).await,
                result => result,
            },
        }
    }

    /// A version of an owner's key.
    pub async fn get(&self, owner: &Owner, purpose: Purpose, version: u32) -> Result<Arc<OwnerKey>> {
        let entry = (owner.clone(), purpose, version);
        if let Some(key) = self.cache.lock().await.get(&entry) {
            return Ok(Arc::clone(key));
        }
        let secret = self.open(&self.read(owner, purpose, version).await?).await?;
        let key = Arc::new(OwnerKey { version, secret });
        self.cache.lock().await.insert(entry, Arc::clone(&key));
        Ok(key)
    }

    /// Stores a new version. It is read back and opened before it counts.
    pub async fn create(
        &self,
        owner: &Owner,
        purpose: Purpose,
        version: u32,
        secret: Secret,
    ) -> Result<Arc<OwnerKey>> {
        let attempt = || format!("make the {} key of {owner}", purpose.key());
        let (Opener::Root(root), Some(recovery)) = (&self.opener, &self.recovery) else {
            return Err(Error::new(Kind::Key, attempt(), "this keyring is open for reading only"));
        };
        let text = version.to_string();
        let context = context(owner, purpose, &text);
        let by_root = root.wrap(&context_pairs(&context), &secret).await?;
        let by_recovery = recovery.seal(RECOVERY_INFO, &recovery_aad(&context), secret.expose())?;
        let wraps = vec![
            Wrap { by: "root".into(), key: root.id().into(), wrapped: hex::encode(by_root) },
            Wrap { by: "recovery".into(), key: recovery.fingerprint(), wrapped: hex::encode(by_recovery) },
        ];
        let record = Record {
            format: FORMAT.into(),
            owner: owner.clone(),
            purpose,
            version,
            created_at: self.clock.now(),
            wraps,
        };
        let body = serde_json::to_vec(&record)
            .map_err(|error| Error::new(Kind::Format, attempt(), "encoding failed").caused_by(error))?;
        self.storage
            .put(&keys::owner_key(owner, purpose.key(), version)?, body.into(), PutMode::CreateNew)
            .await?;
        let stored = self.open(&self.read(owner, purpose, version).await?).await?;
        if stored.expose() != secret.expose() {
            return Err(Error::new(Kind::Key, attempt(), "the stored record opens to another key"));
        }
        Ok(Arc::new(OwnerKey { version, secret }))
    }

    /// The newest version there is.
    pub async fn newest(&self, owner: &Owner, purpose: Purpose) -> Result<Option<u32>> {
        let prefix = keys::owner_keys_prefix(owner, purpose.key());
        let (mut newest, mut after) = (None, None::<String>);
        loop {
            let page = self.storage.list(&prefix, after.as_deref(), 1000).await?;
            let version = |key: &ObjectKey| {
                key.as_str().strip_prefix(&prefix)?.strip_suffix(".json")?.parse::<u32>().ok()
            };
            newest = newest.max(page.objects.iter().filter_map(|object| version(&object.key)).max());
            after = page.next;
            if after.is_none() {
                return Ok(newest);
            }
        }
    }

    async fn read(&self, owner: &Owner, purpose: Purpose, version: u32) -> Result<Record> {
        let key = keys::owner_key(owner, purpose.key(), version)?;
        let refused = |what: &str| Error::new(Kind::Integrity, format!("read the key record {key}"), what);
        let body = storage::read_small(&*self.storage, &key, None, LONGEST).await?;
        let record: Record =
            serde_json::from_slice(&body).map_err(|error| refused("it is damaged").caused_by(error))?;
        let fits = record.format == FORMAT
            && record.owner == *owner
            && record.purpose == purpose
            && record.version == version;
        if fits {
            Ok(record)
        } else {
            Err(refused("it is genuine, but of another owner, purpose or version"))
        }
    }

    async fn open(&self, record: &Record) -> Result<Secret> {
        let attempt = || format!("open the {} key of {}", record.purpose.key(), record.owner);
        let text = record.version.to_string();
        let context = context(&record.owner, record.purpose, &text);
        let (by, id) = match &self.opener {
            Opener::Root(root) => ("root", root.id().to_owned()),
            Opener::Recovery(private) => ("recovery", private.public()?.fingerprint()),
        };
        let wrap = record.wraps.iter().find(|wrap| wrap.by == by && wrap.key == id).ok_or_else(|| {
            let known = record
                .wraps
                .iter()
                .map(|wrap| format!("{} {}", wrap.by, wrap.key))
                .collect::<Vec<_>>()
                .join(", ");
            Error::new(
                Kind::Key,
                attempt(),
                format!("the {by} key {id} is not among those that open it ({known})"),
            )
            .hint("Use the key file or recovery key of the installation that wrote this vault.")
        })?;
        let wrapped = unhex(&wrap.wrapped)
            .ok_or_else(|| Error::new(Kind::Integrity, attempt(), "the record is damaged"))?;
        match &self.opener {
            Opener::Root(root) => root.unwrap(&context_pairs(&context), &wrapped).await,
            Opener::Recovery(private) => {
                Secret::from_slice(&private.open(RECOVERY_INFO, &recovery_aad(&context), &wrapped)?)
            }
        }
    }
}

/// What every wrap is bound to.
fn context<'a>(
    owner: &Owner,
    purpose: Purpose,
    version: &'a str,
) -> [(&'static str, std::borrow::Cow<'a, str>); 4] {
    [
        ("app", "holdfast".into()),
        ("owner", owner.to_string().into()),
        ("purpose", purpose.key().into()),
        ("version", version.into()),
    ]
}

fn context_pairs<'a>(context: &'a [(&'static str, std::borrow::Cow<'_, str>)]) -> Vec<(&'a str, &'a str)> {
    context.iter().map(|(name, value)| (*name, value.as_ref())).collect()
}

fn recovery_aad(context: &[(&'static str, std::borrow::Cow<'_, str>)]) -> Vec<u8> {
    context
        .iter()
        .map(|(name, value)| format!("{name}={}:{value}|", value.len()))
        .collect::<String>()
        .into_bytes()
}
