//! The key to what is needed for signing in: secrets of authenticator apps, the hashes of recovery codes.
//!
//! Passwords of sources are sealed to the workers, so that whoever breaks into the web server cannot read them. That
//! cannot be done here: it is the web server that checks a code while somebody waits. So there is one key for this and
//! nothing else. It is made when first needed, kept in the catalog, wrapped by the root, and opened once per process: a
//! copy of the catalog alone gives no code away, and a KMS is asked once and not at every sign-in. No backup's key can be
//! reached from it.

use domain::UserId;
use engine::seal::{Secret, aead};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    fault::{Error, Result},
    services::Services,
};

/// The opened key.
pub struct SignInKey(Secret);

impl std::fmt::Debug for SignInKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInKey")
    }
}

/// What a secret is for: a secret sealed for one thing does not open as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For<'a> {
    /// The authenticator app of a person.
    App(UserId),
    /// The secret by which an organisation is known to its identity provider at this address.
    Provider {
        /// Which provider, by its id.
        id: &'a str,
        /// Its address: a changed one voids the secret, so that it is not sent to somebody else.
        issuer: &'a str,
    },
}

impl For<'_> {
    fn context(self) -> Vec<u8> {
        match self {
            Self::App(user) => format!("holdfast sign-in|app|{user}").into_bytes(),
            Self::Provider { id, issuer } => {
                format!("holdfast sign-in|provider|{}:{id}|{issuer}", id.len()).into_bytes()
            }
        }
    }
}

impl SignInKey {
    /// Seals a secret.
    pub fn seal(&self, purpose: For<'_>, secret: &[u8]) -> Result<Vec<u8>> {
        Ok(aead::wrap(&self.0, &purpose.context(), secret)?)
    }
    /// Opens one.
    pub fn open(&self, purpose: For<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        aead::unwrap(&self.0, &purpose.context(), sealed).ok_or(Error::Impossible(
            "a secret for signing in does not open: it was altered, or is of another key",
        ))
    }
    /// What is stored of a recovery code. Codes are short enough to be typed, so a plain hash of one could be guessed by
    /// whoever has a copy of the catalog; under this key it cannot.
    pub fn code_hash(&self, user: UserId, code: &str) -> Result<Vec<u8>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.expose())
            .map_err(|_| Error::Impossible("HMAC refused a key"))?;
        mac.update(format!("holdfast recovery code|{user}|{code}").as_bytes());
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Services {
    /// The key, opened when first needed.
    pub async fn sign_in_key(&self) -> Result<&SignInKey> {
        self.sign_in_key.get_or_try_init(|| self.open_sign_in_key()).await
    }

    async fn open_sign_in_key(&self) -> Result<SignInKey> {
        let installation = self.vault.installation().to_string();
        let context =
            [("application", "holdfast"), ("purpose", "signing in"), ("installation", installation.as_str())];
        let wrapped = if let Some(wrapped) = self.catalog.sign_in_key().await? {
            wrapped
        } else {
            let fresh = self.root.wrap(&context, &Secret::random()?).await?;
            // Another process may be first; then its key is the one.
            self.catalog.keep_sign_in_key(catalog::Sealed(fresh)).await?
        };
        Ok(SignInKey(self.root.unwrap(&context, &wrapped.0).await?))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use domain::{Clock, FixedClock, Timestamp};

    use super::*;

    #[test]
    fn a_secret_opens_for_its_person_and_purpose_only() {
        let key = SignInKey(Secret::random().unwrap());
        let clock = FixedClock::at(Timestamp(0));
        let (ann, ben) = (UserId::new(clock.uuid()), UserId::new(clock.uuid()));
        let sealed = key.seal(For::App(ann), b"secret").unwrap();
        assert_eq!(*key.open(For::App(ann), &sealed).unwrap(), b"secret");
        assert!(key.open(For::App(ben), &sealed).is_err());
        let provider = For::Provider { id: "p", issuer: "https://a" };
        let sealed = key.seal(provider, b"secret").unwrap();
        assert!(key.open(For::Provider { id: "p", issuer: "https://b" }, &sealed).is_err());
        assert!(SignInKey(Secret::random().unwrap()).open(provider, &sealed).is_err());
        assert_ne!(key.code_hash(ann, "x").unwrap(), key.code_hash(ben, "x").unwrap());
    }
}
