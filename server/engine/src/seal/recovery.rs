//! The recovery key: what a person writes down so that losing the root key loses nothing.
//!
//! It is shown as 13 groups of five characters of Crockford's base 32 (no I, L, O, U), the last of which ends in a
//! check: 32 bytes of key, one byte of version and a check of 56 bits (SHA-256), 65 characters in all. A slip of
//! the pen is found before anything is tried with it.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{sealed_box::PrivateKey, secret::Secret};
use crate::{Error, Kind, Result};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const VERSION: u8 = 1;
const CHECK: usize = 7;
const CHARACTERS: usize = 65;

fn check(key: &[u8; 32]) -> [u8; CHECK] {
    let digest =
        Sha256::new().chain_update(b"HFA1 recovery key").chain_update([VERSION]).chain_update(key).finalize();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

/// The key as a person writes it down.
pub fn to_text(key: &PrivateKey) -> Zeroizing<String> {
    let key = key.secret().expose();
    let bytes = Zeroizing::new([[VERSION].as_slice(), key, &check(key)].concat());
    let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + 12));
    for index in 0..CHARACTERS {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        let value = (0..5).fold(0u8, |value, bit| value << 1 | bit_at(&bytes, index * 5 + bit));
        text.push(char::from(ALPHABET[usize::from(value)]));
    }
    text
}

/// Bit `position`, most significant first; zero beyond the end.
fn bit_at(bytes: &[u8], position: usize) -> u8 {
    bytes.get(position / 8).map_or(0, |byte| byte >> (7 - position % 8) & 1)
}

/// Reads what a person typed: case, spaces, dashes and line breaks do not matter, O is 0, I and L are 1.
pub fn from_text(text: &str) -> Result<PrivateKey> {
    let wrong = |message: String| {
        Error::new(Kind::Input, "read the recovery key", message)
            .hint("Compare it character by character with the copy that you stored: 13 groups of five.")
    };
    let mut bytes = Zeroizing::new(vec![0u8; CHARACTERS * 5 / 8 + 1]);
    let mut count = 0;
    for character in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let normal = match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = ALPHABET
            .iter()
            .position(|&letter| char::from(letter) == normal)
            .ok_or_else(|| wrong("it has a character that no recovery key has".into()))?;
        if count == CHARACTERS {
            return Err(wrong(format!("it is longer than {CHARACTERS} characters")));
        }
        for bit in (0..5).filter(|bit| value >> (4 - bit) & 1 == 1) {
            let position = count * 5 + bit;
            bytes[position / 8] |= 1 << (7 - position % 8);
        }
        count += 1;
    }
    if count < CHARACTERS {
        return Err(wrong(format!("it has {count} of {CHARACTERS} characters")));
    }
    let key = <[u8; 32]>::try_from(&bytes[1..33]).map_err(|_| wrong("it is too short".into()))?;
    // The last character is filled up with zeros: another one there is a slip too.
    let is_filled_up = bytes[33 + CHECK..].iter().all(|&byte| byte == 0);
    if bytes[0] != VERSION || bytes[33..33 + CHECK] != check(&key) || !is_filled_up {
        return Err(wrong("one or more characters are wrong".into()));
    }
    Ok(PrivateKey::from_secret(Secret::from_bytes(key)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_written_key_reads_back_and_every_slip_is_found() {
        let (key, _) = PrivateKey::generate().unwrap();
        let text = to_text(&key);
        assert_eq!(text.len(), 77);
        let sloppy = text.to_lowercase().replace('-', " \n").replace('0', "o").replace('1', "l");
        assert_eq!(from_text(&sloppy).unwrap().secret().expose(), key.secret().expose());
        for (index, original) in text.char_indices().filter(|(_, c)| *c != '-') {
            for &letter in ALPHABET.iter().filter(|&&letter| char::from(letter) != original) {
                let mut wrong = text.to_string();
                wrong.replace_range(index..=index, &char::from(letter).to_string());
                assert!(from_text(&wrong).is_err(), "{index} {letter}");
            }
        }
        assert!(from_text(&text[..70]).is_err());
        assert!(from_text(&format!("{}0", text.as_str())).is_err());
    }
}
