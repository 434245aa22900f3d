//! The programs of one family: one that copies, one that unpacks, one that serves.
//!
//! They belong together and to the server's series: page and log formats change between series, and a copy made by
//! an older program than the server may lack what the newer server writes.

use std::path::{Path, PathBuf};

use domain::sources::ServerFamily;
use tokio_util::sync::CancellationToken;

use crate::source::inventory::series;
use crate::source::tool::Tool;
use crate::{Error, Kind, Result};

/// Where they are looked for. Servers are in the directories for administrators.
const PLACES: [&str; 6] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// What was found.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Of which family.
    pub family: ServerFamily,
    /// `mariadb-backup` or `xtrabackup`.
    pub backup: PathBuf,
    /// `mbstream` or `xbstream`.
    pub stream: PathBuf,
    /// The version of the server that the copying program is made for: `10.11.19`.
    pub version: String,
    folder: Option<PathBuf>,
}

/// Name in manifests, program that unpacks, packages.
struct Names {
    backup: &'static str,
    stream: &'static str,
    servers: [&'static str; 2],
    package: &'static str,
    server_package: &'static str,
}

const fn names(family: ServerFamily) -> Names {
    match family {
        ServerFamily::Mariadb => Names {
            backup: "mariadb-backup",
            stream: "mbstream",
            servers: ["mariadbd", "mysqld"],
            package: "mariadb-backup (Debian: apt-get install mariadb-backup)",
            server_package: "mariadb-server (Debian: apt-get install mariadb-server)",
        },
        ServerFamily::Mysql => Names {
            backup: "xtrabackup",
            stream: "xbstream",
            servers: ["mysqld", "mysqld"],
            package: "percona-xtrabackup of the server's series, e.g. percona-xtrabackup-84 from repo.percona.com",
            server_package: "mysql-community-server of the same series",
        },
    }
}

/// The engine's name in manifests: that of the program.
pub const fn engine_name(family: ServerFamily) -> &'static str {
    names(family).backup
}

/// The family whose program has this name.
pub fn family_of(engine: &str) -> Option<ServerFamily> {
    [ServerFamily::Mariadb, ServerFamily::Mysql].into_iter().find(|family| engine_name(*family) == engine)
}

/// Name of the program that unpacks the streams of a family.
pub const fn stream_name(family: ServerFamily) -> &'static str {
    names(family).stream
}

impl Programs {
    /// Looks for the copying programs of a family: in `folder` and nowhere else if it is given, or in the usual
    /// places.
    pub async fn find(family: ServerFamily, folder: Option<&Path>) -> Result<Self> {
        let Names { backup, stream, package, .. } = names(family);
        let missing = |name: &str| {
            let place =
                folder.map_or_else(|| "the usual places".to_owned(), |folder| folder.display().to_string());
            Error::new(
                Kind::Source,
                format!("find the programs that copy a {family} server"),
                format!("{name} is not in {place}"),
            )
            .hint(format!("Install the package {package} on this machine."))
        };
        let backup_path = look_for(folder, backup).ok_or_else(|| missing(backup))?;
        let stream_path = look_for(folder, stream).ok_or_else(|| missing(stream))?;
        let said = version_of(&backup_path).await?;
        let version = number_after(&said, "server ").ok_or_else(|| {
            Error::new(
                Kind::Source,
                format!("ask {backup} for its version"),
                "it does not say for which server it is made",
            )
        })?;
        Ok(Self {
            family,
            backup: backup_path,
            stream: stream_path,
            version,
            folder: folder.map(Path::to_owned),
        })
    }

    /// The server program, which must be of the series of `version`: another series would upgrade what it opens, or
    /// refuse it.
    pub async fn server(&self, version: &str) -> Result<PathBuf> {
        let attempt = || format!("find a {} server to start the copy with", self.family);
        let Names { servers, server_package, .. } = names(self.family);
        // Unlike the programs that copy, it may be the one that is installed anyway.
        let found = servers
            .iter()
            .find_map(|name| look_for(self.folder.as_deref(), name).or_else(|| look_for(None, name)));
        let Some(path) = found else {
            return Err(Error::new(Kind::Source, attempt(), format!("{} is not here", servers[0]))
                .hint(format!("Install the package {server_package}. It need not run.")));
        };
        let said = version_of(&path).await?;
        let ours = (said.contains("MariaDB") == (self.family == ServerFamily::Mariadb))
            .then(|| number_after(&said, "Ver "))
            .flatten()
            .unwrap_or_default();
        if series(&ours) == series(version) {
            return Ok(path);
        }
        Err(Error::new(
            Kind::Source,
            attempt(),
            format!(
                "{} is of another family or series ({}) than the copy ({version})",
                path.display(),
                said.trim()
            ),
        )
        .hint(format!("Install the package {server_package} of series {}.", series(version))))
    }
}

async fn version_of(program: &Path) -> Result<String> {
    // `mariadb-backup` writes it to standard error.
    let heard = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let into = std::sync::Arc::clone(&heard);
    let listener = std::sync::Arc::new(move |line: &str| {
        if let Ok(mut said) = into.lock() {
            said.push_str(line);
            said.push('\n');
        }
    });
    let tool = Tool::new(program).argument("--version").heard_by(listener);
    let out = tool.output(&CancellationToken::new()).await?;
    let said = heard.lock().map(|said| said.clone()).unwrap_or_default();
    Ok(format!("{out}{said}"))
}

fn look_for(folder: Option<&Path>, name: &str) -> Option<PathBuf> {
    let places = folder.map_or_else(|| PLACES.map(PathBuf::from).to_vec(), |folder| vec![folder.to_owned()]);
    places.into_iter().map(|place| place.join(name)).find(|path| path.is_file())
}

/// `10.11.19` of `… based on MariaDB server 10.11.19-MariaDB …`.
fn number_after(text: &str, word: &str) -> Option<String> {
    text.match_indices(word).find_map(|(at, _)| {
        let number: String =
            text[at + word.len()..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        (number.matches('.').count() >= 2).then_some(number)
    })
}

/// Numbers of a version, for comparing: `10.11.19-MariaDB-log` is (10, 11, 19).
pub(super) fn numbers(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_the_programs_say() {
        let mariadb = "mariadb-backup based on MariaDB server 10.11.19-MariaDB debian-linux-gnu (x86_64)";
        let percona =
            "xtrabackup version 8.4.0-1 based on MySQL server 8.4.0 Linux (x86_64) (revision id: da6e1abb)";
        assert_eq!(number_after(mariadb, "server ").as_deref(), Some("10.11.19"));
        assert_eq!(number_after(percona, "server ").as_deref(), Some("8.4.0"));
        assert_eq!(
            number_after("mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for", "Ver ").as_deref(),
            Some("10.11.19")
        );
        assert_eq!(number_after("nothing", "server "), None);
        assert!(numbers("10.11.9-MariaDB") < numbers("10.11.19"));
    }
}
