//! Whether the files of a server can be copied from here, found out before anything is started.
//!
//! Each refusal says exactly what is missing: the program and its package, the privilege as a GRANT, the directory.

use std::path::{Path, PathBuf};

use domain::sources::ServerFamily;
use mysql_async::Conn;

use super::programs::{Programs, numbers};
use crate::source::inventory::{ServerFacts, series};
use crate::source::mysql::connect::Endpoint;
use crate::source::mysql::inspect::{self, Session, number, text};
use crate::source::mysql::{probe, snapshot};
use crate::{Error, Kind, Result};

/// A server whose files can be copied.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The server.
    pub facts: ServerFacts,
    /// Its data directory, which this process can read.
    pub data_directory: PathBuf,
    /// Bytes in it, the binary logs aside.
    pub bytes: u64,
    /// The programs.
    pub programs: Programs,
    /// Settings without which no server opens these files, by name.
    pub settings: std::collections::BTreeMap<String, String>,
}

/// What decides how files are laid out and read.
const SETTINGS: &str = "'innodb_page_size','innodb_data_file_path','innodb_undo_tablespaces','innodb_log_file_size',\
     'innodb_redo_log_capacity','innodb_checksum_algorithm','lower_case_table_names','character_set_server',\
     'collation_server'";

/// A binary log that is buffered may be shorter than the server says, by less than a buffer.
const BUFFERED: u64 = 1 << 20;

/// Looks at everything. `folder` is where the programs are, if they are not in the usual places.
pub async fn preflight(endpoint: &Endpoint, folder: Option<&Path>) -> Result<Ground> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let facts = inspect::server_facts(&mut conn, &who, "").await?;
    refuse_managed(&mut conn, &who).await?;
    let programs = Programs::find(facts.family, folder).await?;
    refuse_other_series(&programs, &facts)?;
    refuse_without_privileges(&mut conn, &who, facts.family).await?;
    let mut session =
        Session { conn: &mut conn, who: &who, attempt: "ask where the server keeps its files".into() };
    let data_directory = PathBuf::from(text(&session.row("SELECT @@datadir").await?, 0));
    let encryption = session
        .rows("SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_TYPE='ENCRYPTION' AND PLUGIN_STATUS='ACTIVE'", &[])
        .await?;
    if let Some(plugin) = encryption.first() {
        return Err(refusal(&who, format!("its files are encrypted (plugin {})", text(plugin, 0))).hint(
            "Their keys are no part of the files, so a copy could be neither proven nor restored. Back up by database instead.",
        ));
    }
    let settings = session
        .rows(&format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({SETTINGS})"), &[])
        .await?
        .iter()
        .map(|row| (text(row, 0), text(row, 1)))
        .collect();
    let bytes = survey(&who, &data_directory)?;
    refuse_other_server(&mut conn, &who, facts.family, &data_directory).await?;
    let _closed = conn.disconnect().await;
    let facts = ServerFacts { client_version: programs.version.clone(), ..facts };
    Ok(Ground { facts, data_directory, bytes, programs, settings })
}

fn refusal(who: &str, message: impl Into<String>) -> Error {
    Error::new(Kind::Source, format!("copy the files of the server of {who}"), message)
}

/// Where the provider runs the server, it gives nobody the files.
async fn refuse_managed(conn: &mut Conn, who: &str) -> Result<()> {
    let mut session = Session { conn, who, attempt: "ask who runs the server".into() };
    let row = session.row("SELECT @@version_comment, @@basedir, @@datadir, @@version").await?;
    let aurora = !session.rows("SHOW GLOBAL VARIABLES LIKE 'aurora\\_version'", &[]).await?.is_empty();
    let Some(service) = managed(&text(&row, 0), &text(&row, 1), &text(&row, 2), &text(&row, 3), aurora)
    else {
        return Ok(());
    };
    Err(refusal(who, format!("it is {service}, which gives nobody its files")).hint(
        "Physical backups are for servers on this very machine. Back up its databases one by one, which reads rows.",
    ))
}

fn managed(comment: &str, base: &str, data: &str, version: &str, aurora: bool) -> Option<&'static str> {
    let (comment, version) = (comment.to_ascii_lowercase(), version.to_ascii_lowercase());
    if aurora || comment.contains("aurora") {
        Some("Amazon Aurora")
    } else if data.starts_with("/rdsdbdata") || base.starts_with("/rdsdbbin") || comment.contains("rds") {
        Some("Amazon RDS")
    } else if version.contains("-google") || comment.contains("google") {
        Some("Google Cloud SQL")
    } else if comment.contains("azure") || version.contains("azure") {
        Some("Azure Database")
    } else {
        None
    }
}

/// Formats change with the series; within one, an older program may lack what a newer server writes.
fn refuse_other_series(programs: &Programs, facts: &ServerFacts) -> Result<()> {
    let (ours, theirs) = (numbers(&programs.version), numbers(&facts.version));
    if series(&programs.version) == series(&facts.version) && ours >= theirs {
        return Ok(());
    }
    let name = super::programs::engine_name(programs.family);
    let what = if ours < theirs { "older" } else { "newer" };
    Err(Error::new(
        Kind::Source,
        format!("copy the files of {} {}", facts.family, facts.version),
        format!(
            "{name} is made for {}, which is {what} than the server's series or version",
            programs.version
        ),
    )
    .hint(format!(
        "Install {name} for {} {}, at least of the server's own version.",
        facts.family,
        series(&facts.version)
    )))
}

/// What the program needs, and what it takes to write down what is there.
async fn refuse_without_privileges(conn: &mut Conn, who: &str, family: ServerFamily) -> Result<()> {
    let account = probe::account(conn, who, family).await?;
    let wanted: &[&str] = match family {
        ServerFamily::Mariadb => {
            &["RELOAD", "PROCESS", "LOCK TABLES", "BINLOG MONITOR", "SELECT", "SHOW VIEW", "TRIGGER", "EVENT"]
        }
        ServerFamily::Mysql => &[
            "RELOAD",
            "PROCESS",
            "LOCK TABLES",
            "REPLICATION CLIENT",
            "SELECT",
            "SHOW VIEW",
            "TRIGGER",
            "EVENT",
            "BACKUP_ADMIN",
            "SHOW_ROUTINE",
        ],
    };
    let held = |privilege: &str| {
        account.grants.global(privilege)
            || (privilege == "BINLOG MONITOR" && account.grants.global("REPLICATION CLIENT"))
    };
    let missing: Vec<_> = wanted.iter().copied().filter(|privilege| !held(privilege)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(refusal(who, format!("the account lacks {missing} on the whole server"))
        .hint(format!("As an administrator of the server: GRANT {missing} ON *.* TO {};", account.name)))
}

/// Reads through the names of all files: sizes, and what lies elsewhere and would be copied only in name.
fn survey(who: &str, data: &Path) -> Result<u64> {
    let unreadable = |error: std::io::Error| {
        let there = error.kind() != std::io::ErrorKind::NotFound;
        let message = if there {
            format!("its data directory {} cannot be read by this process", data.display())
        } else {
            format!("its data directory {} is not on this machine", data.display())
        };
        let hint = if there {
            format!(
                "Run Holdfast as the account that runs the server, or as root (here it is uid {}).",
                rustix::process::getuid().as_raw()
            )
        } else {
            "Physical backups are made on the server's own machine: install Holdfast there, or back up by database."
                .to_owned()
        };
        refusal(who, message).hint(hint).caused_by(error)
    };
    let (mut bytes, mut waiting, mut outside) = (0u64, vec![data.to_path_buf()], Vec::new());
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            // The server makes and removes files all the time.
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_symlink() || path.extension().is_some_and(|extension| extension == "isl") {
                outside.push(name);
            } else if meta.is_dir() {
                // Where the directory is a file system of its own, root has this in it.
                if name != "lost+found" {
                    waiting.push(path);
                }
            } else if name.starts_with("ibdata") {
                std::fs::File::open(&path).map_err(unreadable)?;
                bytes += meta.len();
            } else if next != *data {
                bytes += meta.len();
            }
        }
    }
    if outside.is_empty() {
        return Ok(bytes);
    }
    outside.truncate(5);
    Err(refusal(who, format!("some of its files lie outside of {}: {}", data.display(), outside.join(", "))).hint(
        "Tables with DATA DIRECTORY and symbolic links are not copied into one directory again. Move them, or back up by database.",
    ))
}

/// A server elsewhere may name a directory that exists here too, with another server's files. Its newest binary log
/// must be here, and as long as it says.
async fn refuse_other_server(conn: &mut Conn, who: &str, family: ServerFamily, data: &Path) -> Result<()> {
    let Some(position) = snapshot::position(conn, who, family).await? else { return Ok(()) };
    let mut session = Session { conn, who, attempt: "ask where the binary log is".into() };
    let base = text(&session.row("SELECT @@log_bin_basename").await?, 0);
    let folder = Path::new(&base).parent().map_or_else(|| data.to_owned(), |folder| data.join(folder));
    let file = folder.join(&position.file);
    match file.metadata() {
        Ok(meta) if meta.len() + BUFFERED >= position.position => Ok(()),
        _ => Err(refusal(
            who,
            format!(
                "{} is here, but its binary log {} is not: this is another server's directory",
                data.display(),
                file.display()
            ),
        )
        .hint("Physical backups are made on the server's own machine.")),
    }
}

/// Where InnoDB's log stands: the last checkpoint and the end. A copy of this very server lies between what is asked
/// before and after it.
pub async fn log_window(conn: &mut Conn, who: &str) -> Result<(u64, u64)> {
    let mut session = Session { conn, who, attempt: "read InnoDB's log position".into() };
    let row = session.row("SHOW ENGINE INNODB STATUS").await?;
    let status = (0..row.len()).map(|column| text(&row, column)).collect::<Vec<_>>().join("\n");
    let find = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok()).ok_or_else(|| {
            Error::new(
                Kind::Source,
                "read InnoDB's log position",
                format!("the server's status has no line {name:?}"),
            )
        })
    };
    Ok((find("Last checkpoint at")?, find("Log sequence number")?))
}

/// The server's clock, in milliseconds.
pub async fn clock(conn: &mut Conn, who: &str) -> Result<u64> {
    let mut session = Session { conn, who, attempt: "read the server's clock".into() };
    Ok(number(&session.row("SELECT CAST(UNIX_TIMESTAMP(NOW(3))*1000 AS UNSIGNED)").await?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_services_are_known_by_what_they_say() {
        for (comment, base, data, version, aurora, expected) in [
            (
                "Source distribution",
                "/rdsdbbin/mysql-8.0.35.R2/",
                "/rdsdbdata/db/",
                "8.0.35",
                false,
                Some("Amazon RDS"),
            ),
            (
                "managed by https://aws.amazon.com/rds/",
                "/rdsdbbin/mariadb/",
                "/rdsdbdata/db/",
                "10.11.6-MariaDB-log",
                false,
                Some("Amazon RDS"),
            ),
            (
                "Source distribution",
                "/rdsdbbin/oscar/",
                "/rdsdbdata/db/",
                "8.0.32",
                true,
                Some("Amazon Aurora"),
            ),
            ("(Google)", "/usr/", "/mysql/datadir/", "8.0.31-google", false, Some("Google Cloud SQL")),
            ("Debian 12", "/usr", "/var/lib/mysql/", "10.11.19-MariaDB-0+deb12u1-log", false, None),
            ("MySQL Community Server - GPL", "/usr/", "/var/lib/mysql/", "8.4.3", false, None),
        ] {
            assert_eq!(managed(comment, base, data, version, aurora), expected, "{comment} {data}");
        }
    }
}
