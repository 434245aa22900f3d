//! From a data key to the keys of one segment.
//!
//! HKDF-SHA-512 (RFC 5869) with the segment's own random salt. Three purposes, three infos. The commitment makes
//! it impossible to present one ciphertext that opens under two keys.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::secret::Secret;

/// The keys of one segment.
pub struct SegmentKeys {
    /// Encrypts its frames.
    pub payload: Secret,
    /// Stands in its header and proves which key belongs to it.
    pub commitment: [u8; 32],
    header: Secret,
}

fn expand(hkdf: &Hkdf<Sha512>, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut output = Zeroizing::new([0; 32]);
    // 32 bytes are far below HKDF's limit of 255 blocks: this cannot fail, and an all-zero key must not go on.
    if hkdf.expand(info, output.as_mut()).is_err() {
        unreachable!("HKDF gives 32 bytes for every input");
    }
    output
}

impl SegmentKeys {
    /// Derives the keys of the segment with this salt.
    pub fn derive(data_key: &Secret, salt: &[u8; 32]) -> Self {
        let hkdf = Hkdf::<Sha512>::new(Some(salt), data_key.expose());
        Self {
            payload: Secret::from_bytes(*expand(&hkdf, b"HFA1 payload")),
            commitment: *expand(&hkdf, b"HFA1 commit"),
            header: Secret::from_bytes(*expand(&hkdf, b"HFA1 header")),
        }
    }
    fn header_mac(&self, header: &[u8]) -> Hmac<Sha256> {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(self.header.expose()) else {
            unreachable!("HMAC takes keys of every length");
        };
        mac.update(header);
        mac
    }
    /// HMAC-SHA-256 over a header.
    pub fn sign_header(&self, header: &[u8]) -> [u8; 32] {
        self.header_mac(header).finalize().into_bytes().into()
    }
    /// Checks a header's HMAC in constant time.
    pub fn verify_header(&self, header: &[u8], mac: &[u8]) -> bool {
        self.header_mac(header).verify_slice(mac).is_ok()
    }
}
