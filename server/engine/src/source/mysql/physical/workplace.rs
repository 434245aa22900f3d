//! A directory for one piece of work: private, and gone afterwards, whatever happens.
//!
//! A worker that is killed removes nothing, and a data directory in clear must not stay. So each workplace holds a
//! lock for as long as its owner lives; whoever makes the next one removes those whose lock is free, after stopping
//! the private server that may still run there.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;
use tempfile::TempDir;

use crate::{Error, Kind, Result};

/// Every workplace's name begins with this.
pub const PREFIX: &str = "holdfast-physical-";
/// Name of the lock in it.
const LOCK: &str = "lock";
/// Name of the file with the private server's process id.
pub(super) const PID: &str = "server.pid";
/// One without a lock may be in the making for this long.
const IN_THE_MAKING: Duration = Duration::from_secs(60);
/// A server that was killed is waited for no longer than this.
const DYING: Duration = Duration::from_secs(10);

/// A private directory. Dropping it removes it.
#[derive(Debug)]
pub struct Workplace {
    directory: TempDir,
    _lock: File,
}

fn failed(root: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Space, format!("make a private directory in {}", root.display()), "it cannot be made")
        .later()
        .hint("Check that the directory for scratch copies exists, is writable, and has room.")
        .caused_by(error)
}

/// A lock that is held before it has its name, so that nobody finds it free in between.
fn held(directory: &Path) -> std::io::Result<File> {
    let unnamed = directory.join("lock.new");
    let lock = File::options().write(true).create_new(true).mode(0o600).open(&unnamed)?;
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    std::fs::rename(unnamed, directory.join(LOCK))?;
    Ok(lock)
}

impl Workplace {
    /// Makes one in `root`, and removes those of the dead.
    pub fn create(root: &Path) -> Result<Self> {
        for removed in sweep(root) {
            tracing::info!(directory = %removed.display(), "removed what an interrupted physical backup, verification or restore left");
        }
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(root)
            .map_err(|error| failed(root, error))?;
        let lock = held(directory.path()).map_err(|error| failed(root, error))?;
        Ok(Self { directory, _lock: lock })
    }
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
    /// A private directory in it.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| failed(self.path(), error))?;
        Ok(path)
    }
    /// Removes it, and says so if something stays.
    pub fn remove(self) -> Result<()> {
        let path = self.path().to_owned();
        self.directory.close().map_err(|error| {
            Error::new(Kind::Space, format!("remove {}", path.display()), "something of it stays")
                .hint("It holds data in clear: remove it by hand.")
                .caused_by(error)
        })
    }
}

/// Removes workplaces in `root` whose owners are gone; says which.
pub fn sweep(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    ours.map(|entry| entry.path()).filter(|path| is_left(path) && remove(path)).collect()
}

fn is_left(path: &Path) -> bool {
    // A link of that name is not ours.
    let Ok(meta) = path.symlink_metadata() else { return false };
    if !meta.is_dir() {
        return false;
    }
    match File::options().write(true).open(path.join(LOCK)) {
        Ok(lock) => rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            meta.modified().ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > IN_THE_MAKING)
        }
        Err(_) => false,
    }
}

fn remove(path: &Path) -> bool {
    if let Some(server) = server_of(path) {
        let _gone = rustix::process::kill_process(server, rustix::process::Signal::KILL);
        let since = std::time::Instant::now();
        while server_of(path).is_some() && since.elapsed() < DYING {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    std::fs::remove_dir_all(path).is_ok()
}

/// The private server that runs in a workplace: the process of that number must name the directory among its
/// arguments, because numbers are used again.
fn server_of(path: &Path) -> Option<rustix::process::Pid> {
    let id: i32 = std::fs::read_to_string(path.join(PID)).ok()?.trim().parse().ok()?;
    let arguments = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let named = path.to_string_lossy();
    let is_there = String::from_utf8_lossy(&arguments).split('\0').any(|word| word.contains(named.as_ref()));
    if is_there { rustix::process::Pid::from_raw(id) } else { None }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let mine = Workplace::create(root.path()).unwrap();
        let left = root.path().join(format!("{PREFIX}dead"));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        let young = root.path().join(format!("{PREFIX}young"));
        std::fs::create_dir(&young).unwrap();
        let foreign = root.path().join("other");
        std::fs::create_dir(&foreign).unwrap();
        assert_eq!(sweep(root.path()), [left]);
        assert!(mine.path().exists() && young.exists() && foreign.exists());
        assert_eq!(std::fs::metadata(mine.path()).unwrap().permissions().mode() & 0o777, 0o700);
        mine.remove().unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }
}
