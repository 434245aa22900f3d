//! Workers that are killed with -9, at every stage of a backup, a verification and a restore.
//!
//! Only with the feature `failpoints`: `cargo test -p server --features failpoints worker_killed`.
#![cfg(feature = "failpoints")]
#![expect(clippy::disallowed_methods, reason = "tests start the program itself")]

use std::{
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use catalog::{Catalog, Run, RunQuery, TenantCatalog};
use domain::{
    Clock,
    access::may,
    backups::{RunKind, RunState, Verification},
};
use futures::StreamExt as _;
use server::clock::SystemClock;

use super::worker_world::{PASSWORD, create_database, settings, source, until, verification};

const DURING_BACKUP: &[&str] = &[
    "backup.begin",
    "slots.stored",
    "source.opened",
    "pack.middle",
    "pack.last_frame",
    "pack.stored",
    "dump.read",
    "dump.checked",
    "index.stored",
    "manifest.before",
    "manifest.stored",
];
const DURING_VERIFICATION: &[&str] = &["verify.scratch", "verify.compared"];

/// With the moments after which the database is whole, so that the next start only says so.
const DURING_RESTORE: &[&str] = &[
    "restore.unmarked",
    "restore.created",
    "restore.half",
    "restore.loaded",
    "restore.whole",
    "restore.finished",
];

/// Ends with the test, however that ends.
pub struct Worker(pub Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Most of the time a dead worker's lease is waited for, which can be done for several at once.
pub const AT_ONCE: usize = 4;

pub struct Installed {
    directory: tempfile::TempDir,
}

impl Installed {
    pub fn new(database: &str) -> Self {
        create_database(database);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("holdfast.toml"), settings(directory.path(), verification()))
            .unwrap();
        std::fs::write(directory.path().join("password"), PASSWORD).unwrap();
        std::fs::create_dir(directory.path().join("tmp")).unwrap();
        let installed = Self { directory };
        let file = installed.path("password").display().to_string();
        installed.run(&["migrate"]);
        let user =
            ["user", "add", "--email", "o@example.org", "--name", "Olga", "--role", "platform-operator"];
        installed.run(&[user.as_slice(), &["--password-file", &file]].concat());
        let port = source().port.to_string();
        let add = [
            "source",
            "add",
            "--name",
            database,
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--user",
            "holdfast",
        ];
        installed.run(
            &[add.as_slice(), &["--password-file", &file, "--tls", "off", "--database", database]].concat(),
        );
        installed
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
    fn program(&self) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        program.arg("--config").arg(self.path("holdfast.toml")).env("TMPDIR", self.path("tmp"));
        program
    }
    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.program().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }
    pub fn worker(&self, dies_at: Option<&str>) -> Worker {
        let mut program = self.program();
        if let Some(point) = dies_at {
            program.env("HOLDFAST_FAILPOINT", point);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        Worker(program.arg("worker").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
    pub async fn catalog(&self) -> Catalog {
        let url = format!("sqlite://{}", self.path("state/catalog.db").display());
        Catalog::open(&url, Arc::new(SystemClock)).await.unwrap()
    }
}

pub async fn rows(catalog: &Catalog) -> TenantCatalog<'_> {
    let principal = catalog.command_line("test").await.unwrap();
    let tenant = principal.memberships()[0].tenant_id;
    catalog.tenant(&principal.allow::<may::ReadBackups>(tenant).unwrap())
}

pub async fn newest(catalog: &Catalog, kind: RunKind) -> Option<Run> {
    let query = RunQuery { kind: Some(kind), limit: 1, ..RunQuery::default() };
    rows(catalog).await.list_runs(&query).await.unwrap().rows.into_iter().next()
}

pub fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// One worker dies at `point`; another brings everything to a truthful end.
async fn dies_at(point: &str) {
    let database = format!("killed_{}", point.replace('.', "_"));
    let installed = Installed::new(&database);
    let catalog = installed.catalog().await;
    let mut doomed = installed.worker(Some(point));
    installed.run(&["backup", "start", "--source", &database]);
    until(&format!("death at {point}"), async || doomed.0.try_wait().unwrap().is_some()).await;
    // By the crash point, and by nothing else.
    assert_eq!(doomed.0.wait().unwrap().signal(), Some(9), "{point}");

    let successor = installed.worker(None);
    until(&format!("the end after {point}"), async || {
        newest(&catalog, RunKind::Verify).await.is_some_and(|run| run.state.is_finished())
    })
    .await;
    let backup = newest(&catalog, RunKind::Backup).await.unwrap();
    assert_eq!(backup.state, RunState::Completed, "{point}: {:?}", backup.error);
    let verify = newest(&catalog, RunKind::Verify).await.unwrap();
    assert_eq!(verify.state, RunState::Completed, "{point}: {:?}", verify.error);
    let row = rows(&catalog).await.get_backup(backup.backup_id.unwrap()).await.unwrap();
    assert_eq!(row.verification, Verification::RestoreOk, "{point}");

    // Nothing of the start that died is left in the vault …
    let attempt = format!("/{}/", row.attempt);
    until(&format!("no orphans after {point}"), async || {
        let mut objects = Vec::new();
        files(&installed.path("state/vault/v1"), &mut objects);
        files(&installed.path("state/vault/keys"), &mut objects);
        objects.iter().all(|object| object.display().to_string().contains(&attempt))
    })
    .await;
    drop(successor);
    // … and nothing readable in the directory for temporary files.
    let mut left = Vec::new();
    files(&installed.path("tmp"), &mut left);
    for file in left {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap_or_default()).into_owned();
        assert!(!text.contains("INSERT INTO") && !text.contains("Control 17"), "{point}: {}", file.display());
    }
    catalog.close().await;
    assert!(SystemClock.now().0 > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_during_a_backup_leaves_the_truth() {
    futures::stream::iter(DURING_BACKUP)
        .for_each_concurrent(AT_ONCE, async |point| dies_at(point).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_during_a_verification_leaves_the_truth() {
    futures::stream::iter(DURING_VERIFICATION)
        .for_each_concurrent(AT_ONCE, async |point| dies_at(point).await)
        .await;
}

impl Installed {
    /// With a proven backup, and the server of the verifications as a connection.
    async fn with_backup(database: &str) -> (Self, Catalog) {
        let installed = Self::new(database);
        let catalog = installed.catalog().await;
        installed.run(&["backup", "start", "--source", database, "--wait", "--verify"]);
        let port = verification().port.to_string();
        let file = installed.path("password").display().to_string();
        let add = ["source", "add", "--name", "target", "--host", "127.0.0.1", "--port", &port];
        let login = ["--user", "holdfast", "--password-file", &file, "--tls", "off"];
        installed.run(&[add.as_slice(), &login].concat());
        (installed, catalog)
    }
    fn start_restore(&self, database: &str, to: &str) {
        let latest = format!("latest:{database}");
        self.run(&["restore", &latest, "--to", to, "--connection", "target"]);
    }
}

fn databases() -> String {
    verification().sql("SHOW DATABASES")
}

/// A worker dies while it restores; another one brings the database back whole, and nothing is left of the first.
async fn restore_dies_at(point: &str) {
    let database = format!("killed_{}", point.replace('.', "_"));
    let (installed, catalog) = Installed::with_backup(&database).await;
    let to = format!("back_{database}");
    let mut doomed = installed.worker(Some(point));
    installed.start_restore(&database, &to);
    until(&format!("death at {point}"), async || doomed.0.try_wait().unwrap().is_some()).await;
    assert_eq!(doomed.0.wait().unwrap().signal(), Some(9), "{point}");
    assert!(databases().contains(&to), "{point}: there was nothing to clean up");

    let successor = installed.worker(None);
    until(&format!("the end after {point}"), async || {
        newest(&catalog, RunKind::Restore).await.is_some_and(|run| run.state.is_finished())
    })
    .await;
    let run = newest(&catalog, RunKind::Restore).await.unwrap();
    assert_eq!((run.state, run.starts), (RunState::Completed, 2), "{point}: {:?}", run.error);
    drop(successor);
    assert_eq!(verification().sql(&format!("SELECT COUNT(*) FROM {to}.controls")).trim(), "2000", "{point}");
    let tables = verification().sql(&format!("SHOW TABLES FROM {to}"));
    assert!(!tables.contains("holdfast"), "{point}: {tables}");
    let accounts =
        verification().sql(&format!("SELECT User FROM mysql.db WHERE Db LIKE '%{}'", to.replace('_', "%")));
    assert!(accounts.trim().is_empty(), "{point}: {accounts}");
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_during_a_restore_leaves_a_whole_database_in_the_end() {
    futures::stream::iter(DURING_RESTORE)
        .for_each_concurrent(AT_ONCE, async |point| restore_dies_at(point).await)
        .await;
}

/// Nobody wants it any more: then nothing is left, but what was there before and does not belong to the run.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_cancelled_after_its_worker_was_killed_leaves_no_database() {
    let (installed, catalog) = Installed::with_backup("killed_cancelled").await;
    let mut doomed = installed.worker(Some("restore.created"));
    installed.start_restore("killed_cancelled", "never_wanted");
    until("death", async || doomed.0.try_wait().unwrap().is_some()).await;
    let run = newest(&catalog, RunKind::Restore).await.unwrap();
    rows(&catalog).await.request_cancel(run.id).await.unwrap();
    assert!(databases().contains("never_wanted"));
    let successor = installed.worker(None);
    until("nothing is left", async || !databases().contains("never_wanted")).await;
    let run = newest(&catalog, RunKind::Restore).await.unwrap();
    assert_eq!(run.state, RunState::Cancelled);
    drop(successor);
    catalog.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_somebody_made_meanwhile_is_not_removed() {
    let (installed, catalog) = Installed::with_backup("killed_foreign").await;
    let mut doomed = installed.worker(Some("restore.unmarked"));
    installed.start_restore("killed_foreign", "somebodys");
    until("death", async || doomed.0.try_wait().unwrap().is_some()).await;
    verification().sql("CREATE TABLE somebodys.precious (id INT); INSERT INTO somebodys.precious VALUES (1)");
    let successor = installed.worker(None);
    until("the end", async || {
        newest(&catalog, RunKind::Restore).await.is_some_and(|run| run.state.is_finished())
    })
    .await;
    let run = newest(&catalog, RunKind::Restore).await.unwrap();
    assert_eq!(run.state, RunState::Failed);
    assert!(run.error.unwrap().message.contains("exists already"));
    drop(successor);
    assert_eq!(verification().sql("SELECT COUNT(*) FROM somebodys.precious").trim(), "1");
    catalog.close().await;
}
