//! The vault's directory, walked by handles: every step is relative to a directory that is already open and never
//! follows a symbolic link.

use std::{
    fs::{DirBuilder, File, Metadata},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use domain::Timestamp;
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};

use super::super::{ObjectKey, Space};
use crate::{Error, Kind, Result};

/// Only this account may look in.
const PRIVATE_DIRECTORY: u32 = 0o700;
const STEP: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::RDONLY).union(OFlags::CLOEXEC);

/// The vault's own directory, held open.
#[derive(Debug)]
pub(super) struct Root {
    directory: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens it; makes it if its parent is there. Not its parent as well: a missing parent is mostly a disk that is
    /// not mounted, and backups on the wrong disk look like backups until they are needed.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let attempt = || format!("open the vault in directory {}", path.display());
        if path.as_os_str().is_empty() {
            return Err(
                Error::new(Kind::Input, attempt(), "the path is empty").hint("Set `path` of this vault.")
            );
        }
        match DirBuilder::new().mode(PRIVATE_DIRECTORY).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::new(Kind::Storage, attempt(), "the directory above it does not exist")
                    .caused_by(error)
                    .hint("Is the disk or share mounted? If it is a new place, make that directory first."));
            }
            Err(error) => return Err(failure(attempt(), error)),
        }
        let directory =
            rustix::fs::open(path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                .map_err(|error| failure(attempt(), error.into()))?;
        Ok(Self { directory, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that `segments` lead to, or none if a part of the way is missing. With `create` the way is
    /// made, and each new directory is flushed into the one above it.
    pub(super) fn walk(&self, segments: &[&str], create: bool) -> io::Result<Option<OwnedFd>> {
        let mut here = rustix::io::fcntl_dupfd_cloexec(&self.directory, 0)?;
        for segment in segments {
            let next = match rustix::fs::openat(&here, *segment, STEP, Mode::empty()) {
                Err(Errno::NOENT) if create => {
                    match rustix::fs::mkdirat(&here, *segment, Mode::from_raw_mode(PRIVATE_DIRECTORY)) {
                        Ok(()) => rustix::fs::fsync(&here)?,
                        Err(Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    rustix::fs::openat(&here, *segment, STEP, Mode::empty())
                }
                Err(Errno::NOENT) => return Ok(None),
                other => other,
            };
            here = next?;
        }
        Ok(Some(here))
    }

    /// The object as an open file, or none. Anything that is not a plain file is an error.
    pub(super) fn open_object(&self, key: &ObjectKey, attempt: &str) -> Result<Option<(File, Metadata)>> {
        let failed = |error: io::Error| failure(attempt.to_owned(), error);
        let (segments, name) = key.split();
        let Some(directory) = self.walk(&segments, false).map_err(failed)? else { return Ok(None) };
        // NONBLOCK: opening a pipe that somebody put there must not wait for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&directory, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(failed(error.into())),
        };
        let meta = file.metadata().map_err(failed)?;
        if !meta.is_file() {
            return Err(Error::new(Kind::Storage, attempt, "there is something that is not a plain file")
                .hint("Somebody changed the vault by hand. Nothing but Holdfast should write there."));
        }
        Ok(Some((file, meta)))
    }

    /// Removes the object and flushes its directory.
    pub(super) fn delete(&self, key: &ObjectKey, attempt: &str) -> Result<()> {
        let failed = |error: io::Error| failure(attempt.to_owned(), error);
        let (segments, name) = key.split();
        let Some(directory) = self.walk(&segments, false).map_err(failed)? else { return Ok(()) };
        match rustix::fs::unlinkat(&directory, name, AtFlags::empty()) {
            Ok(()) => rustix::fs::fsync(&directory).map_err(|error| failed(error.into())),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Room on the file system, for an ordinary account.
    pub(super) fn space(&self) -> Result<Space> {
        let room = rustix::fs::fstatvfs(self.directory.as_fd()).map_err(|error| {
            failure(format!("ask for the room left in {}", self.path.display()), error.into())
        })?;
        Ok(Space {
            free: room.f_bavail.saturating_mul(room.f_frsize),
            total: room.f_blocks.saturating_mul(room.f_frsize),
        })
    }
}

/// When the file was last written.
pub(super) fn modified(meta: &Metadata) -> Timestamp {
    let since = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Timestamp(since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default())
}

/// A failure of the file system in the engine's words: full, forbidden, or something that may pass.
pub(super) fn failure(attempt: String, error: io::Error) -> Error {
    use io::ErrorKind as Io;
    let new = |kind, message: &str| Error::new(kind, attempt.clone(), message);
    let failed = match (error.kind(), Errno::from_io_error(&error)) {
        (Io::StorageFull | Io::QuotaExceeded, _) => {
            new(Kind::Space, "the disk, or this account's quota, is full").hint(
                "Free some room or enlarge the disk, then start again. Nothing half-written was left behind.",
            )
        }
        (Io::PermissionDenied, _) => new(Kind::Storage, "the operating system forbids it")
            .hint("Make the directory belong to the account that Holdfast runs as, with mode 0700."),
        (Io::ReadOnlyFilesystem, _) => new(Kind::Storage, "the disk is mounted read-only")
            .hint("After a disk fault Linux does this by itself: look at `dmesg`, then mount it writable."),
        (_, Some(Errno::LOOP | Errno::NOTDIR)) => new(
            Kind::Storage,
            "on the way there is a symbolic link, or a file where a directory should be",
        )
        .hint(
            "Holdfast follows no links inside a vault. Remove it, or set the vault's path to the real place.",
        ),
        (Io::IsADirectory, _) => new(Kind::Storage, "there is a directory under this name")
            .hint("Somebody changed the vault by hand. Nothing but Holdfast should write there."),
        (Io::TimedOut | Io::Interrupted | Io::StaleNetworkFileHandle, _)
        | (_, Some(Errno::IO | Errno::NODEV)) => {
            new(Kind::Storage, "the disk or share does not answer properly")
                .later()
                .hint("Look at `dmesg` for faults of the disk, and whether the share is still mounted.")
        }
        _ => new(Kind::Storage, "the operating system reports a failure"),
    };
    failed.caused_by(error)
}
