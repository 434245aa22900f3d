//! A server on a prepared copy, for nobody but this process: no network, a socket in a private directory, and one
//! account with a random password, made by the server itself as it starts.
//!
//! It serves a copy that is thrown away, so it is not shut down but killed. What the copy would do by itself, events
//! and replication, is off.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::sources::{AccountName, HostName, ServerFamily, TlsMode};
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::programs::Programs;
use super::workplace::{PID, Workplace};
use crate::source::mysql::connect::Endpoint;
use crate::source::tool::{Exit, Tool};
use crate::{Error, Kind, Result};

/// A prepared copy opens in seconds.
const OPENING: Duration = Duration::from_secs(180);
/// Between two attempts to connect.
const BETWEEN: Duration = Duration::from_millis(50);
/// Longest path of a socket that the system takes.
const SOCKET: usize = 100;
/// Settings of the source that a server takes as options. A file size that it does not know is none of them.
const TAKEN: [&str; 7] = [
    "innodb_page_size",
    "innodb_data_file_path",
    "innodb_undo_tablespaces",
    "innodb_checksum_algorithm",
    "lower_case_table_names",
    "character_set_server",
    "collation_server",
];

/// A server that runs. Dropping it kills it.
#[derive(Debug)]
pub struct PrivateServer {
    /// How it is reached.
    pub endpoint: Endpoint,
    task: Option<JoinHandle<Result<Exit>>>,
    stop: CancellationToken,
    _guard: DropGuard,
}

impl PrivateServer {
    /// Starts one on `data` and waits until it answers. Its socket and notes lie in `workplace`.
    pub async fn start(
        programs: &Programs,
        version: &str,
        settings: &BTreeMap<String, String>,
        data: &Path,
        workplace: &Workplace,
        cancel: &CancellationToken,
    ) -> Result<Self> {
        let program = programs.server(version).await?;
        let attempt = || format!("start a {} server on the copy", programs.family);
        let temporary = workplace.directory("tmp")?;
        let socket = workplace.path().join("s");
        if socket.as_os_str().len() > SOCKET {
            return Err(Error::new(
                Kind::Input,
                attempt(),
                format!("the path {} is too long for a socket", socket.display()),
            )
            .hint("Choose a directory for scratch copies with a shorter name."));
        }
        let (user, password) = ("holdfast_private", random_password()?);
        let init = workplace.path().join("init.sql");
        write_private(
            &init,
            &format!(
                "CREATE USER '{user}'@'localhost' IDENTIFIED BY '{password}';\n\
                 GRANT ALL PRIVILEGES ON *.* TO '{user}'@'localhost';\n"
            ),
        )
        .map_err(|error| {
            Error::new(Kind::Space, attempt(), "its first statements cannot be written")
                .later()
                .caused_by(error)
        })?;
        let with = |name: &str, path: &Path| {
            let mut argument = std::ffi::OsString::from(format!("--{name}="));
            argument.push(path);
            argument
        };
        let mut tool = Tool::new(program)
            .argument("--no-defaults")
            .arguments([
                with("datadir", data),
                with("tmpdir", &temporary),
                with("socket", &socket),
                with("pid-file", &workplace.path().join(PID)),
                with("init-file", &init),
                with("secure-file-priv", &temporary),
            ])
            .arguments([
                "--skip-networking",
                "--skip-log-bin",
                "--skip-slave-start",
                "--event-scheduler=OFF",
                "--local-infile=0",
                "--performance-schema=OFF",
                "--innodb-buffer-pool-size=64M",
                "--innodb-flush-log-at-trx-commit=0",
                "--max-allowed-packet=1G",
            ]);
        if programs.family == ServerFamily::Mysql {
            tool = tool.argument("--mysqlx=OFF");
        }
        if rustix::process::geteuid().is_root() {
            tool = tool.argument("--user=root");
        }
        let known = settings.iter().filter(|(name, _)| TAKEN.contains(&name.as_str()));
        tool =
            tool.arguments(known.map(|(name, value)| format!("--loose-{}={value}", name.replace('_', "-"))));
        let mut running = tool.start()?;
        let out = running.take_stdout();
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let _out = out;
            running.wait(&stopped).await
        });
        let endpoint = Endpoint {
            socket: Some(socket),
            ..Endpoint::new(
                HostName::new("localhost").map_err(name_refused)?,
                0,
                AccountName::new(user).map_err(name_refused)?,
                SecretString::from(password),
                TlsMode::Off,
            )
        };
        let mut server = Self { endpoint, task: Some(task), stop, _guard: guard };
        match server.wait_until_open(programs.family, cancel).await {
            Ok(()) => Ok(server),
            Err(error) => {
                server.stop().await;
                Err(error)
            }
        }
    }

    async fn wait_until_open(&mut self, family: ServerFamily, cancel: &CancellationToken) -> Result<()> {
        let attempt = || format!("start a {family} server on the copy");
        let began = Instant::now();
        loop {
            if cancel.is_cancelled() {
                return Err(Error::cancelled(attempt()));
            }
            if self.task.as_ref().is_some_and(JoinHandle::is_finished)
                && let Some(task) = self.task.take()
            {
                let said = match task.await {
                    Ok(Ok(exit)) => exit.ending,
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                };
                let complaint: Vec<&str> =
                    said.lines().filter(|line| line.contains("[ERROR]")).take(3).collect();
                let complaint =
                    if complaint.is_empty() { said.trim().to_owned() } else { complaint.join("; ") };
                return Err(Error::new(Kind::Integrity, attempt(), format!("it did not start: {complaint}")));
            }
            match self.endpoint.connect().await {
                Ok(conn) => {
                    let _closed = conn.disconnect().await;
                    return Ok(());
                }
                Err(error) if began.elapsed() > OPENING => {
                    return Err(Error::new(Kind::Source, attempt(), "it does not answer")
                        .later()
                        .caused_by(error));
                }
                Err(_) => tokio::time::sleep(BETWEEN).await,
            }
        }
    }

    /// Kills it and waits until it is gone.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // It was killed; how it took that does not matter.
            let _ended = task.await;
        }
    }
}

fn name_refused(error: domain::sources::NameError) -> Error {
    Error::new(Kind::Input, "name an account", error.to_string())
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn random_password() -> Result<String> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).map_err(|error| {
        Error::new(Kind::Key, "make a random password", "the system gives no random numbers").caused_by(error)
    })?;
    // Upper case, a digit and a sign: some servers insist.
    Ok(format!("Hf-1{}", hex::encode(random)))
}
