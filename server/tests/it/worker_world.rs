//! What the workers' tests stand on: two private MariaDB servers for all of them, and per test an installation of its
//! own in a temporary directory, with a clock that the test moves.
#![expect(clippy::disallowed_methods, reason = "tests start servers and clients themselves")]

use std::{
    io::Write as _,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use catalog::{FirstOperator, NewConnection, Principal, Run, RunRequest, Sealed, TenantCatalog};
use domain::{
    Clock, ConnectionId, FixedClock, RunId, SourceId, TenantId, Timestamp,
    access::may,
    policies::schedule::{DAILY_FULL, Schedule},
    sources::{AccountName, DatabaseName, EngineKind, HostName, Label, TlsMode},
};
use engine::seal::credentials::{self, Binding};
use secrecy::SecretString;
use server::{
    config::Config,
    migrate::migrate,
    services::Services,
    work::{jobs::Worker, sweeps::Nudges},
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub const PASSWORD: &str = "a password with 'quotes' and #";

/// A private server that ends with this test program, however that ends.
pub struct Server {
    pub port: u16,
    directory: PathBuf,
    _guard: Child,
}

const GUARD: &str = r#"
read -r _
for process in /proc/[0-9]*; do
  if tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -qF -e "--datadir=$1/"; then kill -KILL "${process#/proc/}"; fi
done
rm -rf "$1"
"#;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A port that nobody listens on, outside the range from which outgoing connections take theirs: one of those could
/// have it before the server does. Every test process begins its search elsewhere.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    std::iter::repeat_with(|| std::process::id().wrapping_mul(31) + NEXT.fetch_add(7, Ordering::Relaxed))
        .filter_map(|number| u16::try_from(12_000 + number % 20_000).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

impl Server {
    pub fn start(id: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("hf-worker-").tempdir().unwrap().keep();
        let script = repository().join(".ci/mariadb");
        // Reads until this program is gone, then kills what works in the directory, even a server that is only being
        // started. In a group of its own, because what ends the group of the tests must not end it first; and without
        // their outputs, which it would hold open when the test is over.
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        // A free port may be taken by somebody else's connection before the server has it.
        let starts = |port: &u16| {
            let arguments = [&port.to_string(), id];
            let status = Command::new(&script).arg("start").arg(&directory).args(arguments).status();
            status.unwrap().success()
        };
        let port = std::iter::repeat_with(free_port).take(5).find(starts);
        let port = port.unwrap_or_else(|| panic!("MariaDB did not start in {}", directory.display()));
        let server = Self { port, directory, _guard: guard };
        let escaped = PASSWORD.replace('\'', "''");
        server.sql(&format!(
            "CREATE USER holdfast@'127.0.0.1' IDENTIFIED BY '{escaped}'; GRANT ALL ON *.* TO holdfast@'127.0.0.1' WITH GRANT OPTION"
        ));
        server
    }
    fn client(&self) -> Command {
        let mut client = Command::new("mariadb");
        client.args([
            "--no-defaults",
            "--user=root",
            "--batch",
            "--skip-column-names",
            "--unbuffered",
            "--default-character-set=utf8mb4",
        ]);
        client.arg(format!("--socket={}", self.directory.join("sock").display()));
        client
    }
    /// Runs statements as root and gives what they print.
    pub fn sql(&self, sql: &str) -> String {
        let output = self.client().args(["-e", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
    /// Holds a write lock on a table until it is dropped: whoever wants to read the table waits.
    pub fn lock(&self, table: &str) -> Lock {
        let mut child = self.client().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.as_mut().unwrap();
        writeln!(stdin, "LOCK TABLES {table} WRITE; SELECT 'locked';").unwrap();
        stdin.flush().unwrap();
        let mut answer = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut answer).unwrap();
        Lock(child)
    }
}

pub struct Lock(Child);

impl Drop for Lock {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The server that is backed up.
pub fn source() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("901"))
}

/// The server that backups are proven on.
pub fn verification() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("902"))
}

pub fn create_database(name: &str) {
    source().sql(&format!(
        "CREATE DATABASE {name}; USE {name};
         CREATE TABLE controls (TenantId INT, id INT, title VARCHAR(200), weight FLOAT, body BLOB, PRIMARY KEY (TenantId, id));
         INSERT INTO controls SELECT seq % 7, seq, CONCAT('Control ', seq, ' \u{1f512}'), seq / 3, UNHEX(SHA2(seq, 512)) FROM seq_1_to_2000;
         CREATE TABLE log (at DATETIME, text LONGTEXT);
         INSERT INTO log SELECT NOW(), REPEAT('x', 1000) FROM seq_1_to_6000;
         CREATE VIEW open_controls AS SELECT id, title FROM controls WHERE id > 5;
         CREATE TRIGGER stamp BEFORE INSERT ON log FOR EACH ROW SET NEW.at = NOW();"
    ));
}

/// The configuration of an installation in `directory`.
pub fn settings(directory: &Path, verification: &Server) -> String {
    let secret = directory.join("verification-password");
    std::fs::write(&secret, PASSWORD).unwrap();
    format!(
        "state_dir = \"{}/state\"\n[web]\npublic_url = \"https://holdfast.test\"\n[webhooks]\nallow_private = [\"127.0.0.0/8\"]\n\
         [worker]\nlease_ms = 10000\n[[verification]]\nfamily = \"mariadb\"\nhost = \"127.0.0.1\"\nport = {}\n\
         user = \"holdfast\"\npassword_file = \"{}\"\ntls = \"off\"\n",
        directory.display(),
        verification.port,
        secret.display()
    )
}

/// An installation with one source.
pub struct Floor {
    pub services: Arc<Services>,
    pub clock: Arc<FixedClock>,
    pub tenant: TenantId,
    pub principal: Principal,
    pub source: SourceId,
    pub directory: TempDir,
}

impl Floor {
    /// Guards the database `name`, which is made now, and which `port` serves (not necessarily truly).
    pub async fn with(name: &str, port: u16, verification: &Server, more: &str) -> Self {
        // Whoever set another provider before us would be another test.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        create_database(name);
        let directory = tempfile::tempdir().unwrap();
        let mut config =
            Config::from_parts(&(settings(directory.path(), verification) + more), "test", []).unwrap();
        config.worker.lease_ms = 1500;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let clock = Arc::new(FixedClock::at(Timestamp(i64::try_from(now).unwrap())));
        migrate(&config, clock.clone()).await.unwrap();
        let services = Services::open(config, clock.clone()).await.unwrap();
        let first = FirstOperator {
            organisation: "Test".into(),
            name: "Olga".into(),
            email: "olga@example.org".into(),
            password_hash: "$argon2id$none".into(),
            recovery_public: services.vault.recovery_public().0.to_vec(),
            recovery_pending: Sealed(vec![1]),
        };
        let (tenant, _) = services.catalog.first_run(first, &domain::audit::Origin::here()).await.unwrap();
        let principal = services.catalog.command_line("test").await.unwrap();
        let mut floor =
            Self { services, clock, tenant, principal, source: SourceId::new(uuid::Uuid::nil()), directory };
        let connection = floor.connect("source", port).await;
        let schedule = Schedule::parse(DAILY_FULL, floor.clock.now()).unwrap();
        let database = DatabaseName::new(name).unwrap();
        floor.source = floor.rows().create_source(connection, &database, &schedule).await.unwrap();
        floor.rows().set_engine(floor.source, EngineKind::Mysqldump).await.unwrap();
        floor
    }
    pub async fn new(name: &str) -> Self {
        Self::with(name, source().port, verification(), "").await
    }
    /// The rows, with every right.
    pub fn rows(&self) -> TenantCatalog<'_> {
        self.services.catalog.tenant(&self.principal.allow::<may::ManageSources>(self.tenant).unwrap())
    }
    pub async fn connect(&self, name: &str, port: u16) -> ConnectionId {
        let id = ConnectionId::new(self.clock.uuid());
        let (tenant, connection) = (self.tenant.to_string(), id.to_string());
        let binding =
            Binding { tenant: &tenant, connection: &connection, host: "127.0.0.1", port, user: "holdfast" };
        let sealed =
            credentials::seal(self.services.vault.worker_public(), binding, &SecretString::from(PASSWORD))
                .unwrap();
        let new = NewConnection {
            id,
            name: Label::new(name).unwrap(),
            host: HostName::new("127.0.0.1").unwrap(),
            port,
            user: AccountName::new("holdfast").unwrap(),
            tls: TlsMode::Off,
            credential: Some(Sealed(sealed)),
        };
        self.rows().create_connection(new).await.unwrap();
        id
    }
    pub async fn start_backup(&self) -> RunId {
        let request = RunRequest::Backup { source_id: self.source, label: None };
        self.rows().create_run(request, None).await.unwrap()
    }
    pub fn worker(&self) -> Worker {
        Worker::new(Arc::clone(&self.services), Nudges::default(), CancellationToken::new())
    }
    /// Carries a run out once and gives its row.
    pub async fn work(&self, run: RunId) -> Run {
        assert!(self.worker().run_now(run).await.unwrap(), "the run could not be taken");
        self.run(run).await
    }
    pub async fn run(&self, run: RunId) -> Run {
        self.rows().get_run(run).await.unwrap()
    }
    /// Everything in the vault's directory that belongs to a backup.
    pub fn objects(&self) -> Vec<String> {
        let vault = self.directory.path().join("state/vault");
        let mut found = Vec::new();
        for part in ["v1", "keys"] {
            files(&vault.join(part), &mut found);
        }
        found
    }
}

fn files(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path().display().to_string());
        }
    }
}

/// Waits until `done` says so; a minute at most.
pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done().await {
        assert!(Instant::now() < deadline, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
