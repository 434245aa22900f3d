//! Private servers of both families for tests: started in a directory of their own, gone with the value.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use domain::sources::{AccountName, DatabaseName, HostName, ServerFamily, TlsMode};
use engine::source::mysql::clients::{ClientPaths, Clients};
use engine::source::mysql::connect::Endpoint;
use mysql_async::prelude::Queryable;
use secrecy::SecretString;

use crate::guard::Guarded;

/// Chroot with Oracle's server and clients; Debian has none.
const CHROOT: &str = "/tmp/mysql97";

/// A password with everything that an option file could trip over.
pub const PASSWORD: &str = "p#a'b\"c\\d e;[x]";

pub struct Server {
    pub family: ServerFamily,
    pub port: u16,
    guarded: Guarded,
}

fn chroot() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var("HOLDFAST_MYSQL_CHROOT").unwrap_or_else(|_| CHROOT.into()));
    root.join("usr/sbin/mysqld").exists().then_some(root)
}

/// A program of the chroot, run by the chroot's own loader and libraries.
fn foreign(root: &Path, program: &str) -> Command {
    let mut command = Command::new(root.join("lib64/ld-linux-x86-64.so.2"));
    command.arg("--library-path").arg(libraries(root)).arg(root.join(program));
    command
}

fn libraries(root: &Path) -> String {
    ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/mysql/private"]
        .map(|part| root.join(part).display().to_string())
        .join(":")
}

/// A port that nobody listens on, outside the range from which outgoing connections take theirs: one of those could
/// have it before the server does. Every test process begins its search elsewhere.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    std::iter::repeat_with(|| std::process::id().wrapping_mul(31) + NEXT.fetch_add(7, Ordering::Relaxed))
        .filter_map(|number| u16::try_from(12_000 + number % 20_000).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

impl Server {
    pub fn has_mysql() -> bool {
        chroot().is_some()
    }

    /// Every family that can be had here; what is missing is said.
    pub async fn all() -> Result<Vec<Self>> {
        let mut servers = vec![Self::start(ServerFamily::Mariadb, &[]).await?];
        if chroot().is_some() {
            servers.push(Self::start(ServerFamily::Mysql, &[]).await?);
        } else {
            eprintln!("SKIPPED for MySQL: no server in {CHROOT} (HOLDFAST_MYSQL_CHROOT)");
        }
        Ok(servers)
    }

    /// Two tries: another test may have been quicker with the port, or the machine too busy.
    pub async fn start(family: ServerFamily, extra: &[&str]) -> Result<Self> {
        match Self::try_start(family, extra).await {
            Ok(server) => Ok(server),
            Err(_) => Self::try_start(family, extra).await,
        }
    }

    async fn try_start(family: ServerFamily, extra: &[&str]) -> Result<Self> {
        let mut guarded = Guarded::new()?;
        let data = guarded.path().join("data");
        // A server that starts removes temporary tables from its directory, those of others too.
        let temporary = guarded.path().join("tmp");
        std::fs::create_dir(&temporary)?;
        let port = free_port();
        let own = [
            format!("--datadir={}", data.display()),
            format!("--tmpdir={}", temporary.display()),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            format!("--socket={}", guarded.path().join("s").display()),
            "--server-id=11".into(),
            "--user=root".into(),
            "--innodb-flush-log-at-trx-commit=0".into(),
            "--log-bin-trust-function-creators=1".into(),
        ];
        let mut command = match family {
            ServerFamily::Mariadb => {
                let status = Command::new("mariadb-install-db")
                    .args([
                        "--no-defaults",
                        "--user=root",
                        "--auth-root-authentication-method=normal",
                        "--skip-test-db",
                    ])
                    .args(&own[..2])
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .context("mariadb-install-db")?;
                if !status.success() {
                    bail!("mariadb-install-db: {status}");
                }
                let mut command = Command::new("mariadbd");
                command.arg("--no-defaults").args(&own).args([
                    "--log-bin=bin",
                    "--binlog-format=ROW",
                    "--sync-binlog=0",
                ]);
                command
            }
            ServerFamily::Mysql => {
                let root = chroot().context("no MySQL here")?;
                let places = [
                    format!("--lc-messages-dir={}", root.join("usr/share/mysql").display()),
                    format!("--character-sets-dir={}", root.join("usr/share/mysql/charsets").display()),
                    format!("--plugin-dir={}", root.join("usr/lib/mysql/plugin").display()),
                    "--mysqlx=OFF".into(),
                    "--secure-file-priv=".into(),
                ];
                let status = foreign(&root, "usr/sbin/mysqld")
                    .args(["--no-defaults", "--initialize-insecure", "--user=root"])
                    .arg(&own[0])
                    .args(&places)
                    .stderr(Stdio::null())
                    .status()?;
                if !status.success() {
                    bail!("mysqld --initialize-insecure: {status}");
                }
                let mut command = foreign(&root, "usr/sbin/mysqld");
                command.arg("--no-defaults").args(&own).args(&places);
                command.args(["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--sync-binlog=0"]);
                command
            }
        };
        command.args(extra);
        guarded.start(command)?;
        let mut server = Self { family, port, guarded };
        server.open().await?;
        Ok(server)
    }

    /// Waits until it answers, and gives root its password.
    async fn open(&mut self) -> Result<()> {
        let socket = Endpoint { socket: Some(self.directory().join("s")), ..self.endpoint("root", "") };
        let until = Instant::now() + Duration::from_secs(60);
        let mut conn = loop {
            match socket.connect().await {
                Ok(conn) => break conn,
                Err(error) if Instant::now() > until => bail!("{error:?}\n{}", self.guarded.log()),
                Err(_) if self.guarded.has_ended()? => bail!("{}", self.guarded.log()),
                Err(_) => tokio::task::yield_now().await,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let quoted = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        conn.query_drop(format!("CREATE USER 'adm'@'%' IDENTIFIED BY '{quoted}'")).await?;
        conn.query_drop("GRANT ALL PRIVILEGES ON *.* TO 'adm'@'%' WITH GRANT OPTION").await?;
        conn.disconnect().await?;
        Ok(())
    }

    pub fn endpoint(&self, user: &str, password: &str) -> Endpoint {
        let (host, user) = (HostName::new("127.0.0.1").unwrap(), AccountName::new(user).unwrap());
        Endpoint::new(host, self.port, user, SecretString::from(password), TlsMode::Off)
    }
    pub fn admin(&self) -> Endpoint {
        self.endpoint("adm", PASSWORD)
    }
    pub fn directory(&self) -> &Path {
        self.guarded.path()
    }
    /// Runs statements one by one.
    pub async fn run<S: AsRef<str>>(&self, statements: impl IntoIterator<Item = S>) -> Result<()> {
        let mut conn = self.admin().connect().await?;
        for statement in statements {
            let statement = statement.as_ref();
            conn.query_drop(statement)
                .await
                .with_context(|| statement.chars().take(200).collect::<String>())?;
        }
        conn.disconnect().await?;
        Ok(())
    }
    /// The client programs, with wrappers around those of the chroot.
    pub async fn clients(&self) -> Result<Clients> {
        let mut paths = ClientPaths::default();
        if let Some(root) = chroot() {
            for (name, place) in [("mysqldump", &mut paths.mysqldump), ("mysql", &mut paths.mysql)] {
                let script = self.directory().join(name);
                let loader = root.join("lib64/ld-linux-x86-64.so.2");
                let program = root.join("usr/bin").join(name);
                let text = format!(
                    "#!/bin/sh\nexec {} --library-path {} {} \"$@\"\n",
                    loader.display(),
                    libraries(&root),
                    program.display()
                );
                std::fs::write(&script, text)?;
                std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
                *place = Some(script);
            }
            paths.libraries.push(root);
        }
        Ok(Clients::detect(&paths).await)
    }
}

pub fn database(name: &str) -> DatabaseName {
    DatabaseName::new(name).unwrap()
}
