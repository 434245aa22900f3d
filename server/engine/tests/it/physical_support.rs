//! What the tests of physical backups share: a filled server that is written to, and servers on restored files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use domain::id::Id;
use domain::sources::ServerFamily;
use engine::format::{Codec, Owner, keys::Place};
use engine::pipeline::physical::{Parent, PhysicalRequest, Programs, VerifyPlace};
use engine::source::mysql::connect::Endpoint;
use mysql_async::prelude::Queryable;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::guard::Guarded;
use crate::mysql_server::{PASSWORD, Server, free_port};

/// Whether the programs are here; if not, what is left out is said aloud.
pub async fn is_possible() -> bool {
    match Programs::find(ServerFamily::Mariadb, None).await {
        Ok(_) => true,
        Err(error) => {
            eprintln!("SKIPPED, no physical backups here: {error} ({})", error.advice().unwrap_or_default());
            false
        }
    }
}

/// A server with tables of three engines, a view, a trigger and a procedure.
pub async fn filled() -> Result<Server> {
    let server = Server::start(ServerFamily::Mariadb, &[]).await?;
    server
        .run([
            "CREATE DATABASE grc",
            "USE grc",
            "CREATE TABLE grc.risk (id INT PRIMARY KEY AUTO_INCREMENT, tenant INT, name VARCHAR(200), score FLOAT, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), KEY (tenant))",
            "INSERT INTO grc.risk (tenant,name,score) SELECT seq % 50, REPEAT(MD5(seq),5), seq/7 FROM seq_1_to_5000",
            "CREATE TABLE grc.old_style (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50)) ENGINE=MyISAM",
            "INSERT INTO grc.old_style (v) SELECT MD5(seq) FROM seq_1_to_500",
            "CREATE TABLE grc.crash_safe (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(50)) ENGINE=Aria",
            "INSERT INTO grc.crash_safe (v) SELECT MD5(seq) FROM seq_1_to_500",
            "CREATE TABLE grc.doomed (id INT PRIMARY KEY) ENGINE=InnoDB",
            "CREATE TABLE grc.parts (id INT PRIMARY KEY, v TEXT) PARTITION BY HASH(id) PARTITIONS 4",
            "INSERT INTO grc.parts SELECT seq, REPEAT('p',300) FROM seq_1_to_400",
            "CREATE VIEW grc.worst AS SELECT * FROM grc.risk WHERE score > 600",
            "CREATE TRIGGER grc.keep BEFORE INSERT ON grc.risk FOR EACH ROW SET NEW.name = COALESCE(NEW.name,'none')",
            "CREATE PROCEDURE grc.count_all() SELECT COUNT(*) FROM risk",
            "CREATE DATABASE `odd-name x`",
            "CREATE TABLE `odd-name x`.`t` (b BLOB)",
            "INSERT INTO `odd-name x`.`t` VALUES (UNHEX('00FF27')), (NULL)",
        ])
        .await?;
    Ok(server)
}

/// Writers that go on until they are stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Load {
    pub fn start(server: &Server) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let statements = [
            "INSERT INTO grc.risk (tenant,name,score) VALUES (7,REPEAT('new',20),RAND())",
            "UPDATE grc.risk SET score=RAND() WHERE id=1+FLOOR(RAND()*5000)",
            "INSERT INTO grc.crash_safe (v) VALUES ('under load')",
        ];
        let tasks = statements.map(|statement| {
            let (endpoint, stop, written) = (server.admin(), Arc::clone(&stop), Arc::clone(&written));
            tokio::spawn(async move {
                let mut conn = endpoint.connect().await?;
                while !stop.load(Ordering::Relaxed) {
                    conn.query_drop(statement).await?;
                    written.fetch_add(1, Ordering::Relaxed);
                }
                conn.disconnect().await?;
                Ok(())
            })
        });
        Self { stop, written, tasks: tasks.into() }
    }
    /// Statements so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
    pub async fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await??;
        }
        Ok(())
    }
}

pub fn request(server: &Server, parent: Parent, scratch: &Path) -> PhysicalRequest {
    request_at(server.admin(), parent, scratch)
}

pub fn request_at(endpoint: Endpoint, parent: Parent, scratch: &Path) -> PhysicalRequest {
    PhysicalRequest {
        place: Place {
            owner: Owner::System,
            source: Id::new(Uuid::from_u128(9)),
            backup: Id::new(Uuid::now_v7()),
            attempt: 1,
        },
        endpoint,
        codec: Codec::Zstd,
        parent,
        sums: true,
        programs: None,
        scratch: scratch.to_owned(),
    }
}

pub fn at(scratch: &Path) -> VerifyPlace {
    VerifyPlace { scratch: scratch.to_owned(), programs: None }
}

/// Nothing in clear may stay.
pub fn assert_empty(directory: &Path) {
    let left: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// A stock server on restored files, as an operator would start it.
pub struct Restored {
    guarded: Guarded,
    port: u16,
}

impl Restored {
    pub async fn start(data: &Path, model: &Server) -> Result<Self> {
        let (mut guarded, port) = (Guarded::new()?, free_port());
        let mut command = Command::new("mariadbd");
        command
            .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--tmpdir={}", guarded.path().display()))
            .arg(format!("--socket={}", guarded.path().join("s").display()))
            .arg(format!("--port={port}"));
        guarded.start(command)?;
        let mut server = Self { guarded, port };
        let until = Instant::now() + Duration::from_secs(60);
        // The accounts are those of the source.
        while let Err(error) = server.endpoint(model).connect().await {
            if Instant::now() > until || server.guarded.has_ended()? {
                bail!("{error:?}\n{}", server.guarded.log());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }
    pub fn endpoint(&self, model: &Server) -> Endpoint {
        Endpoint { port: self.port, ..model.endpoint("adm", PASSWORD) }
    }
}

/// CHECKSUM TABLE of every table: a second opinion, from the server itself.
pub async fn checksums(endpoint: &Endpoint) -> Result<Vec<(String, Option<u64>)>> {
    let mut conn = endpoint.connect().await?;
    let tables: Vec<String> = conn
        .query(
            "SELECT CONCAT('`',TABLE_SCHEMA,'`.`',TABLE_NAME,'`') FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA IN ('grc','odd-name x') AND TABLE_TYPE='BASE TABLE' ORDER BY 1",
        )
        .await?;
    let mut sums = Vec::new();
    for table in tables {
        let row: (String, Option<u64>) =
            conn.query_first(format!("CHECKSUM TABLE {table} EXTENDED")).await?.context("a checksum")?;
        sums.push(row);
    }
    conn.disconnect().await?;
    Ok(sums)
}

/// The copying program that works in `scratch`, by its arguments.
pub fn program_in(scratch: &Path) -> Option<i32> {
    let named = format!("--target-dir={}", scratch.display());
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let arguments = std::fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&arguments).split('\0').any(|word| word.starts_with(&named)).then_some(id)
    })
}

/// A small file system that is gone with the value; nothing where this account may not mount one.
pub struct Small(PathBuf);

impl Small {
    pub fn mount(at: PathBuf, bytes: u64) -> Option<Self> {
        std::fs::create_dir(&at).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(&at)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("SKIPPED, a full disk: no small file system can be mounted here");
        }
        mounted.then_some(Self(at))
    }
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg(&self.0).status();
    }
}
