//! Databases that restores make: remembered before they are made, so that whatever becomes of the worker, what is
//! left of them is found again.
//!
//! The row alone proves nothing about a database of that name; what the run wrote into the database does. The row
//! says where to look, and whether everything was there and compared.

use domain::{
    ConnectionId, RunId, TenantId, Timestamp,
    audit::{Act, Deed},
    backups::RunState,
    sources::DatabaseName,
};

use super::{
    credential::{self, Credential},
    lease::Lease,
};
use crate::{
    SystemCatalog,
    db::{all, exec, first},
    decode::{corrupt, id, storable},
    error::Result,
    tenant::append_event,
};

const TABLE: &str = "new_databases";

/// What was found in a database when it was whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Whether it is what was backed up.
    pub equal: bool,
    /// That in words.
    pub summary: String,
}

/// A database that an earlier start of a run made, or was about to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Nothing while it was being filled.
    pub whole: Option<Whole>,
}

/// A database whose run has ended without it.
#[derive(Debug, Clone)]
pub struct Abandoned {
    /// Whose.
    pub tenant_id: TenantId,
    /// The run that made it.
    pub run_id: RunId,
    /// The server it is on.
    pub connection_id: ConnectionId,
    /// Its name.
    pub database: DatabaseName,
    /// What was found in it, if it was whole.
    pub whole: Option<Whole>,
    /// The account for that server; none if its password is void.
    pub credential: Option<Credential>,
}

fn whole(summary: Option<String>, equal: Option<i64>) -> Option<Whole> {
    summary.zip(equal).map(|(summary, equal)| Whole { equal: equal == 1, summary })
}

impl Lease<'_> {
    /// What an earlier start of this run left word of.
    pub async fn begun_database(&self) -> Result<Option<Begun>> {
        let mut reader = self.catalog().db.read_in(self.scope()).await?;
        let row = first!(
            &mut reader,
            (Option<String>, Option<i64>),
            "select summary, equal from new_databases where tenant_id = $1 and run_id = $2",
            self.tenant(),
            self.run().id.to_string(),
        )?;
        Ok(row.map(|(summary, equal)| Begun { whole: whole(summary, equal) }))
    }

    /// To be called when there is no such database, before it is made.
    pub async fn begin_database(&self, connection: ConnectionId, database: &DatabaseName) -> Result<()> {
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "insert into new_databases (tenant_id, run_id, connection_id, database_name, begun_at) \
             values ($1, $2, $3, $4, $5) on conflict (tenant_id, run_id) do update set \
             connection_id = excluded.connection_id, database_name = excluded.database_name, \
             begun_at = excluded.begun_at, summary = null, equal = null",
            self.tenant(),
            self.run().id.to_string(),
            connection.to_string(),
            database.as_str(),
            self.catalog().clock.now().0,
        )?;
        tx.commit().await
    }

    /// Everything is in it and was compared: no later start may remove it.
    pub async fn database_is_whole(&self, found: &Whole) -> Result<()> {
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "update new_databases set summary = $3, equal = $4 where tenant_id = $1 and run_id = $2",
            self.tenant(),
            self.run().id.to_string(),
            storable(&found.summary),
            i64::from(found.equal),
        )?;
        tx.commit().await
    }
}

impl SystemCatalog<'_> {
    /// Databases of runs that failed or were cancelled before `before`.
    pub async fn abandoned_databases(&self, before: Timestamp) -> Result<Vec<Abandoned>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, String, Option<String>, Option<i64>),
            "select n.tenant_id, n.run_id, n.connection_id, n.database_name, n.summary, n.equal \
             from new_databases n join runs r on r.tenant_id = n.tenant_id and r.id = n.run_id \
             where r.state in ($1, $2) and r.finished_at <= $3 order by n.begun_at, n.run_id",
            RunState::Failed.key(),
            RunState::Cancelled.key(),
            before.0,
        )?;
        let mut found = Vec::with_capacity(rows.len());
        for (tenant, run, connection, database, summary, equal) in rows {
            found.push(Abandoned {
                tenant_id: id(TABLE, &tenant)?,
                run_id: id(TABLE, &run)?,
                connection_id: id(TABLE, &connection)?,
                database: DatabaseName::new(database).map_err(|error| corrupt(TABLE, error))?,
                whole: whole(summary, equal),
                credential: credential::read(&mut reader, &tenant, &connection).await?,
            });
        }
        Ok(found)
    }

    /// Whether there is any, also of a run that is still at work.
    pub async fn has_new_databases(&self) -> Result<bool> {
        let mut reader = self.catalog.db.read().await?;
        let row = first!(&mut reader, (String,), "select tenant_id from new_databases limit 1")?;
        Ok(row.is_some())
    }

    /// Nothing is left to be done about the database of a run; `message` goes to the run's log.
    pub async fn settle_database(&self, tenant: TenantId, run: RunId, message: &str) -> Result<()> {
        let mut tx = self.catalog.db.begin().await?;
        exec!(
            &mut tx,
            "delete from new_databases where tenant_id = $1 and run_id = $2",
            tenant.to_string(),
            run.to_string(),
        )?;
        // Holds the run's row, so that no two lines of its log get one number.
        exec!(
            &mut tx,
            "update runs set fence = fence where tenant_id = $1 and id = $2",
            tenant.to_string(),
            run.to_string(),
        )?;
        append_event(&mut tx, tenant, run, self.catalog.clock.now(), message).await?;
        self.audit(&mut tx, tenant, Deed::done(Act::RestoreCleanUp, run)).await?;
        tx.commit().await
    }
}
