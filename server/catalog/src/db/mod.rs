//! Two databases behind one type.
//!
//! Every statement is one portable text that both databases accept: `$1` placeholders, ids as text, times as
//! unix milliseconds, JSON as text, whole numbers of 64 bits, the present as a parameter. So there is one set of
//! queries and one set of tests. What cannot be the same is in `dialect`. The macros exist because the two
//! drivers have different types; an `Any` driver would lose blobs' and numbers' types.

mod dialect;
mod open;
mod scope;

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection};

use crate::error::{Error, Result};

/// The database.
#[derive(Clone)]
pub(crate) enum Db {
    /// One writer, so that writes queue here and not in SQLite's busy loop, and several readers beside it.
    Sqlite { writer: SqlitePool, reader: SqlitePool },
    /// One pool.
    Pg(PgPool),
}

/// A transaction that writes; rolled back when dropped.
pub(crate) enum Tx {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Pg(sqlx::Transaction<'static, Postgres>),
}

/// A connection that only reads. On Postgres a transaction, because its scope must end with it.
pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Pg(sqlx::Transaction<'static, Postgres>),
}

/// Either of them, for the macros.
pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

/// Something that statements run on.
pub(crate) trait AsConn {
    fn conn(&mut self) -> Conn<'_>;
}

impl AsConn for Tx {
    fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx) => Conn::Sqlite(tx),
            Self::Pg(tx) => Conn::Pg(tx),
        }
    }
}

impl AsConn for Reader {
    fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Pg(conn) => Conn::Pg(conn),
        }
    }
}

impl Db {
    /// A connection for reading across organisations.
    pub async fn read(&self) -> Result<Reader> {
        self.read_in(Scope::System).await
    }

    /// A connection for reading what lies in a scope.
    pub async fn read_in(&self, scope: Scope) -> Result<Reader> {
        Ok(match self {
            Self::Sqlite { reader, .. } => Reader::Sqlite(reader.acquire().await?),
            Self::Pg(pool) => Reader::Pg(pool.begin_with(scope.begin("BEGIN READ ONLY")).await?),
        })
    }
}

impl Tx {
    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Pg(tx) => tx.commit().await,
        }
        .map_err(Error::Database)
    }
}

/// Runs a statement; gives the number of rows it changed.
macro_rules! exec {
    ($on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        {
            // Before the connection is borrowed: the text may depend on which database it is.
            let statement: &'static str = $sql;
            match $crate::db::AsConn::conn(&mut *$on) {
            $crate::db::Conn::Sqlite(conn) => {
                sqlx::query(statement)$(.bind($bind))*.execute(conn).await.map(|done| done.rows_affected())
            }
            $crate::db::Conn::Pg(conn) => {
                sqlx::query(statement)$(.bind($bind))*.execute(conn).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::Error::Database)
        }
    };
}

/// Runs a query; gives every row as `$row`.
macro_rules! all {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        {
            // Before the connection is borrowed: the text may depend on which database it is.
            let statement: &'static str = $sql;
            match $crate::db::AsConn::conn(&mut *$on) {
            $crate::db::Conn::Sqlite(conn) => sqlx::query_as::<_, $row>(statement)$(.bind($bind))*.fetch_all(conn).await,
            $crate::db::Conn::Pg(conn) => sqlx::query_as::<_, $row>(statement)$(.bind($bind))*.fetch_all(conn).await,
        }
        .map_err($crate::Error::Database)
        }
    };
}

/// Runs a query; gives the first row as `$row`, if there is one.
macro_rules! first {
    ($on:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        {
            // Before the connection is borrowed: the text may depend on which database it is.
            let statement: &'static str = $sql;
            match $crate::db::AsConn::conn(&mut *$on) {
            $crate::db::Conn::Sqlite(conn) => sqlx::query_as::<_, $row>(statement)$(.bind($bind))*.fetch_optional(conn).await,
            $crate::db::Conn::Pg(conn) => sqlx::query_as::<_, $row>(statement)$(.bind($bind))*.fetch_optional(conn).await,
        }
        .map_err($crate::Error::Database)
        }
    };
}

pub(crate) use dialect::dialect;
pub use scope::RowSecurity;
pub(crate) use scope::Scope;
pub(crate) use {all, exec, first};
