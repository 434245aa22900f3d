//! What the pipeline's tests share: a vault in a directory, a control that says nothing, a filled database.

use std::{path::Path, process::Stdio, sync::Arc};

use anyhow::{Context, Result, ensure};
use domain::{Clock, Timestamp, id::Id, sources::ServerFamily};
use engine::{
    format::{Codec, Owner, keys::Place},
    pipeline::{BackupRequest, Control, Created, NoFence, Vault},
    seal::{LocalRoot, RootKey, Secret},
    source::mysql::dump::Mysqldump,
    storage::{Storage, local::Local},
};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::mysql_server::{Server, database};

/// The machine's own clock.
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or_default())
    }
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(RealClock)
}

pub fn root() -> Arc<dyn RootKey> {
    Arc::new(LocalRoot::new(Secret::from_bytes([3; 32])))
}

pub fn control() -> Control {
    Control {
        clock: clock(),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        fence: Arc::new(NoFence),
    }
}

pub async fn local(directory: &Path) -> Result<Arc<dyn Storage>> {
    Ok(Arc::new(Local::open(directory).await?))
}

pub async fn create(storage: Arc<dyn Storage>) -> Result<Created> {
    Ok(Vault::create(storage, root(), Id::new(Uuid::from_u128(77)), clock()).await?)
}

pub async fn engine(server: &Server) -> Result<Mysqldump> {
    Ok(Mysqldump::new(Arc::new(server.clients().await?), 2))
}

pub fn request(server: &Server, name: &str, attempt: u32, codec: Codec) -> BackupRequest {
    BackupRequest {
        place: Place {
            owner: Owner::System,
            source: Id::new(Uuid::from_u128(5)),
            backup: Id::new(Uuid::now_v7()),
            attempt,
        },
        endpoint: server.admin(),
        database: database(name),
        codec,
    }
}

/// Every object under a directory, as path and bytes.
pub fn objects(directory: &Path) -> Result<Vec<(std::path::PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push((path.clone(), std::fs::read(path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Feeds SQL to the stock client of the server's family.
pub async fn feed(server: &Server, into: Option<&str>, sql: Vec<u8>) -> Result<()> {
    let clients = server.clients().await?;
    let options = server.admin().options(server.family).write()?;
    let mut command = tokio::process::Command::new(&clients.pair(server.family)?.client);
    command.arg(options.argument()).args([
        "--binary-mode",
        "--default-character-set=utf8mb4",
        "--max-allowed-packet=1G",
    ]);
    command.args(into).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().context("stdin")?;
    let writing = tokio::spawn(async move { input.write_all(&sql).await });
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writing.await??;
    Ok(())
}

/// Loads both example databases.
pub async fn examples(server: &Server, scale: f64) -> Result<[&'static str; 2]> {
    use example_data::{Database, Family, write};
    let family = match server.family {
        ServerFamily::Mariadb => Family::Mariadb,
        ServerFamily::Mysql => Family::Mysql,
    };
    for which in [Database::Grc2, Database::TprmIntegration] {
        let mut sql = Vec::new();
        write(&mut sql, which, family, scale)?;
        feed(server, None, sql).await?;
    }
    Ok(["grc2", "tprm_integration"])
}

/// A database of a few hundred rows, filled fast.
pub async fn small(server: &Server, name: &str) -> Result<()> {
    let quoted = database(name).quoted();
    let rows = (0..400).map(|n| format!("({n},'{}')", "row ".repeat(200))).collect::<Vec<_>>().join(",");
    server
        .run([
            format!("CREATE DATABASE {quoted}"),
            format!("CREATE TABLE {quoted}.t (id INT PRIMARY KEY, v TEXT)"),
            format!("INSERT INTO {quoted}.t VALUES {rows}"),
        ])
        .await
}
