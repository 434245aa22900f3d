//! Passwords of sources: sealed where they are entered, opened only by a worker.
//!
//! The sealed password is bound to organisation, connection, host, port and user. A changed host therefore voids
//! it: a stored password cannot be sent to a server of somebody else's choosing.

use secrecy::{ExposeSecret, SecretString};

use super::sealed_box::{PrivateKey, PublicKey};
use crate::{Error, Kind, Result};

const INFO: &[u8] = b"HFA1 source password";

/// What a password is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Organisation that owns the connection.
    pub tenant: &'a str,
    /// Id of the connection, or of the channel whose secret it is.
    pub connection: &'a str,
    /// Host.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// Account.
    pub user: &'a str,
}

impl Binding<'_> {
    /// Length-prefixed, so that no two bindings have the same bytes.
    fn aad(&self) -> Vec<u8> {
        let port = self.port.to_string();
        [self.tenant, self.connection, self.host, &port, self.user]
            .iter()
            .flat_map(|part| [part.len().to_string().as_bytes(), b":", part.as_bytes()].concat())
            .collect()
    }
}

/// Seals a password for the workers.
pub fn seal(workers: &PublicKey, binding: Binding<'_>, password: &SecretString) -> Result<Vec<u8>> {
    workers.seal(INFO, &binding.aad(), password.expose_secret().as_bytes())
}

/// Opens a password in a worker.
pub fn open(worker: &PrivateKey, binding: Binding<'_>, sealed: &[u8]) -> Result<SecretString> {
    let attempt = "open the stored password";
    let plain = worker.open(INFO, &binding.aad(), sealed).map_err(|error| {
        Error::new(
            Kind::Key,
            attempt,
            "it was stored for another host, port or user, or for another installation",
        )
        .hint("Enter the password of the connection again.")
        .caused_by(error)
    })?;
    let text = std::str::from_utf8(&plain).map_err(|_| Error::new(Kind::Key, attempt, "it is not text"))?;
    Ok(SecretString::from(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_password_opens_only_for_the_server_it_was_entered_for() {
        let (private, public) = PrivateKey::generate().unwrap();
        let here = Binding { tenant: "t", connection: "c", host: "db", port: 3306, user: "u" };
        let sealed = seal(&public, here, &SecretString::from("s3cret")).unwrap();
        assert_eq!(open(&private, here, &sealed).unwrap().expose_secret(), "s3cret");
        for elsewhere in [
            Binding { host: "evil", ..here },
            Binding { port: 3307, ..here },
            Binding { user: "v", ..here },
            Binding { tenant: "x", ..here },
            Binding { connection: "d", ..here },
            Binding { tenant: "t1:c", connection: "", ..here },
        ] {
            assert!(open(&private, elsewhere, &sealed).is_err());
        }
    }
}
