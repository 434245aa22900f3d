//! Two organisations, in each of them one person of every role, a server, a source and a proven backup, behind the
//! real router, with the real (embedded) catalog and a vault in a directory. Time stands still until it is moved.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
};
use catalog::{
    Catalog, Inferred, NewBackup, NewPart, NewSplit, NewUser, RunRequest, SystemTask, TableChoices,
    TableColumn, TenantCatalog,
};
use domain::{
    BackupId, ByteSize, ConnectionId, FixedClock, RestoreId, RunId, SourceId, TenantId, Timestamp, UserId,
    access::{Role, may},
    audit::Act,
    backups::{Evidence, Proof, Sizes, TableEvidence},
    id::WebhookId,
    policies::schedule::{DAILY_FULL, Schedule},
    restores::{Difference, Selection, TableDifference, TenantRestore},
    sources::{AccountName, Coordinate, DatabaseName, HostName, Label, TlsMode},
    tenancy::{Mapping, Route, TenantKey, TenantMap},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use secrecy::SecretString;
use server::{
    access::password::hash_blocking,
    config::Config,
    http::{COOKIE, Web, WebState, router},
    migrate::migrate,
    services::Services,
    sources::connect::seal_password,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// 1 January 2026, 12:00 UTC: before every real day on which this runs.
pub const NOON: Timestamp = Timestamp(1_767_268_800_000);
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
/// The digest of every difference here.
pub const DIGEST: &str = "d1";
pub const PASSWORD: &str = "correct horse battery";

/// An organisation with what is in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: TenantId,
    pub name: &'static str,
    pub connection: ConnectionId,
    pub source: SourceId,
    pub run: RunId,
    pub backup: BackupId,
    /// A request of a tenant restore whose difference can be looked at.
    pub restore: RestoreId,
    pub webhook: WebhookId,
    pub users: HashMap<Role, UserId>,
}

pub struct World {
    pub clock: Arc<FixedClock>,
    pub services: Arc<Services>,
    pub ours: Tenant,
    pub theirs: Tenant,
    pub dir: tempfile::TempDir,
    router: Router,
    sessions: HashMap<(TenantId, Role), String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    /// The session that the answer sets, as a browser would send it back.
    pub fn session(&self) -> Option<String> {
        let mut set = self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        let own = set.rfind(|cookie| cookie.starts_with(COOKIE))?;
        Some(own.split(';').next().unwrap().to_owned())
    }
}

/// An empty installation: migrated, not set up.
pub async fn installation() -> (tempfile::TempDir, Arc<FixedClock>, WebState) {
    installation_with("").await
}

pub async fn installation_with(settings: &str) -> (tempfile::TempDir, Arc<FixedClock>, WebState) {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let site = dir.path().join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    std::fs::write(site.join("pkg/holdfast.css"), "body { color: black }".repeat(20)).unwrap();
    std::fs::write(site.join("pkg/holdfast.css.br"), "brotli").unwrap();
    std::fs::write(site.join(".inputs"), "not for the browser").unwrap();
    let (state, site) = (state.display(), site.display());
    let text = format!("state_dir = \"{state}\"\n[web]\nsite_dir = \"{site}\"\n{settings}\n");
    let config = Config::from_parts(&text, "test", []).unwrap();
    let clock = Arc::new(FixedClock::at(NOON));
    migrate(&config, clock.clone()).await.unwrap();
    let services = Services::open(config, clock.clone()).await.unwrap();
    let web = Web::new(services, CancellationToken::new()).unwrap();
    (dir, clock, web)
}

impl World {
    pub async fn new() -> Self {
        Self::with("").await
    }

    pub async fn with(settings: &str) -> Self {
        let (dir, clock, web) = installation_with(settings).await;
        let services = Arc::clone(&web.services);
        let hash = hash_blocking(&SecretString::from(PASSWORD)).unwrap();
        let ours = tenant(&services, &clock, "Ours", &hash).await;
        let theirs = tenant(&services, &clock, "Theirs", &hash).await;
        let router = router(Arc::clone(&web));
        let mut world = Self { clock, services, ours, theirs, dir, router, sessions: HashMap::new() };
        for tenant in [world.ours.clone(), world.theirs.clone()] {
            for &role in Role::ALL {
                let session = world.sign_in(&email(tenant.name, role), PASSWORD).await.session().unwrap();
                world.sessions.insert((tenant.id, role), session);
            }
        }
        world
    }

    pub fn session(&self, tenant: &Tenant, role: Role) -> &str {
        &self.sessions[&(tenant.id, role)]
    }
    pub fn our(&self, role: Role) -> &str {
        self.session(&self.ours, role)
    }

    /// Signs in from an address of its own, so that the limit per address stays out of the way.
    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let body = form(&[("request[email]", email), ("request[password]", password)]);
        let mut request = self.post_request("/fn/access/sign_in", &body, None);
        let from = services_address(self);
        request.extensions_mut().insert(ConnectInfo(from));
        self.send(request).await
    }

    pub async fn get(&self, path: &str, session: Option<&str>) -> Answer {
        self.send(self.get_request(path, session)).await
    }
    #[expect(clippy::unused_self, reason = "reads as the others do")]
    pub fn get_request(&self, path: &str, session: Option<&str>) -> Request<Body> {
        request(Method::GET, path, session, Body::empty())
    }
    pub async fn post(&self, path: &str, body: &str, session: Option<&str>) -> Answer {
        self.send(self.post_request(path, body, session)).await
    }
    #[expect(clippy::unused_self, reason = "reads as the others do")]
    pub fn post_request(&self, path: &str, body: &str, session: Option<&str>) -> Request<Body> {
        let mut request = request(Method::POST, path, session, Body::from(body.to_owned()));
        let headers = request.headers_mut();
        headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
        headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        request
    }
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.respond(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
    pub fn router(&self) -> Router {
        self.router.clone()
    }
    pub async fn respond(&self, request: Request<Body>) -> http::Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }
}

fn services_address(world: &World) -> SocketAddr {
    let n = u32::from_be_bytes(domain::Clock::uuid(&*world.clock).as_bytes()[12..].try_into().unwrap());
    SocketAddr::new(std::net::Ipv4Addr::from(0x0a00_0000 + n).into(), 1)
}

fn request(method: Method, path: &str, session: Option<&str>, body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost:3000");
    if let Some(session) = session {
        request = request.header(header::COOKIE, session);
    }
    let mut request = request.body(body).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
    request
}

pub fn email(tenant: &str, role: Role) -> String {
    format!("{}@{}.example", role.key().replace('_', "-"), tenant.to_lowercase())
}

/// Fields as a browser posts them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect::<String>()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

async fn tenant(services: &Services, clock: &FixedClock, name: &'static str, hash: &str) -> Tenant {
    let catalog: &Catalog = &services.catalog;
    let operator = catalog.command_line("test").await.unwrap();
    let id = catalog.create_tenant(&operator, name).await.unwrap();
    let operator = catalog.command_line("test").await.unwrap();
    let scope = operator.allow::<may::ManageSources>(id).unwrap();
    let rows = catalog.tenant(&scope);
    // Not by whoever makes the requests below: those could not be agreed to by people of theirs.
    let clerk = catalog.command_line("clerk").await.unwrap();
    let people = catalog.tenant(&clerk.allow::<may::ManageUsers>(id).unwrap());
    let mut users = HashMap::new();
    for &role in Role::ALL {
        let new = NewUser {
            name: format!("{} of {name}", role.title()),
            email: email(name, role),
            role,
            password_hash: Some(hash.to_owned()),
        };
        users.insert(role, people.create_user(new).await.unwrap());
    }
    let connection = ConnectionId::new(domain::Clock::uuid(clock));
    let (host, user) = (HostName::new("db1.example").unwrap(), AccountName::new("backup").unwrap());
    let password = SecretString::from(format!("password of {name}"));
    let workers = services.vault.worker_public();
    let sealed = seal_password(workers, id, connection, (&host, 3306, &user), &password).unwrap();
    rows.create_connection(catalog::NewConnection {
        id: connection,
        name: Label::new(format!("{name} database")).unwrap(),
        host,
        port: 3306,
        user,
        tls: TlsMode::Verify,
        credential: Some(sealed),
    })
    .await
    .unwrap();
    let daily = Schedule::parse(DAILY_FULL, NOON).unwrap();
    let database = DatabaseName::new("grc2").unwrap();
    let source = rows.create_source(connection, &database, &daily).await.unwrap();
    let request = RunRequest::Backup { source_id: source, label: Some(format!("first of {name}")) };
    let run = rows.create_run(request, None).await.unwrap();
    mapped(services, &rows, source).await;
    let backup = backed_up(services, run).await;
    let restore = planned(services, &rows, backup).await;
    let webhook = catalog::NewWebhook {
        url: "https://hook.example/first".into(),
        secret: catalog::Sealed(vec![1]),
        acts: vec![Act::BackupComplete],
    };
    let webhook = rows.create_webhook(webhook).await.unwrap();
    Tenant { id, name, connection, source, run, backup, restore, webhook, users }
}

fn map() -> TenantMap {
    let route = Route::Column { column: "TenantId".into() };
    let mapping = Mapping { route, note: None, shape: "00".into() };
    TenantMap { tenant_column: "TenantId".into(), tables: BTreeMap::from([("control".into(), mapping)]) }
}

/// Gives a source a confirmed map, as a worker and a person would.
async fn mapped(services: &Services, rows: &TenantCatalog<'_>, source: SourceId) {
    let request = RunRequest::InferMap { source_id: source, tenant_column: "TenantId".into() };
    let run = rows.create_run(request, None).await.unwrap();
    let system = services.catalog.system(SystemTask::Dispatch);
    let claim = system.claim(run, "test", 60_000).await.unwrap().unwrap();
    let column = TableColumn { column: "TenantId".into(), data_type: "int(11)".into(), is_nullable: true };
    let choices = TableChoices { columns: vec![column], paths: Vec::new() };
    let choices = BTreeMap::from([("control".to_owned(), choices)]);
    let found = Inferred { map: map(), choices, drift: Vec::new(), spelling: None };
    services.catalog.lease(&claim).complete_infer(&found).await.unwrap();
    rows.confirm_map(source, 1).await.unwrap();
}

/// A difference of tenant 7 that is ready to be looked at.
pub async fn planned(services: &Services, rows: &TenantCatalog<'_>, backup: BackupId) -> RestoreId {
    let wish = TenantRestore {
        backup_id: backup,
        tenant: TenantKey::new("7").unwrap(),
        selection: Selection::Everything,
    };
    let (restore, run) = rows.plan_restore(&wish).await.unwrap();
    difference_found(services, run).await;
    restore
}

/// Ends the run that computes a difference, as a worker would.
pub async fn difference_found(services: &Services, run: RunId) {
    let system = services.catalog.system(SystemTask::Dispatch);
    let claim = system.claim(run, "test", 60_000).await.unwrap().unwrap();
    let table =
        TableDifference { table: "control".into(), updates: 2, unchanged: 5, ..TableDifference::default() };
    let difference = Difference {
        tables: vec![table],
        foreign_rows: 0,
        obstacles: Vec::new(),
        remarks: Vec::new(),
        digest: DIGEST.into(),
        bytes_read: 10,
        bytes_whole: 100,
    };
    services.catalog.lease(&claim).complete_plan(&difference, 1).await.unwrap();
}

/// Lets a run end with a proven backup, as a worker would.
async fn backed_up(services: &Services, run: RunId) -> BackupId {
    let system = services.catalog.system(SystemTask::Dispatch);
    let claim = system.claim(run, "test", 60_000).await.unwrap().unwrap();
    let now = services.clock.now();
    let part = NewPart { key: TenantKey::new("7").unwrap(), rows: 7, plain_bytes: 700, stored_bytes: 70 };
    let split = NewSplit {
        map: map(),
        drift: Vec::new(),
        shared_rows: 1,
        tenants: vec![part],
        spelling: None,
        remarks: vec!["Two readers agreed.".into()],
    };
    let new = NewBackup {
        snapshot_at: now,
        sizes: Sizes { plain: ByteSize(6_000), stored: ByteSize(1_000) },
        attempt: 1,
        phases: Vec::new(),
        coordinate: Coordinate {
            file: "bin.000001".into(),
            position: 4,
            gtid: "0-1-1".into(),
            server_uuid: "1".into(),
            at: now,
        },
        server_version: "10.11.14-MariaDB".into(),
        client_version: "mariadb-dump 10.11.14".into(),
        codec: "zstd".into(),
        tables: 1,
        manifest_sha256: "00".repeat(32),
        vault_id: services.vault_id,
        manifest_key: "v1/x".into(),
        objects: 3,
        split: Some(split),
        files: None,
    };
    let verify = services.catalog.lease(&claim).complete_backup(new).await.unwrap().unwrap();
    let proving = system.claim(verify, "test", 60_000).await.unwrap().unwrap();
    let table = TableEvidence {
        table: "control".into(),
        rows_source: 7,
        rows_restored: 7,
        equal: true,
        floats: Vec::new(),
    };
    let evidence = Evidence {
        proof: Proof::SamePosition,
        equal: true,
        tables: vec![table],
        objects: 2,
        differences: Vec::new(),
        server: "10.11.14-MariaDB".into(),
        phases: vec![("load".into(), 1_000)],
        remarks: Vec::new(),
    };
    services.catalog.lease(&proving).complete_verify(&evidence).await.unwrap();
    claim.run().backup_id.unwrap()
}
