//! The client programs on this machine, sorted by family.
//!
//! A file name proves nothing: Debian's `mysqldump` is MariaDB's. Each program is asked for its version, and
//! sorted by the answer. The wrong family's client fails on the other's servers in ways that look like bugs.

use std::path::{Path, PathBuf};

use domain::sources::ServerFamily;
use tokio_util::sync::CancellationToken;

use crate::source::tool::Tool;
use crate::source::tool::sandbox::{Available, Sandbox};
use crate::{Error, Kind, Result};

/// Paths that the configuration may give; what is missing is looked for in the usual places.
#[derive(Debug, Clone, Default)]
pub struct ClientPaths {
    /// `mariadb-dump`
    pub mariadb_dump: Option<PathBuf>,
    /// `mariadb`
    pub mariadb: Option<PathBuf>,
    /// Oracle's `mysqldump`
    pub mysqldump: Option<PathBuf>,
    /// Oracle's `mysql`
    pub mysql: Option<PathBuf>,
    /// Further paths that those programs need to read, if they are installed outside `/usr`.
    pub libraries: Vec<PathBuf>,
}

/// The two programs of one family.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Writes dumps.
    pub dump: PathBuf,
    /// Loads them.
    pub client: PathBuf,
    /// What the dump program says of itself.
    pub version: String,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Clients {
    mariadb: Option<Pair>,
    mysql: Option<Pair>,
    sandbox: Available,
    libraries: Vec<PathBuf>,
}

impl Clients {
    /// Looks for the programs and asks each for its version.
    pub async fn detect(paths: &ClientPaths) -> Self {
        let cancel = CancellationToken::new();
        let mariadb_dump = [paths.mariadb_dump.clone(), in_path("mariadb-dump"), in_path("mysqldump")];
        let mariadb = [paths.mariadb.clone(), in_path("mariadb"), in_path("mysql")];
        let mysqldump = [paths.mysqldump.clone(), in_path("mysqldump")];
        let mysql = [paths.mysql.clone(), in_path("mysql")];
        Self {
            mariadb: pair(ServerFamily::Mariadb, mariadb_dump, mariadb, &cancel).await,
            mysql: pair(ServerFamily::Mysql, mysqldump, mysql, &cancel).await,
            sandbox: Sandbox::find(&cancel).await,
            libraries: paths.libraries.clone(),
        }
    }
    /// The programs that fit a server of `family`.
    pub fn pair(&self, family: ServerFamily) -> Result<&Pair> {
        let (found, package) = match family {
            ServerFamily::Mariadb => (&self.mariadb, "Debian: apt-get install mariadb-client"),
            ServerFamily::Mysql => (&self.mysql, "Install Oracle's mysql-client (mysqldump and mysql)"),
        };
        found.as_ref().ok_or_else(|| {
            Error::new(
                Kind::Source,
                format!("find the client programs of {family}"),
                "they are not installed here",
            )
            .hint(format!("{package}, or set their paths in the configuration."))
        })
    }
    /// Whether loading client programs can be walled in here.
    pub const fn sandbox(&self) -> &Available {
        &self.sandbox
    }
    /// The same without walls, for machines or tests where they must not be used; the reason is reported.
    #[must_use]
    pub fn without_sandbox(mut self, why: &str) -> Self {
        self.sandbox = Available::No(why.to_owned());
        self
    }
    /// Paths that the programs read besides the system's.
    pub fn libraries(&self) -> &[PathBuf] {
        &self.libraries
    }
}

async fn pair<const D: usize, const C: usize>(
    family: ServerFamily,
    dumps: [Option<PathBuf>; D],
    clients: [Option<PathBuf>; C],
    cancel: &CancellationToken,
) -> Option<Pair> {
    let (dump, version) = first(family, dumps, cancel).await?;
    let (client, _) = first(family, clients, cancel).await?;
    Some(Pair { dump, client, version })
}

async fn first<const N: usize>(
    family: ServerFamily,
    candidates: [Option<PathBuf>; N],
    cancel: &CancellationToken,
) -> Option<(PathBuf, String)> {
    for path in candidates.into_iter().flatten() {
        if let Ok(version) = Tool::new(&path).argument("--version").output(cancel).await
            && (version.contains("MariaDB") == (family == ServerFamily::Mariadb))
        {
            let words = version.split_once("Ver").map_or(version.as_str(), |(_, rest)| rest);
            return Some((path, words.trim().to_owned()));
        }
    }
    None
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| Path::is_file(file))
}
