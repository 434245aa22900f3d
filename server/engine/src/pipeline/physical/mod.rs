//! Backups of a whole server's files, in the same archive as all others.
//!
//! The stream of the copying program is the one segment, owned by the installation; read, compressed, sealed and
//! stored as a dump would be, and in clear on no disk. The sealed index remembers the log positions, what every
//! database consists of, and sums over the rows ([`content`]). An incremental backup names its parent in the signed
//! manifest; a [`chain`] is whole only if every link begins where the one before ended, on the same server.
//!
//! [`backup()`] takes one; [`verify()`] unpacks the chain, applies the logs, starts a private server on the result and
//! compares; [`restore()`] leaves a prepared data directory; [`stream()`] writes the stored stream as it is, for the
//! day when only the stock programs are left.

mod assemble;
mod backup;
mod chain;
mod content;
mod evidence;
mod restore;
mod stream;
mod verify;
mod witnessed;

pub use crate::source::mysql::physical::{
    preflight::{Ground, preflight},
    programs::{Programs, family_of, stream_name},
    workplace::sweep as sweep_scratch,
};
pub use backup::{Parent, PhysicalRequest, backup, find};
pub use chain::{chain_of, newest};
pub use content::PhysicalContent;
pub use restore::{Restored, restore};
pub use stream::stream;
pub use verify::{Place as VerifyPlace, verify};

use crate::{Error, Kind, Result, format::manifest::Manifest};

/// Whether a backup is one of files.
pub fn is_physical(manifest: &Manifest) -> bool {
    family_of(&manifest.engine).is_some()
}

/// Fails for a backup of files, where one of a database is needed.
pub(super) fn refuse(manifest: &Manifest) -> Result<()> {
    if !is_physical(manifest) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Input,
        format!("open backup {}", manifest.backup),
        format!("it holds the files of a whole server, copied by {}, and no SQL", manifest.engine),
    )
    .hint(
        "Prove it with `holdfast physical verify`, restore it with `holdfast physical restore`, or write it as it is \
         with `holdfast-recover decrypt`.",
    ))
}
