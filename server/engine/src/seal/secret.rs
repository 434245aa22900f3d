//! Thirty-two secret bytes.

use zeroize::Zeroizing;

use crate::{Error, Kind, Result};

/// Key material of 256 bits; wiped when dropped, never printed, never copied by accident.
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Fresh from the operating system's generator.
    pub fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill_random(bytes.as_mut())?;
        Ok(Self(bytes))
    }
    /// Key material that comes from elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
    /// Key material from a slice, which must have exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        let array = <[u8; 32]>::try_from(bytes).map_err(|_| {
            Error::new(Kind::Key, "read a key", format!("a key has 32 bytes, this has {}", bytes.len()))
        })?;
        Ok(Self::from_bytes(array))
    }
    /// The bytes, for the cipher that uses them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Fills a buffer from the operating system's generator.
pub fn fill_random(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer).map_err(|error| {
        Error::new(Kind::Key, "draw random bytes", "the operating system gave none")
            .caused_by(error.to_string())
    })
}

/// An array from the operating system's generator: salts and nonces, which are not secret.
pub fn random_array<const N: usize>() -> Result<[u8; N]> {
    let mut array = [0; N];
    fill_random(&mut array)?;
    Ok(array)
}
