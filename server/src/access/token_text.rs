//! How a token is written: `hf_`, then the secret and its check, in letters that nobody takes for others.
//!
//! The beginning lets scanners of repositories find one that was published by mistake; the check tells a token that was
//! cut off or mistyped from one that is unknown, without asking the catalog.

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::fault::{Error, Result};

/// How every token begins.
pub const BEGINS: &str = "hf_";
/// Letters of the secret that people see, by which they recognise it. They leave 216 bits unknown.
const SHOWN: usize = 8;
const SECRET: usize = 32;
const CHECK: usize = 4;
/// Crockford's base 32 in small letters.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh token.
pub struct Fresh {
    /// What its person gets, this one time.
    pub text: SecretString,
    /// How it begins.
    pub prefix: String,
    /// What is stored.
    pub hash: Vec<u8>,
}

/// Makes one from 256 random bits.
pub fn fresh() -> Result<Fresh> {
    let mut secret = Zeroizing::new([0u8; SECRET]);
    getrandom::fill(secret.as_mut_slice())
        .map_err(|_| Error::Impossible("the operating system gave no random bytes"))?;
    let text = write(&secret);
    let prefix = text.chars().take(BEGINS.len() + SHOWN).collect();
    Ok(Fresh { prefix, hash: Sha256::digest(secret.as_slice()).to_vec(), text: text.as_str().into() })
}

/// The hash under which the token written so would be stored; nothing if it is not written as tokens are.
pub fn read(text: &str) -> Option<Vec<u8>> {
    let body = text.strip_prefix(BEGINS)?;
    if body.len() != letters_of(SECRET + CHECK) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET + CHECK));
    let (mut held, mut bits) = (0u32, 0u32);
    for letter in body.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    let (secret, written) = bytes.split_at_checked(SECRET)?;
    // What is left over is nothing, so that a token has one spelling.
    (held == 0 && written == check(secret)).then(|| Sha256::digest(secret).to_vec())
}

fn check(secret: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(BEGINS).chain_update(secret).finalize();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

const fn letters_of(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

fn write(secret: &[u8; SECRET]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(BEGINS.len() + letters_of(SECRET + CHECK)));
    text.push_str(BEGINS);
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in secret.iter().copied().chain(check(secret)) {
        held = held << 8 | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(value: u32) -> char {
    char::from(LETTERS[usize::try_from(value & 31).unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let fresh = fresh().unwrap();
        let text = fresh.text.expose_secret();
        assert_eq!(read(text), Some(fresh.hash));
        assert!(text.starts_with(&fresh.prefix) && fresh.prefix.len() == 11, "{}", fresh.prefix);
        for end in 0..text.len() {
            assert_eq!(read(&text[..end]), None, "cut off at {end}");
        }
        assert_eq!(read(&format!("{text}0")), None);
        assert_eq!(read(&text.to_uppercase()), None);
        assert_eq!(read(&format!("{}é{}", &text[..10], &text[12..])), None);
        for at in BEGINS.len()..text.len() {
            let other = if &text[at..=at] == "7" { "8" } else { "7" };
            assert_eq!(read(&format!("{}{other}{}", &text[..at], &text[at + 1..])), None, "mistyped at {at}");
        }
    }

    #[test]
    fn one_secret_has_one_spelling_and_that_is_fixed() {
        let text = write(&[0xab; SECRET]);
        assert_eq!(*text, "hf_nentqaxbnentqaxbnentqaxbnentqaxbnentqaxbnentqaxbnenhhx1jsr");
    }
}
