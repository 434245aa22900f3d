//! The envelope of several files: ustar (POSIX.1-1988), with pax records (POSIX.1-2001) where a length needs them.

/// Bytes of a block.
const BLOCK: usize = 512;

/// What stands before a file of `length` bytes.
pub fn begin(name: &str, length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Eleven octal digits are eight gibibytes; more goes into a record that comes first.
    if length > 0o777_7777_7777 {
        let record = pax("size", &length.to_string());
        bytes.extend(header("pax", record.len() as u64, b'x'));
        bytes.extend_from_slice(record.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes.extend(header(name, 0, b'0'));
    } else {
        bytes.extend(header(name, length, b'0'));
    }
    bytes
}

/// What stands after a file of `length` bytes.
pub fn end(length: u64) -> Vec<u8> {
    let over = usize::try_from(length % BLOCK as u64).unwrap_or(0);
    vec![0; if over == 0 { 0 } else { BLOCK - over }]
}

/// What stands at the end.
pub fn ending() -> Vec<u8> {
    vec![0; 2 * BLOCK]
}

/// A record counts its own length too.
fn pax(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

fn header(name: &str, length: u64, kind: u8) -> Vec<u8> {
    let mut block = vec![0u8; BLOCK];
    let mut put = |at: usize, text: &[u8]| {
        for (slot, byte) in block.iter_mut().skip(at).zip(text) {
            *slot = *byte;
        }
    };
    put(0, &name.as_bytes()[..name.len().min(100)]);
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{length:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let text = format!("{sum:06o}\0 ");
    for (slot, byte) in block.iter_mut().skip(148).zip(text.as_bytes()) {
        *slot = *byte;
    }
    block
}

/// The files of an archive that was made here, with their content.
pub fn files(mut bytes: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut files = Vec::new();
    loop {
        let (block, rest) = bytes.split_at_checked(BLOCK)?;
        if block.iter().all(|byte| *byte == 0) {
            return Some(files);
        }
        let text = |from: usize, to: usize| {
            let field = block.get(from..to)?;
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            std::str::from_utf8(field.get(..end)?).ok()
        };
        let length = usize::try_from(u64::from_str_radix(text(124, 135)?, 8).ok()?).ok()?;
        files.push((text(0, 100)?.to_owned(), rest.get(..length)?));
        bytes = rest.get(length.next_multiple_of(BLOCK)..)?;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let mut bytes = begin("a.csv", 3);
        bytes.extend(b"x,y");
        bytes.extend(end(3));
        bytes.extend(begin("b.csv", 0));
        bytes.extend(end(0));
        bytes.extend(ending());
        assert_eq!(
            files(&bytes).unwrap(),
            [("a.csv".to_owned(), &b"x,y"[..]), ("b.csv".to_owned(), &b""[..])]
        );
        assert_eq!(pax("size", "8589934592"), "19 size=8589934592\n");
        assert_eq!(begin("big", 1 << 33).len(), 3 * BLOCK);
    }
}
