//! A backup of a whole server's files: as a data directory, and what to do with nothing but the stock programs.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, Result};
use engine::{
    format::keys::Place,
    pipeline::{
        Control, Description, Vault,
        physical::{self, stream_name},
    },
};

use crate::{args::Choice, choose, screen};

/// Leaves a prepared data directory.
pub async fn restore(
    vault: &Vault,
    choice: &Choice,
    to: &Path,
    programs: Option<&Path>,
    control: &Control,
) -> Result<ExitCode> {
    let (place, _) = choose::one(vault, choice).await?;
    let to = std::path::absolute(to).context("--to")?;
    let restored = physical::restore(vault, &place, &to, programs, control).await;
    screen::clear();
    for line in restored?.next_steps() {
        screen::print(&line);
    }
    Ok(ExitCode::SUCCESS)
}

/// The commands, from the full backup to this one.
pub async fn how_to(vault: &Vault, place: &Place, backup: &Description) -> Result<String> {
    let chain = physical::chain_of(vault, place).await?;
    let program = &backup.engine;
    let unpack = physical::family_of(program).map_or("mbstream", stream_name);
    let mut lines = vec![format!(
        "  To restore it, on a machine with {program} of the server's version ({}):",
        backup.server
    )];
    for (number, manifest) in chain.iter().enumerate() {
        let (id, folder) =
            (manifest.backup, if number == 0 { "data".to_owned() } else { format!("increment-{number}") });
        lines.push(format!("    mkdir {folder}"));
        lines.push(format!("    holdfast-recover decrypt … --backup {id} -o - | {unpack} -x -C {folder}"));
        let only = if number + 1 < chain.len() && unpack == "xbstream" { " --apply-log-only" } else { "" };
        lines.push(if number == 0 {
            format!("    {program} --prepare{only} --target-dir=data")
        } else {
            format!("    {program} --prepare{only} --target-dir=data --incremental-dir={folder}")
        });
    }
    lines.push(
        "    chown -R mysql:mysql data, and start a server of the same series with datadir there.".to_owned(),
    );
    lines.push(
        "  Go on only if decrypt ends with status 0: only the end of a stream proves its beginning."
            .to_owned(),
    );
    Ok(lines.join("\n"))
}
