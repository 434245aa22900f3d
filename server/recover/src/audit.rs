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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::net::IpAddr;

    use domain::{
        InstallationId, TenantId, Timestamp, UserId,
        audit::{Act, Chain, Deed, Link, Mark, Origin, TreeHead, Who, tree},
    };
    use engine::seal::{Secret, signing::ManifestSigner};
    use uuid::Uuid;

    use super::*;

    /// A trail of three entries under one head, as the server writes it.
    fn export(signer: &ManifestSigner) -> Vec<String> {
        let installation = InstallationId::new(Uuid::from_u128(1));
        let (ours, theirs) = (2, 3);
        let chain = |tenant| Chain::Tenant(TenantId::new(Uuid::from_u128(tenant)));
        let mut lines = vec![Line::begin(
            installation,
            chain(ours),
            &signer.public(),
            Timestamp(5),
            Link::start(chain(ours)),
        )];
        let mut marks = Vec::new();
        for tenant in [ours, theirs] {
            let (mut at, mut hashes) = (Link::start(chain(tenant)), Vec::new());
            for n in 0..3 {
                let user = UserId::new(Uuid::from_u128(n));
                let from = Origin::network(IpAddr::from([192, 0, 2, 7]), None);
                let who = Who::person(user, "Ada");
                let event = Deed::done(Act::UserChange, user).event(
                    Uuid::from_u128(n),
                    chain(tenant),
                    Timestamp(4),
                    who,
                    from,
                );
                at = at.next(&event.encode());
                hashes.push(at.hash);
                if tenant == ours {
                    lines.push(Line::entry(at, &event));
                }
            }
            marks.extend(Mark::over(chain(tenant), Link::start(chain(tenant)), &hashes));
        }
        let head = TreeHead::over(installation, None, Timestamp(5), &mut marks);
        let leaves: Vec<_> = marks.iter().map(Mark::leaf).collect();
        let path = tree::path(&leaves, 0).unwrap();
        lines.push(Line::head(head.clone(), &signer.sign(&head.bytes()), &marks[0], 0, path));
        lines.push(Line::End { entries: 3, heads: 1 });
        lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect()
    }

    fn code(code: u8) -> String {
        format!("{:?}", ExitCode::from(code))
    }

    #[test]
    fn a_whole_file_is_told_from_a_damaged_one_and_from_one_of_another_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trail.jsonl");
        let signer = ManifestSigner::new(&Secret::from_bytes([7; 32]));
        let other = ManifestSigner::new(&Secret::from_bytes([8; 32]));
        let ours = signing::fingerprint(&signer.public());
        let check = |lines: &[String], fingerprint: &str| {
            std::fs::write(&path, lines.concat()).unwrap();
            verify(&path, Some(fingerprint)).map(|code| format!("{code:?}"))
        };
        let whole = export(&signer);
        assert_eq!(check(&whole, &ours).unwrap(), code(0));
        // Every digit that is changed, in every line but what the first says of time, is found.
        for (line, text) in whole.iter().enumerate().skip(1) {
            for at in (0..text.len()).step_by(7).filter(|at| text.as_bytes()[*at].is_ascii_digit()) {
                let mut damaged = whole.clone();
                let digit = if &text[at..=at] == "1" { "2" } else { "1" };
                damaged[line].replace_range(at..=at, digit);
                assert_eq!(
                    check(&damaged, &ours).unwrap(),
                    code(FOUND_DAMAGE),
                    "{line} {at}: {}",
                    damaged[line]
                );
            }
        }
        for cut in 1..whole.len() {
            assert_eq!(check(&whole[..cut], &ours).unwrap(), code(FOUND_DAMAGE), "cut after {cut}");
        }
        let mut half = whole.clone();
        half[2].truncate(40);
        assert_eq!(check(&half, &ours).unwrap(), code(FOUND_DAMAGE));
        // Made up by somebody with another key, who says that it is ours.
        assert!(check(&export(&other), &ours).is_err());
        let mut mixed = export(&other);
        mixed[0].clone_from(&whole[0]);
        assert_eq!(check(&mixed, &ours).unwrap(), code(FOUND_DAMAGE));
        assert!(check(&[String::new()], &ours).is_err());
    }
}
