//! AES-256-GCM, the one cipher used.
//!
//! It is sealed with one library and opened with another: what is wrong in either shows when a frame is opened again
//! before it leaves, and not at restore. The one that opens is several times as fast, which a restore notices.

use aes_gcm::{
    Aes256Gcm,
    aead::{AeadInOut, KeyInit},
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::secret::{Secret, random_array};
use crate::{Error, Kind, Result};

/// Bytes of an authentication tag.
pub const TAG: usize = 16;
/// Bytes of a nonce.
pub const NONCE: usize = 12;

/// A key ready for use.
pub struct Cipher {
    seals: Aes256Gcm,
    /// Nothing if the library refused the key: then nothing can be opened, and nothing sealed passes its proof.
    opens: Option<LessSafeKey>,
}

impl Cipher {
    /// Prepares a key.
    pub fn new(key: &Secret) -> Self {
        Self {
            seals: Aes256Gcm::new(key.expose().into()),
            opens: UnboundKey::new(&AES_256_GCM, key.expose()).ok().map(LessSafeKey::new),
        }
    }
    /// Encrypts `buffer` in place and appends the tag. The caller answers for the nonce being fresh.
    pub fn seal(&self, nonce: [u8; NONCE], aad: &[u8], buffer: &mut Vec<u8>) -> Result<()> {
        self.seals
            .encrypt_in_place(&nonce.into(), aad, buffer)
            .map_err(|_| Error::new(Kind::Input, "encrypt", "the buffer is longer than the cipher allows"))
    }
    /// Encrypts bytes in place and gives the tag. The caller answers for the nonce being fresh.
    pub fn seal_slice(&self, nonce: [u8; NONCE], aad: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG]> {
        self.seals
            .encrypt_inout_detached(&nonce.into(), aad, bytes.into())
            .map(Into::into)
            .map_err(|_| Error::new(Kind::Input, "encrypt", "the buffer is longer than the cipher allows"))
    }
    /// Checks the tag and decrypts into `plain`, whatever was in it before. `None` if anything was altered.
    pub fn open_into(
        &self,
        nonce: [u8; NONCE],
        aad: &[u8],
        sealed: &[u8],
        tag: [u8; TAG],
        plain: &mut Vec<u8>,
    ) -> Option<()> {
        plain.resize(sealed.len(), 0);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.opens.as_ref()?.open_separate_gather(nonce, Aad::from(aad), sealed, &tag, plain).ok()
    }
    /// Checks the tag at the end of `buffer`, removes it and decrypts in place. `None` if anything was altered.
    pub fn open(&self, nonce: [u8; NONCE], aad: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.opens.as_ref()?.open_in_place(nonce, Aad::from(aad), buffer).ok()?.len();
        buffer.truncate(length);
        Some(())
    }
}

/// Encrypts a key or another small secret under a random nonce: nonce ‖ ciphertext ‖ tag. With random nonces of
/// 96 bits one key may wrap 2^32 secrets; an owner's key stays far below.
pub fn wrap(key: &Secret, aad: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
    let nonce = random_array::<NONCE>()?;
    let mut buffer = secret.to_vec();
    Cipher::new(key).seal(nonce, aad, &mut buffer)?;
    Ok([nonce.as_slice(), &buffer].concat())
}

/// The way back from [`wrap`]. `None` if key, context or ciphertext are not those of the wrapping.
pub fn unwrap(key: &Secret, aad: &[u8], wrapped: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>()?;
    let mut buffer = zeroize::Zeroizing::new(sealed.to_vec());
    Cipher::new(key).open(*nonce, aad, &mut buffer)?;
    Some(buffer)
}
