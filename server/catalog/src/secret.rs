//! Bytes that were sealed before they came here.

/// A secret sealed to the workers' public key. The catalog can neither open nor make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(sealed, {} bytes)", self.0.len())
    }
}
