//! Listing a directory tree in the order of a bucket, a page at a time, and finding what dead writers left.

use std::{fs::File, io};

use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags},
    io::Errno,
};

use super::{
    super::{ObjectKey, ObjectMeta, ObjectPage, Unfinished},
    directory::{Root, failure, modified},
    partial::destined,
};
use crate::Result;

/// One name in a directory. A directory's ends with `/`, so that names sort as whole keys do (`a-b` before `a/b`).
type Name = String;

/// The names in `directory`, sorted. Names that no key can have are left out, except hidden ones of unfinished files.
fn names(directory: &OwnedFd) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if name.starts_with('.') && destined(name).is_none() {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = rustix::fs::statat(directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(stat.st_mode)
            }
            known => known,
        };
        match kind {
            FileType::Directory => names.push(format!("{name}/")),
            FileType::RegularFile => names.push(name.to_owned()),
            _ => {}
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether keys that begin with `directory` can begin with `prefix`.
fn can_match(directory: &str, prefix: &str) -> bool {
    directory.starts_with(prefix) || prefix.starts_with(directory)
}

/// Calls `visit` for every file below, in order, until it returns false. `skip` prunes directories.
fn walk(
    root: &Root,
    skip: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&OwnedFd, &str, &str) -> io::Result<bool>,
) -> io::Result<()> {
    let Some(top) = root.walk(&[], false)? else { return Ok(()) };
    // A stack of (directory, its path with a slash at the end, names still to come in reverse order).
    let mut stack = vec![(names(&top)?, top, String::new())];
    for (waiting, _, _) in &mut stack {
        waiting.reverse();
    }
    while let Some((waiting, directory, path)) = stack.last_mut() {
        let Some(name) = waiting.pop() else {
            stack.pop();
            continue;
        };
        let Some(child) = name.strip_suffix('/') else {
            if !visit(directory, path, &name)? {
                return Ok(());
            }
            continue;
        };
        let below = format!("{path}{name}");
        if skip(&below) {
            continue;
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::openat(&*directory, child, flags, Mode::empty()) {
            Ok(inner) => {
                let mut inside = names(&inner)?;
                inside.reverse();
                stack.push((inside, inner, below));
            }
            // It was removed while we looked.
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens a file of a listing; none if it was removed meanwhile.
fn open(directory: &OwnedFd, name: &str) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match rustix::fs::openat(directory, name, flags, Mode::empty()) {
        Ok(file) => Ok(Some(file.into())),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A page of objects.
pub(super) fn page(root: &Root, prefix: &str, after: Option<&str>, limit: usize) -> Result<ObjectPage> {
    let mut page = ObjectPage::default();
    let passed =
        |directory: &str| after.is_some_and(|after| !after.starts_with(directory) && after > directory);
    let skip = |directory: &str| !can_match(directory, prefix) || passed(directory);
    walk(root, &skip, &mut |directory, path, name| {
        let Ok(key) = ObjectKey::new(format!("{path}{name}")) else { return Ok(true) };
        if !key.as_str().starts_with(prefix) || after.is_some_and(|after| key.as_str() <= after) {
            return Ok(true);
        }
        if page.objects.len() >= limit {
            page.next = page.objects.last().map(|last: &ObjectMeta| last.key.as_str().to_owned());
            return Ok(false);
        }
        if let Some(file) = open(directory, name)? {
            let meta = file.metadata()?;
            page.objects.push(ObjectMeta { key, size: meta.len(), version: None, modified: modified(&meta) });
        }
        Ok(true)
    })
    .map_err(|error| failure(format!("list the vault in {}", root.path().display()), error))?;
    Ok(page)
}

/// Hidden files for keys under `prefix` whose writers are gone; with `remove` they are removed.
pub(super) fn unfinished(root: &Root, prefix: &str, remove: bool) -> Result<Vec<Unfinished>> {
    let mut found = Vec::new();
    walk(root, &|directory| !can_match(directory, prefix), &mut |directory, path, name| {
        let Some(Ok(key)) = destined(name).map(|own| ObjectKey::new(format!("{path}{own}"))) else {
            return Ok(true);
        };
        if !key.as_str().starts_with(prefix) {
            return Ok(true);
        }
        let Some(file) = open(directory, name)? else { return Ok(true) };
        if matches!(
            rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive),
            Err(Errno::WOULDBLOCK)
        ) {
            return Ok(true);
        }
        let started = Some(modified(&file.metadata()?));
        if remove {
            match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        found.push(Unfinished { key, id: format!("{path}{name}"), started });
        Ok(true)
    })
    .map_err(|error| failure(format!("look for unfinished uploads in {}", root.path().display()), error))?;
    Ok(found)
}
