//! A vault: a store that belongs to one installation, with its keyring.
//!
//! `installation.json` says whose it is and carries the public keys. It is signed: whoever could replace the
//! recovery public key in it would have every later key wrapped for himself.

use std::sync::Arc;

use domain::{Clock, InstallationId, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Error, Kind, Result,
    format::{
        Owner, keys,
        manifest::{canonical, unhex},
    },
    seal::{
        Keyring, Purpose, RootKey, Secret,
        keyring::Opener,
        recovery,
        sealed_box::{PrivateKey, PublicKey},
        signing::{self, ManifestSigner},
    },
    storage::{self, PutMode, Storage},
};

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plate {
    format: String,
    installation: InstallationId,
    created_at: Timestamp,
    recovery_public: String,
    worker_public: String,
    signing_public: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    plate: Plate,
    signature: String,
}

const FORMAT: &str = "HFA1 vault";
/// The plate is no longer than this, in bytes.
const LONGEST: u64 = 64 << 10;

/// An opened vault.
pub struct Vault {
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    installation: InstallationId,
    recovery_public: PublicKey,
    worker_public: PublicKey,
    signing_public: [u8; 32],
}

/// A vault that was just made.
pub struct Created {
    /// The vault.
    pub vault: Vault,
    /// The recovery key in its written form. Shown once, stored nowhere.
    pub recovery_key: Zeroizing<String>,
}

fn refused(what: &str) -> Error {
    Error::new(Kind::Integrity, "open the vault", what).hint(
        "installation.json was altered or belongs to another installation. Compare it with a second copy.",
    )
}

fn key(text: &str) -> Result<[u8; 32]> {
    unhex(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| refused("a public key in it is damaged"))
}

impl Vault {
    /// Makes an empty store the vault of a new installation.
    pub async fn create(
        storage: Arc<dyn Storage>,
        root: Arc<dyn RootKey>,
        installation: InstallationId,
        clock: Arc<dyn Clock>,
    ) -> Result<Created> {
        let (recovery_private, _) = PrivateKey::generate()?;
        let vault = Self::create_for(storage, root, installation, &recovery_private, clock).await?;
        Ok(Created { vault, recovery_key: recovery::to_text(&recovery_private) })
    }

    /// The same with a recovery key that is kept somewhere already, so that no crash can lose it. The caller answers
    /// for nobody doing the same at the same time.
    pub async fn create_for(
        storage: Arc<dyn Storage>,
        root: Arc<dyn RootKey>,
        installation: InstallationId,
        recovery_private: &PrivateKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let attempt = || format!("make {} a vault", storage.describe());
        if storage.head(&keys::installation()?, None).await?.is_some() {
            return Err(Error::new(Kind::Input, attempt(), "it belongs to an installation already")
                .hint("Use its root key, or choose an empty directory or another prefix."));
        }
        if !storage.list("v1/", None, 1).await?.objects.is_empty() {
            return Err(Error::new(Kind::Input, attempt(), "it holds backups, but does not say whose").hint(
                "installation.json is missing: put it back from a second copy, or choose an empty place.",
            ));
        }
        // What an interrupted attempt left: keys that nothing was sealed with.
        for object in storage.list("keyring/", None, 1000).await?.objects {
            storage.delete(&object.key).await?;
        }
        let recovery_public = recovery_private.public()?;
        let keyring = Keyring::new(Arc::clone(&storage), root, recovery_public.clone(), Arc::clone(&clock));
        let signing = keyring.create(&Owner::System, Purpose::Signing, 1, Secret::random()?).await?;
        let (worker_private, worker_public) = PrivateKey::generate()?;
        let worker = Secret::from_bytes(*worker_private.secret().expose());
        keyring.create(&Owner::System, Purpose::Credentials, 1, worker).await?;
        let signer = ManifestSigner::new(&signing.secret);
        let plate = Plate {
            format: FORMAT.into(),
            installation,
            created_at: clock.now(),
            recovery_public: hex::encode(recovery_public.0),
            worker_public: hex::encode(worker_public.0),
            signing_public: hex::encode(signer.public()),
        };
        let signature = hex::encode(signer.sign(&canonical(&plate)?));
        let body = canonical(&Signed { plate, signature })?;
        super::failpoint("vault.keyring");
        storage.put(&keys::installation()?, body.into(), PutMode::CreateNew).await?;
        let signing_public = signer.public();
        Ok(Self { storage, keyring, installation, recovery_public, worker_public, signing_public })
    }

    /// Opens the vault of an installation.
    pub async fn open(
        storage: Arc<dyn Storage>,
        root: Arc<dyn RootKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let plate = read(&*storage).await?;
        let reading =
            Keyring::read_only(Arc::clone(&storage), Opener::Root(Arc::clone(&root)), Arc::clone(&clock));
        let recovery_public = PublicKey(key(&plate.plate.recovery_public)?);
        let opened = Self::checked(Arc::clone(&storage), reading, plate).await?;
        let keyring = Keyring::new(storage, root, recovery_public, clock);
        Ok(Self { keyring, ..opened })
    }

    /// Opens a vault for reading, with whatever key is left.
    pub async fn open_for_recovery(
        storage: Arc<dyn Storage>,
        opener: Opener,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let plate = read(&*storage).await?;
        let keyring = Keyring::read_only(Arc::clone(&storage), opener, clock);
        Self::checked(storage, keyring, plate).await
    }

    /// The signing key is opened with the caller's own key, so what it signed was not put there by somebody else.
    async fn checked(storage: Arc<dyn Storage>, keyring: Keyring, signed: Signed) -> Result<Self> {
        let plate = signed.plate;
        let signing = keyring.get(&Owner::System, Purpose::Signing, 1).await?;
        let signing_public = ManifestSigner::new(&signing.secret).public();
        let signature = unhex(&signed.signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let genuine = key(&plate.signing_public)? == signing_public
            && signature.is_some_and(|signature| {
                canonical(&plate).is_ok_and(|message| signing::verify(&signing_public, &message, &signature))
            });
        if !genuine {
            return Err(refused("its signature is not that of this installation"));
        }
        Ok(Self {
            storage,
            keyring,
            installation: plate.installation,
            recovery_public: PublicKey(key(&plate.recovery_public)?),
            worker_public: PublicKey(key(&plate.worker_public)?),
            signing_public,
        })
    }

    /// Whose vault it is.
    pub const fn installation(&self) -> InstallationId {
        self.installation
    }
    /// The store.
    pub const fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }
    /// The keys.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }
    /// To which passwords of sources are sealed.
    pub const fn worker_public(&self) -> &PublicKey {
        &self.worker_public
    }
    /// For which every key is wrapped beside the root.
    pub const fn recovery_public(&self) -> &PublicKey {
        &self.recovery_public
    }
    /// Under which manifests are signed.
    pub const fn signing_public(&self) -> &[u8; 32] {
        &self.signing_public
    }
    /// The fingerprint of that key, by which a person tells this vault from a forged one.
    pub fn signing_fingerprint(&self) -> String {
        signing::fingerprint(&self.signing_public)
    }
    /// The key that opens passwords of sources.
    pub async fn worker_key(&self) -> Result<PrivateKey> {
        let key = self.keyring.get(&Owner::System, Purpose::Credentials, 1).await?;
        Ok(PrivateKey::from_secret(Secret::from_bytes(*key.secret.expose())))
    }
    pub(super) async fn signer(&self) -> Result<ManifestSigner> {
        Ok(ManifestSigner::new(&self.keyring.get(&Owner::System, Purpose::Signing, 1).await?.secret))
    }
}

async fn read(storage: &dyn Storage) -> Result<Signed> {
    let body = match storage::read_small(storage, &keys::installation()?, None, LONGEST).await {
        Err(error) if storage::is_missing(&error) => {
            let what = format!("{} is not the vault of any installation", storage.describe());
            return Err(Error::new(Kind::Input, "open the vault", what)
                .hint("Check the path or bucket and prefix. `holdfast migrate` makes a new vault."));
        }
        result => result?,
    };
    let signed: Signed =
        serde_json::from_slice(&body).map_err(|error| refused("it is damaged").caused_by(error))?;
    if signed.plate.format == FORMAT { Ok(signed) } else { Err(refused("it is of an unknown format")) }
}
