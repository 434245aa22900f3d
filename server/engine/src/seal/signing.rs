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
