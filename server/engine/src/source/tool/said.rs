//! What a program writes to standard error: kept at both ends, and heard while it runs.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How much is kept from the beginning: the first message names the cause.
const BEGINNING: usize = 64 << 10;
/// How much is kept from the end: some programs say only there whether they are done.
const END: usize = 4 << 10;
/// A line is heard up to this length.
const LINE: usize = 4 << 10;

/// Hears every line as it is written. Must be quick.
pub type OnLine = Arc<dyn Fn(&str) + Send + Sync>;

/// Both ends.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub beginning: String,
    pub end: String,
}

/// Reads to the end. What does not fit is read and dropped, or the program would block.
pub(super) async fn listen(mut stream: impl AsyncRead + Unpin, heard: Option<OnLine>) -> Said {
    let (mut beginning, mut end, mut line) = (Vec::new(), Vec::new(), Vec::new());
    let mut buffer = [0u8; 4096];
    while let Ok(length) = stream.read(&mut buffer).await {
        if length == 0 {
            break;
        }
        let new = &buffer[..length];
        let room = BEGINNING.saturating_sub(beginning.len()).min(length);
        beginning.extend_from_slice(&new[..room]);
        end.extend_from_slice(new);
        let surplus = end.len().saturating_sub(END);
        end.drain(..surplus);
        let Some(heard) = &heard else { continue };
        for &byte in new {
            if byte == b'\n' {
                heard(&String::from_utf8_lossy(&line));
                line.clear();
            } else if line.len() < LINE {
                line.push(byte);
            }
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { beginning: text(beginning), end: text(end) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn both_ends_are_kept_and_every_line_is_heard() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&lines);
        let text: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
        let heard: OnLine = Arc::new(move |line: &str| into.lock().unwrap().push(line.to_owned()));
        let said = listen(text.as_bytes(), Some(heard)).await;
        assert!(said.beginning.starts_with("line 0\n") && said.beginning.len() == BEGINNING);
        assert!(said.end.ends_with("line 19999\n") && said.end.len() == END);
        assert_eq!(lines.lock().unwrap().len(), 20_000);
    }
}
