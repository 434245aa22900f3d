//! What stands between a stranger and the catalog: limits on guessing, the hashing of passwords, the set-up code.

use std::net::IpAddr;

use domain::Fault;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::{limits::Limits, password::Passwords};
use crate::fault::{Error, Result};

/// Crockford's base 32: no letter looks like a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 12;

/// One per process.
#[derive(Debug)]
pub struct Gate {
    /// How often something may be tried.
    pub limits: Limits,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    code: SecretString,
}

impl Gate {
    /// With a fresh set-up code.
    pub fn new() -> Result<Self> {
        Ok(Self { limits: Limits::default(), passwords: Passwords::new()?, code: set_up_code()? })
    }

    /// The code that `serve` prints while nobody has set the installation up, so that only who can read the
    /// server's output can be first.
    pub fn set_up_code(&self) -> &str {
        self.code.expose_secret()
    }

    /// Whether `typed` is the set-up code; spaces, dashes and case do not matter. Compared in constant time.
    pub fn check_code(&self, address: IpAddr, typed: &str) -> Result<(), Fault> {
        self.limits.from_address(address)?;
        let plain = |text: &str| {
            let letters = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
            letters.map(|letter| letter.to_ascii_uppercase()).collect::<String>()
        };
        let (typed, code) = (plain(typed), plain(self.code.expose_secret()));
        if bool::from(typed.as_bytes().ct_eq(code.as_bytes())) {
            Ok(())
        } else {
            Err(Fault::invalid(
                "code",
                "this is not the code that `holdfast serve` printed when it started last",
            ))
        }
    }
}

/// Three groups of four letters.
fn set_up_code() -> Result<SecretString> {
    let mut random = [0u8; CODE_LETTERS];
    getrandom::fill(&mut random)
        .map_err(|_| Error::Impossible("the operating system gave no random bytes"))?;
    let mut code = String::new();
    for (index, byte) in random.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(code.into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_the_printed_code_opens_the_first_run() {
        let gate = Gate::new().unwrap();
        let here = IpAddr::from([127, 0, 0, 1]);
        let code = gate.set_up_code().to_owned();
        assert_eq!(code.len(), 14);
        assert!(gate.check_code(here, &code.to_lowercase().replace('-', " ")).is_ok());
        for wrong in ["", "0000-0000-0000", &code[..13]] {
            assert!(gate.check_code(here, wrong).is_err());
        }
    }
}
