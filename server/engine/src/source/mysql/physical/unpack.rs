//! Makes a data directory of streams: unpack, then apply the log.

use std::path::Path;

use domain::sources::ServerFamily;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::programs::{Programs, engine_name, stream_name};
use crate::source::tool::{Exit, Tool};
use crate::{Error, Kind, Result};

/// Memory for applying the log, in bytes.
const PREPARE_MEMORY: u64 = 96 << 20;

/// Unpacks a stream into an existing directory. `told` hears the bytes so far. What comes out must not be used before
/// this has returned without an error: only the end of the stream proves its beginning.
pub async fn extract(
    programs: &Programs,
    stream: &mut (dyn AsyncRead + Send + Unpin),
    into: &Path,
    told: &(dyn Fn(u64) + Sync),
    cancel: &CancellationToken,
) -> Result<u64> {
    let name = stream_name(programs.family);
    let attempt = || format!("unpack into {}", into.display());
    let mut running =
        Tool::new(&programs.stream).arguments(["-x", "-C"]).argument(into).with_input().start()?;
    let mut input =
        running.take_stdin().ok_or_else(|| Error::new(Kind::Source, attempt(), "it takes no input"))?;
    let (mut buffer, mut bytes, mut broken) = (vec![0; 1 << 20], 0u64, false);
    loop {
        if cancel.is_cancelled() {
            return Err(Error::cancelled(attempt()));
        }
        let length = stream.read(&mut buffer).await.map_err(|error| {
            Error::new(Kind::Integrity, attempt(), "the stored stream breaks off").later().caused_by(error)
        })?;
        if length == 0 {
            break;
        }
        if input.write_all(&buffer[..length]).await.is_err() {
            broken = true;
            break;
        }
        bytes += length as u64;
        told(bytes);
    }
    drop(input);
    let exit = running.wait(cancel).await?;
    if exit.status.success() && !broken {
        refuse_links(into)?;
        return Ok(bytes);
    }
    Err(judged(&exit, attempt(), name))
}

/// Nothing in the directory may lead out of it: a server that starts there must not reach other files.
fn refuse_links(directory: &Path) -> Result<()> {
    let attempt = || format!("look through {}", directory.display());
    let unreadable = |error: std::io::Error| {
        Error::new(Kind::Space, attempt(), "it cannot be read").later().caused_by(error)
    };
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let meta = path.symlink_metadata().map_err(unreadable)?;
            if meta.is_symlink() || path.extension().is_some_and(|extension| extension == "isl") {
                let message = format!("{} leads out of it", path.display());
                return Err(Error::new(Kind::Integrity, attempt(), message));
            }
            if meta.is_dir() {
                waiting.push(path);
            }
        }
    }
    Ok(())
}

/// Applies the log, or an incremental copy, to the directory. `more` says whether another increment follows.
pub async fn prepare(
    programs: &Programs,
    directory: &Path,
    increment: Option<&Path>,
    more: bool,
    cancel: &CancellationToken,
) -> Result<()> {
    let with = |name: &str, path: &Path| {
        let mut argument = std::ffi::OsString::from(format!("--{name}="));
        argument.push(path);
        argument
    };
    // The machine's own option files are about the machine's own server.
    let mut tool = Tool::new(&programs.backup)
        .arguments(["--no-defaults", "--prepare"])
        .argument(format!("--use-memory={PREPARE_MEMORY}"))
        .argument(with("target-dir", directory));
    if let Some(increment) = increment {
        tool = tool.argument(with("incremental-dir", increment));
    }
    if more && programs.family == ServerFamily::Mysql {
        // MariaDB's program does so by itself and takes no switch for it.
        tool = tool.argument("--apply-log-only");
    }
    let mut running = tool.start()?;
    let out = running
        .take_stdout()
        .map(|mut out| tokio::spawn(async move { tokio::io::copy(&mut out, &mut tokio::io::sink()).await }));
    let exit = running.wait(cancel).await?;
    if let Some(out) = out {
        // Nothing of interest is written there.
        let _read = out.await;
    }
    if exit.status.success() && exit.ending.contains("completed OK!") {
        return Ok(());
    }
    Err(judged(&exit, format!("apply the log to {}", directory.display()), engine_name(programs.family)))
}

fn judged(exit: &Exit, attempt: String, name: &str) -> Error {
    let said = format!("{}\n{}", exit.stderr, exit.ending);
    if said.contains("No space left") || said.contains("Errcode: 28") || said.contains("error 28") {
        return Error::new(Kind::Space, attempt, "there is no room left")
            .later()
            .hint("Free some space there, or choose another directory for scratch copies.");
    }
    let last: Vec<&str> = said.trim().lines().rev().take(3).collect();
    let last = last.into_iter().rev().collect::<Vec<_>>().join("; ");
    Error::new(Kind::Integrity, attempt, format!("{name} ended with {}: {last}", exit.status))
        .hint("The copy is damaged, or the program is of another version than the one that made it.")
}

/// Bytes that this process may still write at `path`.
pub fn free(path: &Path) -> Result<u64> {
    rustix::fs::statvfs(path).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize)).map_err(|error| {
        Error::new(
            Kind::Space,
            format!("ask for the free space at {}", path.display()),
            "the system does not say",
        )
        .caused_by(std::io::Error::from(error))
    })
}

/// Fails with both numbers if less than `needed` bytes are free at `path`.
pub fn refuse_without_room(path: &Path, needed: u64) -> Result<()> {
    let free = free(path)?;
    if free >= needed {
        return Ok(());
    }
    Err(Error::new(
        Kind::Space,
        format!("unpack into {}", path.display()),
        format!("it takes {}, and {} are free", domain::ByteSize(needed), domain::ByteSize(free)),
    )
    .hint("Free some space there, or choose another directory."))
}
