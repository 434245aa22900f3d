//! Servers and the accounts that read them.

use domain::{
    ConnectionId, RunId, Timestamp,
    audit::{Act, Deed, Field},
    backups::RunKind,
    sources::{AccountName, Connection, HostName, Label, Protected, TlsMode},
};

use super::{moved::Moved, new_run::NewRun};
use crate::{
    Conflict, Sealed, TenantCatalog,
    db::{Tx, all, exec, first},
    decode::{corrupt, id, maybe_json, number, word},
    error::{Error, Result},
};

/// A server to add.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Made by the caller's clock, because the password is sealed to it.
    pub id: ConnectionId,
    /// What people call it.
    pub name: Label,
    /// Where it is.
    pub host: HostName,
    /// TCP port.
    pub port: u16,
    /// The account.
    pub user: AccountName,
    /// Protection of the connection.
    pub tls: TlsMode,
    /// Its password, sealed, bound to tenant, connection, host, port and user.
    pub credential: Option<Sealed>,
}

/// A change to a server.
#[derive(Debug, Clone)]
pub struct ChangeConnection {
    /// The new values; `credential` `None` keeps the stored one if host, port and user stay, and voids it
    /// otherwise.
    pub values: NewConnection,
    /// The version that was looked at.
    pub version: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    host: String,
    port: i64,
    user_name: String,
    tls: String,
    has_credentials: i64,
    capabilities: Option<String>,
    probed_at: Option<i64>,
    version: i64,
}

const TABLE: &str = "connections";

impl TryFrom<Row> for Connection {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: id(TABLE, &row.id)?,
            name: Label::new(row.name).map_err(|error| corrupt(TABLE, error))?,
            host: HostName::new(row.host).map_err(|error| corrupt(TABLE, error))?,
            port: number(TABLE, row.port)?,
            user: AccountName::new(row.user_name).map_err(|error| corrupt(TABLE, error))?,
            tls: word(TABLE, &row.tls, TlsMode::find)?,
            has_credentials: row.has_credentials == 1,
            capabilities: maybe_json(TABLE, row.capabilities.as_deref())?,
            probed_at: row.probed_at.map(Timestamp),
            version: row.version,
        })
    }
}

impl TenantCatalog<'_> {
    async fn connections(&self, only: Option<ConnectionId>) -> Result<Vec<Connection>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select id, name, host, port, user_name, tls, capabilities, probed_at, version, \
             cast(case when credential is not null and credential_host = host and credential_port = port \
             and credential_user = user_name then 1 else 0 end as bigint) as has_credentials \
             from connections where tenant_id = $1 and (cast($2 as text) is null or id = $2) order by name, id",
            self.key(),
            only.map(|id| id.to_string()),
        )?;
        rows.into_iter().map(Connection::try_from).collect()
    }

    /// Every server, by name.
    pub async fn list_connections(&self) -> Result<Vec<Connection>> {
        self.connections(None).await
    }

    /// One server.
    pub async fn get_connection(&self, id: ConnectionId) -> Result<Connection> {
        self.connections(Some(id)).await?.pop().ok_or(Error::NotFound { what: "connection" })
    }

    /// Adds a server and queues its probe. [`crate::Conflict::Duplicate`] if the name is taken.
    pub async fn create_connection(&self, new: NewConnection) -> Result<RunId> {
        let mut tx = self.begin().await?;
        let bound = new.credential.is_some();
        let made = exec!(
            &mut tx,
            "insert into connections (tenant_id, id, name, host, port, user_name, tls, credential, credential_host, \
             credential_port, credential_user, version, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12) on conflict do nothing",
            self.key(),
            new.id.to_string(),
            new.name.as_str(),
            new.host.as_str(),
            i64::from(new.port),
            new.user.as_str(),
            new.tls.key(),
            new.credential.map(|sealed| sealed.0),
            bound.then(|| new.host.as_str().to_owned()),
            bound.then_some(i64::from(new.port)),
            bound.then(|| new.user.as_str().to_owned()),
            self.now(),
        )?;
        if made == 0 {
            return Err(Conflict::Duplicate.into());
        }
        let run = self.queue_probe(&mut tx, new.id, &new.name).await?;
        let deed = Deed::done(Act::ConnectionCreate, new.id)
            .after(Field::Label, &new.name)
            .after(Field::Host, &new.host)
            .after(Field::Port, new.port)
            .after(Field::Account, &new.user)
            .after(Field::Tls, new.tls.key())
            .after(Field::Password, bound)
            .after(Field::Run, run);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// Changes a server and queues its probe (or returns the probe that is active already).
    /// [`crate::Conflict::Stale`] if it changed since. With another host or port it may be another server: open requests
    /// to restore into its databases are withdrawn. Another account is tested first.
    pub async fn change_connection(&self, change: ChangeConnection) -> Result<RunId> {
        let mut tx = self.begin().await?;
        let (run, deed) = self.move_connection(&mut tx, change).await?;
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// The same in a transaction of the caller's, who writes down what was done.
    pub(super) async fn move_connection(
        &self,
        tx: &mut Tx,
        change: ChangeConnection,
    ) -> Result<(RunId, Deed)> {
        let ChangeConnection { values: new, version } = change;
        let taken = first!(
            tx,
            (i64,),
            "select cast(count(*) as bigint) from connections where tenant_id = $1 and name = $2 and id <> $3",
            self.key(),
            new.name.as_str(),
            new.id.to_string(),
        )?;
        if taken.is_some_and(|(count,)| count > 0) {
            return Err(Conflict::Duplicate.into());
        }
        let before = first!(
            tx,
            (String, String, i64, String, String),
            "select name, host, port, user_name, tls from connections where tenant_id = $1 and id = $2 and version = $3",
            self.key(),
            new.id.to_string(),
            version,
        )?;
        // Another host, port or account voids the password: whoever may edit the address must not be able to
        // have it sent to a server of their own.
        let changed = exec!(
            tx,
            "update connections set name = $3, tls = $7, version = version + 1, \
             capabilities = case when host = $4 and port = $5 and user_name = $6 then capabilities end, \
             probed_at = case when host = $4 and port = $5 and user_name = $6 then probed_at end, \
             credential = case when cast($8 as bigint) = 1 then null \
             when credential_host = $4 and credential_port = $5 and credential_user = $6 then credential end, \
             host = $4, port = $5, user_name = $6 \
             where tenant_id = $1 and id = $2 and version = $9",
            self.key(),
            new.id.to_string(),
            new.name.as_str(),
            new.host.as_str(),
            i64::from(new.port),
            new.user.as_str(),
            new.tls.key(),
            i64::from(new.credential.is_some()),
            version,
        )?;
        if changed == 0 {
            let row = first!(
                tx,
                (String,),
                "select id from connections where tenant_id = $1 and id = $2",
                self.key(),
                new.id.to_string(),
            )?;
            row.ok_or(Error::NotFound { what: "connection" })?;
            return Err(Conflict::Stale.into());
        }
        let mut deed = Deed::done(Act::ConnectionChange, new.id)
            .after(Field::Label, &new.name)
            .after(Field::Host, &new.host)
            .after(Field::Port, new.port)
            .after(Field::Account, &new.user)
            .after(Field::Tls, new.tls.key())
            .after(Field::Password, new.credential.is_some());
        let mut is_moved = false;
        if let Some((name, host, port, account, tls)) = before {
            is_moved = host != new.host.as_str() || port != i64::from(new.port);
            deed = deed
                .before(Field::Label, &Label::new(name).map_err(|error| corrupt(TABLE, error))?)
                .before(Field::Host, &HostName::new(host).map_err(|error| corrupt(TABLE, error))?)
                .before(Field::Port, port)
                .before(Field::Account, &AccountName::new(account).map_err(|error| corrupt(TABLE, error))?)
                .before(Field::Tls, word(TABLE, &tls, TlsMode::find)?.key());
        }
        if is_moved {
            let because = format!(
                "The connection {} leads to {}:{} now, which may be another server. Plan the restore anew if it is still \
                 wanted.",
                new.name, new.host, new.port
            );
            let (tenant, connection, actor) = (self.tenant, new.id, &self.actor);
            Moved { tenant, connection, actor, because }.withdraw(tx, &*self.catalog.clock).await?;
        }
        if let Some(sealed) = new.credential {
            exec!(
                tx,
                "update connections set credential = $3, credential_host = host, credential_port = port, \
                 credential_user = user_name where tenant_id = $1 and id = $2",
                self.key(),
                new.id.to_string(),
                sealed.0,
            )?;
        }
        exec!(
            tx,
            "update sources set database_name = $3 where tenant_id = $1 and connection_id = $2 and protects = 'server'",
            self.key(),
            new.id.to_string(),
            Protected::server(&new.name).as_str(),
        )?;
        let run = self.queue_probe(tx, new.id, &new.name).await?;
        Ok((run, deed.after(Field::Run, run)))
    }

    async fn queue_probe(&self, tx: &mut Tx, connection: ConnectionId, name: &Label) -> Result<RunId> {
        let mut run = NewRun::of(self.tenant, RunKind::Probe, name.as_str(), self.actor.name());
        run.connection = Some(connection);
        if let Some(id) = run.insert(tx, &*self.catalog.clock).await? {
            return Ok(id);
        }
        let active = first!(
            tx,
            (String,),
            "select id from runs where tenant_id = $1 and connection_id = $2 and kind = 'probe' \
             and state in ('queued', 'running', 'retrying')",
            self.key(),
            connection.to_string(),
        )?;
        id("runs", &active.ok_or(Conflict::Stale)?.0)
    }
}
