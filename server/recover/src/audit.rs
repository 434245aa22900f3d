//! Checking an exported audit trail. Needs the file and the fingerprint of the signing key: no vault, no server, no key.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use domain::audit::{
    encoding::from_hex,
    export::Line,
    verify::{Damage, Signed, Verdict, Verifier},
};
use engine::seal::signing;

use crate::{FOUND_DAMAGE, screen};

/// No line is longer, in bytes: an event has a few hundred, a path a few hashes.
const LONGEST_LINE: u64 = 1 << 20;

/// Checks a file; prints what was found. Damage is the exit status 1.
pub fn verify(file: &Path, fingerprint: Option<&str>) -> Result<ExitCode> {
    let input = File::open(file).with_context(|| format!("open {}", file.display()))?;
    let mut lines = Lines { input: BufReader::new(input), number: 0 };
    let first = lines.next().with_context(|| format!("read {}", file.display()))?;
    let Some(first) = first else { bail!("{} is empty", file.display()) };
    let key = signing_key(&first)?;
    match fingerprint {
        Some(typed) if !signing::is_fingerprint(&key, typed) => bail!(
            "this trail is signed by another key: {}\n  What to do: compare it with what was written down beside the \
             recovery key. If that is what you typed, the file is not from your installation",
            signing::fingerprint(&key)
        ),
        Some(_) => {}
        None => {
            screen::warn(&format!("The trail is signed by the key {}", signing::fingerprint(&key)));
            screen::warn(
                "Compare it with the fingerprint beside the recovery key: anybody can sign a trail with a key of their own. \
                 With --signing-key FINGERPRINT it is compared for you.",
            );
        }
    }
    let signed = |bytes: &[u8], signature: &[u8; 64]| signing::verify(&key, bytes, signature);
    match all(&first, &mut lines, &signed) {
        Ok(verdict) => {
            tell(&verdict);
            Ok(ExitCode::SUCCESS)
        }
        Err(Broken::Read(error)) => Err(error).with_context(|| format!("read {}", file.display())),
        Err(damage) => {
            screen::print(&format!("DAMAGED, at line {} of the file", lines.number));
            screen::warn(&format!("  {damage}"));
            Ok(ExitCode::from(FOUND_DAMAGE))
        }
    }
}

fn all(first: &Line, lines: &mut Lines, signed: Signed<'_>) -> Result<Verdict, Broken> {
    let mut verifier = Verifier::begin(first, signed)?;
    while let Some(line) = lines.next()? {
        verifier.line(&line)?;
    }
    Ok(verifier.finish()?)
}

/// Why checking stopped.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Read(#[from] std::io::Error),
    #[error("this is no line of an audit export: it was altered, or the file is cut off")]
    Line(#[source] serde_json::Error),
    #[error(transparent)]
    Damage(#[from] Damage),
}

struct Lines {
    input: BufReader<File>,
    number: u64,
}

impl Lines {
    fn next(&mut self) -> Result<Option<Line>, Broken> {
        let mut text = Vec::new();
        self.number += 1;
        let mut line = std::io::Read::take(&mut self.input, LONGEST_LINE);
        if line.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&text).map(Some).map_err(Broken::Line)
    }
}

fn signing_key(first: &Line) -> Result<[u8; 32]> {
    let key = match first {
        Line::Begin { signing_key, .. } => from_hex(signing_key).and_then(|bytes| bytes.try_into().ok()),
        _ => None,
    };
    key.context("this is no audit export, or one of a newer format")
}

fn tell(verdict: &Verdict) {
    screen::print(&format!(
        "Whole: entries {} to {} of {}, under {} signed heads",
        verdict.first.unwrap_or(verdict.last),
        verdict.last,
        verdict.chain,
        verdict.heads
    ));
    if let Some(head) = &verdict.newest {
        screen::print(&format!(
            "Complete up to head {} of {}, installation {}",
            head.number,
            head.at.exact(),
            head.installation
        ));
    }
    if verdict.unanchored > 0 {
        screen::warn(&format!(
            "The last {} entries are linked to those before them, but no signed head covers them yet: whoever owned the \
             database may have altered them",
            verdict.unanchored
        ));
    }
    if verdict.newer > 0 {
        screen::warn(&format!(
            "{} entries use words of a newer version of Holdfast: their bytes are proven, their words were not compared",
            verdict.newer
        ));
    }
}
