//! Runs the copying program, and judges what it did.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::sources::ServerFamily;
use tokio::process::ChildStdout;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::checkpoints::Notes;
use super::preflight::Ground;
use super::programs::engine_name;
use crate::source::mysql::connect::Endpoint;
use crate::source::mysql::faults;
use crate::source::tool::{OptionFile, Running, Tool};
use crate::{Error, Kind, Result};

/// While it holds commits back, the server stands still for everybody; normally that takes a second. After this long
/// it is killed, which lets the server go.
pub const STANDSTILL: Duration = Duration::from_secs(60);

/// How far the program is, as it says on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It copies while the server works.
    Copying,
    /// Nothing is committed: the position of the copy is now.
    Standstill,
    /// The server goes on.
    Released,
}

/// A copy under way. Dropping it kills the program, and the server drops its locks.
pub struct Copying {
    running: Running,
    _options: OptionFile,
    stage: watch::Receiver<Stage>,
    notes: PathBuf,
    incremental: Option<u64>,
    name: &'static str,
    who: String,
}

/// Starts the program; `incremental` is the log position that an earlier copy reached. What it keeps by the way
/// lies in `directory`, which must be private. Gives the stream as well.
pub fn start(
    ground: &Ground,
    endpoint: &Endpoint,
    incremental: Option<u64>,
    directory: &Path,
) -> Result<(Copying, ChildStdout)> {
    let family = ground.facts.family;
    let options = endpoint.options(family).write()?;
    let (target, notes) = (directory.join("target"), directory.join("notes"));
    for path in [&target, &notes] {
        std::fs::create_dir(path).map_err(|error| {
            Error::new(Kind::Space, "make a private directory", "it cannot be made").later().caused_by(error)
        })?;
    }
    let with = |name: &str, path: &Path| {
        let mut argument = std::ffi::OsString::from(format!("--{name}="));
        argument.push(path);
        argument
    };
    let (stage, heard) = watch::channel(Stage::Copying);
    let mut tool = Tool::new(&ground.programs.backup)
        .argument(options.argument())
        .arguments(["--backup", "--stream=xbstream"])
        .arguments([
            with("datadir", &ground.data_directory),
            with("target-dir", &target),
            with("extra-lsndir", &notes),
            with("tmpdir", &target),
        ])
        .heard_by(Arc::new(move |line| {
            if let Some(reached) = reached(line) {
                stage.send_replace(reached);
            }
        }));
    if let Some(position) = incremental {
        tool = tool.argument(format!("--incremental-lsn={position}"));
    }
    if family == ServerFamily::Mysql {
        // It would ask its maker whether there is a newer one.
        tool = tool.argument("--no-version-check");
    }
    let mut running = tool.start()?;
    let name = engine_name(family);
    let stream = running
        .take_stdout()
        .ok_or_else(|| Error::new(Kind::Source, format!("start {name}"), "it has no standard output"))?;
    let copying =
        Copying { running, _options: options, stage: heard, notes, incremental, name, who: endpoint.shown() };
    Ok((copying, stream))
}

fn reached(line: &str) -> Option<Stage> {
    if line.contains("Acquired locks for BACKUP STAGE BLOCK_COMMIT") {
        Some(Stage::Standstill)
    } else if line.contains("All tables unlocked") || line.contains("completed OK!") {
        Some(Stage::Released)
    } else {
        None
    }
}

impl Copying {
    /// Tells the stages.
    pub fn stage(&self) -> watch::Receiver<Stage> {
        self.stage.clone()
    }
    /// Process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.running.id()
    }

    /// Judges it: exit status, last line and notes must all say that the copy is whole. The stream must have been
    /// read to its end.
    pub async fn finish(self, cancel: &CancellationToken) -> Result<Notes> {
        let exit = self.running.wait(cancel).await?;
        let said = format!("{}\n{}", exit.stderr, exit.ending);
        if exit.status.success() && exit.ending.contains("completed OK!") {
            return Notes::read(&self.notes, self.incremental);
        }
        let complaint = complaint(&said);
        let attempt = format!("copy the files of the server of {}", self.who);
        Err(match faults::code_in(&complaint) {
            Some(code) => faults::from_code(attempt, &self.who, code, &complaint),
            None => Error::new(
                Kind::Source,
                attempt,
                format!("{} ended with {} before it was done: {complaint}", self.name, exit.status),
            )
            .later()
            .hint("It is tried again. If it stays so, look at the server's error log at that time."),
        })
    }
}

/// The lines that complain, or the last ones.
fn complaint(said: &str) -> String {
    let is_one = |line: &&str| {
        let line = line.to_ascii_lowercase();
        line.contains("error") || line.contains("failed") || line.contains("no space left")
    };
    let mut lines: Vec<&str> = said.lines().filter(is_one).take(4).collect();
    if lines.is_empty() {
        lines = said.trim().lines().rev().take(3).collect();
        lines.reverse();
    }
    lines.join("; ").chars().take(600).collect()
}

/// Returns when the program has held commits back for too long.
pub async fn too_long(mut stage: watch::Receiver<Stage>) -> Error {
    if stage.wait_for(|stage| *stage == Stage::Standstill).await.is_err() {
        // The program is gone without a standstill.
        return std::future::pending().await;
    }
    // What the waiting gives borrows the channel: kept, it would stop whoever tells the next stage.
    let released =
        tokio::time::timeout(STANDSTILL, stage.wait_for(|stage| *stage == Stage::Released)).await.is_ok();
    if released {
        return std::future::pending().await;
    }
    Error::new(
        Kind::Storage,
        "copy the files of the server",
        format!("the vault took no data while nothing could be committed, for {} s", STANDSTILL.as_secs()),
    )
    .later()
    .hint("The copying program was stopped so that the server could go on. Check the vault and the network to it.")
}
