//! The only place that starts a child process.
//!
//! A client program that reads or writes somebody's data is the most dangerous thing this product runs, so
//! the rules are enforced here once: an argument vector and never a shell; an environment that is empty but
//! for `PATH`, `LANG` and an editor and pager that do nothing; a process group of its own that dies with the
//! value that represents it; standard error kept, but bounded; and an exit status that cannot be overlooked,
//! because only [`Running::wait`] hands back what the program said.

pub mod option_file;
mod said;
pub mod sandbox;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use option_file::OptionFile;
pub use said::OnLine;
pub use sandbox::Sandbox;

use crate::{Error, Kind, Result};
use said::Said;

/// A program and its arguments, ready to start.
pub struct Tool {
    program: PathBuf,
    arguments: Vec<OsString>,
    stdin: bool,
    sandbox: Option<Sandbox>,
    heard: Option<OnLine>,
}

impl Tool {
    /// The program at `program`, without arguments.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), stdin: false, sandbox: None, heard: None }
    }
    /// Adds one argument, passed as it is.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }
    /// Adds arguments, passed as they are.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
    /// Opens a pipe to standard input; without this the program reads nothing.
    #[must_use]
    pub const fn with_input(mut self) -> Self {
        self.stdin = true;
        self
    }
    /// Runs it inside `sandbox`.
    #[must_use]
    pub fn within(mut self, sandbox: Option<Sandbox>) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Hears every line that it writes to standard error, while it runs.
    #[must_use]
    pub fn heard_by(mut self, listener: OnLine) -> Self {
        self.heard = Some(listener);
        self
    }

    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "this module is where foreign programs start")]
    pub fn start(self) -> Result<Running> {
        let name = short_name(&self.program);
        let attempt = format!("start {name}");
        let mut command = match &self.sandbox {
            Some(sandbox) => sandbox.command(&self.program),
            None => Command::new(&self.program),
        };
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("LANG", "C.UTF-8")
            .env("EDITOR", "/bin/false")
            .env("VISUAL", "/bin/false")
            .env("PAGER", "cat")
            .current_dir("/")
            .stdin(if self.stdin { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            Error::new(Kind::Source, attempt.clone(), format!("{} cannot be started", self.program.display()))
                .hint("Install the client programs of this server family, or set their paths.")
                .caused_by(error)
        })?;
        let stderr = child.stderr.take().map(|stream| tokio::spawn(said::listen(stream, self.heard)));
        Ok(Running { name, stdin: child.stdin.take(), stdout: child.stdout.take(), stderr, child })
    }

    /// Starts it, and collects at most 64 KiB of its standard output; any other end than success is an error.
    pub async fn output(self, cancel: &CancellationToken) -> Result<String> {
        let mut running = self.start()?;
        let out = running.take_stdout().map(|stream| tokio::spawn(said::listen(stream, None)));
        let name = running.name.clone();
        let exit = running.wait(cancel).await?;
        if !exit.status.success() {
            return Err(Error::new(Kind::Source, format!("run {name}"), exit.summary()));
        }
        match out {
            Some(task) => Ok(task.await.unwrap_or_default().beginning),
            None => Ok(String::new()),
        }
    }
}

/// A program that runs. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<JoinHandle<Said>>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Exit {
    /// Its exit status.
    pub status: ExitStatus,
    /// The beginning of what it wrote to standard error.
    pub stderr: String,
    /// The end of it.
    pub ending: String,
}

impl Exit {
    /// `ended by signal 9: mysqldump: Got error …`, for messages.
    pub fn summary(&self) -> String {
        let said = self.stderr.trim();
        let said: String = said.chars().take(600).collect();
        if said.is_empty() {
            format!("ended with {}", self.status)
        } else {
            format!("ended with {}: {said}", self.status)
        }
    }
}

impl Running {
    /// The program's short name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Process id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
    /// Its standard output, once.
    pub const fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }
    /// Its standard input, once. Dropping it tells the program that the input has ended.
    pub const fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }
    /// Kills the program and everything it started.
    pub fn kill(&mut self) {
        kill_group(&mut self.child);
    }

    /// Waits for its end. Standard output must have been taken and read, or the program may never end. Asked
    /// to stop, it kills the program first and then reports the stop.
    pub async fn wait(mut self, cancel: &CancellationToken) -> Result<Exit> {
        self.stdin = None;
        let attempt = format!("wait for {}", self.name);
        let status = tokio::select! {
            status = self.child.wait() => status,
            () = cancel.cancelled() => {
                kill_group(&mut self.child);
                let _killed = self.child.wait().await;
                return Err(Error::cancelled(attempt));
            }
        };
        let status = status.map_err(|error| {
            Error::new(Kind::Source, attempt, "its exit status cannot be read").later().caused_by(error)
        })?;
        let said = match self.stderr.take() {
            Some(task) => task.await.unwrap_or_default(),
            None => Said::default(),
        };
        Ok(Exit { status, stderr: said.beginning, ending: said.end })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}

/// The group has the child's id because it was started with `process_group(0)`. A child that was already
/// waited for has no id any more, so that a reused number is never signalled.
fn kill_group(child: &mut Child) {
    let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
    else {
        return;
    };
    // It may have ended meanwhile, which is what was wanted.
    let _gone = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    let _gone = child.start_kill();
}

fn short_name(program: &Path) -> String {
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn status_and_stderr_are_reported_and_the_environment_is_empty() {
        let cancel = CancellationToken::new();
        let out = Tool::new("/usr/bin/env").output(&cancel).await.unwrap();
        let mut names: Vec<_> = out.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["EDITOR", "LANG", "PAGER", "PATH", "VISUAL"]);
        let error = Tool::new("/bin/sh")
            .arguments(["-c", "echo broken >&2; exit 3"])
            .output(&cancel)
            .await
            .unwrap_err();
        assert!(error.message().contains("broken"), "{error:?}");
        let error = Tool::new("/nonexistent/tool").start().unwrap_err();
        assert!(error.advice().is_some());
    }

    #[tokio::test]
    async fn dropping_it_kills_what_it_started() {
        let mut running =
            Tool::new("/bin/sh").arguments(["-c", "sleep 600 & echo $!; wait"]).start().unwrap();
        let mut stdout = running.take_stdout().unwrap();
        let mut text = [0u8; 16];
        let length = stdout.read(&mut text).await.unwrap();
        let grandchild: i32 = String::from_utf8_lossy(&text[..length]).trim().parse().unwrap();
        drop(running);
        // Once both are dead the pipe ends.
        let mut rest = Vec::new();
        tokio::time::timeout(std::time::Duration::from_secs(10), stdout.read_to_end(&mut rest))
            .await
            .unwrap()
            .unwrap();
        // A process that dies closes its files first: for a moment it is neither alive nor dead.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            let alive = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
            if alive.is_empty() || alive.contains(") Z") {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{alive}");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_stop_ends_it() {
        let cancel = CancellationToken::new();
        let running = Tool::new("/bin/sleep").argument("600").start().unwrap();
        cancel.cancel();
        assert_eq!(running.wait(&cancel).await.unwrap_err().kind(), Kind::Cancelled);
    }
}
