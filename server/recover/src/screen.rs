//! What a person sees: results on standard output, everything else on standard error, and a line that moves while
//! something takes long and somebody is looking.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{ByteSize, backups::Progress, clock::human_duration_ms};
use engine::pipeline::{Control, NoFence};
use tokio_util::sync::CancellationToken;

use crate::clock::MachineClock;

/// Between two drawings of the line.
const BETWEEN: Duration = Duration::from_millis(200);

/// A result. Whoever reads them may have gone: that is no failure of ours.
pub fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A remark.
pub fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Why it could not be done, with what to do.
pub fn complain(error: &anyhow::Error) {
    let mut text = format!("holdfast-recover: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(&format!(": {cause}"));
        }
    }
    if let Some(hint) = error.downcast_ref::<engine::Error>().and_then(engine::Error::advice) {
        text.push_str(&format!("\n  What to do: {hint}"));
    }
    warn(&text);
}

/// For the engine: stops at Ctrl-C and draws the line.
pub fn control() -> Control {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let line = Mutex::new(Line::default());
    let looked_at = std::io::stderr().is_terminal();
    Control {
        clock: Arc::new(MachineClock),
        cancel,
        progress: Arc::new(move |progress| {
            if looked_at && let Ok(mut line) = line.lock() {
                line.draw(&progress);
            }
        }),
        fence: Arc::new(NoFence),
    }
}

#[derive(Default)]
struct Line {
    phase: String,
    began: Option<Instant>,
    drawn: Option<Instant>,
}

impl Line {
    fn draw(&mut self, progress: &Progress) {
        let now = Instant::now();
        if self.phase != progress.phase {
            self.phase.clone_from(&progress.phase);
            self.began = Some(now);
        } else if self.drawn.is_some_and(|drawn| now.duration_since(drawn) < BETWEEN) {
            return;
        }
        self.drawn = Some(now);
        let ms = self.began.map_or(0, |began| now.duration_since(began).as_millis());
        let rate = u64::try_from(u128::from(progress.bytes) * 1000 / ms.max(1)).unwrap_or(u64::MAX);
        let mut text = format!("\r\x1b[2K{}: {}", progress.phase, ByteSize(progress.bytes));
        if let Some(percent) = progress.percent() {
            text.push_str(&format!(", {percent} %"));
        }
        if ms > 1000 && rate > 0 {
            text.push_str(&format!(", {}/s", ByteSize(rate)));
            let left = progress.bytes_expected.and_then(|expected| expected.checked_sub(progress.bytes));
            if let Some(left) = left.and_then(|left| i64::try_from(left.saturating_mul(1000) / rate).ok()) {
                text.push_str(&format!(", {} left", human_duration_ms(left)));
            }
        }
        let mut out = std::io::stderr();
        let _ = write!(out, "{text}").and_then(|()| out.flush());
    }
}

/// Removes the line, before something is printed.
pub fn clear() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[2K");
    }
}
