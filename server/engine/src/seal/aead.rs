//! AES-256-GCM, the one cipher used.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{AeadInOut, KeyInit},
};

use super::secret::{Secret, random_array};
use crate::{Error, Kind, Result};

/// Bytes of an authentication tag.
pub const TAG: usize = 16;
/// Bytes of a nonce.
pub const NONCE: usize = 12;

/// A key ready for use.
pub struct Cipher(Aes256Gcm);

impl Cipher {
    /// Prepares a key.
    pub fn new(key: &Secret) -> Self {
        Self(Aes256Gcm::new(key.expose().into()))
    }
    /// Encrypts `buffer` in place and appends the tag. The caller answers for the nonce being fresh.
    pub fn seal(&self, nonce: [u8; NONCE], aad: &[u8], buffer: &mut Vec<u8>) -> Result<()> {
        self.0
            .encrypt_in_place(&Nonce::from(nonce), aad, buffer)
            .map_err(|_| Error::new(Kind::Input, "encrypt", "the buffer is longer than the cipher allows"))
    }
    /// Encrypts bytes in place and gives the tag. The caller answers for the nonce being fresh.
    pub fn seal_slice(&self, nonce: [u8; NONCE], aad: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG]> {
        self.0
            .encrypt_inout_detached(&Nonce::from(nonce), aad, bytes.into())
            .map(Into::into)
            .map_err(|_| Error::new(Kind::Input, "encrypt", "the buffer is longer than the cipher allows"))
    }
    /// Checks the tag and decrypts in place. `None` if anything was altered.
    pub fn open_slice(&self, nonce: [u8; NONCE], aad: &[u8], bytes: &mut [u8], tag: [u8; TAG]) -> Option<()> {
        self.0.decrypt_inout_detached(&Nonce::from(nonce), aad, bytes.into(), &tag.into()).ok()
    }
    /// Checks the tag at the end of `buffer`, removes it and decrypts in place. `None` if anything was altered.
    pub fn open(&self, nonce: [u8; NONCE], aad: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
        self.0.decrypt_in_place(&Nonce::from(nonce), aad, buffer).ok()
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
