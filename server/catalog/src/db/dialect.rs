//! What the two databases do differently.
//!
//! * Beginning to write: SQLite takes the write lock at once, because a transaction that reads first and writes
//!   later can fail half-way; Postgres locks rows.
//! * The clock of leases: on Postgres several machines compare against one lease, so the database's clock
//!   decides, not theirs; with SQLite there is one machine.
//! * Picking a row that nobody else picks: `FOR UPDATE SKIP LOCKED` where there is more than one writer.

use domain::{Clock, Timestamp};

use super::{Db, Scope, Tx, first};
use crate::error::Result;

/// Picks one of two texts of the same statement.
macro_rules! dialect {
    ($tx:expr, sqlite: $sqlite:expr, postgres: $postgres:expr) => {
        match &*$tx {
            $crate::db::Tx::Sqlite(_) => $sqlite,
            $crate::db::Tx::Pg(_) => $postgres,
        }
    };
}
pub(crate) use dialect;

impl Db {
    /// `SQLite` or `Postgres`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Pg(_) => "Postgres",
        }
    }

    /// Begins to write across organisations.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_in(Scope::System).await
    }

    /// Begins to write what lies in a scope.
    pub async fn begin_in(&self, scope: Scope) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Pg(pool) => Tx::Pg(pool.begin_with(scope.begin("BEGIN")).await?),
        })
    }
}

impl Tx {
    /// The clock that leases are measured by.
    pub async fn lease_now(&mut self, clock: &dyn Clock) -> Result<Timestamp> {
        if let Self::Sqlite(_) = self {
            return Ok(clock.now());
        }
        let this = self;
        let now = first!(
            this,
            (i64,),
            "select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)"
        )?;
        Ok(now.map_or_else(|| clock.now(), |(ms,)| Timestamp(ms)))
    }
}
