//! Adding, changing and testing servers. A password is sealed here, before anything else is done with it, to the
//! workers' key: what is stored can be opened by a worker only, and only for this very host, port and account.

use app::{
    approvals::api::Outcome,
    sources::api::{AddConnection, ChangeConnection},
};
use catalog::{Conflict, NewConnection, RunRequest, Scope, Sealed};
use domain::{
    ConnectionId, Fault, RunId, TenantId,
    access::may,
    approvals::Change,
    sources::{AccountName, HostName, Label, TlsMode},
};
use engine::seal::{
    credentials::{self, Binding},
    sealed_box::PublicKey,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    approvals::ask::ask_or_do,
    caller::Caller,
    fault::{Error, Result, Wrong},
};

/// A server's address as it was entered and found to be acceptable.
struct Address {
    name: Label,
    host: HostName,
    port: u16,
    user: AccountName,
    tls: TlsMode,
}

impl Address {
    fn check(name: &str, host: &str, port: u16, user: &str, tls: TlsMode) -> Result<Self> {
        let mut wrong = Wrong::default();
        let name = wrong.check("name", Label::new(name.trim()));
        let host = wrong.check("host", check_host(host.trim()));
        if port == 0 {
            wrong.note("port", "a port is a number from 1 to 65535; 3306 is usual");
        }
        let user = wrong.check("user", AccountName::new(user));
        wrong.finish()?;
        match (name, host, user) {
            (Some(name), Some(host), Some(user)) => Ok(Self { name, host, port, user, tls }),
            _ => Err(Error::Impossible("a field was neither right nor wrong")),
        }
    }

    fn into_row(self, id: ConnectionId, credential: Option<Sealed>) -> NewConnection {
        let Self { name, host, port, user, tls } = self;
        NewConnection { id, name, host, port, user, tls, credential }
    }
}

/// A host name or address; no URL, no socket path, no list.
fn check_host(host: &str) -> Result<HostName, String> {
    let name = HostName::new(host).map_err(|error| error.to_string())?;
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let is_name = host.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_'));
    if is_address || is_name {
        Ok(name)
    } else {
        Err("enter a host name or an address alone: no URL, no port, no path".into())
    }
}

/// Seals the password of an account to the workers' key, for this server alone.
pub fn seal_password(
    workers: &PublicKey,
    tenant: TenantId,
    id: ConnectionId,
    (host, port, user): (&HostName, u16, &AccountName),
    password: &SecretString,
) -> engine::Result<Sealed> {
    let (tenant, connection) = (tenant.to_string(), id.to_string());
    let binding =
        Binding { tenant: &tenant, connection: &connection, host: host.as_str(), port, user: user.as_str() };
    credentials::seal(workers, binding, password).map(Sealed)
}

/// Adds a server and queues its test.
pub async fn add(
    caller: &Caller,
    scope: Scope<may::ManageSources>,
    request: AddConnection,
) -> Result<ConnectionId> {
    let password = SecretString::from(request.password.0);
    let address = Address::check(&request.name, &request.host, request.port, &request.user, request.tls)?;
    let services = &caller.services;
    let id = ConnectionId::new(services.clock.uuid());
    let place = (&address.host, address.port, &address.user);
    let sealed = seal_password(services.vault.worker_public(), scope.tenant(), id, place, &password)?;
    let run = match caller.rows(&scope).create_connection(address.into_row(id, Some(sealed))).await {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => return Err(name_taken()),
        result => result?,
    };
    services.wake(scope.tenant(), run, 0).await;
    Ok(id)
}

/// Changes a server and queues its test. Another host or port of one by which something is protected needs somebody
/// else: backups would come from there.
pub async fn change(
    caller: &Caller,
    scope: Scope<may::ManageSources>,
    request: ChangeConnection,
) -> Result<Outcome> {
    let password = SecretString::from(request.password.0);
    let address = Address::check(&request.name, &request.host, request.port, &request.user, request.tls)?;
    let services = &caller.services;
    let place = (&address.host, address.port, &address.user);
    let sealed = if password.expose_secret().is_empty() {
        None
    } else {
        let workers = services.vault.worker_public();
        Some(seal_password(workers, scope.tenant(), request.id, place, &password)?)
    };
    let rows = caller.rows(&scope);
    let is_used = rows.list_sources().await?.iter().any(|row| row.source.connection_id == request.id);
    if is_used && rows.leads_elsewhere(request.id, &address.host, address.port).await? {
        let change = Change::MoveConnection {
            connection_id: request.id,
            version: request.version,
            name: address.name.as_str().to_owned(),
            host: address.host.as_str().to_owned(),
            port: address.port,
            user: address.user.as_str().to_owned(),
            tls: address.tls,
            credential: sealed.map(|Sealed(sealed)| hex::encode(sealed)),
        };
        return match ask_or_do(caller, &scope, &change, &request.reason).await {
            Err(Error::Catalog(catalog::Error::Conflict(Conflict::Duplicate))) => Err(name_taken()),
            result => result,
        };
    }
    let change =
        catalog::ChangeConnection { values: address.into_row(request.id, sealed), version: request.version };
    let run = match rows.change_connection(change).await {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => return Err(name_taken()),
        result => result?,
    };
    services.wake(scope.tenant(), run, 0).await;
    Ok(Outcome::DONE)
}

/// Queues a test.
pub async fn probe(caller: &Caller, scope: Scope<may::ProbeSources>, id: ConnectionId) -> Result<RunId> {
    let run = caller.rows(&scope).create_run(RunRequest::Probe { connection_id: id }, None).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}

fn name_taken() -> Error {
    Fault::invalid("name", "there is a server with this name already").into()
}

#[cfg(test)]
mod tests {
    use super::check_host;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for good in ["db1", "db-1.example.org", "127.0.0.1", "::1", "fe80::1", "bücher.example"] {
            assert!(check_host(good).is_ok(), "{good}");
        }
        for bad in
            ["", "--help", "http://db", "db:3306", "/run/mysqld.sock", "a,b", "a b", "a\nb", "a'b", "a%b"]
        {
            assert!(check_host(bad).is_err(), "{bad}");
        }
    }
}
