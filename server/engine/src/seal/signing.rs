//! The installation's signature under its manifests: Ed25519 (RFC 8032).

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::secret::Secret;

/// Signs manifests.
pub struct ManifestSigner(SigningKey);

impl ManifestSigner {
    /// From key material.
    pub fn new(secret: &Secret) -> Self {
        Self(SigningKey::from_bytes(secret.expose()))
    }
    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Whether `signature` is one of `public` under `message`. Strict: no malleable encodings, no weak keys.
pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// Half of the key's SHA-256 in groups of four hex digits. Long enough that nobody finds another key with the same one,
/// and that is all that tells a genuine vault from one that was made up by somebody who knows the recovery *public*
/// key: it stands in every vault.
pub fn fingerprint(public: &[u8; 32]) -> String {
    use sha2::{Digest, Sha256};
    let digits = hex::encode(&Sha256::digest(public)[..16]);
    let groups: Vec<&str> = (0..8).map(|group| &digits[4 * group..4 * group + 4]).collect();
    groups.join("-")
}

/// Whether what somebody typed is the fingerprint of `public`. Case, spaces and dashes do not matter.
pub fn is_fingerprint(public: &[u8; 32], typed: &str) -> bool {
    let plain = |text: &str| {
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_ascii_lowercase()
    };
    plain(typed) == plain(&fingerprint(public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_compared_whole_and_however_it_is_typed() {
        let (one, other) = ([1; 32], [2; 32]);
        let text = fingerprint(&one);
        assert_eq!(text.len(), 39);
        assert!(is_fingerprint(&one, &text) && is_fingerprint(&one, &text.to_uppercase().replace('-', " ")));
        assert!(
            !is_fingerprint(&other, &text) && !is_fingerprint(&one, &text[..20]) && !is_fingerprint(&one, "")
        );
    }
}
