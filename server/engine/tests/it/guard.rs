//! Private servers end with the test program, however that ends.
//!
//! A value that is dropped kills its server, but a program that is killed drops nothing: a test that hung, a person who
//! pressed Ctrl-C twice. So beside each server a shell waits for the end of its input, which comes when this program is
//! gone, and then kills whatever works in the server's directory and removes that. It is in a group of its own, so
//! that what is sent to the group of the tests does not end it first, and holds none of their outputs open: a test
//! that is over would otherwise count as one that left something behind.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// Found by the directory and not by a number: a number may be somebody else's by then, or not yet be known.
const WAIT: &str = r#"
read -r _
for process in /proc/[0-9]*; do
  if tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -qF -e "=$1/"; then kill -KILL "${process#/proc/}"; fi
done
rm -rf "$1"
"#;

/// A server's directory, and the server, once it is started.
pub struct Guarded {
    directory: TempDir,
    guard: Child,
    server: Option<Child>,
}

impl Guarded {
    /// A new directory for a server of which at least one option names something in it.
    pub fn new() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("hf-server-").tempdir()?;
        let guard = Command::new("sh")
            .args(["-c", WAIT, "guard"])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { directory, guard, server: None })
    }
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
    /// Starts the server; what it says goes to `log` in the directory.
    pub fn start(&mut self, mut command: Command) -> io::Result<()> {
        let log = std::fs::File::create(self.path().join("log"))?;
        self.server = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?);
        Ok(())
    }
    /// Whether the server has ended by itself.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        match &mut self.server {
            Some(server) => Ok(server.try_wait()?.is_some()),
            None => Ok(true),
        }
    }
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard first: the directory is ours to remove.
        for child in [Some(&mut self.guard), self.server.as_mut()].into_iter().flatten() {
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }
}

mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// What is left when the program is gone is its guard alone: dropping its input is all that happens to it.
    #[test]
    fn a_server_whose_program_is_gone_ends_with_its_directory() {
        let mut guarded = Guarded::new().unwrap();
        let directory = guarded.path().to_owned();
        // Nobody ever writes to it.
        let pipe = directory.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut command = Command::new("dd");
        command.arg(format!("if={}", pipe.display()));
        guarded.start(command).unwrap();
        assert!(!guarded.has_ended().unwrap());
        drop(guarded.guard.stdin.take());
        let until = Instant::now() + Duration::from_secs(30);
        while !guarded.has_ended().unwrap() || directory.exists() {
            assert!(Instant::now() < until, "the server or its directory is still there");
            std::thread::yield_now();
        }
    }
}
