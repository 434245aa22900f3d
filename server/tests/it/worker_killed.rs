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

/// Ends with the test, however that ends.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Most of the time a dead worker's lease is waited for, which can be done for several at once.
const AT_ONCE: usize = 4;

struct Installed {
    directory: tempfile::TempDir,
}

impl Installed {
    fn new(database: &str) -> Self {
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
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
    fn program(&self) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        program.arg("--config").arg(self.path("holdfast.toml")).env("TMPDIR", self.path("tmp"));
        program
    }
    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.program().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }
    fn worker(&self, dies_at: Option<&str>) -> Worker {
        let mut program = self.program();
        if let Some(point) = dies_at {
            program.env("HOLDFAST_FAILPOINT", point);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        Worker(program.arg("worker").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
    async fn catalog(&self) -> Catalog {
        let url = format!("sqlite://{}", self.path("state/catalog.db").display());
        Catalog::open(&url, Arc::new(SystemClock)).await.unwrap()
    }
}

async fn rows(catalog: &Catalog) -> TenantCatalog<'_> {
    let principal = catalog.command_line("test").await.unwrap();
    let tenant = principal.memberships()[0].tenant_id;
    catalog.tenant(&principal.allow::<may::ReadBackups>(tenant).unwrap())
}

async fn newest(catalog: &Catalog, kind: RunKind) -> Option<Run> {
    let query = RunQuery { kind: Some(kind), limit: 1, ..RunQuery::default() };
    rows(catalog).await.list_runs(&query).await.unwrap().rows.into_iter().next()
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
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
