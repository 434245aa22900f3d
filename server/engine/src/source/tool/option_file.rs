//! A password reaches a client program through a file that nobody else can read.
//!
//! Arguments and the environment of a process can be read in `/proc`; a file of mode 0600 in a directory of
//! mode 0700 cannot. It lies in memory (`/dev/shm` or the user's runtime directory) where there is one, and
//! is removed when the value is dropped. Values are escaped here, so that a password with quotes, a hash sign
//! or a backslash arrives as it is and none can add an option of its own.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{Error, Kind, Result};

/// Directories are called this, then the process that owns them, then chance.
const PREFIX: &str = "holdfast-options-";

/// Lines of an option file being put together.
#[derive(Default)]
pub struct Options {
    text: Zeroizing<String>,
}

impl Options {
    /// Nothing but the group that every client program of both families reads.
    pub fn client() -> Self {
        Self { text: Zeroizing::new("[client]\n".into()) }
    }
    /// An option without a value.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.text.push_str(name);
        self.text.push('\n');
        self
    }
    /// An option with a value; the value is escaped.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.text.push_str(name);
        self.text.push_str("=\"");
        for character in value.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                other => self.text.push(other),
            }
        }
        self.text.push_str("\"\n");
        self
    }
    /// Writes the file.
    pub fn write(self) -> Result<OptionFile> {
        let failed = |error: std::io::Error| {
            Error::new(
                Kind::Source,
                "write an option file for a client program",
                "no private file could be written",
            )
            .later()
            .hint("Check the room in /dev/shm and in the temporary directory.")
            .caused_by(error)
        };
        let directory = private_directory().map_err(failed)?;
        let path = directory.path().join("client.cnf");
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(self.text.as_bytes()).map_err(failed)?;
        Ok(OptionFile { path, _directory: directory })
    }
}

/// An option file on disk; gone when dropped.
#[derive(Debug)]
pub struct OptionFile {
    path: PathBuf,
    _directory: TempDir,
}

impl OptionFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// The argument that makes a client read this file and no other. It must come first.
    pub fn argument(&self) -> String {
        format!("--defaults-file={}", self.path.display())
    }
}

/// Removes option files of workers that were killed before they could; call it when a worker starts. Says how
/// many there were.
pub fn sweep_leftovers() -> usize {
    let mut removed = 0;
    for entry in places().iter().filter_map(|place| std::fs::read_dir(place).ok()).flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')).map(|(owner, _)| owner);
        let Some(owner) = owner.filter(|owner| owner.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let gone = !Path::new("/proc").join(owner).exists();
        if gone && std::fs::remove_dir_all(entry.path()).is_ok() {
            removed += 1;
        }
    }
    removed
}

fn places() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    std::iter::once(PathBuf::from("/dev/shm"))
        .chain(runtime)
        .chain(std::iter::once(std::env::temp_dir()))
        .collect()
}

fn private_directory() -> std::io::Result<TempDir> {
    let mut last = std::io::Error::other("no directory for temporary files");
    for place in places() {
        let made = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(place);
        match made {
            Ok(directory) => return Ok(directory),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any process that ends at once will do")]
    fn files_of_dead_workers_are_swept_and_ours_are_not() {
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let dead = places()[0].join(format!("{PREFIX}{}-x", child.id()));
        child.wait().unwrap();
        std::fs::create_dir(&dead).unwrap();
        let ours = Options::client().write().unwrap();
        assert!(sweep_leftovers() >= 1);
        assert!(!dead.exists() && ours.path().exists());
    }

    #[test]
    fn only_the_owner_reads_it_and_it_goes_away() {
        let file = Options::client().set("password", "a\"b\\c #d\n[mysql]").flag("skip-ssl").write().unwrap();
        let path = file.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "[client]\npassword=\"a\\\"b\\\\c #d\\n[mysql]\"\nskip-ssl\n"
        );
        drop(file);
        assert!(!path.exists());
    }
}
