//! Makes a data directory of a chain: the full copy is unpacked and prepared, then one increment after the other.

use std::path::Path;

use domain::backups::Progress;

use super::{chain::Link, content::PhysicalContent};
use crate::{
    Error, Kind, Result,
    pipeline::{Control, Vault, failpoint, loading::inner, phases::Phases, reader},
    source::mysql::physical::{Programs, unpack},
};

/// Room for what a server makes beside its tables: temporary tables, undo and a new log.
const BESIDE: u64 = 64 << 20;

/// Room that unpacking and preparing a chain takes, in bytes. An increment lies beside the full copy for a while.
pub(super) fn room(links: &[Link]) -> u64 {
    let plain: u64 = links.iter().map(|link| link.archive.manifest.plain_bytes).sum();
    let log = links
        .last()
        .and_then(|link| link.archive.index.content.settings.get("innodb_log_file_size")?.parse::<u64>().ok())
        .unwrap_or(0);
    plain.saturating_add(log).saturating_add(BESIDE)
}

/// Unpacks and prepares the chain in `base`, which exists and is empty. `beside` must not exist; increments are
/// unpacked there and removed. Gives what the last link remembers.
pub(super) async fn assemble(
    vault: &Vault,
    links: Vec<Link>,
    programs: &Programs,
    base: &Path,
    beside: &Path,
    phases: &mut Phases,
    control: &Control,
) -> Result<PhysicalContent> {
    let expected: u64 = links.iter().map(|link| link.archive.manifest.plain_bytes).sum();
    let stored: u64 = links.iter().map(|link| link.archive.manifest.stored_bytes()).sum();
    let (last, mut before, mut content) = (links.len().saturating_sub(1), 0u64, None);
    for (number, Link { place, archive }) in links.into_iter().enumerate() {
        let start = Progress {
            phase: "unpack".into(),
            bytes_expected: Some(expected),
            stored_bytes: stored,
            ..Progress::default()
        };
        let remembered = archive.index.content.clone();
        let increment = (number > 0).then_some(beside);
        if let Some(increment) = increment {
            std::fs::create_dir(increment).map_err(|error| {
                Error::new(Kind::Space, "unpack an increment", "its directory cannot be made")
                    .later()
                    .caused_by(error)
            })?;
        }
        phases.begin("unpack");
        let mut plain = reader::one_segment(vault, &place, archive)?;
        let told = |bytes: u64| (control.progress)(Progress { bytes: before + bytes, ..start.clone() });
        let into = increment.unwrap_or(base);
        let bytes = unpack::extract(programs, &mut plain, into, &told, &control.cancel)
            .await
            .map_err(|error| inner(error, "unpack the backup"))?;
        before += bytes;
        failpoint("physical.unpacked");
        control.stop_if_cancelled("apply the log")?;

        phases.begin("apply log");
        (control.progress)(Progress { phase: "apply log".into(), bytes: before, ..start.clone() });
        unpack::prepare(programs, base, increment, number < last, &control.cancel).await?;
        if let Some(increment) = increment {
            std::fs::remove_dir_all(increment).map_err(|error| {
                Error::new(Kind::Space, "remove an increment", "it cannot be removed").caused_by(error)
            })?;
        }
        failpoint("physical.prepared");
        content = Some(remembered);
    }
    content.ok_or_else(|| Error::new(Kind::Input, "unpack the backup", "its chain is empty"))
}
