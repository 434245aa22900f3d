//! A catalog with two organisations of the same shape, on either database.

use std::sync::Arc;

use catalog::{
    Catalog, Claim, Files, NewBackup, NewConnection, NewPart, NewSplit, Principal, RunRequest, Sealed,
    SystemTask, TenantCatalog,
};
use domain::{
    BackupId, ByteSize, Clock, ConnectionId, FixedClock, RunId, SourceId, TenantId, Timestamp, VaultId,
    access::may,
    backups::{Evidence, Proof, RunError, Sizes, TableEvidence},
    files::FilesFacts,
    policies::schedule::{DAILY_FULL, Schedule},
    sources::{AccountName, Coordinate, DatabaseName, HostName, Label, TlsMode},
    tenancy::{Drift, Mapping, Route, TenantKey, TenantMap},
    vaults::VaultKind,
};

pub const LEASE: i64 = 60_000;
pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;
/// 24 November 2026, 12:00 UTC.
pub const NOON: Timestamp = Timestamp(1_795_521_600_000);

/// Runs one test on both databases.
macro_rules! contract {
    ($($(#[$doc:meta])* $name:ident($world:ident) $body:block)+) => {
        $(
            mod $name {
                use super::*;
                $(#[$doc])*
                async fn test($world: &$crate::world::World) $body
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    test(&$crate::world::World::sqlite().await).await;
                }
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    if let Some(world) = $crate::world::World::postgres().await {
                        test(&world).await;
                    }
                }
            }
        )+
    };
}
pub(crate) use contract;

pub struct World {
    pub catalog: Catalog,
    pub clock: Arc<FixedClock>,
    pub url: String,
    pub principal: Principal,
    pub ours: Tenant,
    pub theirs: Tenant,
    pub vault: VaultId,
    _dir: tempfile::TempDir,
}

/// One organisation.
#[derive(Clone, Copy)]
pub struct Tenant {
    pub id: TenantId,
    pub connection: ConnectionId,
    pub source: SourceId,
    pub probe: RunId,
}

impl World {
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/catalog.db", dir.path().display());
        Self::new(url, dir).await
    }

    pub async fn postgres() -> Option<Self> {
        let url = crate::postgres::database().await?;
        Some(Self::new(url, tempfile::tempdir().unwrap()).await)
    }

    async fn new(url: String, dir: tempfile::TempDir) -> Self {
        let clock = Arc::new(FixedClock::at(NOON));
        let catalog = Catalog::open(&url, clock.clone()).await.unwrap();
        catalog.migrate().await.unwrap();
        let vault = catalog
            .system(SystemTask::Startup)
            .register_vault("main", VaultKind::Local, "/vault")
            .await
            .unwrap();
        let operator = catalog.command_line("root").await.unwrap();
        let mut tenants = Vec::new();
        for name in ["Ours", "Theirs"] {
            let id = catalog.create_tenant(&operator, name).await.unwrap();
            let principal = catalog.command_line("root").await.unwrap();
            let scope = principal.allow::<may::ManageSources>(id).unwrap();
            let tenant = catalog.tenant(&scope);
            let new = connection(&*clock, "main server");
            let connection = new.id;
            let probe = tenant.create_connection(new).await.unwrap();
            let schedule = Schedule::parse(DAILY_FULL, NOON).unwrap();
            let source = tenant
                .create_source(connection, &DatabaseName::new("grc2").unwrap(), &schedule)
                .await
                .unwrap();
            tenants.push(Tenant { id, connection, source, probe });
        }
        let principal = catalog.command_line("root").await.unwrap();
        Self { catalog, clock, url, principal, ours: tenants[0], theirs: tenants[1], vault, _dir: dir }
    }

    pub fn tenant(&self, tenant: Tenant) -> TenantCatalog<'_> {
        let scope = self.principal.allow::<may::ManageSources>(tenant.id).unwrap();
        self.catalog.tenant(&scope)
    }
    pub fn our(&self) -> TenantCatalog<'_> {
        self.tenant(self.ours)
    }
    pub fn system(&self) -> catalog::SystemCatalog<'_> {
        self.catalog.system(SystemTask::Dispatch)
    }
    pub async fn claim(&self, run: RunId) -> Claim {
        self.system().claim(run, "worker-1", LEASE).await.unwrap().unwrap()
    }
    pub async fn start_backup(&self, tenant: Tenant) -> RunId {
        let request = RunRequest::Backup { source_id: tenant.source, label: Some("by hand".into()) };
        self.tenant(tenant).create_run(request, None).await.unwrap()
    }
    /// Takes a backup now; returns it and the run of its follow-up verification.
    pub async fn backup(&self, tenant: Tenant) -> (BackupId, RunId) {
        let claim = self.claim(self.start_backup(tenant).await).await;
        let verify = self.catalog.lease(&claim).complete_backup(self.stored()).await.unwrap().unwrap();
        (claim.run().backup_id.unwrap(), verify)
    }
    pub async fn prove(&self, verify: RunId, equal: bool) {
        let claim = self.claim(verify).await;
        self.catalog.lease(&claim).complete_verify(&evidence(equal)).await.unwrap();
    }
    pub fn stored(&self) -> NewBackup {
        NewBackup {
            snapshot_at: self.clock.now(),
            sizes: Sizes { plain: ByteSize(6_000), stored: ByteSize(1_000) },
            attempt: 1,
            phases: Vec::new(),
            coordinate: Coordinate {
                file: "binlog.000007".into(),
                position: 4_711,
                gtid: "0-1-42".into(),
                server_uuid: "1".into(),
                at: self.clock.now(),
            },
            server_version: "10.11.14-MariaDB".into(),
            client_version: "mariadb-dump 10.19".into(),
            codec: "zstd".into(),
            tables: 43,
            manifest_sha256: "00".repeat(32),
            vault_id: self.vault,
            manifest_key: "v1/t/s/b/1/manifest".into(),
            objects: 4,
            split: None,
            files: None,
        }
    }
    /// A copy of a whole server's files, on `parent`.
    pub fn files(&self, parent: Option<BackupId>) -> NewBackup {
        let facts = FilesFacts {
            program: "mariadb-backup".into(),
            machine: Some("db1".into()),
            directory: "/var/lib/mysql/".into(),
            databases: vec!["grc2".into()],
            remarks: Vec::new(),
        };
        NewBackup { files: Some(Files { parent, facts }), ..self.stored() }
    }
    /// A backup that is split into tenants `1..=count`.
    pub fn split(&self, count: u64, map: TenantMap, drift: Vec<Drift>) -> NewBackup {
        let tenants = (1..=count).map(|n| NewPart {
            key: TenantKey::new(n.to_string()).unwrap(),
            rows: n * 10,
            plain_bytes: n * 1000,
            stored_bytes: n * 100,
        });
        let split = NewSplit {
            map,
            drift,
            shared_rows: 5,
            tenants: tenants.collect(),
            spelling: None,
            remarks: vec!["2 readers agreed".into()],
        };
        NewBackup { split: Some(split), ..self.stored() }
    }
}

pub fn connection(clock: &dyn Clock, name: &str) -> NewConnection {
    NewConnection {
        id: ConnectionId::new(clock.uuid()),
        name: Label::new(name).unwrap(),
        host: HostName::new("db.example").unwrap(),
        port: 3306,
        user: AccountName::new("backup").unwrap(),
        tls: TlsMode::Verify,
        credential: Some(Sealed(vec![1, 2, 3])),
    }
}

/// A map of these tables, each led by `TenantId`.
pub fn map(tables: &[&str]) -> TenantMap {
    let mapping = |table: &&str| {
        let route = Route::Column { column: "TenantId".into() };
        ((*table).to_owned(), Mapping { route, note: None, shape: format!("shape of {table}") })
    };
    TenantMap { tenant_column: "TenantId".into(), tables: tables.iter().map(mapping).collect() }
}

pub fn tenant_key(key: &str) -> TenantKey {
    TenantKey::new(key).unwrap()
}

/// A backup that was taken, split into tenants `1..=count`, and proven.
pub async fn split_backup(world: &World, tenant: Tenant, count: u64, map: TenantMap) -> BackupId {
    let claim = world.claim(world.start_backup(tenant).await).await;
    let new = world.split(count, map, Vec::new());
    let verify = world.catalog.lease(&claim).complete_backup(new).await.unwrap().unwrap();
    world.prove(verify, true).await;
    claim.run().backup_id.unwrap()
}

pub fn evidence(equal: bool) -> Evidence {
    let table = TableEvidence {
        table: "vendor".into(),
        rows_source: 10,
        rows_restored: 10,
        equal,
        floats: Vec::new(),
    };
    Evidence {
        proof: Proof::SamePosition,
        equal,
        tables: vec![table],
        objects: 12,
        differences: Vec::new(),
        server: "10.11.14-MariaDB".into(),
        phases: vec![("load".into(), 4_000), ("compare".into(), 1_000)],
        remarks: Vec::new(),
    }
}

pub fn failure() -> RunError {
    RunError {
        kind: "source".into(),
        message: "The server went away.".into(),
        hint: None,
        retry_may_help: true,
    }
}

/// Runs a statement past the catalog.
pub async fn raw(url: &str, sql: &'static str) -> Result<u64, sqlx::Error> {
    use sqlx::Connection;
    if url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(url).await?;
        sqlx::query("pragma foreign_keys = on").execute(&mut conn).await?;
        Ok(sqlx::query(sql).execute(&mut conn).await?.rows_affected())
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await?;
        sqlx::query("set holdfast.scope = '*'").execute(&mut conn).await?;
        Ok(sqlx::query(sql).execute(&mut conn).await?.rows_affected())
    }
}
