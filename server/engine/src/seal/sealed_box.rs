//! Sealing to a public key: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM.
//!
//! Used twice: owners' keys are wrapped for the recovery key that lies in a safe, and passwords of sources are
//! sealed by the web process for the workers, so that whoever takes over the web process reads none.

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::AesGcm256, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use zeroize::Zeroizing;

use super::secret::{Secret, random_array};
use crate::{Error, Kind, Result};

type K = X25519HkdfSha256;
const ENCAPSULATED: usize = 32;

/// A public key to seal to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

/// The private key that opens.
pub struct PrivateKey(Secret);

impl PublicKey {
    /// First 16 hex digits of its SHA-256: enough to compare by eye.
    pub fn fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};
        hex::encode(&Sha256::digest(self.0)[..8])
    }
    /// Seals `plain`; `info` says what for, `aad` binds it to its place. Encapsulated key ‖ ciphertext ‖ tag.
    pub fn seal(&self, info: &[u8], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::new(Kind::Key, "seal to a public key", "the public key is not usable");
        let public = <K as Kem>::PublicKey::from_bytes(&self.0).map_err(failed)?;
        let (encapsulated, ciphertext) =
            hpke::single_shot_seal::<AesGcm256, HkdfSha256, K>(&OpModeS::Base, &public, info, plain, aad)
                .map_err(failed)?;
        Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
    }
}

impl PrivateKey {
    /// A fresh pair.
    pub fn generate() -> Result<(Self, PublicKey)> {
        let seed = Zeroizing::new(random_array::<32>()?);
        let (private, public) = K::derive_keypair(seed.as_ref());
        Ok((Self(Secret::from_slice(&private.to_bytes())?), PublicKey(public.to_bytes().into())))
    }
    /// From key material.
    pub fn from_secret(secret: Secret) -> Self {
        Self(secret)
    }
    /// Its key material.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
    /// The public half.
    pub fn public(&self) -> Result<PublicKey> {
        Ok(PublicKey(K::sk_to_pk(&self.hpke()?).to_bytes().into()))
    }
    fn hpke(&self) -> Result<<K as Kem>::PrivateKey> {
        <K as Kem>::PrivateKey::from_bytes(self.0.expose()).map_err(|_| {
            Error::new(Kind::Key, "read a private key", "these are not the bytes of a private key")
        })
    }
    /// Opens what was sealed to the public half with the same `info` and `aad`.
    pub fn open(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let refused = || {
            Error::new(Kind::Key, "open a sealed secret", "it was sealed for another key or another place")
        };
        let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED).ok_or_else(refused)?;
        let encapsulated = <K as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| refused())?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, K>(
            &OpModeR::Base,
            &self.hpke()?,
            &encapsulated,
            info,
            ciphertext,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| refused())
    }
}
