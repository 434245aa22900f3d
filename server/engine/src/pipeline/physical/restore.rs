//! Leaves a prepared data directory where a person wants it, for a server to be started on.
//!
//! The directory must be empty: files of another server among those of this one are the end of both. While it is
//! filled it carries a mark, which is removed last; on failure everything goes again. What a sudden death leaves
//! carries the mark and is refused like any other directory that is not empty.
//!
//! The chain is put together in a directory within, which is sure to be on the right disk, and then moved up. There the
//! copy and the increments lie beside each other: the program takes every directory in a copy for a database, and of an
//! increment that lies there it loses Aria's log. With the old log beside the new tables a server then recovers
//! crash-safe tables, the accounts among them, to what they were when the full copy was made, and finds nothing wrong.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use domain::{backups::Phase, sources::Coordinate};

use super::{assemble, chain};
use crate::{
    Error, Kind, Result,
    format::keys::Place,
    pipeline::{Control, Vault, failpoint, phases::Phases},
    source::mysql::physical::{Programs, unpack},
};

/// The file that marks a directory as half done.
pub const MARK: &str = "HOLDFAST-RESTORE-INCOMPLETE";
/// Where the chain is put together.
const WORK: &str = "holdfast-restore";

/// What was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// The directory.
    pub directory: PathBuf,
    /// Where the copy stands in the source's history; replay continues from here.
    pub coordinate: Coordinate,
    /// `MariaDB 10.11.19-…`
    pub server: String,
    /// Settings without which no server opens these files, as lines of an option file.
    pub settings: Vec<String>,
    /// Full and incremental backups that it was made of.
    pub links: usize,
    /// How long each phase took.
    pub phases: Vec<Phase>,
}

impl Restored {
    /// What was done and what a person does next, line by line.
    pub fn next_steps(&self) -> Vec<String> {
        let (directory, coordinate) = (self.directory.display(), &self.coordinate);
        let mut lines = vec![format!(
            "{directory}: the files of {} as of {}, from {} backups, ready for a server of the same series.",
            self.server,
            coordinate.at.exact(),
            self.links
        )];
        if !coordinate.file.is_empty() {
            lines.push(format!(
                "It stands at {}:{} of the source's binary log (GTID {}).",
                coordinate.file,
                coordinate.position,
                if coordinate.gtid.is_empty() { "none" } else { &coordinate.gtid }
            ));
        }
        lines.push("Next:".into());
        lines.push(format!("  chown -R mysql:mysql {directory}"));
        lines.push("  in the server's option file, under [mysqld]:".into());
        lines.push(format!("    datadir={directory}"));
        lines.extend(self.settings.iter().map(|setting| format!("    {setting}")));
        lines.push("  start the server. Accounts and passwords are those of the source.".into());
        lines
    }
}

/// Restores into `directory`, which must be empty or not exist; its parent must exist.
pub async fn restore(
    vault: &Vault,
    place: &Place,
    directory: &Path,
    programs: Option<&Path>,
    control: &Control,
) -> Result<Restored> {
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("open");
    let links = chain::open(vault, place).await?;
    let Some(last) = links.last() else {
        return Err(Error::new(Kind::Input, "restore the backup", "its chain is empty"));
    };
    let (count, coordinate) = (links.len(), last.archive.manifest.coordinate.clone());
    let programs = Programs::find(last.archive.index.content.server.family, programs).await?;
    let made = claim(directory)?;
    failpoint("restore.created");
    let filled = async {
        unpack::refuse_without_room(directory, assemble::room(&links))?;
        let work = directory.join(WORK);
        let (base, beside) = (work.join("data"), work.join("increment"));
        for made in [&work, &base] {
            std::fs::create_dir(made).map_err(|error| unmoved(directory, error))?;
        }
        let content =
            assemble::assemble(vault, links, &programs, &base, &beside, &mut phases, control).await?;
        phases.begin("write to disk");
        move_up(&base, directory).map_err(|error| unmoved(directory, error))?;
        settle(directory)?;
        Ok(content)
    }
    .await;
    match filled {
        Ok(content) => Ok(Restored {
            directory: directory.to_owned(),
            coordinate,
            server: format!("{} {}", content.server.family, content.server.version),
            settings: content
                .settings
                .iter()
                .filter(|(name, _)| is_layout(name))
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            links: count,
            phases: phases.finish(),
        }),
        Err(error) => {
            // The first error is the one to report; what cannot be removed keeps its mark.
            let _ = empty(directory, made);
            Err(error)
        }
    }
}

/// Settings that must be as they were, or no server opens the files.
fn is_layout(name: &str) -> bool {
    ["innodb_page_size", "innodb_data_file_path", "innodb_undo_tablespaces", "lower_case_table_names"]
        .contains(&name)
}

/// Takes an empty directory, or makes it; says whether it was made.
fn claim(directory: &Path) -> Result<bool> {
    let attempt = || format!("restore into {}", directory.display());
    let refused = |message: &str| Error::new(Kind::Input, attempt(), message.to_owned());
    let failed = |error: std::io::Error| refused("the directory cannot be used").caused_by(error);
    let made = match std::fs::create_dir(directory) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(failed(error)),
    };
    if directory.join(MARK).exists() {
        return Err(refused("an interrupted restore left a half-done copy there")
            .hint("Remove everything in it, then restore again. Start no server on it."));
    }
    // A disk of its own has this in it, and servers do not mind.
    let mut entries = std::fs::read_dir(directory).map_err(failed)?;
    if entries.any(|entry| entry.map_or(true, |entry| entry.file_name() != "lost+found")) {
        return Err(refused("the directory is not empty")
            .hint("Choose an empty directory, or one that does not exist. Nothing is overwritten."));
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let text = "Holdfast is restoring into this directory. As long as this file is here the copy is not whole:\nstart no server on it.\n";
    std::fs::write(directory.join(MARK), text).map_err(failed)?;
    Ok(made)
}

/// Moves everything to where it is wanted, which is on the same disk, and removes the place where it was made.
fn move_up(base: &Path, directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(base)? {
        let entry = entry?;
        std::fs::rename(entry.path(), directory.join(entry.file_name()))?;
    }
    std::fs::remove_dir(base)?;
    std::fs::remove_dir(directory.join(WORK))
}

fn unmoved(directory: &Path, error: std::io::Error) -> Error {
    let attempt = format!("put the copy together in {}", directory.display());
    Error::new(Kind::Space, attempt, "the system refused").later().caused_by(error)
}

/// Everything on the disk first, then the mark away.
fn settle(directory: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Space, format!("write {} to the disk", directory.display()), "the system refused")
            .later()
            .caused_by(error)
    };
    let opened = std::fs::File::open(directory).map_err(failed)?;
    rustix::fs::syncfs(&opened).map_err(|error| failed(error.into()))?;
    failpoint("restore.loaded");
    std::fs::remove_file(directory.join(MARK)).map_err(failed)?;
    opened.sync_all().map_err(failed)
}

/// Removes what was put into the directory, the mark last.
fn empty(directory: &Path, made: bool) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == MARK || entry.file_name() == "lost+found" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    std::fs::remove_file(directory.join(MARK))?;
    if made { std::fs::remove_dir(directory) } else { Ok(()) }
}
