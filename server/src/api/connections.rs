//! Servers with databases, as programs see and change them. A password goes in and never comes out.

use app::{
    port::SecretText,
    sources::api::{
        AddConnection, ChangeConnection, ConnectionDetail, ConnectionRef, ConnectionRow, SourcesPort,
    },
};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    ConnectionId, RunId, SourceId,
    access::Permission as P,
    sources::{Severity, TlsMode},
};
use http::HeaderMap;

use super::{
    Operation, Problem, Route, approvals,
    describe::{When, answers, requests},
    extract::{self, Body, Nothing},
    reply,
    shapes::{Begun, SourceMade},
};
use crate::caller::Caller;

answers! {
    /// A server with databases.
    Connection {
        /// Its id.
        id: ConnectionId,
        /// What people call it.
        name: String,
        /// Where it is.
        host: String,
        /// TCP port.
        port: u16,
        /// The account.
        user: String,
        /// How the connection is protected.
        tls: TlsMode,
        /// Whether a password is stored for this very host, port and account.
        has_credentials: bool,
        /// Databases protected through it.
        sources: u32,
        /// The worst that its last test found.
        worst: Option<Severity>,
        /// When that was.
        probed_at: Option<When>,
        /// Its newest test.
        probe_run_id: Option<RunId>,
        /// Counts changes; a change names the one it was made on.
        version: i64,
    }
    /// Every server.
    Connections {
        /// By name.
        rows: Vec<Connection>,
    }
    /// A database that is protected.
    ProtectedDatabase {
        /// As a source.
        source_id: SourceId,
        /// Its name.
        database: String,
    }
    /// Something that a test of a server found.
    Finding {
        /// A stable word for what was checked.
        key: String,
        /// What was checked.
        title: String,
        /// How bad it is.
        severity: Severity,
        /// What was found.
        found: String,
        /// Why it matters.
        why: String,
        /// The statements or settings that mend it; empty if nothing is to be done.
        remedy: String,
    }
    /// A server with what is known of it.
    ConnectionWhole {
        /// The server.
        connection: Connection,
        /// The server's version, if it was ever reached.
        server_version: Option<String>,
        /// What the last test found, worst first.
        findings: Vec<Finding>,
        /// Databases that are protected.
        protected: Vec<ProtectedDatabase>,
        /// Databases that the account sees and nobody protects.
        unprotected: Vec<String>,
    }
    /// A server that was added.
    ConnectionMade {
        /// Its id.
        connection_id: ConnectionId,
    }
}

requests! {
    /// A server to add. It is tested at once.
    NewConnection {
        /// What people call it.
        name: String,
        /// Where it is.
        host: String,
        /// TCP port.
        port: u16,
        /// The account.
        user: String,
        /// Its password. Kept sealed, for this very host, port and account.
        password: SecretText,
        /// How the connection is protected.
        tls: TlsMode,
    }
    /// A server as it shall be.
    ConnectionChanged {
        /// The version that was looked at.
        version: i64,
        /// What people call it.
        name: String,
        /// Where it is.
        host: String,
        /// TCP port.
        port: u16,
        /// The account.
        user: String,
        /// A new password; needed when host, port or account change. Left out, the stored one stays.
        password: Option<SecretText>,
        /// How the connection is protected.
        tls: TlsMode,
        /// Why. Needed for another host or port while something is protected by it: somebody else has to agree to that.
        reason: Option<String>,
    }
}

impl From<ConnectionRow> for Connection {
    fn from(row: ConnectionRow) -> Self {
        let ConnectionRow { connection, sources, worst, probe } = row;
        Self {
            id: connection.id,
            name: connection.name.to_string(),
            host: connection.host.to_string(),
            port: connection.port,
            user: connection.user.to_string(),
            tls: connection.tls,
            has_credentials: connection.has_credentials,
            sources,
            worst,
            probed_at: connection.probed_at.map(When::from),
            probe_run_id: probe.map(|(run, _)| run),
            version: connection.version,
        }
    }
}

impl From<ConnectionDetail> for ConnectionWhole {
    fn from(detail: ConnectionDetail) -> Self {
        let found = detail.row.connection.capabilities.clone();
        let (server_version, findings) = found.map(|found| (found.version, found.findings)).unzip();
        let protected = detail.protected.into_iter();
        Self {
            connection: detail.row.into(),
            server_version,
            findings: findings
                .into_iter()
                .flatten()
                .map(|found| Finding {
                    key: found.key,
                    title: found.title,
                    severity: found.severity,
                    found: found.found,
                    why: found.why,
                    remedy: found.remedy,
                })
                .collect(),
            protected: protected
                .map(|(source_id, database)| ProtectedDatabase { source_id, database })
                .collect(),
            unprotected: detail.unprotected,
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadSources];
    const MANAGE: &[P] = &[P::ManageSources];
    let listed = Operation::answering::<Connections>("listConnections", "Every server", READ);
    let one = Operation::answering::<ConnectionWhole>("getConnection", "One server", READ).marked();
    let added = Operation::answering::<ConnectionMade>("addConnection", "Add a server", MANAGE)
        .about("It is tested at once; what the test found stands at the server when its run has ended.")
        .body::<NewConnection>()
        .begins();
    let changed = Operation::answering::<ConnectionWhole>(
        "changeConnection",
        "Change a server",
        &[P::ManageSources, P::ReadSources],
    )
    .about("Refused with `conflict` if somebody else changed it since the version that is named. A stored password is void for another host, port or account.")
    .body::<ConnectionChanged>()
    .asks();
    let probed =
        Operation::answering::<Begun>("probeConnection", "Test a server", &[P::ProbeSources]).begins();
    let whole = Operation::answering::<SourceMade>("protectServer", "Protect a server as a whole", MANAGE)
        .about("By copies of its files, full ones and what changed since. Not for servers whose files cannot be reached.");
    vec![
        Route::get("/api/v1/connections", listed, list),
        Route::get("/api/v1/connections/{id}", one, get),
        Route::post("/api/v1/connections", added, add),
        Route::put("/api/v1/connections/{id}", changed, change),
        Route::post("/api/v1/connections/{id}/probe", probed, probe),
        Route::post("/api/v1/connections/{id}/protect", whole, protect),
    ]
}

async fn list(Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let rows = caller.list_connections().await?;
    reply::found(&Connections { rows: rows.into_iter().map(Connection::from).collect() })
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &ConnectionWhole::from(caller.get_connection(extract::id(&id)?).await?))
}

async fn add(
    Extension(caller): Extension<Caller>,
    Body(request): Body<NewConnection>,
) -> Result<Response, Problem> {
    let NewConnection { name, host, port, user, password, tls } = request;
    let wish = AddConnection { name, host, port, user, password, tls };
    reply::begun(&ConnectionMade { connection_id: caller.add_connection(wish).await? })
}

async fn change(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<ConnectionChanged>,
) -> Result<Response, Problem> {
    let id = extract::id(&id)?;
    // Whoever may not see what became of it is told so before anything is changed.
    caller.get_connection(id).await?;
    let ConnectionChanged { version, name, host, port, user, password, tls, reason } = request;
    let (password, reason) = (password.unwrap_or_default(), reason.unwrap_or_default());
    let wish = ChangeConnection { id, version, name, host, port, user, password, tls, reason };
    if let Some(answer) = approvals::asked(caller.change_connection(wish).await?) {
        return answer;
    }
    reply::found(&ConnectionWhole::from(caller.get_connection(id).await?))
}

async fn probe(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    let run_id = caller.probe_connection(ConnectionRef { id: extract::id(&id)? }).await?;
    reply::begun(&Begun { run_id })
}

async fn protect(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    let source_id = caller.add_server(ConnectionRef { id: extract::id(&id)? }).await?;
    reply::found(&SourceMade { source_id })
}
