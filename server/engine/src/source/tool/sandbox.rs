//! Walls around a client program that loads somebody else's dump.
//!
//! The client's own switches refuse its dangerous commands and the account can touch only a scratch schema;
//! this is the third wall, for the day when one of the others has a hole. Inside, there is a read-only copy of
//! the system's programs and libraries, the option file and nothing else: no home, no keys, no vault, no other
//! process. With a socket there is no network either; with TCP the network stays, because the server must be
//! reached.

use std::path::{Path, PathBuf};

use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::Tool;

/// What of the file system a client program needs, if it exists.
const SYSTEM: [&str; 11] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
];

/// A bubblewrap sandbox.
#[derive(Debug, Clone)]
pub struct Sandbox {
    bwrap: PathBuf,
    read_only: Vec<PathBuf>,
    network: bool,
}

/// Whether a sandbox can be had on this machine, in words for a report.
#[derive(Debug, Clone)]
pub enum Available {
    /// It works.
    Yes(Sandbox),
    /// It does not, and why.
    No(String),
}

impl Available {
    /// The sandbox, if there is one.
    pub const fn sandbox(&self) -> Option<&Sandbox> {
        match self {
            Self::Yes(sandbox) => Some(sandbox),
            Self::No(_) => None,
        }
    }
}

impl Sandbox {
    /// Tries bubblewrap by running something trivial in it.
    pub async fn find(cancel: &CancellationToken) -> Available {
        let Some(bwrap) = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
        else {
            return Available::No("bubblewrap is not installed (package bubblewrap)".into());
        };
        let sandbox = Self { bwrap, read_only: Vec::new(), network: false };
        match Tool::new("/usr/bin/true").within(Some(sandbox.clone())).output(cancel).await {
            Ok(_) => Available::Yes(sandbox),
            Err(error) => Available::No(format!("bubblewrap does not work here: {}", error.message())),
        }
    }
    /// Also shows `path`, read-only.
    #[must_use]
    pub fn show(mut self, path: impl Into<PathBuf>) -> Self {
        self.read_only.push(path.into());
        self
    }
    /// Leaves the network reachable.
    #[must_use]
    pub const fn with_network(mut self) -> Self {
        self.network = true;
        self
    }

    #[expect(clippy::disallowed_methods, reason = "this module is where foreign programs start")]
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.bwrap);
        command.args([
            "--die-with-parent",
            "--new-session",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
        ]);
        command.args(["--unshare-cgroup-try", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]);
        command.args(["--tmpfs", "/tmp"]);
        if !self.network {
            command.arg("--unshare-net");
        }
        for path in SYSTEM.iter().map(Path::new) {
            match std::fs::read_link(path) {
                Ok(target) => command.arg("--symlink").arg(target).arg(path),
                Err(_) => command.arg("--ro-bind-try").arg(path).arg(path),
            };
        }
        for path in &self.read_only {
            command.arg("--ro-bind-try").arg(path).arg(path);
        }
        command.arg("--chdir").arg("/").arg("--").arg(program);
        command
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn nothing_private_is_visible_inside() {
        let cancel = CancellationToken::new();
        let found = Sandbox::find(&cancel).await;
        let Some(sandbox) = found.sandbox() else {
            eprintln!("SKIPPED: {found:?}");
            return;
        };
        let out = Tool::new("/bin/sh")
            .arguments([
                "-c",
                "ls / ; ls /root /home /work 2>&1; touch /usr/x 2>&1; ls /proc | grep -c '^[0-9]'",
            ])
            .within(Some(sandbox.clone()))
            .start()
            .unwrap();
        let mut out = out;
        let mut text = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut out.take_stdout().unwrap(), &mut text).await.unwrap();
        out.wait(&cancel).await.unwrap();
        assert!(!text.lines().any(|line| ["root", "home", "work", "var"].contains(&line)), "{text}");
        assert!(text.contains("Read-only file system"), "{text}");
        let processes: u32 = text.lines().last().unwrap().parse().unwrap();
        assert!(processes <= 5, "{text}");
    }
}
