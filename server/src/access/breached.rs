//! Passwords that are known from breaches, looked up in a list on this machine: nobody is asked, and no part of a
//! password leaves.
//!
//! The list is the one that Have I Been Pwned offers: a line for each password, its SHA-1 in hexadecimal, a colon, how
//! often it was seen; in the order of the hashes. It has tens of gigabytes, so it is searched where it lies: some forty
//! short reads. A list of shortened hashes is read as well, as long as each has at least sixteen digits.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// No line is longer.
const LINE: u64 = 128;
/// Digits of a hash at least; fewer would refuse passwords that nobody lost.
const DIGITS: usize = 16;

/// The hash as the list writes it.
pub(super) fn hash_of(password: &str) -> String {
    hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()))
}

/// Whether a password is in the list.
pub fn is_listed(list: &Path, password: &str) -> io::Result<bool> {
    let hash = hash_of(password);
    let mut file = File::open(list)?;
    // Every line that begins before `low` is smaller; none that begins at `high` or later is.
    let (mut low, mut high) = (0, file.metadata()?.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some((begins, line)) = line_after(&mut file, middle)?.filter(|(begins, _)| *begins < high) else {
            if middle == low {
                return Ok(false);
            }
            high = middle;
            continue;
        };
        let digits = line.get(..line.len().min(hash.len())).unwrap_or_default();
        match digits.as_bytes().cmp(&hash.as_bytes()[..digits.len()]) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = begins + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

/// The first line that begins at `from` or later: where, and its digits.
fn line_after(file: &mut File, from: u64) -> io::Result<Option<(u64, String)>> {
    // One byte more: a line begins at `from` if a line ends before it.
    let at = from.saturating_sub(1);
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(2 * LINE).read_to_end(&mut bytes)?;
    let skipped = if from == 0 {
        0
    } else {
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if bytes.len() < usize::try_from(LINE).unwrap_or(usize::MAX) => return Ok(None),
            None => return Err(odd("a line is too long")),
        }
    };
    let rest = &bytes[skipped..];
    if rest.is_empty() {
        return Ok(None);
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits < DIGITS {
        return Err(odd("a line does not begin with a hash"));
    }
    let line = String::from_utf8_lossy(&rest[..digits]).to_uppercase();
    Ok(Some((at + u64::try_from(skipped).unwrap_or(u64::MAX), line)))
}

fn odd(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for (count, cut, end) in [(1, 40, "\n"), (2, 40, "\r\n"), (999, 40, "\r\n"), (500, 20, "\n")] {
            let mut lines: Vec<_> =
                (0..count).map(|n| hash_of(&format!("listed {n}"))[..cut].to_owned()).collect();
            lines.sort();
            let text: String =
                lines.iter().enumerate().map(|(n, line)| format!("{line}:{}{end}", n * n)).collect();
            let list = dir.path().join("list");
            std::fs::write(&list, text).unwrap();
            for n in 0..count {
                assert!(is_listed(&list, &format!("listed {n}")).unwrap(), "{n} of {count}");
                assert!(!is_listed(&list, &format!("other {n}")).unwrap(), "{n} of {count}");
            }
        }
    }

    #[test]
    fn what_is_no_list_is_an_error_and_an_empty_one_lists_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        std::fs::write(&list, "").unwrap();
        assert!(!is_listed(&list, "x").unwrap());
        for text in ["password\n123456\n".to_owned(), "00\n".to_owned(), "A".repeat(9_000)] {
            std::fs::write(&list, &text).unwrap();
            assert!(is_listed(&list, "x").is_err(), "{}", &text[..2]);
        }
    }
}
