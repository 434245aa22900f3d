//! A row of the text protocol, taken apart without copying.

use crate::{Error, Kind, Result};

/// Where the values of a row lie. Used again for every row.
#[derive(Debug, Default)]
pub struct Fields {
    /// Start and length; a length of `NULL` means that there is no value.
    spans: Vec<(u32, u32)>,
    /// Where each field ends.
    ends: Vec<u32>,
}

const NULL: u32 = u32::MAX;

fn malformed() -> Error {
    Error::new(Kind::Source, "read a row", "the server sent one that is not well formed").later().hint(
        "It is tried again. If it stays so, look for something between us and the server that alters data.",
    )
}

impl Fields {
    /// Takes a row of `count` values apart.
    pub fn split(&mut self, row: &[u8], count: usize) -> Result<()> {
        self.spans.clear();
        self.ends.clear();
        let mut at = 0usize;
        for _ in 0..count {
            let first = *row.get(at).ok_or_else(malformed)?;
            at += 1;
            let width = match first {
                0xfb => {
                    self.spans.push((0, NULL));
                    self.ends.push(narrow(at)?);
                    continue;
                }
                0xfc => 2,
                0xfd => 3,
                0xfe => 8,
                0xff => return Err(malformed()),
                _ => 0,
            };
            let length = if width == 0 {
                usize::from(first)
            } else {
                let bytes = row.get(at..at + width).ok_or_else(malformed)?;
                at += width;
                let length = bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                usize::try_from(length).map_err(|_| malformed())?
            };
            let end = at.checked_add(length).filter(|end| *end <= row.len()).ok_or_else(malformed)?;
            self.spans.push((narrow(at)?, narrow(length)?));
            self.ends.push(narrow(end)?);
            at = end;
        }
        if at == row.len() { Ok(()) } else { Err(malformed()) }
    }
    /// Value number `index` of the row that was taken apart; `None` is NULL.
    pub fn get<'r>(&self, row: &'r [u8], index: usize) -> Option<&'r [u8]> {
        let (start, length) = *self.spans.get(index)?;
        if length == NULL {
            return None;
        }
        row.get(start as usize..start as usize + length as usize)
    }
    /// The bytes of the first `count` values, as they were sent.
    pub fn prefix<'r>(&self, row: &'r [u8], count: usize) -> &'r [u8] {
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last)).map_or(0, |end| *end as usize);
        row.get(..end).unwrap_or_default()
    }
}

fn narrow(value: usize) -> Result<u32> {
    u32::try_from(value).ok().filter(|value| *value != NULL).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_are_found_and_what_is_malformed_is_refused() {
        let mut fields = Fields::default();
        let mut row = b"\x02ab\xfb\x00\xfc\x03\x00xyz".to_vec();
        fields.split(&row, 4).unwrap();
        assert_eq!(fields.get(&row, 0), Some(&b"ab"[..]));
        assert_eq!(fields.get(&row, 1), None);
        assert_eq!(fields.get(&row, 2), Some(&b""[..]));
        assert_eq!(fields.get(&row, 3), Some(&b"xyz"[..]));
        assert_eq!(fields.prefix(&row, 2), b"\x02ab\xfb");
        assert!(fields.split(&row, 3).is_err(), "something is left");
        assert!(fields.split(&row, 5).is_err(), "something is missing");
        row.truncate(8);
        assert!(fields.split(&row, 4).is_err());
        assert!(fields.split(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 1).is_err());
        assert!(fields.split(b"\xff", 1).is_err());
    }
}
