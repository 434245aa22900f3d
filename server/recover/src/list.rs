//! Looking at a vault: what it holds, and whether that is whole.

use std::process::ExitCode;

use anyhow::Result;
use domain::ByteSize;
use engine::pipeline::{self, Control, Vault};

use crate::{FOUND_DAMAGE, args::Choice, choose, screen};

const EVERYTHING: Choice = Choice { backup: None, latest: false, source: None };

/// One line per backup; one that cannot be opened is named, and does not hide the others.
pub async fn list(vault: &Vault) -> Result<ExitCode> {
    let mut damaged = 0;
    screen::print(&format!(
        "{:<36}  {:<25}  {:<24}  {:>6}  {:>12}  {:>10}  {:>10}  {}",
        "BACKUP", "HOLDS THE INSTANT", "DATABASE", "TABLES", "ROWS", "PLAIN", "STORED", "READ BY"
    ));
    for place in choose::all(vault, &EVERYTHING).await? {
        match pipeline::describe(vault, &place).await {
            Ok(backup) => screen::print(&format!(
                "{:<36}  {:<25}  {:<24}  {:>6}  {:>12}  {:>10}  {:>10}  {}{}",
                place.backup.to_string(),
                backup.snapshot_at.exact(),
                backup.database.as_str(),
                backup.tables.len(),
                backup.tables.iter().map(|(_, rows)| rows).sum::<u64>(),
                ByteSize(backup.plain_bytes).to_string(),
                ByteSize(backup.stored_bytes).to_string(),
                backup.engine,
                backup.parent.map(|parent| format!(", continues {parent}")).unwrap_or_default(),
            )),
            Err(error) => {
                damaged += 1;
                screen::warn(&format!("{}  cannot be opened: {error}", place.backup));
            }
        }
    }
    Ok(outcome(damaged))
}

/// Reads everything and says of each backup whether it is whole.
pub async fn check(vault: &Vault, choice: &Choice, control: &Control) -> Result<ExitCode> {
    let mut damaged = 0;
    for place in choose::all(vault, choice).await? {
        let checked = pipeline::check(vault, &place, control).await;
        screen::clear();
        match checked {
            Ok(report) => screen::print(&format!(
                "{}  whole: {} stored, {} plain, {} frames",
                place.backup,
                ByteSize(report.stored_bytes),
                ByteSize(report.plain_bytes),
                report.frames
            )),
            Err(error) if error.kind() == engine::Kind::Cancelled => return Err(error.into()),
            Err(error) => {
                damaged += 1;
                screen::print(&format!("{}  DAMAGED", place.backup));
                screen::warn(&format!("  {}", error.chain()));
            }
        }
    }
    Ok(outcome(damaged))
}

fn outcome(damaged: u32) -> ExitCode {
    if damaged == 0 {
        return ExitCode::SUCCESS;
    }
    screen::warn(&format!("{damaged} of them cannot be used"));
    ExitCode::from(FOUND_DAMAGE)
}
