//! A file that is not an object yet.
//!
//! It lies beside its future place under a hidden name that no key can have, locked while its writer lives, so that
//! a sweep can tell what a dead process left from what a living one is writing.

use std::{fs::File, io, io::Write};

use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, FlockOperation, Mode, OFlags, RenameFlags},
    io::Errno,
};
use sha2::{Digest, Sha256};

use super::{
    super::{ObjectKey, PutMode, Stored, cause},
    directory::{Root, failure},
};
use crate::{Error, Kind, Result};

/// How hidden names begin: `.partial-<16 hex digits>-<name>`.
const MARK: &str = ".partial-";
/// Random hex digits in a hidden name.
const DIGITS: usize = 16;
const PRIVATE_FILE: u32 = 0o600;

/// The object's own name, if `name` is a hidden name.
pub(super) fn destined(name: &str) -> Option<&str> {
    name.strip_prefix(MARK)?.get(DIGITS..)?.strip_prefix('-')
}

/// A file under a hidden name. Dropped, it is removed.
#[derive(Debug)]
pub(super) struct Partial {
    directory: OwnedFd,
    file: File,
    hidden: String,
    name: String,
    hash: Sha256,
    size: u64,
    attempt: String,
    moved: bool,
}

impl Partial {
    pub(super) fn begin(root: &Root, key: &ObjectKey, attempt: String) -> Result<Self> {
        let failed = |error: io::Error| failure(attempt.clone(), error);
        let mut random = [0u8; DIGITS / 2];
        getrandom::fill(&mut random).map_err(|error| failed(io::Error::other(error)))?;
        let (segments, name) = key.split();
        let directory = root
            .walk(&segments, true)
            .map_err(failed)?
            .ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))?;
        let hidden = format!("{MARK}{}-{name}", hex::encode(random));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&directory, &hidden, flags, Mode::from_raw_mode(PRIVATE_FILE))
            .map_err(|error| failed(error.into()))?;
        let partial = Self {
            directory,
            file: file.into(),
            hidden,
            name: name.to_owned(),
            hash: Sha256::new(),
            size: 0,
            attempt,
            moved: false,
        };
        match rustix::fs::flock(&partial.file, FlockOperation::NonBlockingLockExclusive) {
            // Without locks (some shares) a sweep relies on the attempt being over, as it does in a bucket.
            Ok(()) | Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(partial),
            Err(error) => Err(failure(partial.attempt.clone(), error.into())),
        }
    }

    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.file.write_all(chunk).map_err(|error| failure(self.attempt.clone(), error))?;
        self.hash.update(chunk);
        self.size += chunk.len() as u64;
        Ok(())
    }

    /// Flushes the file, moves it into its place and flushes the directory.
    pub(super) fn publish(mut self, mode: PutMode) -> Result<Stored> {
        let attempt = self.attempt.clone();
        let failed = |error: io::Error| failure(attempt.clone(), error);
        self.file.sync_all().map_err(failed)?;
        // What a disk says it holds is asked for, not remembered.
        let on_disk = self.file.metadata().map_err(failed)?.len();
        if on_disk != self.size {
            let text = format!("the file has {on_disk} bytes where {} were written", self.size);
            return Err(Error::new(Kind::Integrity, attempt, text).later());
        }
        match mode {
            PutMode::Replace => {
                rustix::fs::renameat(&self.directory, &self.hidden, &self.directory, &self.name)
            }
            PutMode::CreateNew => self.move_without_overwriting(),
        }
        .map_err(|error| match error {
            Errno::EXIST => cause::exists(attempt.clone()),
            error => failed(error.into()),
        })?;
        if let Err(error) = rustix::fs::fsync(&self.directory) {
            if mode == PutMode::CreateNew {
                // A name that a power cut may take back is no object; the caller is told that there is none.
                let _ = rustix::fs::unlinkat(&self.directory, &self.name, AtFlags::empty());
            }
            return Err(failed(error.into()));
        }
        let sha256 = std::mem::take(&mut self.hash).finalize().into();
        Ok(Stored { size: self.size, sha256, version: None })
    }

    /// A rename that refuses to overwrite, or, where the file system has none (NFS), a second name.
    fn move_without_overwriting(&mut self) -> rustix::io::Result<()> {
        let Self { directory, hidden, name, .. } = self;
        match rustix::fs::renameat_with(&*directory, &*hidden, &*directory, &*name, RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.moved = true;
                Ok(())
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                rustix::fs::linkat(&*directory, &*hidden, &*directory, &*name, AtFlags::empty())?;
                rustix::fs::unlinkat(&*directory, &*hidden, AtFlags::empty())?;
                self.moved = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Removes it and says whether that worked.
    pub(super) fn discard(mut self) -> Result<()> {
        self.moved = true;
        match rustix::fs::unlinkat(&self.directory, &self.hidden, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failure(self.attempt.clone(), error.into())),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.moved {
            // Best effort: what remains is hidden, readable by nobody, and listed as unfinished.
            let _ = rustix::fs::unlinkat(&self.directory, &self.hidden, AtFlags::empty());
        }
    }
}
