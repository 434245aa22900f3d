//! What stands inside packets. Everything here reads what somebody else wrote: nothing is believed, nothing is
//! allocated by an announced length.

use std::fmt;

use super::fault::Fault;
use crate::{Error, Kind};

/// A packet that ends too early or holds what the protocol does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a packet of the server's is malformed")
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(Kind::Source, "read a row", malformed.to_string()).later()
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::odd(malformed.to_string())
    }
}

/// The values of a row packet: text, or nothing for NULL. After an error there are no more.
pub fn columns(row: &[u8]) -> Values<'_> {
    Values { rest: row }
}

/// Iterator over the values of a row packet.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    rest: &'a [u8],
}

impl<'a> Values<'a> {
    /// What has not been looked at.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<Option<&'a [u8]>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&first, after) = self.rest.split_first()?;
        let (length, after) = match first {
            // Nearly every value is short.
            0..=0xFA => (usize::from(first), after),
            0xFB => {
                self.rest = after;
                return Some(Ok(None));
            }
            _ => match long(first, after) {
                Some(found) => found,
                None => return Some(self.broken()),
            },
        };
        let Some((value, rest)) = after.split_at_checked(length) else {
            return Some(self.broken());
        };
        self.rest = rest;
        Some(Ok(Some(value)))
    }
}

impl<'a> Values<'a> {
    #[cold]
    fn broken(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        self.rest = &[];
        Err(Malformed)
    }
}

/// A length of more than one byte, and what follows it.
#[inline]
fn long(first: u8, after: &[u8]) -> Option<(usize, &[u8])> {
    let width = match first {
        0xFC => 2,
        0xFD => 3,
        0xFE => 8,
        _ => return None,
    };
    let (bytes, rest) = after.split_at_checked(width)?;
    let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    Some((usize::try_from(value).ok()?, rest))
}

/// Reads a packet field by field.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(Malformed)
    }
    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into().map_err(|_| Malformed)?))
    }
    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| Malformed)?))
    }
    /// A number in the encoding that lengths have.
    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let first = self.u8()?;
        if first < 0xFB {
            return Ok(first.into());
        }
        let (value, rest) = long(first, self.0).ok_or(Malformed)?;
        self.0 = rest;
        u64::try_from(value).map_err(|_| Malformed)
    }
    pub(super) fn text(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        self.take(length)
    }
}

/// Number and words of a refusal, if the packet is one.
pub(super) fn refusal(payload: &[u8]) -> Option<(u16, String)> {
    let mut reader = Reader(payload.strip_prefix(&[0xFF])?);
    let code = reader.u16().ok()?;
    // The state is left out before the handshake is over.
    let message = match reader.0 {
        // A trigger or a routine chose the words, maybe of values of the row.
        [b'#', b'4', b'5', b'0', b'0', b'0', ..] => &[],
        [b'#', state_and_message @ ..] => state_and_message.get(5..).unwrap_or_default(),
        message => message,
    };
    Some((code, String::from_utf8_lossy(message).into_owned()))
}

/// A statement that gave no rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// Rows that were changed.
    pub affected_rows: u64,
    /// Warnings that `SHOW WARNINGS` would list.
    pub warnings: u16,
    /// The server's remark, such as `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`.
    pub info: String,
}

/// More results follow: an answer that nobody can have asked for here.
const MORE_RESULTS: u16 = 0x0008;

/// An OK packet, or the one that stands in its form at the end of rows.
pub(super) fn done(payload: &[u8]) -> Result<Done, Fault> {
    let mut reader = Reader(payload);
    reader.u8()?;
    let affected_rows = reader.number()?;
    let _last_insert_id = reader.number()?;
    let status = reader.u16()?;
    let warnings = reader.u16()?;
    single(status)?;
    let mut inner = Reader(reader.0);
    // Some servers send the length of the remark, some do not.
    let info = inner.text().ok().filter(|_| inner.0.is_empty()).unwrap_or(reader.0);
    Ok(Done { affected_rows, warnings, info: String::from_utf8_lossy(info).into_owned() })
}

/// The end of rows or of column definitions as older servers send it.
pub(super) fn old_end(payload: &[u8]) -> Result<Done, Fault> {
    let mut reader = Reader(payload);
    reader.u8()?;
    let warnings = reader.u16()?;
    single(reader.u16()?)?;
    Ok(Done { warnings, ..Done::default() })
}

fn single(status: u16) -> Result<(), Fault> {
    if status & MORE_RESULTS == 0 {
        Ok(())
    } else {
        Err(Fault::odd("it sent more results than were asked for"))
    }
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name or alias.
    pub name: String,
    /// The protocol's number of its type.
    pub kind: u8,
    /// The protocol's flags (`NOT_NULL` 1, `UNSIGNED` 32, `BINARY` 128 …).
    pub flags: u16,
    /// Number of its collation; 63 is binary.
    pub collation: u16,
    /// Its largest length in bytes.
    pub length: u32,
    /// Digits after the point.
    pub decimals: u8,
}

impl Column {
    pub(super) fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(payload);
        // Catalog, schema, table, original table.
        for _ in 0..4 {
            reader.text()?;
        }
        let name = String::from_utf8_lossy(reader.text()?).into_owned();
        let _original_name = reader.text()?;
        let _width = reader.number()?;
        let (collation, length) = (reader.u16()?, reader.u32()?);
        let (kind, flags, decimals) = (reader.u8()?, reader.u16()?, reader.u8()?);
        Ok(Self { name, kind, flags, collation, length, decimals })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_every_length_come_back() {
        let (middle, large, giant) = (vec![b'm'; 300], vec![b'l'; 70_000], vec![b'g'; 0x100_0001]);
        let mut row = vec![0xFB, 0, 1, b'a', 0xFC];
        row.extend_from_slice(&300_u16.to_le_bytes());
        row.extend_from_slice(&middle);
        row.push(0xFD);
        row.extend_from_slice(&70_000_u32.to_le_bytes()[..3]);
        row.extend_from_slice(&large);
        row.push(0xFE);
        row.extend_from_slice(&0x100_0001_u64.to_le_bytes());
        row.extend_from_slice(&giant);
        let values: Vec<_> = columns(&row).collect::<Result<_, _>>().unwrap();
        assert_eq!(values, [None, Some(&b""[..]), Some(b"a"), Some(&middle), Some(&large), Some(&giant)]);
    }

    #[test]
    fn what_ends_too_early_is_an_error_and_the_end() {
        for row in [
            &[5, b'a'][..],
            &[0xFC, 1],
            &[0xFD, 0, 0],
            &[0xFE, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0xFF],
        ] {
            let values: Vec<_> = columns(row).collect();
            assert_eq!(values, [Err(Malformed)], "{row:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_whatever_it_is(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let values = columns(&bytes).count();
            prop_assert!(values <= bytes.len());
            let _either = (refusal(&bytes), done(&bytes).is_ok(), old_end(&bytes).is_ok(), Column::read(&bytes));
        }
    }
}
