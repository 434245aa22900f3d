//! A private Postgres server for this run of the tests: started on first use under a temporary directory,
//! reachable by its socket only, gone when the test process ends, however it ends.
//!
//! `HOLDFAST_TEST_POSTGRES=postgres://…/postgres` uses a server that runs already; each test makes a database of
//! its own in it.

#![expect(
    clippy::disallowed_methods,
    reason = "the harness starts a server of its own and names databases by time"
)]

use std::{
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

/// The shell stays until its input ends, which it does when the test process is gone; then it cleans up. It is in a
/// group of its own and has none of the test's outputs: what ends the tests does not end it first, and a test that is
/// over does not count as one that left something behind.
const SUPERVISE: &str = r#"
"$2/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$1/initdb.log" 2>&1 || exit 1
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=400 >"$1/server.log" 2>&1 &
read -r _
kill -INT $! && wait $!
rm -rf "$1"
"#;

/// Address with `DATABASE` in place of the database's name, or nothing if there is no Postgres here.
static SERVER: OnceCell<Option<String>> = OnceCell::const_new();

fn binaries() -> Option<PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|one| one.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists() && bin.join("postgres").exists());
    found.sort();
    found.pop()
}

/// Postgres refuses to run as root: the ids of its own account, or of nobody.
fn account() -> Option<(u32, u32)> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let ids = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

async fn start() -> Option<String> {
    if let Ok(url) = std::env::var("HOLDFAST_TEST_POSTGRES") {
        let (server, options) =
            url.split_once('?').map_or((url.as_str(), ""), |(server, options)| (server, options));
        let (server, _) = server.rsplit_once('/')?;
        return Some(format!("{server}/DATABASE?{options}"));
    }
    let bin = binaries()?;
    let dir = tempfile::Builder::new().prefix("holdfast-pg-").tempdir().unwrap().keep();
    let mut shell = Command::new("sh");
    shell.args(["-c", SUPERVISE, "sh"]).arg(&dir).arg(bin).current_dir(&dir);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if is_root() {
        let (uid, gid) = account()?;
        chown(&dir, Some(uid), Some(gid)).unwrap();
        shell.uid(uid).gid(gid);
    }
    let supervisor = shell.spawn().unwrap();
    // Its input must stay open for as long as this process lives.
    std::mem::forget(supervisor);
    let url = format!("postgres://postgres@localhost/DATABASE?host={}", dir.display());
    wait(&url, &dir).await;
    Some(url)
}

async fn wait(url: &str, dir: &Path) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        match PgConnection::connect(&url.replace("DATABASE", "postgres")).await {
            Ok(_) => return,
            Err(error) if Instant::now() > deadline => {
                let log = std::fs::read_to_string(dir.join("server.log")).unwrap_or_default();
                panic!("Postgres did not start: {error}\n{log}");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The address of a new, empty database; nothing, said aloud, if there is no Postgres on this machine.
pub async fn database() -> Option<String> {
    let Some(url) = SERVER.get_or_init(start).await else {
        eprintln!("SKIPPED on Postgres: no initdb under /usr/lib/postgresql; install the package postgresql");
        return None;
    };
    let name = format!("holdfast_{}", uuid::Uuid::now_v7().simple());
    let mut admin = PgConnection::connect(&url.replace("DATABASE", "postgres")).await.unwrap();
    // Its owner is no superuser: those are not bound by row security.
    let make = [
        format!("create role {name} login password '{name}'"),
        format!("create database {name} owner {name}"),
    ];
    for statement in make {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let path = rest.strip_prefix(place).unwrap();
    Some(format!("{scheme}://{name}:{name}@{host}{path}").replace("DATABASE", &name))
}
